# How our own targets are compiled, said once.

# Once installed, our libraries find each other wherever the whole is moved to; LibTorch stays where it was found. (CMake
# leaves folders inside the project, such as .venv, out of the link path.)
set(CMAKE_INSTALL_RPATH "$ORIGIN" "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}" "${LibTorch_LIBRARY_DIR}")
set(CMAKE_INSTALL_RPATH_USE_LINK_PATH ON)

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
