# How our own targets are compiled, said once.

# lrpp_use_pch(target): the precompiled header of lrpp_framework. It can be shared only by targets with the same flags:
# libraries must not define NAME_EXPORTS, and programs are compiled with -fPIC like libraries instead of -fPIE.
function(lrpp_use_pch target)
  get_target_property(type ${target} TYPE)
  set_target_properties(${target} PROPERTIES DEFINE_SYMBOL "")
  if(type STREQUAL "EXECUTABLE")
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${target} PRIVATE -fPIC)
  endif()
  target_precompile_headers(${target} REUSE_FROM lrpp_framework)
endfunction()
