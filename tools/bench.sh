#!/usr/bin/env bash
# Builds and runs bench/bench_*.cpp: all of them, or the one that is named, with its arguments.
# usage: tools/bench.sh [NAME [argument]...]     e.g. tools/bench.sh explain --tokens 512
# shellcheck source=tools/common.sh
source "$(dirname "$0")/common.sh"

preset=${PRESET:-$(default_preset)}
sources=("bench/bench_${1:-}.cpp")
[[ $# == 0 ]] && sources=(bench/bench_*.cpp)
[[ -f ${sources[0]} ]] || stop "no benchmark '$1' ($(cd bench && echo bench_*.cpp))"
mapfile -t programs < <(basename -a -s .cpp "${sources[@]}")
tools/build.sh "$preset" "${programs[@]}"
for program in "${programs[@]}"; do
  say "$program ${*:2}"
  "build/$preset/bin/$program" "${@:2}"
done
