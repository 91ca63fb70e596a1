# /// script
# requires-python = ">=3.10"
# dependencies = ["torch>=2.6", "numpy", "safetensors", "tokenizers"]
# ///
"""How often does an explanation of this folder's model point at the TATA box? Explains the test promoters by lrpp.

    python measure.py --data FILE --lrpp PROGRAM

--data  human TATA promoters, a line of 300 letters each
--lrpp  the program lrpp

Looked at are the promoters of the test set that the model recognises and that have a TATA box: eight letters of which at
least six agree with TATAWAWR, between 40 and 20 letters before the start of transcription. Each is cut to 200 letters at a
random place, so that the box is never to be found by its place alone.
"""

import argparse
import subprocess
import tempfile
from collections import Counter
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from promoters import CROP, MOTIF, box_of, examples, read_promoters, split

WINDOW = 6  # letters whose relevance is summed, to ask where there is most of it
BATCH = 128


def explain(program, model, ids, rules):
    """Logits [B,2] and relevance [B,T] for the class that the model finds most likely."""
    parts = []
    with tempfile.TemporaryDirectory() as folder:
        source, result = Path(folder, "input.safetensors"), Path(folder, "result.safetensors")
        for batch in ids.split(BATCH):
            save_file({"input_ids": batch.contiguous()}, source)
            run = subprocess.run([program, "explain", model, "--input", source, "--rules", rules, "--output", result],
                                 capture_output=True, text=True)
            if run.returncode != 0:
                raise SystemExit(run.stderr)
            parts.append(load_file(result))
    return tuple(torch.cat([part[name] for part in parts]) for name in ("logits", "relevance_token"))


def shares(relevance, boxes):
    """relevance [B,T] and the first letters of the boxes [B] -> how often, or how much: one number a column."""
    letters = torch.arange(relevance.shape[1])
    inside = (letters >= boxes[:, None]) & (letters < boxes[:, None] + len(MOTIF))
    top = inside.gather(1, relevance.argmax(1, keepdim=True))
    windows = relevance.unfold(1, WINDOW, 1).sum(-1)
    whole = inside.unfold(1, WINDOW, 1).sum(-1).gather(1, windows.argmax(1, keepdim=True))
    positive = relevance.clamp(min=0)
    return {"top letter": top.double().mean().item(),
            "top window": (whole == WINDOW).double().mean().item(),
            "half of the top window": (whole >= WINDOW // 2).double().mean().item(),
            "share of positive relevance": ((positive * inside).sum(1) / positive.sum(1)).mean().item()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--lrpp", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=Path(__file__).parent)
    parser.add_argument("--rules", nargs="+", default=["mamba-lrp", "ln-rule", "gradient-x-input"])
    args = parser.parse_args()

    promoters = split(read_promoters(args.data))["test"]
    rows = [(text, start, promoter) for promoter, (text, label, start)
            in zip((p for p in promoters for _ in range(2)), examples(promoters, seed=0)) if label == 1]
    tokenizer = Tokenizer.from_file(str(args.model / "tokenizer.json"))
    ids = torch.tensor([tokenizer.encode(text).ids for text, _, _ in rows])
    boxes = torch.tensor([box_of(promoter) - start if box_of(promoter) is not None else -1 for _, start, promoter in rows])
    for rules in args.rules:
        logits, relevance = explain(args.lrpp, args.model, ids, rules)
        recognised = logits.argmax(1) == 1
        seen = recognised & (boxes >= 0)
        print(f"{rules}, in the box: " + ", ".join(f"{name} {share:.4f}" for name, share in shares(relevance[seen], boxes[seen]).items()))
    print(f"{len(rows)} test promoters, {int(recognised.sum())} recognised, {int(seen.sum())} of them with a box")
    places = Counter(place for box in boxes[seen].tolist() for place in range(box, box + len(MOTIF)))
    place, hits = places.most_common(1)[0]
    print(f"by chance: letter {len(MOTIF) / CROP:.4f}, window {(len(MOTIF) - WINDOW + 1) / (CROP - WINDOW + 1):.4f}; "
          f"always letter {place}: {hits / int(seen.sum()):.4f}")


if __name__ == "__main__":
    main()
