# Installs the library from BUILD_DIR under WORK_DIR, and builds and runs a project there that knows nothing but the
# installed package. CHECKPOINT is a deterministic model of 32x32 pixels without actions; DATA a folder of records.
function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY OUTPUT_VARIABLE output ECHO_OUTPUT_VARIABLE)
  set(output "${output}" PARENT_SCOPE)
endfunction()

# expect(output program arguments...): what the program prints.
function(expect expected)
  run(${ARGN})
  if(NOT output STREQUAL expected)
    message(FATAL_ERROR "${ARGN} printed: ${output}instead of: ${expected}")
  endif()
endfunction()

file(REMOVE_RECURSE ${WORK_DIR})
run(${CMAKE_COMMAND} --install ${BUILD_DIR} --component library --prefix ${WORK_DIR}/installed)

# The public headers, at most twelve, and no other.
file(GLOB_RECURSE headers RELATIVE ${WORK_DIR}/installed/include ${WORK_DIR}/installed/include/*)
list(LENGTH headers count)
list(FILTER headers EXCLUDE REGEX "^savp/[a-z_]+[.]h$")
if(headers OR count EQUAL 0 OR count GREATER 12)
  message(FATAL_ERROR "${count} headers were installed, among them besides savp/*.h: ${headers}")
endif()

# The first C++ program of the documentation.
file(READ ${CMAKE_CURRENT_LIST_DIR}/../../docs/library.md text)
if(NOT text MATCHES "```cpp\n([^`]*int main[^`]*)```")
  message(FATAL_ERROR "docs/library.md shows no program")
endif()
file(WRITE ${WORK_DIR}/example.cpp "${CMAKE_MATCH_1}")

run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR} -B ${WORK_DIR}/build -G Ninja -DCMAKE_BUILD_TYPE=Release
    -DCMAKE_CXX_FLAGS=${CXX_FLAGS} -DCMAKE_PREFIX_PATH=${WORK_DIR}/installed -DEXAMPLE=${WORK_DIR}/example.cpp
    -DC_PROGRAM=${CMAKE_CURRENT_LIST_DIR}/../face/c_program.c)
run(${CMAKE_COMMAND} --build ${WORK_DIR}/build)
set(bin ${WORK_DIR}/build)
expect("${VERSION} savp: 3 frames, 2 futures of 3\nrefused with 3\n" ${bin}/package_user ${CHECKPOINT} ${WORK_DIR}/scene.gif)
expect("[4, 2, 3, 32, 32]\n" ${bin}/package_tensors ${CHECKPOINT})
expect("${VERSION}\n" ${bin}/package_c ${CHECKPOINT})

# The C interface without CMake.
file(GLOB_RECURSE pc ${WORK_DIR}/installed/savp.pc)
get_filename_component(pc ${pc} DIRECTORY)
run(${CMAKE_COMMAND} -E env PKG_CONFIG_PATH=${pc} pkg-config --cflags --libs savp)
separate_arguments(flags UNIX_COMMAND "${output}")
get_filename_component(lib ${pc} DIRECTORY)
run(cc ${CMAKE_CURRENT_LIST_DIR}/../face/c_program.c -o ${bin}/package_pc ${flags} -Wl,-rpath,${lib})
expect("${VERSION}\n" ${bin}/package_pc ${CHECKPOINT})

# The example with a run of our own, by an installed tool.
if(EXISTS ${BUILD_DIR}/bin/savp_train)
  run(${CMAKE_COMMAND} --install ${BUILD_DIR} --component tools --prefix ${WORK_DIR}/installed)
  run(${WORK_DIR}/installed/bin/savp_train --input_dir ${DATA} --dataset bair --output_dir ${WORK_DIR}/run --model savp --device cpu --summary_freq 0
      --model_hparams ngf=2,nef=2,ndf=2,nz=2,batch_size=1,max_steps=1 --dataset_hparams scale_size=32,sequence_length=5)
  expect("4 futures of 15 frames\n" ${bin}/package_example ${WORK_DIR}/run ${WORK_DIR}/scene.gif ${WORK_DIR}/futures.gif)
  if(NOT EXISTS ${WORK_DIR}/futures.gif)
    message(FATAL_ERROR "the example wrote no GIF")
  endif()
endif()
