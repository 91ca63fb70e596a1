#!/usr/bin/env bash
# Configures a preset and builds it. JOBS=N overrides the number of jobs, LRPP_WERROR=ON makes warnings errors.
# usage: tools/build.sh PRESET [target]...
# shellcheck source=tools/common.sh
source "$(dirname "$0")/common.sh"

preset=$1
shift
options=()
# A .venv made anew may lie elsewhere than the paths that CMake remembers.
[[ .venv/.lrpp-stamp -nt build/$preset/CMakeCache.txt ]] && options+=(--fresh)
say "Build $preset: ${*:-everything}"
cmake --preset "$preset" --log-level=NOTICE -D LRPP_WERROR="${LRPP_WERROR:-OFF}" "${options[@]}"
cmake --build "build/$preset" --parallel "$(build_jobs)" ${1:+--target "$@"}
