# Installs what was built, moves it, and builds a program and a plugin against it as somebody else would.
# Given with -D: BUILD (the build folder), SOURCE (the project), SCRATCH, GENERATOR, COMPILER, LAUNCHER
# (ccache, where there is one), FLAGS (sanitizers, which a program must have in common with its libraries).
cmake_minimum_required(VERSION 3.25)
set(prefix "${SCRATCH}/prefix")

# run(WHAT [FAILS PATTERN] [SHOWS PATTERN] COMMAND...): what is printed goes to `printed`.
function(run what)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "FAILS;SHOWS" "COMMAND")
  execute_process(COMMAND ${arg_COMMAND} RESULT_VARIABLE code OUTPUT_VARIABLE out ERROR_VARIABLE err)
  string(REGEX REPLACE "[ \n]+" " " words "${out}${err}")  # CMake wraps its messages
  if(arg_FAILS AND (code EQUAL 0 OR NOT words MATCHES "${arg_FAILS}"))
    message(FATAL_ERROR "${what}: must fail and say '${arg_FAILS}'; it ended with ${code}:\n${out}${err}")
  elseif(NOT arg_FAILS AND NOT code EQUAL 0)
    message(FATAL_ERROR "${what}: ended with ${code}:\n${out}${err}")
  elseif(arg_SHOWS AND NOT words MATCHES "${arg_SHOWS}")
    message(FATAL_ERROR "${what}: must show '${arg_SHOWS}':\n${out}${err}")
  endif()
  message(STATUS "${what}: as it should be")
  set(printed "${out}" PARENT_SCOPE)
endfunction()

set(configure "${CMAKE_COMMAND}" -G "${GENERATOR}" -DCMAKE_BUILD_TYPE=Release "-DCMAKE_CXX_COMPILER=${COMPILER}"
  "-DCMAKE_CXX_FLAGS=${FLAGS}" "-DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}" "-DCMAKE_PREFIX_PATH=${prefix}")

file(REMOVE_RECURSE "${SCRATCH}")
run("install" COMMAND "${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${SCRATCH}/first")
file(RENAME "${SCRATCH}/first" "${prefix}")

file(GLOB_RECURSE headers RELATIVE "${prefix}/include" "${prefix}/include/*")
foreach(header IN LISTS headers)
  file(STRINGS "${prefix}/include/${header}" includes REGEX "^#include <lrpp/")
  foreach(include IN LISTS includes)
    string(REGEX REPLACE "^#include <([^>]*)>.*" "\\1" include "${include}")
    if(NOT EXISTS "${prefix}/include/${include}")
      message(FATAL_ERROR "${header} includes ${include}, which is not installed")
    endif()
  endforeach()
endforeach()

set(lrpp "${prefix}/bin/lrpp")
run("the program" SHOWS "^lrpp [0-9.]+ \\(LibTorch [0-9.]+\\)" COMMAND "${lrpp}" --version)
run("its libraries" COMMAND ldd "${lrpp}")
string(REGEX MATCHALL "liblrpp[^ ]* => [^ ]*" ours "${printed}")
list(LENGTH ours count)
string(REPLACE "=> ${prefix}/" "" elsewhere "${ours}")
if(NOT count EQUAL 4 OR elsewhere MATCHES "=>")
  message(FATAL_ERROR "the installed program must load the four libraries that were installed with it, not ${ours}")
endif()

run("configure the consumer" COMMAND ${configure} -S "${SOURCE}/tests/install/consumer" -B "${SCRATCH}/consumer")
run("build the consumer" COMMAND "${CMAKE_COMMAND}" --build "${SCRATCH}/consumer")
run("the consumer" SHOWS "positive: superb"
  COMMAND "${SCRATCH}/consumer/consumer" "${SOURCE}/zoo/sst2-mamba" "The camera work is superb.")
run("the consumer, misused" FAILS "\\[consumer\\] MODEL and TEXT" COMMAND "${SCRATCH}/consumer/consumer")

run("configure the plugin" COMMAND ${configure} -S "${SOURCE}/tests/install/plugin" -B "${SCRATCH}/plugin")
run("build the plugin" COMMAND "${CMAKE_COMMAND}" --build "${SCRATCH}/plugin")
run("the plugin's rule" SHOWS "fading +an activation hands on a share.*keep \\(number\\) = 0.5"
  COMMAND "${lrpp}" rules --plugin "${SCRATCH}/plugin/fading.so")
run("the plugin's ledger" SHOWS "The ledger balances"
  COMMAND "${lrpp}" audit "${SOURCE}/zoo/sst2-mamba" --text "The camera work is superb."
    --plugin "${SCRATCH}/plugin/fading.so" --rules "${SOURCE}/tests/install/plugin/rules.json")

# Another version of lrpp, or of LibTorch, is said before anything is compiled.
file(COPY "${SOURCE}/tests/install/consumer" DESTINATION "${SCRATCH}/later")
file(READ "${SOURCE}/tests/install/consumer/CMakeLists.txt" text)
string(REPLACE "find_package(lrpp 0.1 REQUIRED)" "find_package(lrpp 0.2 REQUIRED)" text "${text}")
file(WRITE "${SCRATCH}/later/consumer/CMakeLists.txt" "${text}")
run("another version of lrpp" FAILS "compatible with requested version \"0.2\""
  COMMAND ${configure} -S "${SCRATCH}/later/consumer" -B "${SCRATCH}/later/build")

set(other "${SCRATCH}/other-torch")
file(WRITE "${other}/share/cmake/Torch/TorchConfig.cmake" "")
file(WRITE "${other}/share/cmake/Torch/TorchConfigVersion.cmake" "set(PACKAGE_VERSION 2.6.0)\n")
foreach(library torch torch_cpu c10 torch_cuda c10_cuda)
  file(WRITE "${other}/lib/lib${library}.so" "")
endforeach()
run("another LibTorch" FAILS "built with LibTorch [0-9.]+; found LibTorch 2.6.0"
  COMMAND ${configure} "-DLibTorch_ROOT_DIR=${other}" -S "${SOURCE}/tests/install/consumer" -B "${SCRATCH}/other")
