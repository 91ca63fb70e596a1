# /// script
# requires-python = ">=3.10"
# dependencies = ["torch>=2.6", "numpy", "safetensors", "tokenizers", "matplotlib"]
# ///
"""How far back do explanations reach? Where the ten most relevant tokens stand, and what the needle gets with distance.

    python long_range.py --lrpp PROGRAM --output F.png

Haystacks of zoo/needle-mamba, whose answer lies `distance` tokens before the end. Only those that the model answers
rightly are looked at. Relevance is counted by size: a needle may speak against the runner-up.
"""

import argparse
import random
import sys
import tempfile
from pathlib import Path

import matplotlib
from tokenizers import Tokenizer

from lrpp_runs import explain_ids, table

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402

MODEL = Path(__file__).resolve().parents[3] / "zoo" / "needle-mamba"
METHODS = ["mamba-lrp", "ln-rule", "gradient-x-input"]
sys.path.insert(0, str(MODEL))
from haystacks import LETTERS, haystack  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lrpp", required=True)
    parser.add_argument("--distances", type=int, nargs="+", default=[16, 64, 256, 512, 1024, 2048])
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--output", type=Path, required=True)
    args = parser.parse_args()
    tokenizer = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    rows, positions, shares = [], {m: [] for m in METHODS}, {m: [] for m in METHODS}
    for distance in args.distances:
        rng = random.Random(11)
        texts = [haystack(distance, rng) for _ in range(args.count)]
        ids = [tokenizer.encode(text).ids for text, _, _ in texts]
        for method in METHODS:
            with tempfile.TemporaryDirectory() as folder:
                found = explain_ids(args.lrpp, MODEL, ids, method, folder)
            right = [(f, place) for f, (_, label, place) in zip(found, texts) if LETTERS[f["target"]] == label]
            first = first_of_letters = share = ten = 0
            for f, place in right:
                size = f["relevance"].abs()
                order = size.argsort(descending=True).tolist()
                known = {place - 1, place, len(size) - 1}  # marker, needle, question
                first += set(order[:3]) == known
                letters = [i for i in order if i not in known - {place}]
                first_of_letters += letters[0] == place
                share += float(size[place - 1 : place + 1].sum() / size.sum())
                ten += sum(i in known for i in order[:10]) / 3
                positions[method] += [(distance, len(size) - 1 - i) for i in order[:10]]
            count = max(1, len(right))
            shares[method].append(share / count)
            rows.append([distance, f"{len(right)} of {args.count}", f"`{method}`", f"{100 * first / count:.0f} %",
                         f"{100 * first_of_letters / count:.0f} %", f"{100 * share / count:.1f} %",
                         f"{100 * 2 / (distance + 10):.1f} %"])
    print(table(["distance", "right answers", "method", "marker, needle and question are the first three",
                 "needle is the first of the letters", "share of |R| on marker and needle", "by chance, about"], rows))
    figure, (left, axis) = pyplot.subplots(1, 2, figsize=(10, 3.8))
    for number, method in enumerate(METHODS):
        at = [args.distances.index(d) + 0.25 * (number - 1) for d, _ in positions[method]]
        left.scatter(at, [p + 1 for _, p in positions[method]], s=5, alpha=0.25, linewidths=0, label=method)
        axis.plot(args.distances, shares[method], marker="o", markersize=4, label=method)
    left.set_xticks(range(len(args.distances)), args.distances)
    left.set_yscale("log")
    left.set_xlabel("distance of the needle")
    left.set_ylabel("tokens before the end, of the ten first")
    axis.set_xscale("log")
    axis.set_xlabel("distance of the needle")
    axis.set_ylabel("share of |R| on marker and needle")
    axis.legend()
    figure.tight_layout()
    figure.savefig(args.output, dpi=110)


if __name__ == "__main__":
    main()
