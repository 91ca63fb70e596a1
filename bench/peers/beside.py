"""What left_out_lxt.py and left_out_zennit.py share: lrpp on the same checkpoint and input, two models, a few numbers."""

import json
import subprocess
import tempfile
from functools import partial
from pathlib import Path

import torch
import torchvision
from models import PIXELS
from safetensors.torch import load_file, save_file
from torchvision.models import vision_transformer

ROOT = Path(__file__).resolve().parents[2]


class Ours:
    """`lrpp` in float64: `explain` gives its tensors, `audit` its ledger."""

    def __init__(self, program):
        self.program = program

    def _run(self, command, model, inputs, rules, ending, *options):
        with tempfile.TemporaryDirectory() as folder:
            given, found = Path(folder) / "input.safetensors", Path(folder) / ("found" + ending)
            save_file({name: tensor.contiguous() for name, tensor in inputs.items()}, given)
            if not isinstance(rules, str):
                (Path(folder) / "rules.json").write_text(json.dumps(rules))
                rules = str(Path(folder) / "rules.json")
            subprocess.run([self.program, command, model, "--input", given, "--rules", rules, "--dtype", "float64",
                            "--output", found, *options], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            return load_file(found) if ending == ".safetensors" else json.loads(found.read_text())

    def explain(self, model, inputs, rules, *options):
        return self._run("explain", model, inputs, rules, ".safetensors", *options)

    def audit(self, model, inputs, rules):
        return self._run("audit", model, inputs, rules, ".json")


def column(ledger, name, op=None):
    """The sum of a column of the ledger over the nodes, or over those of one op."""
    return sum(node[name] or 0 for node in ledger["nodes"] if node["reached"] and op in (None, node["op"]))


def cosine(a, b):
    return torch.nn.functional.cosine_similarity(a.flatten(), b.flatten(), dim=0).item()


def difference(a, b):
    """The largest difference over the largest entry of b."""
    return ((a - b).abs().max() / b.abs().max()).item()


def largest_logit(logits):
    """Zennit's `attr_output`: the largest logit, at its own value."""
    return torch.zeros_like(logits).scatter(1, logits.argmax(1, keepdim=True), 1.0) * logits.detach()


def show(what, *values):
    print(f"{what:<72}", *values)


def digit_images():
    """The sample images of zoo/digits-vit and zoo/digits-cnn that are 28 x 28: [2, 1, 28, 28]."""
    files = [ROOT / f"zoo/{name}/example-1.png" for name in ("digits-cnn", "digits-vit")]
    images = [torchvision.io.read_image(str(file), torchvision.io.ImageReadMode.GRAY) for file in files]
    return (torch.stack(images).double() / 255 - 0.1307) / 0.3081


def torchvision_digits(folder):
    """zoo/digits-vit as torchvision's Vision Transformer with the same logits: it has three channels, each a third."""
    old = {name.removeprefix("vit."): tensor.double()
           for name, tensor in load_file(ROOT / "zoo/digits-vit/model.safetensors").items()}
    new = {"class_token": old["embeddings.cls_token"], "encoder.pos_embedding": old["embeddings.position_embeddings"]}
    for kind in ("weight", "bias"):
        new["conv_proj." + kind] = old["embeddings.patch_embeddings.projection." + kind]
        new["encoder.ln." + kind], new["heads.head." + kind] = old["layernorm." + kind], old["classifier." + kind]
        for i in range(4):
            source, target = f"encoder.layer.{i}.", f"encoder.layers.encoder_layer_{i}."
            new[target + "self_attention.in_proj_" + kind] = torch.cat(
                [old[source + f"attention.attention.{part}.{kind}"] for part in ("query", "key", "value")])
            for here, there in (("self_attention.out_proj", "attention.output.dense"), ("ln_1", "layernorm_before"),
                                ("ln_2", "layernorm_after"), ("mlp.0", "intermediate.dense"),
                                ("mlp.3", "output.dense")):
                new[f"{target}{here}.{kind}"] = old[f"{source}{there}.{kind}"]
    new["conv_proj.weight"] = new["conv_proj.weight"].expand(-1, 3, -1, -1) / 3
    sizes = {"image_size": 28, "patch_size": 4, "num_layers": 4, "num_heads": 4, "hidden_dim": 128, "mlp_dim": 256,
             "num_classes": 10}
    config = PIXELS | sizes | {"architecture": "vision_transformer", "layer_norm_eps": 1e-12, "activation": "gelu (erf)"}
    (folder / "config.json").write_text(json.dumps(config))
    save_file({name: tensor.contiguous() for name, tensor in new.items()}, folder / "model.safetensors")
    model = vision_transformer.VisionTransformer(**sizes, norm_layer=partial(torch.nn.LayerNorm, eps=1e-12)).double()
    model.load_state_dict(new)
    return model.eval().requires_grad_(False)
