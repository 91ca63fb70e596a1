# Options, and what every target of the project shares.
include(CheckLanguage)
check_language(CUDA)
if(CMAKE_CUDA_COMPILER)
  set(_lrpp_has_nvcc ON)
else()
  set(_lrpp_has_nvcc OFF)
endif()
option(LRPP_CUDA "Link LibTorch's CUDA libraries, so that --device cuda works" ${_lrpp_has_nvcc})
option(LRPP_BUILD_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(LRPP_BUILD_BENCH "Build the benchmarks" ${PROJECT_IS_TOP_LEVEL})
option(LRPP_BUILD_FUZZERS "Build the libFuzzer targets (needs clang)" OFF)
option(LRPP_WERROR "Warnings are errors" OFF)
set(LRPP_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them: address,undefined")
option(BUILD_SHARED_LIBS "Shared libraries (plugins loaded with --plugin need them)" ON)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")

find_program(LRPP_CCACHE ccache)
if(LRPP_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND};-E;env;CCACHE_SLOPPINESS=pch_defines,time_macros;CCACHE_PCH_EXTSUM=1;${LRPP_CCACHE}")
endif()

# Flags for our own targets only, never for those who link to us.
add_library(lrpp_flags INTERFACE)
target_compile_options(lrpp_flags INTERFACE -Wall -Wextra -Wno-unused-parameter
  $<$<BOOL:${LRPP_WERROR}>:-Werror> $<$<BOOL:${LRPP_CCACHE}>:-fpch-preprocess>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 warns of copies inside std::string that cannot happen (GCC bug 105651).
  target_compile_options(lrpp_flags INTERFACE -Wno-restrict -Wno-array-bounds -Wno-stringop-overflow
    -Wno-stringop-overread)
endif()
if(LRPP_SANITIZE)
  target_compile_options(lrpp_flags INTERFACE -fsanitize=${LRPP_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=undefined)
  target_link_options(lrpp_flags INTERFACE -fsanitize=${LRPP_SANITIZE})
endif()
