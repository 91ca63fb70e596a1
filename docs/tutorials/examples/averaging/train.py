#!/usr/bin/env python3
"""Trains a deep averaging network on a TSV file of label and text, and writes it as a checkpoint.

usage: train.py --data reviews.tsv --tokenizer tokenizer.json --output DIR

Standard library only: a toy, made in seconds. Words are cut as the WordPiece tokenizer cuts them.
"""
import argparse
import array
import json
import math
import random
import re
import shutil
import struct
from pathlib import Path

D, H, EPOCHS, RATE, SEED = 16, 8, 60, 0.2, 1
LABELS = ["negative", "positive"]


def pieces_of(text, vocabulary):
    """Ids of a lower-case text: the longest piece that fits, word by word, and [SEP]."""
    ids = []
    for word in re.findall(r"\w+|[^\w\s]", text.lower()):
        begin = 0
        while begin < len(word):
            end = next(e for e in range(len(word), begin, -1) if ("##" if begin else "") + word[begin:e] in vocabulary)
            ids.append(vocabulary[("##" if begin else "") + word[begin:end]])
            begin = end
    return ids + [vocabulary["[SEP]"]]


def matrix(rows, columns, rng, scale):
    return [[rng.gauss(0, scale) for _ in range(columns)] for _ in range(rows)]


def times(rows, vector):
    return [sum(a * b for a, b in zip(row, vector)) for row in rows]


def forward(weights, ids):
    """The mean of the words, the hidden values and the logits."""
    table = weights["embeddings.weight"]
    mean = [sum(table[i][d] for i in ids) / len(ids) for d in range(D)]
    act = [math.tanh(z + b) for z, b in zip(times(weights["hidden.weight"], mean), weights["hidden.bias"])]
    return mean, act, [z + b for z, b in zip(times(weights["classifier.weight"], act), weights["classifier.bias"])]


def train(data, size):
    rng = random.Random(SEED)
    table = matrix(size, D, rng, 0.1)
    hidden, hidden_bias = matrix(H, D, rng, D**-0.5), [0.0] * H
    head, head_bias = matrix(2, H, rng, H**-0.5), [0.0] * 2
    weights = {"embeddings.weight": table, "hidden.weight": hidden, "hidden.bias": hidden_bias,
               "classifier.weight": head, "classifier.bias": head_bias}
    for _ in range(EPOCHS):
        rng.shuffle(data)
        for ids, label in data:
            mean, act, logits = forward(weights, ids)
            probability = 1 / (1 + math.exp(logits[0] - logits[1]))
            error = [-(label - probability), label - probability]  # of the logits, against the gradient
            back = [sum(error[c] * head[c][h] for c in range(2)) * (1 - act[h] ** 2) for h in range(H)]
            into = [sum(back[h] * hidden[h][d] for h in range(H)) for d in range(D)]
            for c in range(2):
                head_bias[c] += RATE * error[c]
                for h in range(H):
                    head[c][h] += RATE * error[c] * act[h]
            for h in range(H):
                hidden_bias[h] += RATE * back[h]
                for d in range(D):
                    hidden[h][d] += RATE * back[h] * mean[d]
            for i in ids:
                for d in range(D):
                    table[i][d] += RATE * into[d] / len(ids)
    right = sum((logits[1] > logits[0]) == label for ids, label in data for _, _, logits in [forward(weights, ids)])
    print(f"right on {right} of the {len(data)} texts that it learnt from")
    return weights


def save_safetensors(path, tensors):
    header, body = {}, b""
    for name, tensor in tensors.items():
        rows = tensor if isinstance(tensor[0], list) else [tensor]
        flat = array.array("f", [x for row in rows for x in row]).tobytes()
        shape = [len(tensor), len(tensor[0])] if isinstance(tensor[0], list) else [len(tensor)]
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(body), len(body) + len(flat)]}
        body += flat
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


def main():
    parser = argparse.ArgumentParser(usage=__doc__.partition("usage: ")[2].partition("\n")[0])
    for name in ("data", "tokenizer", "output"):
        parser.add_argument("--" + name, type=Path, required=True)
    args = parser.parse_args()
    vocabulary = json.loads(args.tokenizer.read_text(encoding="utf-8"))["model"]["vocab"]
    rows = [line.split("\t") for line in args.data.read_text(encoding="utf-8").splitlines()]
    size = max(vocabulary.values()) + 1
    tensors = train([(pieces_of(text, vocabulary), LABELS.index(label)) for label, text in rows], size)
    args.output.mkdir(parents=True, exist_ok=True)
    save_safetensors(args.output / "model.safetensors", tensors)
    config = {"model_type": "averaging", "vocab_size": size, "hidden_size": D, "intermediate_size": H,
              "id2label": dict(enumerate(LABELS))}
    (args.output / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    shutil.copy(args.tokenizer, args.output / "tokenizer.json")


if __name__ == "__main__":
    main()
