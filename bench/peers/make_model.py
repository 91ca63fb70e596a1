#!/usr/bin/env python3
"""Writes a checkpoint with random weights and inputs for it: config.json, model.safetensors, input-BATCH.safetensors.

usage: make_model.py resnet50|vgg16|vit-b16|bert-base FOLDER [--batch 1 8]
"""

import argparse
import json
from pathlib import Path

import torch
from models import BUILDERS, CONFIGS
from safetensors.torch import save_file
from transformers import BertConfig, BertForSequenceClassification

TOKENS = 512


def measure_batch_norms(model):
    """Running statistics as noise has them: without them the values would grow or vanish from layer to layer."""
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None  # the plain mean of what was seen, here of one batch
    with torch.no_grad():
        model.train()(torch.randn(8, 3, 224, 224))


def write_model(name, folder):
    if name == "bert-base":
        BertForSequenceClassification(BertConfig(num_labels=2)).save_pretrained(folder)
        return
    config = CONFIGS[name]
    model = BUILDERS[config["architecture"]]()
    if name == "resnet50":
        measure_batch_norms(model)
    if name == "vit-b16":  # torchvision leaves both at zero, and then nothing would be relevant
        torch.nn.init.normal_(model.heads.head.weight, std=0.02)
        torch.nn.init.normal_(model.class_token, std=0.02)
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    save_file(model.state_dict(), folder / "model.safetensors", metadata={"format": "pt"})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=CONFIGS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 8])
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    write_model(args.name, args.folder)
    for batch in args.batch:
        if args.name == "bert-base":
            inputs = {"input_ids": torch.randint(1000, 30000, (batch, TOKENS))}
        else:
            inputs = {"pixel_values": torch.randn(batch, 3, 224, 224)}
        save_file(inputs, args.folder / f"input-{batch}.safetensors")


if __name__ == "__main__":
    main()
