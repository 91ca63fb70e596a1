#!/usr/bin/env python3
"""Times the official MambaLRP code on its fast path, that of mamba_ssm's CUDA kernels, from a checkout of the caller's.

usage: mamba_official.py MODEL --checkout DIR --input F.safetensors [--dtype float32|bfloat16] [--repeat 5]
                         [--cases shipped frozen forward] [--output F.safetensors]

MODEL holds a Mamba language model in Hugging Face's naming, the input `input_ids` [B, T] and `target` [B]. Prints one
JSON object on a line for each case, with what measure.py measures:
  shipped  their relevance_propagation as their notebook calls it: gradients of the weights, logits of all
           positions, a cache filled for a generation that never comes
  frozen   their modified model without these three: weights frozen, the head on the last token, no cache
  forward  mamba_ssm's own language model (fused block, fused norm), without gradients, the head on the last token
`--output` holds the logits and the relevance at the embeddings of `frozen`. A GPU is needed: without one their code takes
its slow path.
"""

import argparse
import gc
import importlib
import json
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch
from measure import measure
from safetensors.torch import load_file
from transformers import MambaForCausalLM


def import_official(checkout):
    """Their modules `model.mamba_huggingface` and `lrp.utils`, with the kernels that their fast path calls."""
    sys.path.insert(0, str(checkout.resolve()))
    # They import RMSNorm from ops.triton.layernorm, which mamba-ssm 2 renamed to layer_norm. Their `except ImportError`
    # would then leave every kernel out without a word, and the fast path would end in a NameError.
    old_name = "mamba_ssm.ops.triton.layernorm"
    try:
        importlib.import_module(old_name)
    except ModuleNotFoundError:
        sys.modules[old_name] = importlib.import_module("mamba_ssm.ops.triton.layer_norm")
    modeling = importlib.import_module("mamba_lrp.model.mamba_huggingface")
    missing = [name for name in ("selective_scan_fn", "causal_conv1d_fn") if not hasattr(modeling, name)]
    if missing:
        # Their guarded import has hidden the reason. Importing the same again tells it.
        importlib.import_module("mamba_ssm.ops.selective_scan_interface")
        importlib.import_module("causal_conv1d")
        sys.exit(f"mamba_official.py: the official code found no {', '.join(missing)}; install mamba-ssm and "
                 "causal-conv1d with their CUDA extensions")
    return modeling, importlib.import_module("mamba_lrp.lrp.utils")


def load_model(folder, dtype, device):
    model = MambaForCausalLM.from_pretrained(folder).to(device=device, dtype=dtype).eval()
    model.config.use_cache = True  # as their notebook loads it
    return model


def kernels_called(modeling, explain):
    """How often `explain` calls the two kernels of the fast path."""
    calls = dict.fromkeys(("selective_scan_fn", "causal_conv1d_fn"), 0)
    originals = {name: getattr(modeling, name) for name in calls}

    def counting(name):
        def call(*args, **kwargs):
            calls[name] += 1
            return originals[name](*args, **kwargs)
        return call

    for name in calls:
        setattr(modeling, name, counting(name))
    try:
        explain()
    finally:
        for name, original in originals.items():
            setattr(modeling, name, original)
    return calls


def shipped_case(model, modified, utils, ids, target):
    # In float32 whatever the model's dtype: their function ends in NumPy, which has no bfloat16. Their residual stream is
    # float32 anyway, and each mixer casts to the dtype of its weights.
    embeddings = model.backbone.embeddings(ids).float()

    def explain():
        relevance, _ = utils.relevance_propagation(modified, embeddings, target, model.config.vocab_size)
        return None, relevance
    return explain


def frozen_case(model, modified, ids, target):
    model.requires_grad_(False)
    embeddings = model.backbone.embeddings(ids).float().requires_grad_()

    def explain():
        hidden = modified.backbone(inputs_embeds=embeddings, use_cache=False)["last_hidden_state"][:, -1]
        logits = modified.lm_head(hidden.to(modified.lm_head.weight.dtype)).float()
        gradient, = torch.autograd.grad(logits.gather(1, target[:, None]).sum(), embeddings)
        return logits.detach(), embeddings.detach() * gradient
    return explain


def forward_case(model, ids):
    """mamba_ssm's MambaLMHeadModel around the same tensors, so that no weight is in memory twice."""
    mixer_seq_simple = importlib.import_module("mamba_ssm.models.mixer_seq_simple")
    config, old = mixer_seq_simple.MambaConfig(), model.config
    config.d_model, config.n_layer, config.vocab_size = old.hidden_size, old.num_hidden_layers, old.vocab_size
    config.pad_vocab_size_multiple = 1
    config.ssm_cfg = {"d_state": old.state_size, "d_conv": old.conv_kernel, "expand": old.expand}
    config.rms_norm, config.residual_in_fp32, config.fused_add_norm = True, old.residual_in_fp32, True
    with torch.device("meta"):
        plain = mixer_seq_simple.MambaLMHeadModel(config)
    weights = {name.replace("embeddings.", "embedding."): tensor for name, tensor in model.state_dict().items()}
    weights.setdefault("lm_head.weight", weights["backbone.embedding.weight"])
    plain.load_state_dict(weights, strict=True, assign=True)
    plain.eval().requires_grad_(False)

    def forward():
        with torch.no_grad():
            return plain(ids, num_last_tokens=1).logits[:, 0], None
    return forward


def package_version(name):
    try:
        return version(name)
    except PackageNotFoundError:  # a folder on PYTHONPATH that was not installed
        return importlib.import_module(name.replace("-", "_")).__version__


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--checkout", type=Path, required=True, help="the root of the official repository")
    parser.add_argument("--input", type=Path, required=True)
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--cases", nargs="+", choices=["shipped", "frozen", "forward"],
                        default=["shipped", "frozen", "forward"])
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    if not (args.checkout / "mamba_lrp").is_dir():
        parser.error(f"--checkout must be the root of the official repository; {args.checkout} has no mamba_lrp")
    if not torch.cuda.is_available():
        parser.error("needs a CUDA device: without one the official code takes its slow path")
    args.device = "cuda"
    modeling, utils = import_official(args.checkout)
    inputs = {name: tensor.to(args.device) for name, tensor in load_file(args.input).items()}
    ids, target = inputs["input_ids"], inputs["target"]
    model = load_model(args.model, getattr(torch, args.dtype), args.device)
    modified = modeling.ModifiedMambaForCausalLM(model, is_fast_forward_available=True).eval()
    cases = {"shipped": lambda: shipped_case(model, modified, utils, ids, target),
             "frozen": lambda: frozen_case(model, modified, ids, target),
             "forward": lambda: forward_case(model, ids)}
    about = {"peer": "MambaLRP, fast path", "dtype": args.dtype, "tokens": ids.shape[1], "batch": ids.shape[0],
             "mamba_ssm": package_version("mamba-ssm"), "causal_conv1d": package_version("causal-conv1d")}
    output, layers = args.output, model.config.num_hidden_layers
    for name in args.cases:
        args.output = output if name == "frozen" else None
        try:
            explain = cases[name]()
            if name != "forward":
                calls = kernels_called(modeling, explain)
                if set(calls.values()) != {layers}:
                    sys.exit(f"mamba_official.py: the fast path was not taken: {layers} layers, kernel calls {calls}")
            measure(explain, args, case=name, **about)
        except torch.cuda.OutOfMemoryError:
            print(json.dumps(about | {"case": name, "median_ms": None, "peak_mib": None}))  # out of memory
        model.zero_grad(set_to_none=True)  # the gradients of the weights that `shipped` leaves behind
        explain = None
        gc.collect()
        torch.cuda.empty_cache()


if __name__ == "__main__":
    main()
