#!/usr/bin/env bash
# All that has to hold before a change goes in: formatting, the build and its tests and, where there is a CUDA compiler,
# the program built without it. Tests with the label `slow` are left out. Ends with the line 'N passed, N failed'.
# shellcheck source=tools/common.sh
source "$(dirname "$0")/common.sh"

passed=0
failed=0
count() {  # count NAME COMMAND...: one check
  local name=$1
  shift
  if "$@"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    say "FAILED: $name"
  fi
}

run_ctest() {
  local preset=$1 log=build/$1/ctest.log status=0 total misses
  say "Test $preset"
  ctest --test-dir "build/$preset" -LE '^slow$' -j "$(nproc)" --output-on-failure --no-tests=error | tee "$log" ||
    status=$?
  # ctest's closing line: "97% tests passed, 3 tests failed out of 100", or "100% tests passed out of 100".
  total=$(sed -n 's/^[0-9]*% tests passed.* out of \([0-9]*\).*/\1/p' "$log")
  misses=$(sed -n 's/^[0-9]*% tests passed, \([0-9]*\) tests\{0,1\} failed.*/\1/p' "$log")
  if [[ $status != 0 && ${misses:-0} == 0 ]]; then
    misses=1
    total=${total:-1}
  fi
  passed=$((passed + total - ${misses:-0}))
  failed=$((failed + ${misses:-0}))
}

build_and_test() {
  if tools/build.sh "$1"; then
    run_ctest "$1"
  else
    failed=$((failed + 1))
    say "FAILED: build of $1"
  fi
}

explains() {  # the other variant's program has to explain too; on the CPU, which every machine has
  tools/build.sh "$1" lrpp &&
    "build/$1/bin/lrpp" explain zoo/sst2-mamba --text "A delight." --device cpu --output "build/$1/smoke.json" >/dev/null
}

count "formatting" tools/format.sh --check
# Where there is a CUDA compiler, everything is built with CUDA, and the program once more as a machine without one
# builds it.
build_and_test "$(default_preset)"
[[ $(default_preset) == cpu ]] || count "the program built without CUDA explains" explains cpu
echo "$passed passed, $failed failed"
[[ $failed == 0 ]]
