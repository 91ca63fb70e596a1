#!/usr/bin/env python3
"""Writes a Mamba language model with random weights as Hugging Face names them, and inputs for it: config.json,
model.safetensors, input-TOKENSxBATCH.safetensors (`input_ids` and the `target` to explain, both drawn at random).

usage: make_mamba.py 130m|1.4b|2.8b FOLDER [--dtype bfloat16] [--shapes 512x1 2048x8]
"""

import argparse
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import MambaConfig, MambaForCausalLM

SIZES = {"130m": (768, 24), "1.4b": (2048, 48), "2.8b": (2560, 64)}  # width and layers, as published
VOCABULARY = 50280


def write_model(size, folder, dtype):
    width, layers = SIZES[size]
    config = MambaConfig(vocab_size=VOCABULARY, hidden_size=width, num_hidden_layers=layers, state_size=16, expand=2,
                         conv_kernel=4, residual_in_fp32=True, use_cache=True)
    # On a GPU if there is one: drawing billions of numbers takes a CPU minutes.
    with torch.device("cuda" if torch.cuda.is_available() else "cpu"):
        model = MambaForCausalLM(config)
    model.to(dtype).save_pretrained(folder, max_shard_size="100GB")


def write_input(folder, shape):
    tokens, batch = (int(number) for number in shape.split("x"))
    generator = torch.Generator().manual_seed(tokens + batch)
    drawn = {"input_ids": torch.randint(VOCABULARY, (batch, tokens), generator=generator),
             "target": torch.randint(VOCABULARY, (batch,), generator=generator)}
    save_file(drawn, folder / f"input-{shape}.safetensors")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("size", choices=SIZES)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--shapes", nargs="+", default=["512x1"], metavar="TOKENSxBATCH")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    if not (args.folder / "model.safetensors").exists():
        write_model(args.size, args.folder, getattr(torch, args.dtype))
    for shape in args.shapes:
        write_input(args.folder, shape)


if __name__ == "__main__":
    main()
