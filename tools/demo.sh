#!/usr/bin/env bash
# Explains a sentence in the terminal and as a page.
# shellcheck source=tools/common.sh
source "$(dirname "$0")/common.sh"

preset=${PRESET:-$(default_preset)}
sentence=${SENTENCE:-"The plot is thin and the jokes are old, but the actors are a delight and I left smiling."}
tools/build.sh "$preset" lrpp
mkdir -p out
say "lrpp explain zoo/sst2-mamba --text \"$sentence\" --output out/demo.html"
"build/$preset/bin/lrpp" explain zoo/sst2-mamba --text "$sentence" --output out/demo.html
say "The page: file://$PWD/out/demo.html"
