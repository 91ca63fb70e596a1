# `cmake --install`: headers, libraries, the program, and what find_package(lrpp) needs.
include(CMakePackageConfigHelpers)
if(NOT BUILD_SHARED_LIBS)
  install(CODE "message(FATAL_ERROR \"Only shared libraries can be installed: configure with -DBUILD_SHARED_LIBS=ON\")")
  return()
endif()

lrpp_public_headers(_headers)
foreach(_header IN LISTS _headers)
  cmake_path(GET _header PARENT_PATH _folder)
  install(FILES "${_header}" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/lrpp/${_folder}")
endforeach()

set(_package "${CMAKE_INSTALL_LIBDIR}/cmake/lrpp")
foreach(_name framework rules mamba adapters)
  set_target_properties(lrpp_${_name} PROPERTIES EXPORT_NAME ${_name})
endforeach()
set_target_properties(lrpp_all PROPERTIES EXPORT_NAME lrpp)
install(TARGETS lrpp_framework lrpp_rules lrpp_mamba lrpp_adapters lrpp_all EXPORT lrpp-targets)
install(TARGETS lrpp)
install(EXPORT lrpp-targets NAMESPACE lrpp:: DESTINATION "${_package}")

configure_package_config_file(cmake/lrpp-config.cmake.in lrpp-config.cmake INSTALL_DESTINATION "${_package}")
# While it is 0.x, minor versions may break interfaces.
write_basic_package_version_file(lrpp-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/lrpp-config.cmake" "${CMAKE_CURRENT_BINARY_DIR}/lrpp-config-version.cmake"
  cmake/FindLibTorch.cmake cmake/FindBoostPfr.cmake cmake/LrppAddPlugin.cmake DESTINATION "${_package}")
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}")
