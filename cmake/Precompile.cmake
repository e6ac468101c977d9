# savp_precompile(target headers...) or (target REUSE_FROM other): the target's sources see these headers, or those of the
# other target, without including them. They are precompiled, except where CMAKE_DISABLE_PRECOMPILE_HEADERS is set, as it
# is for clang-tidy, which cannot read what gcc makes.
function(savp_precompile target)
  if(ARGV1 STREQUAL "REUSE_FROM")
    target_precompile_headers(${target} REUSE_FROM ${ARGV2})
    get_target_property(headers ${ARGV2} SAVP_PRECOMPILED)
  else()
    list(TRANSFORM ARGN REPLACE "(.+)" "<\\1>" OUTPUT_VARIABLE headers)
    target_precompile_headers(${target} PRIVATE ${headers})
    set(headers ${ARGN})
    set_target_properties(${target} PROPERTIES SAVP_PRECOMPILED "${headers}")
  endif()
  if(CMAKE_DISABLE_PRECOMPILE_HEADERS)
    list(TRANSFORM headers PREPEND "SHELL:-include ")
    target_compile_options(${target} PRIVATE ${headers})
  endif()
endfunction()
