# What each fuzzer is built from: parsers of untrusted files, none of which needs LibTorch.
set(LRPP_FUZZ_IO "${PROJECT_SOURCE_DIR}/framework/error.cpp" "${PROJECT_SOURCE_DIR}/framework/io/file.cpp"
  "${PROJECT_SOURCE_DIR}/framework/io/json.cpp" "${PROJECT_SOURCE_DIR}/framework/io/reflect_json.cpp"
  "${PROJECT_SOURCE_DIR}/framework/io/suggest.cpp")
file(GLOB LRPP_FUZZ_TOKENIZER CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/framework/io/tokenizer/*.cpp")
set(LRPP_FUZZ_SOURCES_safetensors "${PROJECT_SOURCE_DIR}/framework/io/safetensors_header.cpp")
set(LRPP_FUZZ_SOURCES_config "${PROJECT_SOURCE_DIR}/framework/labels.cpp"
  "${PROJECT_SOURCE_DIR}/adapters/cnn/config.cpp" "${PROJECT_SOURCE_DIR}/adapters/cnn/huggingface_config.cpp"
  "${PROJECT_SOURCE_DIR}/adapters/cnn/timm_config.cpp" "${PROJECT_SOURCE_DIR}/adapters/cnn/torchvision_config.cpp"
  "${PROJECT_SOURCE_DIR}/adapters/transformer/config.cpp" "${PROJECT_SOURCE_DIR}/plugins/mamba/adapters/config.cpp"
  "${PROJECT_SOURCE_DIR}/plugins/mamba/adapters/huggingface_config.cpp"
  "${PROJECT_SOURCE_DIR}/plugins/mamba/adapters/state_spaces_config.cpp")
set(LRPP_FUZZ_SOURCES_tokenizer ${LRPP_FUZZ_TOKENIZER})
set(LRPP_FUZZ_SOURCES_image "${PROJECT_SOURCE_DIR}/framework/io/image.cpp" "${PROJECT_SOURCE_DIR}/framework/io/image_jpeg.cpp"
  "${PROJECT_SOURCE_DIR}/framework/io/image_png.cpp" "${PROJECT_SOURCE_DIR}/framework/io/image_resize.cpp")

# lrpp_add_fuzzer(config replay_main.cpp): the harness fuzz_config.cpp with its sources, and what else is given.
function(lrpp_add_fuzzer name target)
  add_executable(${target} "${PROJECT_SOURCE_DIR}/tests/fuzz/fuzz_${name}.cpp" ${LRPP_FUZZ_IO}
    ${LRPP_FUZZ_SOURCES_${name}} ${ARGN})
  target_include_directories(${target} PRIVATE "${PROJECT_BINARY_DIR}/include")
  target_link_libraries(${target} PRIVATE lrpp_flags BoostPfr::BoostPfr fmt::fmt-header-only nlohmann_json::nlohmann_json
    PkgConfig::PCRE2 PkgConfig::UTF8PROC PkgConfig::PNG PkgConfig::JPEG)
endfunction()
