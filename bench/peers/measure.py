"""What both peers share: their arguments, the clock, the memory, and the JSON that compare.py reads."""

import argparse
import json
import statistics
import time
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file


def arguments(description):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--input", type=Path, required=True)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    args.inputs = {name: tensor.to(args.device) for name, tensor in load_file(args.input).items()}
    return args


class Memory:
    """MiB in use now and at most: of the process on the CPU (Linux), of PyTorch's tensors on a GPU."""

    def __init__(self, device):
        self.cuda = torch.device(device).type == "cuda"
        if self.cuda:
            torch.cuda.reset_peak_memory_stats()
        else:
            Path("/proc/self/clear_refs").write_text("5")  # the largest resident size starts anew
        self.base = torch.cuda.memory_allocated() / 2**20 if self.cuda else self.status("VmRSS")

    @staticmethod
    def status(key):
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(key + ":"))

    def peak(self):
        return torch.cuda.max_memory_allocated() / 2**20 if self.cuda else self.status("VmHWM")


def measure(explain, args, **about):
    """Times `explain`, which returns (logits, relevance); the model is loaded and prepared. Prints one JSON object.

    `base_mib` is in use before the first explanation: weights and input, on the CPU the whole process with its
    libraries. `peak_mib` is the most at any time from then on.
    """
    memory = Memory(args.device)
    milliseconds = []
    for _ in range(args.repeat + 1):
        if memory.cuda:
            torch.cuda.synchronize()
        start = time.perf_counter()
        logits, relevance = explain()
        if memory.cuda:
            torch.cuda.synchronize()
        milliseconds.append(1000 * (time.perf_counter() - start))
    peak = memory.peak()
    device = torch.cuda.get_device_name() if memory.cuda else f"{torch.get_num_threads()} CPU threads"
    print(json.dumps(about | {
        "torch": torch.__version__, "device": device, "median_ms": statistics.median(milliseconds[1:]),
        "times_ms": milliseconds[1:], "warmup_ms": milliseconds[0], "peak_mib": peak, "base_mib": memory.base}))
    if args.output:
        found = {"logits": logits, "relevance": relevance}
        save_file({name: tensor.detach().cpu().contiguous() for name, tensor in found.items()}, args.output)
