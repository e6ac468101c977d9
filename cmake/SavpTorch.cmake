# Target savp_torch: LibTorch, with its CUDA part or without. LibTorch's own CMake files are left aside: where it was
# built with CUDA they insist on a complete CUDA toolkit, even for a program that only uses the CPU.
#
# Looked for in Torch_DIR (variable, then environment), CMAKE_PREFIX_PATH, the private environment that
# scripts/setup.sh makes, and, for an installed package, where it was when the package was built.
if(Torch_DIR)
  set(savp_torch_places ${Torch_DIR})
else()
  file(TO_CMAKE_PATH "$ENV{CMAKE_PREFIX_PATH}" savp_torch_prefixes)
  file(GLOB savp_torch_wheel ${CMAKE_CURRENT_LIST_DIR}/../.venv/lib/python3*/site-packages/torch)
  set(savp_torch_places $ENV{Torch_DIR} ${CMAKE_PREFIX_PATH} ${savp_torch_prefixes} ${savp_torch_wheel}
                        ${savp_torch_root})
endif()
find_file(savp_torch_config TorchConfig.cmake PATHS ${savp_torch_places} PATH_SUFFIXES Torch share/cmake/Torch
          NO_DEFAULT_PATH NO_CACHE)
if(NOT savp_torch_config)
  message(FATAL_ERROR "LibTorch was not found (looked in: ${savp_torch_places}): run scripts/setup.sh, or give "
                      "-DTorch_DIR=<libtorch>/share/cmake/Torch")
endif()
get_filename_component(savp_torch_root ${savp_torch_config}/../../../.. ABSOLUTE)
include(${savp_torch_root}/share/cmake/Torch/TorchConfigVersion.cmake)
message(STATUS "LibTorch: ${PACKAGE_VERSION} (${savp_torch_root})")
unset(PACKAGE_VERSION)

if(NOT DEFINED savp_with_cuda)  # an installed package knows how it was built
  include(${CMAKE_CURRENT_LIST_DIR}/SavpCuda.cmake)
endif()

add_library(savp_torch INTERFACE IMPORTED)
target_include_directories(savp_torch SYSTEM INTERFACE ${savp_torch_root}/include
                                                       ${savp_torch_root}/include/torch/csrc/api/include)
set(savp_torch_lib ${savp_torch_root}/lib)
# libstdc++ comes first: LibTorch exports a copy of std::filesystem::remove_all that calls a null pointer.
target_link_libraries(savp_torch INTERFACE stdc++ ${savp_torch_lib}/libtorch_cpu.so ${savp_torch_lib}/libc10.so)
if(savp_with_cuda)
  target_compile_definitions(savp_torch INTERFACE SAVP_WITH_CUDA=1)
  target_include_directories(savp_torch SYSTEM INTERFACE ${savp_cuda_include})
  # Nothing refers to libtorch_cuda.so by name: it registers its kernels when it is loaded, so the linker must keep it.
  target_link_libraries(savp_torch INTERFACE -Wl,--push-state,--no-as-needed ${savp_torch_lib}/libtorch_cuda.so
                                             -Wl,--pop-state ${savp_torch_lib}/libc10_cuda.so ${savp_cudart})
endif()
