#!/usr/bin/env bash
# Builds tests/fuzz/fuzz_*.cpp with libFuzzer and runs each on its corpus for SECONDS_EACH seconds (60). New inputs go
# to build/fuzz/corpus; one that fails is kept as build/fuzz/crash-*, to be given to the fuzzer as its argument.
# shellcheck source=tools/common.sh
source "$(dirname "$0")/common.sh"

mapfile -t programs < <(basename -a -s .cpp tests/fuzz/fuzz_*.cpp)
tools/build.sh fuzz "${programs[@]}"
for program in "${programs[@]}"; do
  name=${program#fuzz_}
  options=(-max_total_time="${SECONDS_EACH:-60}" -timeout=10 -rss_limit_mb=4096 -artifact_prefix=build/fuzz/)
  [[ -f tests/fuzz/$name.dict ]] && options+=(-dict="tests/fuzz/$name.dict")
  mkdir -p "build/fuzz/corpus/$name"
  say "Fuzz $name"
  "build/fuzz/bin/$program" "${options[@]}" "build/fuzz/corpus/$name" "tests/fuzz/corpus/$name"
done
