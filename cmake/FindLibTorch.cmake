# Finds LibTorch by its folders: the `torch` wheel and the LibTorch archive have the same layout.
# TorchConfig.cmake is read as text and never run: the one in the CUDA wheel stops where there is no CUDA toolkit,
# although linking libtorch_cpu alone needs none.
#
# In:  LRPP_TORCH_CUDA (also link libtorch_cuda), LRPP_TORCH_BUILT_WITH (where an installed lrpp found it)
# Out: LibTorch::LibTorch, LibTorch_VERSION, LibTorch_LIBRARY_DIR
# A LibTorch of the user's own is given by CMAKE_PREFIX_PATH: its folder, or what torch.utils.cmake_prefix_path says. Then
# .venv is not looked at, so that a mistyped path is an error and not another LibTorch.
if(CMAKE_PREFIX_PATH)
  set(_candidates)
else()
  file(GLOB _candidates "${CMAKE_CURRENT_LIST_DIR}/../.venv/lib/python3*/site-packages/torch")
endif()
list(APPEND _candidates ${LRPP_TORCH_BUILT_WITH})
find_path(LibTorch_ROOT_DIR NAMES share/cmake/Torch/TorchConfig.cmake PATHS ${_candidates} PATH_SUFFIXES . torch ../..)
if(LibTorch_ROOT_DIR)
  # Found it is ".../torch/.", and ".../torch" when it is read from the cache: the second configuration would compile all again.
  get_filename_component(LibTorch_ROOT_DIR "${LibTorch_ROOT_DIR}" ABSOLUTE)
  set(PACKAGE_FIND_VERSION "0")
  include("${LibTorch_ROOT_DIR}/share/cmake/Torch/TorchConfigVersion.cmake")
  string(REGEX MATCH "^[0-9.]+" LibTorch_VERSION "${PACKAGE_VERSION}")
  unset(PACKAGE_FIND_VERSION)
  set(LibTorch_LIBRARY_DIR "${LibTorch_ROOT_DIR}/lib")
  file(STRINGS "${LibTorch_ROOT_DIR}/share/cmake/Torch/TorchConfig.cmake" _abi
    REGEX "_GLIBCXX_USE_CXX11_ABI=[01]")
  string(REGEX MATCH "_GLIBCXX_USE_CXX11_ABI=[01]" LibTorch_ABI "${_abi}")
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch REQUIRED_VARS LibTorch_ROOT_DIR LibTorch_LIBRARY_DIR
  VERSION_VAR LibTorch_VERSION
  REASON_FAILURE_MESSAGE "run `make setup`, or give your LibTorch with -DCMAKE_PREFIX_PATH=/path/to/libtorch")
if(LibTorch_FOUND AND NOT TARGET LibTorch::LibTorch)
  add_library(LibTorch::LibTorch INTERFACE IMPORTED)
  set(_libs torch torch_cpu c10)
  if(LRPP_TORCH_CUDA)
    list(APPEND _libs torch_cuda c10_cuda)
  endif()
  set(_paths)
  foreach(_lib IN LISTS _libs)
    find_library(LibTorch_${_lib}_LIBRARY ${_lib} PATHS "${LibTorch_LIBRARY_DIR}" NO_DEFAULT_PATH REQUIRED)
    list(APPEND _paths "${LibTorch_${_lib}_LIBRARY}")
  endforeach()
  target_link_libraries(LibTorch::LibTorch INTERFACE
    -Wl,--push-state,--no-as-needed ${_paths} -Wl,--pop-state -Wl,--allow-shlib-undefined)
  # The wheel's libraries export parts of the libstdc++ they were built with, std::filesystem among them, and those do not
  # work in a program built with another one. Named first, the system's libstdc++ is where such symbols are found.
  target_link_options(LibTorch::LibTorch INTERFACE
    "SHELL:-Wl,--push-state,--no-as-needed -lstdc++ -Wl,--pop-state")
  target_include_directories(LibTorch::LibTorch SYSTEM INTERFACE "${LibTorch_ROOT_DIR}/include"
    "${LibTorch_ROOT_DIR}/include/torch/csrc/api/include")
  if(LibTorch_ABI)
    target_compile_definitions(LibTorch::LibTorch INTERFACE ${LibTorch_ABI})
  endif()
endif()
mark_as_advanced(LibTorch_ROOT_DIR)
