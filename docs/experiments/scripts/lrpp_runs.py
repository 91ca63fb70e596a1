"""What the experiments share: running `lrpp`, and reading what it wrote."""

import json
import subprocess
from pathlib import Path


def run(program, *arguments):
    """Runs lrpp; its progress goes to the terminal. Ends the script where it does."""
    result = subprocess.run([program, *map(str, arguments)], stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode != 0:
        raise SystemExit(f"lrpp {arguments[0]} ended with exit code {result.returncode}")
    return result.stdout


def evaluate(program, model, data, output, methods, metrics, *options):
    """`lrpp evaluate`, the results as a dict. A run that was stopped goes on where it was."""
    words = [word for method in methods for word in ("--method", method)]
    words += [word for metric in metrics for word in ("--metric", metric)]
    output.parent.mkdir(parents=True, exist_ok=True)
    run(program, "evaluate", model, "--data", data, *words, *options, "--output", output)
    return json.loads(output.read_text(encoding="utf-8"))


def score(results, method, metric, name):
    """One method's number with its interval, and the p-value of its difference from the first method."""
    [found] = [m for m in results["methods"] if named(m["method"], method)]
    [scores] = [scores for described, scores in found["scores"].items() if named(described, metric)]
    return scores[name]


def named(described, name):
    """Whether "flipping(steps=10)" is a "flipping"."""
    return described == name or described.startswith(name + "(")


def short(described):
    """The name of a method or metric without its parameters."""
    return described.split("(")[0]


def cell(value, digits=2):
    """A number with its interval, as a table has it."""
    return f"{value['mean']:.{digits}f} ({value['low']:.{digits}f} to {value['high']:.{digits}f})"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows]) + "\n"


def explain_ids(program, model, texts, method, folder, *options):
    """Explains lists of token ids, those of one length together. Returns for each text its relevance (a tensor
    of float64 [T]), the score that was explained, the target and the logits, in the order of `texts`."""
    import torch
    from safetensors.torch import load_file, save_file

    folder = Path(folder)
    by_length, found = {}, [None] * len(texts)
    for index, ids in enumerate(texts):
        by_length.setdefault(len(ids), []).append(index)
    source, result = folder / "input.safetensors", folder / "result.safetensors"
    for length, places in sorted(by_length.items()):
        at_once = max(1, 32768 // length)
        for begin in range(0, len(places), at_once):
            batch = places[begin : begin + at_once]
            save_file({"input_ids": torch.tensor([texts[i] for i in batch])}, source)
            run(program, "explain", model, "--input", source, "--method", method, *options, "--output", result)
            tensors = load_file(result)
            for row, index in enumerate(batch):
                target = int(tensors["target"][row])
                found[index] = {"relevance": tensors["relevance_token"][row].double(), "target": target,
                                "logits": tensors["logits"][row].double(),
                                "score": float(tensors["logits"][row][target])}
    return found
