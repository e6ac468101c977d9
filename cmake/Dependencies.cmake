# Everything from outside, as imported targets. Used by the build and by the installed package alike.
include(CMakeFindDependencyMacro)
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS CXX)  # the threads that LibTorch computes with
include(${CMAKE_CURRENT_LIST_DIR}/SavpTorch.cmake)

# --- Videos and pictures, unless they were switched off
add_library(savp_video INTERFACE IMPORTED)
if(SAVP_VIDEO)
  # core, imgproc, imgcodecs only: Debian's full libopencv-dev would pull in a desktop.
  find_path(SAVP_OPENCV_INCLUDE opencv2/core.hpp PATH_SUFFIXES opencv4 REQUIRED)
  target_include_directories(savp_video SYSTEM INTERFACE ${SAVP_OPENCV_INCLUDE})
  foreach(part imgcodecs imgproc core)
    find_library(SAVP_OPENCV_${part} opencv_${part} REQUIRED)
    target_link_libraries(savp_video INTERFACE ${SAVP_OPENCV_${part}})
  endforeach()
  pkg_check_modules(savp_ffmpeg REQUIRED IMPORTED_TARGET GLOBAL libavformat libavcodec libavfilter libswscale libavutil)
  target_link_libraries(savp_video INTERFACE PkgConfig::savp_ffmpeg)
  pkg_search_module(savp_hdf5 REQUIRED hdf5-serial hdf5)  # one source alone sees its headers
  target_link_libraries(savp_video INTERFACE ${savp_hdf5_LINK_LIBRARIES})
endif()

# --- Records
find_package(Protobuf REQUIRED)
pkg_check_modules(savp_isal REQUIRED IMPORTED_TARGET GLOBAL libisal)
pkg_check_modules(savp_jpeg REQUIRED IMPORTED_TARGET GLOBAL libjpeg)
pkg_check_modules(savp_png REQUIRED IMPORTED_TARGET GLOBAL libpng)

# --- Arrays
pkg_check_modules(savp_zip REQUIRED IMPORTED_TARGET GLOBAL libzip)

# --- TensorFlow's checkpoints
# (not by Debian's package file for CMake, which wants libsnappy-dev too)
find_path(SAVP_LEVELDB_INCLUDE leveldb/table.h REQUIRED)
find_library(SAVP_LEVELDB leveldb REQUIRED)
add_library(savp_leveldb INTERFACE IMPORTED)
target_include_directories(savp_leveldb SYSTEM INTERFACE ${SAVP_LEVELDB_INCLUDE})
target_link_libraries(savp_leveldb INTERFACE ${SAVP_LEVELDB})

# --- Text
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(spdlog REQUIRED)
