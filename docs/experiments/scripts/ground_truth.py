"""Does the most relevant part lie where the answer lies? Ground truth in three tasks.

    python ground_truth.py --lrpp PROGRAM --trees FILE --promoters FILE --output FOLDER

--lrpp       the program lrpp
--trees      trees_dev.txt or trees_test.txt of the Stanford Sentiment Treebank: words with labels of their own
--promoters  human TATA promoters, a line of 300 letters each
--only       some of the tasks: words, tata, needle
Three numbers, between 0 and 1. Pointing: how often the most relevant token is a true one. Rank: of the K most relevant
tokens, K being the number of true ones, the share that is true. Mass: the share of positive relevance on true ones.
"""

import argparse
import random
import subprocess
import sys
from pathlib import Path

from lrpp_runs import cell, evaluate, score, short, table

HERE = Path(__file__).resolve().parent
ZOO = HERE.parents[2] / "zoo"
METRICS = ["pointing-game", "rank-accuracy", "mass-accuracy"]
BASELINES = ["random", "gradient-x-input", "smooth-grad", "integrated-gradients", "occlusion"]
MAMBA = ["mamba-lrp", "mamba-lrp-without-silu", "mamba-lrp-without-ssm", "mamba-lrp-without-gate", "ln-rule",
         *BASELINES, "mamba-attention-rollout", "mamba-attribution"]
TRANSFORMER = ["attn-lrp", "cp-lrp", *BASELINES, "attention-rollout"]


def words(args):
    lines = subprocess.run([sys.executable, HERE / "sst_words.py", args.trees], stdout=subprocess.PIPE, check=True).stdout
    data = args.output / "words.tsv"
    data.write_bytes(lines)
    for model in ("sst2-mamba", "sst2-mamba2"):
        yield model, data, MAMBA
    for model in ("sst2-bert", "sst2-gpt2"):
        yield model, data, TRANSFORMER


def tata(args):
    """The test promoters that have a box, each with the box's eight letters as the truth."""
    sys.path.insert(0, str(ZOO / "tata-caduceus"))
    from promoters import MOTIF, box_of, examples, read_promoters, split

    data, lines = args.output / "tata.tsv", []
    promoters = split(read_promoters(args.promoters))["test"]
    for promoter, (text, _, start) in zip(promoters, examples(promoters, seed=0)[::2]):
        box = box_of(promoter)
        if box is not None:
            lines.append(f"{text}\t1\t{box - start}-{box - start + len(MOTIF)}\n")
    data.write_text("".join(lines), encoding="ascii")
    yield "tata-caduceus", data, MAMBA


def needle(args):
    """The marker, the needle after it and the question are the truth."""
    sys.path.insert(0, str(ZOO / "needle-mamba"))
    from haystacks import haystack

    for distance in (16, 64, 256):
        rng, data = random.Random(7), args.output / f"needle-{distance}.tsv"
        rows = [haystack(distance, rng) for _ in range(200)]
        data.write_text("".join(f"{text}\t{label}\t{place - 1}-{place + 1},{len(text) - 1}-{len(text)}\n"
                                for text, label, place in rows), encoding="ascii")
        yield "needle-mamba", data, MAMBA


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lrpp", required=True)
    parser.add_argument("--trees", type=Path)
    parser.add_argument("--promoters", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    tasks = {"words": words, "tata": tata, "needle": needle}
    parser.add_argument("--only", nargs="+", default=[*tasks], choices=[*tasks])
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    if ("words" in args.only and not args.trees) or ("tata" in args.only and not args.promoters):
        parser.error("words needs --trees, and tata --promoters; give them, or leave the task out with --only")
    for task in args.only:
        for model, data, methods in tasks[task](args):
            results = evaluate(args.lrpp, ZOO / model, data, args.output / f"{data.stem}-{model}.json", methods,
                               METRICS, "--columns", "text,label,truth", "--target", "label")
            print(f"## {data.stem}, {model}: {results['count']} texts, accuracy {100 * results['accuracy']:.1f} %\n")
            print(table(["method", "pointing", "rank", "mass", "explanations per second"],
                        [[f"`{short(m['method'])}`"] + [cell(score(results, m["method"], metric, metric)) for metric in METRICS]
                         + [f"{m['explanations_per_second']:.0f}"] for m in results["methods"]]))


if __name__ == "__main__":
    main()
