# cmake --install: the library, its public headers, the tools (see tools/), the published hyperparameters, and the package files
# with which find_package(savp) gives another project the target savp::savp.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME library)

set(savp_package ${CMAKE_INSTALL_LIBDIR}/cmake/savp)
configure_package_config_file(cmake/savpConfig.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/savpConfig.cmake
                              INSTALL_DESTINATION ${savp_package})
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/savpConfigVersion.cmake COMPATIBILITY SameMinorVersion)

install(TARGETS savp savp_c EXPORT savp_targets)
install(EXPORT savp_targets NAMESPACE savp:: FILE savpTargets.cmake DESTINATION ${savp_package})
# The rooms' headers stay at home. savp/error.h is core/error.h under its public name.
install(FILES include/savp/c.h include/savp/dataset.h include/savp/predictor.h include/savp/tensor_predictor.h include/savp/version.h
              include/savp/video.h src/core/error.h
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/savp)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/savpConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/savpConfigVersion.cmake
              cmake/Dependencies.cmake cmake/SavpTorch.cmake
        DESTINATION ${savp_package})
install(DIRECTORY hparams DESTINATION ${CMAKE_INSTALL_DATADIR}/savp)
