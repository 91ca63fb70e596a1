# /// script
# requires-python = ">=3.10"
# dependencies = ["matplotlib"]
# ///
"""The flipping curves of several results of `lrpp evaluate`, side by side.

    python plot_curves.py --results A.json B.json --output F.png
"""

import argparse
import json
from pathlib import Path

import matplotlib

from lrpp_runs import named, short

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, nargs="+", required=True)
    parser.add_argument("--metric", default="flipping")
    parser.add_argument("--output", type=Path, required=True)
    args = parser.parse_args()
    results = [json.loads(path.read_text(encoding="utf-8")) for path in args.results]
    figure, axes = pyplot.subplots(1, len(results), figsize=(4 * len(results), 4.6), squeeze=False)
    colors = {}
    for axis, result in zip(axes[0], results):
        for method in result["methods"]:
            [curves] = [c for described, c in method["curves"].items() if named(described, args.metric)]
            name = short(method["method"])
            color = colors.setdefault(name, pyplot.colormaps["tab20"](len(colors) % 20))
            for order, style in (("MoRF", "-"), ("LeRF", "--")):
                values = [v["mean"] for v in curves[order]["values"]]
                axis.plot(curves[order]["share"], values, style, color=color, linewidth=1.4,
                          label=name if order == "MoRF" else None)
        axis.set_title(f"{result['model']}, {result['count']} examples", fontsize=10)
        axis.set_xlabel("share of features taken away")
        axis.grid(alpha=0.3)
    axes[0][0].set_ylabel("logit (solid: most relevant first)")
    handles = {label: handle for axis in axes[0] for handle, label in zip(*axis.get_legend_handles_labels())}
    figure.legend(handles.values(), handles.keys(), loc="lower center", ncols=6, fontsize=8, frameon=False)
    figure.tight_layout(rect=(0, 0.13, 1, 1))
    figure.savefig(args.output, dpi=90)


if __name__ == "__main__":
    main()
