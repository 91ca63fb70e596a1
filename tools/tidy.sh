#!/usr/bin/env bash
# Runs clang-tidy (.clang-tidy) on the project's sources, or on those given. Takes minutes, so no part of `make test`.
# usage: tools/tidy.sh [file]...
# shellcheck source=tools/common.sh
source "$(dirname "$0")/common.sh"

command -v run-clang-tidy >/dev/null || stop "clang-tidy is missing (Debian: apt-get install clang clang-tidy)"
cmake --preset clang --log-level=NOTICE
mapfile -t files < <(
  if [[ $# -gt 0 ]]; then printf '%s\n' "$@"; else git ls-files -co --exclude-standard -- '*.cpp' ':!tests' ':!bench'; fi
)
run-clang-tidy -p build/clang -quiet -j "$(build_jobs)" "${files[@]/#/$PWD/}"
