#!/usr/bin/env python3
"""Times the official MambaLRP code and ours on the same checkpoints and inputs, by turns, on one GPU, and prints a Markdown
table.

usage: mamba_beside.py --ours PATH --checkout DIR [--cases SIZE:TOKENSxBATCH:DTYPE:REPEAT[:MEMORY] ...] [--rounds 1]
                       [--folder DIR] [--no-check] [--json F.json]

PATH is build/cuda/bin/bench_peers_ours, DIR a checkout of the official repository. Every run is a process of its own.
MEMORY, as 12GiB, is what ours may plan with, weights included; without it ours takes what the GPU has free.
Ours runs its own composite, mamba-lrp, in which SiLU has a rule; the fast path of the official code leaves that rule out.
The last column therefore compares what it computes with ours without that rule, in one more run that is not timed.
"""

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

from compare import difference, run, run_all

HERE = Path(__file__).resolve().parent
CASES = ["130m:512x1:float32:20", "130m:2048x1:float32:20", "130m:2048x8:float32:7", "130m:2048x8:bfloat16:10",
         "1.4b:2048x8:bfloat16:5", "2.8b:8192x1:bfloat16:5", "2.8b:8192x1:bfloat16:5:12GiB"]
# The official fast path: the kernels hold the SiLU, and autograd passes through it.
NO_SILU_RULE = {"extends": "mamba-lrp", "rules": [{"match": {"op": "silu"}, "rule": "gradient"}]}
COLUMNS = ("mamba", "tokens x batch", "dtype", "memory for ours", "official as shipped, ms", "official frozen, ms",
           "ours, ms", "as shipped / ours", "frozen / ours", "peak as shipped, MiB", "peak frozen, MiB", "peak ours, MiB",
           "forward mamba_ssm, ms", "forward ours, ms", "ours / own forward", "difference without the SiLU rule")


def median(runs, key="times_ms"):
    """The median of the times of all rounds together; None where a round ran out of memory."""
    if not all(key in r for r in runs):
        return None
    return statistics.median(time for r in runs for time in r[key])


def peak(runs):
    return None if any(r["peak_mib"] is None for r in runs) else max(r["peak_mib"] for r in runs)


def cell(value, form=".1f"):
    return "out of memory" if value is None else format(value, form)


def ratio(a, b):
    return "" if a is None or b is None else f"{a / b:.2f}"


def measure_case(case, folder, args):
    size, shape, dtype, repeat, *memory = case.split(":")
    model = folder / f"mamba-{size}-{dtype}"
    given = model / f"input-{shape}.safetensors"
    if not given.exists():
        shapes = [c.split(":")[1] for c in args.cases if c.split(":")[0:3:2] == [size, dtype]]
        run_all([sys.executable, HERE / "make_mamba.py", size, model, "--dtype", dtype, "--shapes", *shapes])
    common = [model, "--input", given, "--dtype", dtype]
    peer_file, our_file = folder / "relevance-peer.safetensors", folder / "relevance-ours.safetensors"
    limit = ["--memory", memory[0]] if memory else []
    official, ours = {"shipped": [], "frozen": [], "forward": []}, []
    for _ in range(args.rounds):
        for found in run_all([sys.executable, HERE / "mamba_official.py", *common, "--checkout", args.checkout,
                              "--repeat", repeat, "--output", peer_file]):
            official[found["case"]].append(found)
        ours.append(run([args.ours, *common, "--device", "cuda", "--repeat", repeat, "--rules", "mamba-lrp", "--json",
                         *limit]))
    apart = None
    if args.check and median(official["frozen"]) is not None:
        rules = folder / "no-silu-rule.json"
        rules.write_text(json.dumps(NO_SILU_RULE), encoding="utf-8")
        run([args.ours, *common, "--device", "cuda", "--repeat", 1, "--rules", rules, "--json", "--output", our_file,
             *limit])
        apart = difference(peer_file, our_file)
    return {"size": size, "shape": shape, "dtype": dtype, "memory": memory[0] if memory else None, "official": official,
            "ours": ours, "difference": apart}


def row(found):
    official, ours = found["official"], found["ours"]
    shipped, frozen, plain = (median(official[name]) for name in ("shipped", "frozen", "forward"))
    whole, forward = median(ours), median(ours, "forward_times_ms")
    cells = [found["size"], found["shape"].replace("x", " x "), found["dtype"], found["memory"] or "what is free",
             cell(shipped), cell(frozen), cell(whole), ratio(shipped, whole), ratio(frozen, whole),
             cell(peak(official["shipped"]), ".0f"), cell(peak(official["frozen"]), ".0f"), cell(peak(ours), ".0f"),
             cell(plain), cell(forward), ratio(whole, forward),
             "" if found["difference"] is None else f"{found['difference']:.1e}"]
    return "| " + " | ".join(cells) + " |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", type=Path, required=True)
    parser.add_argument("--checkout", type=Path, required=True)
    parser.add_argument("--cases", nargs="+", default=CASES, metavar="SIZE:TOKENSxBATCH:DTYPE:REPEAT[:MEMORY]")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="keep the checkpoints here, and take those that are there")
    parser.add_argument("--no-check", dest="check", action="store_false", help="leave the last column empty")
    parser.add_argument("--json", type=Path, help="write all that was measured here")
    args = parser.parse_args()
    measured = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        print("| " + " | ".join(COLUMNS) + " |\n" + "|---" * len(COLUMNS) + "|", flush=True)
        for case in args.cases:
            measured.append(measure_case(case, folder, args))
            print(row(measured[-1]), flush=True)
            if args.json:  # after every case: a later one may run out of memory or time
                args.json.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
