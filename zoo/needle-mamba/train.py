# /// script
# requires-python = ">=3.10"
# dependencies = ["torch>=2.6", "numpy", "safetensors"]
# ///
"""Trains needle-mamba: a small Mamba that reads a haystack of letters (haystacks.py) and answers which was marked.

    python train.py --output DIR [--smoke]

--output  receives config.json, tokenizer.json and model.safetensors (float16); accuracy by distance goes to the screen
--smoke   tries the script on short texts, for a CPU; what it writes is no model to ship

Shapes in comments: B texts, T tokens.
"""

import argparse
import json
import math
import random
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import nn

from haystacks import LETTERS, MARKER, QUESTION, haystack

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from mamba_modules import Classifier  # noqa: E402

TOKENS = ["[PAD]", "[UNK]", *LETTERS, MARKER, QUESTION]  # their ids are their places
IDS = {token: index for index, token in enumerate(TOKENS)}


def make_batch(length, size, device):
    """Haystacks of one length with the needle anywhere: ids [B,T], lengths [B] and labels [B]."""
    ids = torch.randint(IDS["a"], IDS["a"] + len(LETTERS), (size, length), device=device)
    place = torch.randint(1, length - 1, (size, 1), device=device)
    labels = ids.gather(1, place).squeeze(1) - IDS["a"]
    ids.scatter_(1, place - 1, IDS[MARKER])
    ids[:, -1] = IDS[QUESTION]
    return ids, torch.full((size,), length, device=device), labels


@torch.no_grad()
def accuracy(model, distance, device, count=1024):
    """Of `count` haystacks as haystacks.py makes them, with no letters before the marker."""
    rng, right = random.Random(1000 + distance), 0
    rows = [haystack(distance, rng, most_before=0) for _ in range(count)]
    size = max(1, min(count, 65536 // (distance + 3)))
    for start in range(0, count, size):
        batch = rows[start:start + size]
        ids = torch.tensor([[IDS[c] for c in text] for text, _, _ in batch], device=device)
        labels = torch.tensor([LETTERS.index(label) for _, label, _ in batch], device=device)
        right += (model(ids, torch.full_like(labels, ids.shape[1])).argmax(1) == labels).sum().item()
    return right / count


def train(model, args, device):
    undecayed = [p for name, p in model.named_parameters() if p.ndim < 2 or name.endswith("A_log")]
    decayed = [p for name, p in model.named_parameters() if p.ndim >= 2 and not name.endswith("A_log")]
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": args.weight_decay},
                                   {"params": undecayed, "weight_decay": 0.0}], lr=args.lr)
    average = torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.99))
    start, losses, hits, every = time.time(), 0.0, 0.0, max(1, args.steps // 20)
    for step in range(args.steps):
        rate = args.lr * min(1.0, step / 100) * 0.5 * (1.0 + math.cos(math.pi * step / args.steps))
        for group in optimizer.param_groups:
            group["lr"] = rate
        # Distances grow: the longest of the moment doubles until three quarters of the way.
        longest = min(args.longest, 16 * 2 ** (step / (0.75 * args.steps) * math.log2(args.longest / 16)))
        length = random.randint(8, int(longest))
        ids, lengths, labels = make_batch(length, min(args.batch, args.batch * 64 // length), device)
        logits = model(ids, lengths)
        loss = F.cross_entropy(logits, labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        average.update_parameters(model)
        losses += loss.item()
        hits += (logits.argmax(1) == labels).float().mean().item()
        if (step + 1) % every == 0:
            print(f"step {step + 1}, up to {int(longest)} tokens: loss {losses / every:.4f}, "
                  f"right {hits / every:.4f}, {time.time() - start:.0f} s", flush=True)
            losses = hits = 0.0
    model.load_state_dict(average.module.state_dict())


def tokenizer_json():
    """A token to a character."""
    return {"version": "1.0", "truncation": None, "padding": None,
            "added_tokens": [{"id": i, "content": TOKENS[i], "special": True, "single_word": False, "lstrip": False,
                              "rstrip": False, "normalized": False} for i in range(2)],
            "normalizer": {"type": "Sequence", "normalizers": [
                {"type": "Lowercase"}, {"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": ""}]},
            "pre_tokenizer": {"type": "Split", "pattern": {"Regex": "[\\s\\S]"}, "behavior": "Isolated",
                              "invert": False},
            "post_processor": None, "decoder": {"type": "Fuse"},
            "model": {"type": "WordLevel", "vocab": IDS, "unk_token": "[UNK]"}}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--batch", type=int, default=512, help="texts of up to 64 tokens; fewer of longer ones")
    parser.add_argument("--longest", type=int, default=512, help="tokens of the longest texts to train on")
    parser.add_argument("--lr", type=float, default=3e-3)
    parser.add_argument("--weight-decay", type=float, default=0.01)
    parser.add_argument("--hidden", type=int, default=64)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--states", type=int, default=16)
    parser.add_argument("--distances", type=int, nargs="*", default=[16, 64, 256, 512, 1024, 2048, 4096])
    parser.add_argument("--smoke", action="store_true", help="sets steps, batch, longest and distances")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args()
    if args.smoke:
        args.steps, args.batch, args.longest, args.distances = 400, 64, 16, [4, 8, 16]
    random.seed(args.seed)
    torch.manual_seed(args.seed)
    labels = {str(i): letter for i, letter in enumerate(LETTERS)}
    config = {
        "architectures": ["MambaForCausalLM"], "model_type": "mamba", "lm_head_is_classifier": True,
        "num_labels": len(LETTERS), "id2label": labels, "label2id": {letter: int(i) for i, letter in labels.items()},
        "vocab_size": len(TOKENS), "hidden_size": args.hidden, "intermediate_size": 2 * args.hidden, "expand": 2,
        "state_size": args.states, "num_hidden_layers": args.layers, "conv_kernel": 4,
        "time_step_rank": math.ceil(args.hidden / 16), "use_bias": False, "use_conv_bias": True, "hidden_act": "silu",
        "layer_norm_epsilon": 1e-5, "residual_in_fp32": True, "tie_word_embeddings": False, "use_cache": False,
        "pad_token_id": IDS["[PAD]"], "torch_dtype": "float16"}
    model = Classifier(config).to(args.device)
    train(model, args, args.device)

    args.output.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.half().cpu().contiguous() for name, tensor in model.state_dict().items()},
              args.output / "model.safetensors", metadata={"format": "pt"})
    for name, value in ("config.json", config), ("tokenizer.json", tokenizer_json()):
        (args.output / name).write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")

    # What ships is what is measured: the rounded weights, read back, in float32.
    model.load_state_dict({name: t.float() for name, t in load_file(args.output / "model.safetensors").items()})
    print(f"parameters {sum(p.numel() for p in model.parameters())}")
    for distance in args.distances:
        print(f"distance {distance}: accuracy {accuracy(model, distance, args.device):.4f}", flush=True)


if __name__ == "__main__":
    main()
