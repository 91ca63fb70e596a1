#!/usr/bin/env bash
# Formats the sources; with --check only names the files that are not formatted (exit code 1).
# shellcheck source=tools/common.sh
source "$(dirname "$0")/common.sh"

mapfile -t files < <(find . \( -name '.?*' -o -name build -o -name 'build-*' -o -name out \) -prune -o -type f \
  \( -name '*.h' -o -name '*.cpp' -o -name '*.cu' -o -name '*.cuh' \) -print | sed 's#^\./##' | sort)
if [[ ${1:-} != --check ]]; then
  clang-format -i "${files[@]}"
  exit
fi
say "Check the format of ${#files[@]} files"
messages=$(clang-format --dry-run "${files[@]}" 2>&1) || { echo "$messages" >&2; exit 1; }
mapfile -t unformatted < <(sed -n 's/:[0-9]*:[0-9]*: warning: code should be clang-formatted.*//p' <<<"$messages" | sort -u)
[[ ${#unformatted[@]} == 0 ]] && exit
printf 'not formatted: %s\n' "${unformatted[@]}" >&2
echo "Run \`make format\`." >&2
exit 1
