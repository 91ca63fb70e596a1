#!/usr/bin/env python3
"""Times the peers and ours on the same checkpoints and inputs, by turns, and prints a Markdown table.

usage: compare.py --ours PATH [--models resnet50 ...] [--batch 1 8] [--device cpu cuda] [--repeat 5] [--rounds 2]
                  [--folder DIR] [--rules bert-base=NAME ...] [--json F.json]

Every run is a process of its own. PATH is called as
    PATH MODEL --input F.safetensors --device D --repeat N --rules NAME --json --output F.safetensors
and prints one JSON object with `times_ms`, `peak_mib` and `base_mib` as measure.py defines them; its output holds
`relevance` at the pixels or word embeddings. Environment: requirements.txt.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from safetensors.torch import load_file

HERE = Path(__file__).resolve().parent
# Model: the peer's script, and the name of ours that stands for the same rules.
ROWS = {"resnet50": ("zennit_peer.py", "epsilon-plus-flat"), "vgg16": ("zennit_peer.py", "epsilon-plus-flat"),
        "bert-base": ("lxt_peer.py", "attn-lrp"), "vit-b16": ("lxt_peer.py", "cp-lrp")}
HEADER = ("| model | batch | device | peer | peer, ms | ours, ms | peer / ours | peer peak, MiB (over the model) | "
          "ours peak, MiB (over the model) | largest relative difference |\n" + "|---" * 10 + "|")


def run_all(command):
    """The JSON objects that a command prints, one on a line."""
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"{Path(sys.argv[0]).name}: failed with {done.returncode}: {' '.join(map(str, command))}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def run(command):
    return run_all(command)[-1]


def difference(peer, ours):
    """The largest difference of relevance, as a share of the peer's largest relevance."""
    a, b = (load_file(path)["relevance"].double() for path in (peer, ours))
    if a.shape != b.shape:
        sys.exit(f"{Path(sys.argv[0]).name}: the peer's relevance has shape {tuple(a.shape)}, ours {tuple(b.shape)}")
    return ((a - b).abs().max() / a.abs().max()).item()


def summary(runs):
    """All times of all rounds together; the memory of the round that took most."""
    most = max(runs, key=lambda r: r["peak_mib"])
    median = statistics.median(time for r in runs for time in r["times_ms"])
    return median, f"{most['peak_mib']:.0f} (+{most['peak_mib'] - most['base_mib']:.0f})"


def row(name, batch, device, folder, args):
    script, rules = ROWS[name]
    rules = dict(pair.split("=", 1) for pair in args.rules).get(name, rules)
    common = [folder, "--input", folder / f"input-{batch}.safetensors", "--device", device, "--repeat", args.repeat]
    peer_file, our_file = folder / "relevance-peer.safetensors", folder / "relevance-ours.safetensors"
    peers, ours = [], []
    for _ in range(args.rounds):
        peers.append(run([sys.executable, HERE / script, *common, "--output", peer_file]))
        ours.append(run([args.ours, *common, "--rules", rules, "--json", "--output", our_file]))
    (peer_ms, peer_memory), (our_ms, our_memory) = summary(peers), summary(ours)
    print(f"| {name} | {batch} | {peers[0]['device']} | {peers[0]['peer']}, {peers[0]['rules']} | {peer_ms:.1f} | "
          f"{our_ms:.1f} | {peer_ms / our_ms:.2f} | {peer_memory} | {our_memory} | "
          f"{difference(peer_file, our_file):.1e} |", flush=True)
    return {"model": name, "batch": batch, "device": device, "rules": rules, "peer": peers, "ours": ours}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", type=Path, required=True)
    parser.add_argument("--models", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--device", nargs="+", default=["cpu"])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="keep the checkpoints here, and take those that are there")
    parser.add_argument("--rules", nargs="+", default=[], metavar="MODEL=NAME", help="other rules of ours for a model")
    parser.add_argument("--json", type=Path, help="write all that was measured here")
    args = parser.parse_args()
    print(HEADER, flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        measured = []
        for name in args.models:
            folder = (args.folder or Path(temporary)) / name
            if not all((folder / f"input-{batch}.safetensors").exists() for batch in args.batch):
                subprocess.run([sys.executable, str(HERE / "make_model.py"), name, str(folder), "--batch",
                                *map(str, args.batch)], check=True, stdout=subprocess.DEVNULL)
            measured += [row(name, batch, device, folder, args) for device in args.device for batch in args.batch]
    if args.json:
        args.json.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
