# Decides savp_with_cuda from SAVP_CUDA (AUTO, ON, OFF), from what LibTorch has and from the compilers at hand, says why,
# and with CUDA enables the language and sets savp_cuda_include (the toolkit's headers) and savp_cudart (its run-time
# library, the same file that LibTorch loads).
file(GLOB savp_nvidia ${savp_torch_root}/../nvidia)  # the wheels LibTorch's wheel depends on
file(GLOB savp_toolkit_wheel ${savp_nvidia}/cu[0-9]*)  # a toolkit among them, once nvcc's wheel is there
find_program(SAVP_NVCC nvcc HINTS ${savp_toolkit_wheel}/bin $ENV{CUDA_HOME}/bin PATHS /usr/local/cuda/bin
             DOC "The CUDA compiler")

set(savp_no_cuda "")
if(SAVP_CUDA STREQUAL "OFF" OR (NOT SAVP_CUDA AND NOT SAVP_CUDA STREQUAL "AUTO"))
  set(savp_no_cuda "SAVP_CUDA=${SAVP_CUDA}")
elseif(NOT EXISTS ${savp_torch_root}/lib/libtorch_cuda.so)
  set(savp_no_cuda "this LibTorch was built without it")
elseif(savp_nvidia AND NOT EXISTS ${savp_nvidia}/cudnn)
  set(savp_no_cuda "LibTorch was set up for the CPU; scripts/setup.sh --cuda adds the rest")
elseif(NOT SAVP_NVCC)
  set(savp_no_cuda "there is no CUDA compiler (nvcc) here; scripts/setup.sh --cuda adds one")
else()
  execute_process(COMMAND ${SAVP_NVCC} --version OUTPUT_VARIABLE savp_nvcc_version)
  string(REGEX MATCH "release ([0-9.]+)" savp_nvcc_version "${savp_nvcc_version}")
  if(CMAKE_MATCH_1 VERSION_LESS 12.0)
    set(savp_no_cuda "${SAVP_NVCC} is release ${CMAKE_MATCH_1}, C++20 needs 12.0 or later")
  endif()
endif()

if(savp_no_cuda)
  if(SAVP_CUDA STREQUAL "ON")
    message(FATAL_ERROR "SAVP_CUDA=ON, but ${savp_no_cuda}")
  endif()
  message(STATUS "CUDA: off (${savp_no_cuda}): everything is built for the CPU")
  set(savp_with_cuda OFF)
  return()
endif()

set(savp_with_cuda ON)
set(CMAKE_CUDA_COMPILER ${SAVP_NVCC})
if(NOT CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 80 90 100)  # A100, H100, B200; later ones translate the code for 100 when a program starts
endif()
enable_language(CUDA)
set(savp_cuda_include ${CMAKE_CUDA_TOOLKIT_INCLUDE_DIRECTORIES})
find_file(savp_cudart NAMES libcudart.so.13 libcudart.so.12 libcudart.so
          HINTS ${savp_toolkit_wheel}/lib PATHS ${CMAKE_CUDA_HOST_IMPLICIT_LINK_DIRECTORIES} REQUIRED NO_CACHE)
message(STATUS "CUDA: on, ${savp_nvcc_version} (${SAVP_NVCC})")
