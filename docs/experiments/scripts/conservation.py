# /// script
# requires-python = ">=3.10"
# dependencies = ["torch>=2.6", "numpy", "safetensors", "tokenizers", "matplotlib"]
# ///
"""Does relevance add up to what it explains? The sum over tokens against the logit, sentence by sentence.

    python conservation.py --lrpp PROGRAM --sentences FILE --output F.png

--lrpp       the program lrpp
--sentences  a line has label, tab, sentence
"""

import argparse
import tempfile
from pathlib import Path

import matplotlib
from tokenizers import Tokenizer

from lrpp_runs import explain_ids, table

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402

ZOO = Path(__file__).resolve().parents[3] / "zoo"
METHODS = ["gradient-x-input", "ln-rule", "mamba-lrp"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lrpp", required=True)
    parser.add_argument("--sentences", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=ZOO / "sst2-mamba")
    parser.add_argument("--output", type=Path, required=True)
    args = parser.parse_args()
    tokenizer = Tokenizer.from_file(str(args.model / "tokenizer.json"))
    lines = args.sentences.read_text(encoding="utf-8").splitlines()
    texts = [tokenizer.encode(line.split("\t")[1]).ids for line in lines]
    figure, axes = pyplot.subplots(1, len(METHODS), figsize=(10, 3.6), sharex=True, sharey=True)
    rows = []
    for method, axis in zip(METHODS, axes):
        with tempfile.TemporaryDirectory() as folder:
            found = explain_ids(args.lrpp, args.model, texts, method, folder, "--dtype", "float64")
        scores = [f["score"] for f in found]
        sums = [float(f["relevance"].sum()) for f in found]
        off = sorted(abs(r - s) / abs(s) for r, s in zip(sums, scores))
        mean_r, mean_s = sum(sums) / len(sums), sum(scores) / len(scores)
        covariance = sum((r - mean_r) * (s - mean_s) for r, s in zip(sums, scores))
        spread = (sum((r - mean_r) ** 2 for r in sums) * sum((s - mean_s) ** 2 for s in scores)) ** 0.5
        rows.append([f"`{method}`", f"{covariance / spread:.3f}", f"{off[len(off) // 2]:.3f}",
                     f"{off[int(0.9 * len(off))]:.3f}"])
        low, high = min(scores), max(scores)
        axis.plot([low, high], [low, high], color="0.6", linewidth=1, zorder=0)
        axis.scatter(scores, sums, s=6, alpha=0.5, linewidths=0)
        axis.set_title(method)
        axis.set_xlabel("logit")
    axes[0].set_ylabel("sum of relevance")
    figure.tight_layout()
    figure.savefig(args.output, dpi=110)
    print(table(["method", "correlation", "median of the error / logit", "nine in ten are below"], rows))


if __name__ == "__main__":
    main()
