#!/usr/bin/env python3
"""Explains sentences in float64, float32 and bfloat16 and prints how far the narrower dtypes are from float64.

usage: bench/precision.py build/cpu/bin/lrpp zoo/sst2-mamba [bench/sentences.txt] [-- further options of lrpp explain]
"""

import json
import pathlib
import statistics
import subprocess
import sys
import tempfile


def explain(lrpp, model, text, dtype, options):
    with tempfile.TemporaryDirectory() as folder:
        output = pathlib.Path(folder) / "out.json"
        subprocess.run(
            [lrpp, "explain", model, "--text", text, "--dtype", dtype, "--output", str(output), *options],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return json.loads(output.read_text())


def relative(values, reference):
    return max(abs(a - b) for a, b in zip(values, reference)) / max(abs(b) for b in reference)


def top(result):
    return max(range(len(result["relevance"])), key=lambda i: result["relevance"][i])


def main():
    arguments = sys.argv[1:]
    options = []
    if "--" in arguments:
        cut = arguments.index("--")
        arguments, options = arguments[:cut], arguments[cut + 1:]
    lrpp, model = arguments[:2]
    default = pathlib.Path(__file__).parent / "sentences.txt"
    sentences = pathlib.Path(arguments[2] if len(arguments) > 2 else default).read_text().splitlines()
    print(f"{len(sentences)} sentences, {model}, options: {' '.join(options) or 'none'}\n")
    print("| dtype | logits: median | worst | relevance of tokens: median | worst | same class | same top token |")
    print("|---|---|---|---|---|---|---|")
    exact = [explain(lrpp, model, s, "float64", options) for s in sentences]
    for dtype in ("float32", "bfloat16"):
        results = [explain(lrpp, model, s, dtype, options) for s in sentences]
        logits = [relative(r["logits"], e["logits"]) for r, e in zip(results, exact)]
        tokens = [relative(r["relevance"], e["relevance"]) for r, e in zip(results, exact)]
        classes = sum(r["target"] == e["target"] for r, e in zip(results, exact))
        tops = sum(top(r) == top(e) for r, e in zip(results, exact))
        print(f"| {dtype} | {statistics.median(logits):.1e} | {max(logits):.1e} | {statistics.median(tokens):.1e} "
              f"| {max(tokens):.1e} | {classes}/{len(sentences)} | {tops}/{len(sentences)} |")


if __name__ == "__main__":
    main()
