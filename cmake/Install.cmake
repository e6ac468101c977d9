# cmake --install: the library, its public headers, the tools (see tools/), the published hyperparameters, and the package files
# with which find_package(savp) gives another project the target savp::savp, and pkg-config the C interface. With the tools
# come their manual pages and completions. cpack makes an archive of all this that runs where nothing else is installed.
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

file(RELATIVE_PATH savp_prefix_from_pc /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
configure_file(cmake/savp.pc.in ${CMAKE_CURRENT_BINARY_DIR}/savp.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/savp.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

if(SAVP_TOOLS)
  find_package(Python3 COMPONENTS Interpreter)
  get_property(savp_tools GLOBAL PROPERTY savp_tools)
  configure_file(cmake/InstallPages.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/InstallPages.cmake @ONLY)
  install(SCRIPT ${CMAKE_CURRENT_BINARY_DIR}/InstallPages.cmake COMPONENT tools)
endif()

# An archive of LibTorch with CUDA would have several GiB.
if(SAVP_TOOLS AND NOT savp_with_cuda)
  # Every library that the tools need but glibc, which belongs to the machine; of OpenMP's that of LibTorch, where it has one.
  if(EXISTS ${savp_torch_lib}/libgomp.so.1)
    set(savp_other_gomp "^libgomp")
    install(FILES ${savp_torch_lib}/libgomp.so.1 COMPONENT runtime EXCLUDE_FROM_ALL DESTINATION ${CMAKE_INSTALL_LIBDIR})
  endif()
  install(RUNTIME_DEPENDENCY_SET savp_needs COMPONENT runtime EXCLUDE_FROM_ALL DESTINATION ${CMAKE_INSTALL_LIBDIR}
          PRE_EXCLUDE_REGEXES "^ld-linux" "^lib(c|m|mvec|dl|rt|pthread|util|resolv|anl|nsl|nss_[a-z]+)[.]so" ${savp_other_gomp}
          DIRECTORIES ${savp_torch_lib})
  set(CPACK_GENERATOR TGZ)
  set(CPACK_PACKAGE_FILE_NAME savp-${PROJECT_VERSION}-linux-${CMAKE_SYSTEM_PROCESSOR}-cpu)
  set(CPACK_COMPONENTS_ALL library tools runtime)
  set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
  set(CPACK_ARCHIVE_COMPONENT_INSTALL ON)
  set(CPACK_COMPONENT_INCLUDE_TOPLEVEL_DIRECTORY ON)
  set(CPACK_STRIP_FILES ON)
  set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/ForgetMachine.cmake)
  set(CPACK_SAVP_LIBDIR ${CMAKE_INSTALL_LIBDIR})
  set(CPACK_VERBATIM_VARIABLES ON)
  include(CPack)
endif()
