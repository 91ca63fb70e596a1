#!/usr/bin/env bash
# Installs what the build needs and is missing: Debian packages, then LibTorch, CMake and Ninja in .venv.
# usage: tools/setup.sh [file with further Debian packages]...
# shellcheck source=tools/common.sh
source "$(dirname "$0")/common.sh"

check_without_apt() {
  local missing=() module tool
  for tool in g++ pkg-config; do
    command -v "$tool" >/dev/null || missing+=("$tool")
  done
  if command -v pkg-config >/dev/null; then
    for module in fmt nlohmann_json CLI11 eigen3 libpcre2-8 libutf8proc libpng libjpeg pangocairo gtest gmock benchmark; do
      pkg-config --exists "$module" || missing+=("$module")
    done
  fi
  [[ ${#missing[@]} == 0 ]] && return
  echo "This is no Debian: install what these Debian packages hold with your own package manager:" >&2
  echo "  ${packages[*]}" >&2
  stop "not found on this machine (by the names of pkg-config): ${missing[*]}"
}

install_packages() {
  local packages missing
  mapfile -t packages < <(sed 's/#.*//' tools/debian-packages.txt "$@" | awk 'NF { print $1 }')
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    check_without_apt
    return
  fi
  # `comm` keeps the wanted names that dpkg does not list as installed.
  mapfile -t missing < <(comm -23 <(printf '%s\n' "${packages[@]}" | sort) \
    <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' | awk '$1 == "installed" { print $2 }' | sort -u))
  [[ ${#missing[@]} == 0 ]] && return
  if [[ $(id -u) != 0 ]]; then
    echo "Some Debian packages are missing. Run this once, then the same command again:" >&2
    echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
    exit 2
  fi
  say "Debian packages: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q
  apt-get install -q -y --no-install-recommends "${missing[@]}"
}

# The stamp is written last and says what .venv was made from; `unfinished` marks a .venv whose set-up was interrupted:
# pip takes half-unpacked packages for installed ones, so such a .venv is made anew.
make_venv() {
  local stamp=.venv/.lrpp-stamp unfinished=.venv/.lrpp-unfinished python=${PYTHON:-python3} what key
  local options=(-r tools/requirements.txt)
  if [[ -n $(find_nvcc) ]]; then
    what="LibTorch with CUDA (3 GB to fetch, 5 GB unpacked)"
  else
    what="LibTorch for the CPU (0.6 GB to fetch, 1.5 GB unpacked)"
    options=(--no-deps "${options[@]}" -r tools/requirements-cpu.txt)
  fi
  key="$(cat tools/requirements*.txt | sha256sum | cut -c 1-64) ${options[*]} in $PWD"
  [[ -x .venv/bin/python && -f $stamp && ! -e $unfinished && $(<"$stamp") == "$key" ]] && return

  command -v "$python" >/dev/null || stop "Python 3.10 to 3.14 is needed to fetch LibTorch; there is no '$python'"
  # From within a virtual environment (this .venv, it may be) back to the Python that it was made with.
  python=$("$python" -c 'import sys; print(sys._base_executable)')
  "$python" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 14))' ||
    stop "Python 3.10 to 3.14 is needed to fetch LibTorch; '$python' is $("$python" -V). Name another one in PYTHON"
  "$python" -c 'import ensurepip, venv' 2>/dev/null ||
    stop "'$python' cannot make a virtual environment: its modules venv and ensurepip are missing (python3-venv)"
  # The scripts in a .venv name its folder, so one that was moved is made anew as well.
  if [[ -e $unfinished || (-f $stamp && $(<"$stamp") != *" in $PWD") ]] ||
    ! .venv/bin/python -m pip --version &>/dev/null; then
    rm -rf .venv
    mkdir .venv
    touch "$unfinished"
    "$python" -m venv .venv
  fi
  say "Into .venv: $what, Boost.PFR, CMake, Ninja, clang-format"
  touch "$unfinished"
  [[ -t 1 ]] || options+=(--quiet)  # at a terminal pip shows how far the downloads are
  .venv/bin/python -m pip install --disable-pip-version-check "${options[@]}"
  if ldd .venv/lib/python3*/site-packages/torch/lib/libtorch_cpu.so | grep 'not found' >&2; then
    stop "libtorch_cpu.so misses the libraries above: add their wheels to tools/requirements-cpu.txt"
  fi
  echo "$key" >"$stamp"
  rm "$unfinished"
}

# One set-up at a time; a pip left behind by a killed set-up inherits the lock, and is waited for.
exec 9<tools/requirements.txt
flock 9
install_packages "$@"
make_venv
