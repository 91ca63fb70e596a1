"""The four models that the peers are measured on, by name, and how a folder of one of them is read."""

import json
from pathlib import Path

import torch
import torchvision
from safetensors.torch import load_file

PIXELS = {"source": "torchvision", "num_classes": 1000}
CNN = PIXELS | {"in_channels": 3, "batch_norm_eps": 1e-5, "image_size": [224, 224]}
CONFIGS = {
    "resnet50": CNN | {"architecture": "resnet", "block": "Bottleneck", "layers": [3, 4, 6, 3], "stem_planes": 64,
                       "planes": [64, 128, 256, 512]},
    "vgg16": CNN | {"architecture": "vgg", "batch_norm": False, "avgpool_output": [7, 7],
                    "features": [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M",
                                 512, 512, 512, "M"],
                    "classifier": [25088, 4096, 4096, 1000]},
    "vit-b16": PIXELS | {"architecture": "vision_transformer", "layer_norm_eps": 1e-6, "activation": "gelu (erf)",
                         "image_size": 224, "patch_size": 16, "num_layers": 12, "num_heads": 12, "hidden_dim": 768,
                         "mlp_dim": 3072},
    "bert-base": None,  # Transformers writes it
}
BUILDERS = {"resnet": torchvision.models.resnet50, "vgg": torchvision.models.vgg16,
            "vision_transformer": torchvision.models.vit_b_16}


def read_config(folder):
    return json.loads((Path(folder) / "config.json").read_text(encoding="utf-8"))


def load_torchvision(folder, device):
    """The model of a folder, in evaluation mode, its weights frozen, so that no gradient is spent on them."""
    with torch.device("meta"):  # no time and memory for an initialisation that is overwritten
        model = BUILDERS[read_config(folder)["architecture"]]()
    model.to_empty(device=device)
    model.load_state_dict(load_file(Path(folder) / "model.safetensors"), strict=True)
    return model.eval().requires_grad_(False)
