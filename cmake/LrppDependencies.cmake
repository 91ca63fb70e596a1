# The libraries that LRP++ stands on.
set(LRPP_TORCH_CUDA ${LRPP_CUDA})
find_package(LibTorch 2.6 REQUIRED)
message(STATUS "LibTorch ${LibTorch_VERSION} in ${LibTorch_ROOT_DIR}, CUDA ${LRPP_CUDA}")

# Boost.PFR with field names needs Boost 1.84; the libboost-headers wheel has it where the distribution is older.
file(GLOB _venv_boost "${PROJECT_SOURCE_DIR}/.venv/lib/python3*/site-packages/libboost_headers/include")
find_path(LRPP_PFR_INCLUDE_DIR NAMES boost/pfr/core_name.hpp PATHS ${_venv_boost})
if(NOT LRPP_PFR_INCLUDE_DIR)
  message(FATAL_ERROR "Boost.PFR with field names (Boost 1.84 or later) is required: run `make setup`, or give "
    "-DLRPP_PFR_INCLUDE_DIR=/path/to/boost/include")
endif()
add_library(lrpp_pfr INTERFACE)
target_include_directories(lrpp_pfr SYSTEM INTERFACE "${LRPP_PFR_INCLUDE_DIR}")

# Header-only, because LibTorch's include folder may bring another version of fmt's headers than the system's library.
find_package(fmt REQUIRED)
find_package(nlohmann_json 3.10 REQUIRED)
find_package(CLI11 REQUIRED)
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_package(PkgConfig REQUIRED)
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)
pkg_check_modules(PNG REQUIRED IMPORTED_TARGET libpng)
pkg_check_modules(JPEG REQUIRED IMPORTED_TARGET libjpeg)
if(LRPP_BUILD_TESTS)
  find_package(GTest REQUIRED)
endif()
if(LRPP_BUILD_BENCH)
  find_package(benchmark REQUIRED)
endif()
