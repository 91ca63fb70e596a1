#!/usr/bin/env python3
"""Times Zennit: EpsilonPlusFlat with the model's canonizer, relevance starting at the largest logit.

usage: zennit_peer.py MODEL --input F.safetensors [--device cpu|cuda] [--repeat 5] [--output F.safetensors]
"""

from importlib.metadata import version

import torch
from measure import arguments, measure
from models import load_torchvision, read_config
from zennit.attribution import Gradient
from zennit.composites import EpsilonPlusFlat
from zennit.torchvision import ResNetCanonizer, VGGCanonizer

CANONIZERS = {"resnet": ResNetCanonizer, "vgg": VGGCanonizer}


def largest_logit(logits):
    # Detached: a seed with a graph would make Zennit's first rule build one as well.
    return torch.zeros_like(logits).scatter(1, logits.argmax(1, keepdim=True), 1.0) * logits.detach()


def main():
    args = arguments(__doc__)
    model = load_torchvision(args.model, args.device)
    canonizer = CANONIZERS[read_config(args.model)["architecture"]]()
    pixels = args.inputs["pixel_values"]
    # Hooks are registered and batch norms folded once, outside the clock.
    with Gradient(model, EpsilonPlusFlat(canonizers=[canonizer]), attr_output=largest_logit) as attribute:
        for module in model.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                # Zennit 0.5.1 folds a batch norm and leaves its eps behind, which shrinks every output by
                # 1 / sqrt(1 + eps). PyTorch takes no eps of zero; this one vanishes beside 1.
                module.eps = 1e-30
        measure(lambda: attribute(pixels), args, peer="zennit " + version("zennit"), rules="epsilon_plus_flat")


if __name__ == "__main__":
    main()
