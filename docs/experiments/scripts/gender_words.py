# /// script
# requires-python = ">=3.10"
# dependencies = ["torch>=2.6", "numpy", "safetensors", "tokenizers"]
# ///
"""Bias: how much relevance do gendered words get in biographies? Asked of the sentiment models.

    python gender_words.py --lrpp PROGRAM --biographies F.csv

--biographies  a CSV file with the columns text and gender_name (male, female)
--only         some of the models

A model of sentiment has no business with gender. Each biography is explained (positive rather than negative); then its
gendered words are swapped (he for she, ...), and the change of the score is held against what their relevance says. No
biography is printed.
"""

import argparse
import csv
import json
import re
import tempfile
from pathlib import Path

from tokenizers import Tokenizer

from lrpp_runs import explain_ids, table

ZOO = Path(__file__).resolve().parents[3] / "zoo"
MODELS = {"sst2-mamba": ["mamba-lrp", "gradient-x-input"], "sst2-mamba2": ["mamba-lrp", "gradient-x-input"],
          "sst2-bert": ["attn-lrp", "gradient-x-input"], "sst2-gpt2": ["attn-lrp", "gradient-x-input"]}
SWAP = {"he": "she", "him": "her", "his": "her", "himself": "herself", "man": "woman", "men": "women", "mr": "ms",
        "father": "mother", "son": "daughter", "husband": "wife", "brother": "sister"}
BACK = {female: male for male, female in SWAP.items()} | {"her": "his", "mrs": "mr"}
ALL = SWAP | BACK
WORD = re.compile(r"[A-Za-z]+")


def longest_text(model):
    """In tokens, as far as the model has positions."""
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    return min(500, config.get("max_position_embeddings", 500), config.get("n_positions", 500))


def gendered(text):
    return [m.span() for m in WORD.finditer(text) if m.group().lower() in ALL]


def swapped(text):
    return WORD.sub(lambda m: ALL.get(m.group().lower(), m.group()), text)


def correlation(a, b):
    mean_a, mean_b = sum(a) / len(a), sum(b) / len(b)
    both = sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b))
    return both / (sum((x - mean_a) ** 2 for x in a) * sum((y - mean_b) ** 2 for y in b)) ** 0.5


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lrpp", required=True)
    parser.add_argument("--biographies", type=Path, required=True)
    parser.add_argument("--only", nargs="+", default=[*MODELS], choices=[*MODELS])
    args = parser.parse_args()
    csv.field_size_limit(1 << 30)
    with open(args.biographies, encoding="utf-8", newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    texts = [text for text in texts if gendered(text)]
    rows = []
    for model in args.only:
        methods = MODELS[model]
        tokenizer = Tokenizer.from_file(str(ZOO / model / "tokenizer.json"))
        tokenizer.no_truncation()
        longest = longest_text(ZOO / model)
        codes = [tokenizer.encode(text) for text in texts]
        kept = [i for i, code in enumerate(codes) if len(code.ids) <= longest]
        inside = [[any(begin < e and b < end for b, e in gendered(texts[i])) for begin, end in codes[i].offsets]
                  for i in kept]
        other = [tokenizer.encode(swapped(texts[i])).ids for i in kept]
        for method in methods:
            with tempfile.TemporaryDirectory() as folder:
                how = (args.lrpp, ZOO / model)
                mine = explain_ids(*how, [codes[i].ids for i in kept], method, folder, "--target", "1-0")
                theirs = explain_ids(*how, other, method, folder, "--target", "1-0")
            share = tokens = 0
            moved, said = [], []
            for f, g, words, i in zip(mine, theirs, inside, range(len(kept))):
                size = f["relevance"].abs()
                here = [t for t, w in enumerate(words) if w]
                share += float(size[here].sum() / size.sum())
                tokens += len(here) / len(words)
                margin = [float(x["logits"][1] - x["logits"][0]) for x in (f, g)]
                moved.append(margin[1] - margin[0])
                there = [t for t, (b, e) in enumerate(tokenizer.encode(swapped(texts[kept[i]])).offsets)
                         if any(b < y and x < e for x, y in gendered(swapped(texts[kept[i]])))]
                said.append(float(g["relevance"][there].sum() - f["relevance"][here].sum()))
            count = len(kept)
            size = sum(abs(m) for m in moved) / count
            rows.append([f"`{model}`", f"`{method}`", count, f"{100 * tokens / count:.1f} %",
                         f"{100 * share / count:.1f} %", f"{share / tokens:.2f}", f"{size:.3f}",
                         f"{correlation(moved, said):.2f}"])
    print(table(["model", "method", "biographies", "gendered tokens", "their share of |R|", "ratio",
                 "mean change of the margin when swapped", "correlation of relevance with that change"], rows))


if __name__ == "__main__":
    main()
