# lrpp_public_headers(out): the headers that are installed and have API pages, relative to the project: those of the folders
# that consumers and plugins build on, and what they include.
function(lrpp_public_headers out)
  cmake_path(GET CMAKE_CURRENT_FUNCTION_LIST_DIR PARENT_PATH root)
  set(patterns framework/*.h framework/bench/*.h framework/cuda/float32_products.h framework/evaluation/*.h
    framework/methods/*.h framework/ops/*.h framework/io/tokenizer/tokenizer.h framework/report/*report*.h
    framework/report/text_figure.h rules/*.h adapters/*.h adapters/*/*.h plugins/mamba/*.h plugins/mamba/adapters/*.h
    plugins/mamba/ops/*.h)
  list(TRANSFORM patterns PREPEND "${root}/")
  file(GLOB waiting RELATIVE "${root}" ${patterns})
  list(REMOVE_ITEM waiting framework/pch.h)
  set(headers)
  while(waiting)
    list(POP_FRONT waiting header)
    if(header IN_LIST headers)
      continue()
    endif()
    list(APPEND headers "${header}")
    file(STRINGS "${root}/${header}" includes REGEX "^#include <lrpp/")
    list(TRANSFORM includes REPLACE "^#include <lrpp/([^>]*)>.*" "\\1")
    list(APPEND waiting ${includes})
  endwhile()
  list(SORT headers)
  set(${out} "${headers}" PARENT_SCOPE)
endfunction()
