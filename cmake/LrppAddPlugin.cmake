# lrpp_add_plugin(name source...): a library for `lrpp --plugin`, built as name.so. One of the sources has
# LRPP_PLUGIN(name, register_function).
function(lrpp_add_plugin name)
  add_library(${name} MODULE ${ARGN})
  target_link_libraries(${name} PRIVATE lrpp::lrpp)
  set_target_properties(${name} PROPERTIES PREFIX "")
endfunction()
