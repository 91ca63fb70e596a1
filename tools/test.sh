#!/usr/bin/env bash
# All that has to hold before a change goes in: formatting, the CPU build and its tests and, where there is a CUDA
# compiler, the CUDA build. Tests with the label `slow` are left out. Ends with the line 'N passed, N failed'.
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
  local preset=$1 log=build/$1/ctest.log misses total
  say "Test $preset"
  ctest --test-dir "build/$preset" -LE '^slow$' -j "$(nproc)" --output-on-failure --no-tests=error |
    tee "$log" || true
  # ctest's closing line: "97% tests passed, 3 tests failed out of 100".
  read -r misses total < <(sed -n 's/.*tests passed, \([0-9]*\) tests* failed out of \([0-9]*\).*/\1 \2/p' "$log") || {
    misses=1
    total=1
  }
  passed=$((passed + total - misses))
  failed=$((failed + misses))
}

build_and_test() {
  if tools/build.sh "$1"; then
    run_ctest "$1"
  else
    failed=$((failed + 1))
    say "FAILED: build of $1"
  fi
}

has_gpu() { command -v nvidia-smi >/dev/null && nvidia-smi -L >/dev/null 2>&1; }

explains() {  # the CUDA program on a machine without a GPU still has to explain on the CPU
  "build/$1/bin/lrpp" explain zoo/sst2-mamba --text "A delight." --device cpu --output "build/$1/smoke.json" >/dev/null
}

count "formatting" tools/format.sh --check
build_and_test cpu
if [[ -n $(find_nvcc) ]]; then
  if has_gpu; then
    build_and_test cuda
  else
    count "build of cuda" tools/build.sh cuda
    count "the program built with CUDA explains on the CPU" explains cuda
  fi
fi
echo "$passed passed, $failed failed"
[[ $failed == 0 ]]
