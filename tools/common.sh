# shellcheck shell=bash
# Sourced by the other scripts: strict mode, the repository root, and what they share.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH="$PWD/.venv/bin:$PATH"

say() { printf '\033[1m==> %s\033[0m\n' "$*" >&2; }
stop() {  # exit code 2: the machine or the command line has to change
  printf 'error: %s\n' "$*" >&2
  exit 2
}

# The CUDA compiler that CMake will find, or nothing.
find_nvcc() {
  local candidate
  for candidate in "${CUDACXX:-}" "$(command -v nvcc || true)" "${CUDA_HOME:-/usr/local/cuda}/bin/nvcc"; do
    if [[ -n $candidate && -x $candidate ]]; then
      echo "$candidate"
      return
    fi
  done
}

default_preset() {
  if [[ -n $(find_nvcc) ]]; then echo cuda; else echo cpu; fi
}

# A source that includes LibTorch takes up to 2 GiB to compile, so memory bounds the jobs as much as cores do.
build_jobs() {
  local cores gib
  cores=$(nproc)
  gib=$(awk '/^MemAvailable:/ { print int($2 / 1048576) }' /proc/meminfo)
  local by_memory=$((gib / 2 > 0 ? gib / 2 : 1))
  echo "${JOBS:-$((cores < by_memory ? cores : by_memory))}"
}
