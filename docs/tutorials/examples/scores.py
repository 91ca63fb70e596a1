#!/usr/bin/env python3
"""Prints the scores in a results file of `lrpp evaluate`: mean and interval of each method; then how far the first method
is above it, example by example, with the p-value.

usage: scores.py RESULTS.json [SCORE...]
"""
import json
import sys


def interval(found):
    return f"{found['mean']:5.2f} [{found['low']:5.2f}, {found['high']:5.2f}]"


def main(results, *wanted):
    with open(results, encoding="utf-8") as file:
        methods = json.load(file)["methods"]
    for method in methods:
        name = method["method"].replace("(epsilon=0.0,stabilizer=0.0)", "").partition("(replacement")[0]
        for scores in method["scores"].values():
            for kind, score in scores.items():
                if wanted and kind not in wanted:
                    continue
                line = f"{name:34} {kind:15} {interval(score)}"
                if "first_less_this" in score:
                    p = "p < 0.01" if score["p"] < 0.01 else f"p = {score['p']:.2f}"
                    line += f"   first less this {interval(score['first_less_this'])}  {p}"
                print(line)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(*sys.argv[1:])
