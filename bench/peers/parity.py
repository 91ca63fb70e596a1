#!/usr/bin/env python3
"""How closely lrpp agrees with the whole-model cases that Zennit and LXT computed: tests/fixtures/zennit and tests/fixtures/lxt.

usage: parity.py [--ours build/cpu/bin/lrpp]
Prints, for each composite or method, the number of cases and the largest difference of relevance, of the largest entry.
The tests hold the same cases to a bar; this prints the distance.
"""

import argparse
import json
from collections import defaultdict

from beside import ROOT, Ours, difference
from safetensors.torch import load_file

INPUTS = ("pixel_values", "input_ids", "attention_mask", "token_type_ids", "target")


def zennit_rules(case, tensors):
    name = case.get("composite_name", "gradient").replace("_", "-")
    arguments = dict(case.get("composite_arguments", {}))
    arguments |= {bound: tensors[bound].flatten().tolist() for bound in ("low", "high") if bound in tensors}
    if name != "gradient" and case["canonizer"] is None:
        arguments["canonize"] = False
    return {"extends": {name: arguments} if arguments else name}


def lxt_rules(case, _):
    base = {"AttnLRP": "attn-lrp", "CP-LRP": "cp-lrp"}[case["method"]]
    if not case["gamma"]:
        return base
    gamma = {key: {"gamma": {"gamma": value}} for key, value in case["gamma"].items()}
    return {"extends": base, "rules": [{"match": {"op": "conv2d"}, "rule": gamma["conv"]},
                                       {"match": {"op": "linear", "name": "mlp.*"}, "rule": gamma["linear"]},
                                       {"match": {"name": "heads.head"}, "rule": gamma["linear"]}]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", default=ROOT / "build/cpu/bin/lrpp")
    args = parser.parse_args()
    ours = Ours(args.ours)
    for suite, rules in (("zennit", zennit_rules), ("lxt", lxt_rules)):
        worst = defaultdict(list)
        for folder in sorted((ROOT / "tests/fixtures" / suite).iterdir()):
            if folder.name.startswith("single-"):
                continue  # single layers are no models; tests/rules/zennit_single_test.cpp holds them
            case, tensors = json.loads((folder / "case.json").read_text()), load_file(folder / "case.safetensors")
            inputs = {name: tensors[name] for name in INPUTS if name in tensors}
            found = ours.explain(folder, inputs, rules(case, tensors), "--target", "input",
                                 "--start", case["seed_of_relevance"])
            relevance, wanted = found["relevance"], tensors["relevance"]
            if case["method"] in ("gradient", "guided_backprop", "deconvnet"):
                # Ours reads out the multiplier for a start of one, the case has it for a start of the logit. Where
                # ReLU looks at the sign of what comes back, that is the same times the logit only above zero.
                logit = found["logits"].gather(1, found["target"][:, None])[:, 0]
                rows = logit > 0 if case["method"] != "gradient" else logit != 0
                relevance, wanted = relevance[rows] * logit[rows, None, None, None], wanted[rows]
            worst[case["method"]].append(difference(relevance, wanted))
        for method, values in worst.items():
            print(f"{suite:7} {method:28} {len(values)} cases  {max(values):.0e}")


if __name__ == "__main__":
    main()
