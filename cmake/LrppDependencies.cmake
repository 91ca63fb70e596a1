# The libraries that LRP++ stands on.
set(LRPP_TORCH_CUDA ${LRPP_CUDA})
find_package(LibTorch 2.6 REQUIRED)
message(STATUS "LibTorch ${LibTorch_VERSION} in ${LibTorch_ROOT_DIR}, CUDA ${LRPP_CUDA}")

find_package(BoostPfr REQUIRED)

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
pkg_check_modules(PANGOCAIRO REQUIRED IMPORTED_TARGET pangocairo cairo-svg cairo-pdf)
if(LRPP_BUILD_TESTS)
  find_package(GTest REQUIRED)
endif()
if(LRPP_BUILD_BENCH)
  find_package(benchmark REQUIRED)
endif()
