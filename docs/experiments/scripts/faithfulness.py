# /// script
# requires-python = ">=3.10"
# dependencies = ["pillow", "torch>=2.6", "numpy"]
# ///
"""How faithful are the methods? Flipping and insertion curves on the models that ship.

    python faithfulness.py --lrpp PROGRAM --sentences FILE --mnist FOLDER --output FOLDER

--lrpp       the program lrpp
--sentences  the 872 sentences of SST-2's development set: a line has label, tab, sentence
--mnist      t10k-images-idx3-ubyte.gz and t10k-labels-idx1-ubyte.gz; the 2,000 digits that the models were not
             trained on are used, --digits of them
--only       some of the models
Writes JSON, a page and curves for each model, and prints tables. A run that was stopped goes on where it was.
"""

import argparse
import sys
from pathlib import Path

from lrpp_runs import cell, evaluate, score, short, table

ZOO = Path(__file__).resolve().parents[3] / "zoo"
BASELINES = ["random", "gradient-x-input", "smooth-grad", "integrated-gradients", "occlusion"]
MAMBA = ["mamba-lrp", "mamba-lrp-without-silu", "mamba-lrp-without-ssm", "mamba-lrp-without-gate", "ln-rule"]
HIDDEN = ["mamba-attention-rollout", "mamba-attribution"]
TRANSFORMER = ["attn-lrp", "cp-lrp", "attention-rollout"]
TEXTS = {"sst2-mamba": MAMBA + BASELINES + HIDDEN, "sst2-mamba2": MAMBA + BASELINES + HIDDEN,
         "sst2-bert": TRANSFORMER + BASELINES, "sst2-gpt2": TRANSFORMER + BASELINES}
IMAGES = {"digits-cnn": ["epsilon-plus", "epsilon-plus-flat", "epsilon-gamma-box(low=[-0.4242],high=[2.8215])", "lrp-0"] + BASELINES,
          "digits-vit": TRANSFORMER + BASELINES, "digits-vim": ["mamba-lrp-vision"] + MAMBA + BASELINES}


def write_digits(mnist, folder, count):
    """The digits that the models were not trained on, as pictures in a folder for each label."""
    sys.path.insert(0, str(ZOO / "digits-cnn"))
    from PIL import Image
    from train import read_mnist, split

    images, labels = read_mnist(mnist)
    for place in split(len(labels))[1].tolist()[:count]:
        path = folder / str(int(labels[place])) / f"{place}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((images[place, 0] * 255).round().byte().numpy()).save(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lrpp", required=True)
    parser.add_argument("--sentences", type=Path, required=True)
    parser.add_argument("--mnist", type=Path, required=True)
    parser.add_argument("--digits", type=int, default=200)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--only", nargs="+", default=[*TEXTS, *IMAGES], choices=[*TEXTS, *IMAGES])
    args = parser.parse_args()
    pictures = args.output / "digits"
    if any(model in IMAGES for model in args.only) and not pictures.exists():
        write_digits(args.mnist, pictures, args.digits)
    for model in args.only:
        methods = {**TEXTS, **IMAGES}[model]
        data, options = (args.sentences, ["--columns", "label,text"]) if model in TEXTS else (pictures, [])
        curves = ["--output", args.output / f"{model}.png", "--output", args.output / f"{model}.html"]
        results = evaluate(args.lrpp, ZOO / model, data, args.output / f"{model}.json", methods,
                           ["flipping", "insertion", "srg", "conservation"], *options, *curves)
        names = [m["method"] for m in results["methods"]]
        rates = {m["method"]: m["explanations_per_second"] for m in results["methods"]}
        print(f"## {model}: {results['count']} examples, accuracy {100 * results['accuracy']:.1f} %\n")
        print(table(["method", "dA_F", "p", "dA_I", "p", "SRG", "conservation error", "explanations per second"],
                    [[f"`{short(n)}`", cell(score(results, n, "flipping", "dA_F")),
                      p_value(score(results, n, "flipping", "dA_F")), cell(score(results, n, "insertion", "dA_I")),
                      p_value(score(results, n, "insertion", "dA_I")), cell(score(results, n, "srg", "SRG"), 3),
                      f"{score(results, n, 'conservation', 'conservation_error')['mean']:.2f}", f"{rates[n]:.0f}"]
                     for n in names]))


def p_value(value):
    return f"{value['p']:.4f}" if "p" in value else ""


if __name__ == "__main__":
    main()
