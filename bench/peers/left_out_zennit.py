#!/usr/bin/env python3
"""What Zennit 0.5.1 leaves out without saying so, measured in float64, beside what lrpp's ledger says.

usage: left_out_zennit.py PART [--ours build/cpu/bin/lrpp]
PART   resnet    residual additions: torchvision's ResNet-18 and ResNets of Transformers and timm; batch norm's eps
       bias      the share of biases in zoo/digits-cnn
       vit       what no rule matches: zoo/digits-vit
       modules   small modules: functions, a module called twice, the first layer, all logits at once
"""

import argparse
import copy
import json
import tempfile
from pathlib import Path

import timm
import torch
import torch.nn.functional as F
import torchvision
from beside import ROOT, Ours, column, cosine, difference, digit_images, largest_logit, show, torchvision_digits
from models import CNN
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import ResNetConfig, ResNetForImageClassification, ViTForImageClassification
from zennit.attribution import Gradient
from zennit.composites import EpsilonPlus, EpsilonPlusFlat
from zennit.torchvision import ResNetCanonizer, VGGCanonizer


class Logits(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, pixels):
        return self.model(pixels).logits


def zennit(model, inputs, composite, attr_output=largest_logit, without_eps=False):
    """Logits and relevance under a composite; without_eps takes batch norm's eps away once it is folded."""
    model = copy.deepcopy(model) if without_eps else model
    with Gradient(model, composite, attr_output=attr_output) as attribute:
        for module in model.modules() if without_eps else []:
            if isinstance(module, nn.BatchNorm2d):
                module.eps = 1e-30
        return tuple(found.detach() for found in attribute(inputs))


def times_logit(logits, relevance):
    return f"{(relevance.sum() / logits.amax(1).sum()).item():.4g}"


def measure_batch_norms(model, pixels):
    """Running statistics as noise has them, so that values neither grow nor vanish from layer to layer."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None
    with torch.no_grad():
        model.train()(pixels)
    return model.double().eval()


def resnet(ours):
    torch.manual_seed(0)
    noise, pixels = torch.randn(8, 3, 64, 64), torch.randn(1, 3, 64, 64).double()
    model = measure_batch_norms(torchvision.models.resnet18(), noise)
    plain = model(pixels).detach()
    show("relevance of the pixels, times the logit: torchvision's ResNet-18, 8 additions", "")
    show("  no canonizer", times_logit(*zennit(model, pixels, EpsilonPlusFlat())))
    logits, relevance = zennit(model, pixels, EpsilonPlusFlat(canonizers=[ResNetCanonizer()]))
    show("  ResNetCanonizer", times_logit(logits, relevance))
    show("  its logits beside the model's: largest difference, of the largest logit", f"{difference(logits, plain):.1e}")
    logits, relevance = zennit(model, pixels, EpsilonPlusFlat(canonizers=[ResNetCanonizer()]), without_eps=True)
    show("  the same with the folded eps taken away", f"{difference(logits, plain):.1e}")
    config = CNN | {"architecture": "resnet", "block": "BasicBlock", "layers": [2, 2, 2, 2], "stem_planes": 64,
                    "planes": [64, 128, 256, 512], "image_size": [64, 64]}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "config.json").write_text(json.dumps(config))
        save_file(model.state_dict(), Path(folder) / "model.safetensors")
        found = ours.explain(folder, {"pixel_values": pixels}, "epsilon-plus-flat")
        ledger = ours.audit(folder, {"pixel_values": pixels}, "epsilon-plus-flat")
    show("  ours", times_logit(found["logits"], found["relevance"]))
    show("  its logits beside the model's", f"{difference(found['logits'], plain):.1e}")
    show("  its relevance beside Zennit's without eps", f"{difference(found['relevance'], relevance):.1e}")
    share = lambda name: f"{100 * column(ledger, name) / ledger['seed']:.1f}%"
    show("  its ledger: bias, stabilizer", share("bias"), share("stabilizer"))
    config = ResNetConfig(embedding_size=64, hidden_sizes=[64, 128, 256, 512], depths=[2, 2, 2, 2],
                          layer_type="basic", num_labels=10)
    other = measure_batch_norms(ResNetForImageClassification(config), noise)
    show("Transformers' ResNetForImageClassification, 8 additions", "")
    show("  ResNetCanonizer", times_logit(*zennit(Logits(other), pixels, EpsilonPlusFlat(canonizers=[ResNetCanonizer()]))))
    with tempfile.TemporaryDirectory() as folder:
        other.save_pretrained(folder)
        found = ours.explain(folder, {"pixel_values": pixels}, "epsilon-plus-flat")
        show("  ours", times_logit(found["logits"], found["relevance"]))
    # Without zero_init_last: timm's last batch norm of each block has weight zero, and the branch no relevance.
    other = measure_batch_norms(timm.create_model("resnet18", zero_init_last=False), noise)
    show("timm's resnet18, 8 additions", "")
    show("  ResNetCanonizer", times_logit(*zennit(other, pixels, EpsilonPlusFlat(canonizers=[ResNetCanonizer()]))))


def digits_cnn():
    """zoo/digits-cnn as torchvision's VGG."""
    config = json.loads((ROOT / "zoo/digits-cnn/config.json").read_text())
    layers = torchvision.models.vgg.make_layers(config["features"], batch_norm=True)
    layers[0] = nn.Conv2d(1, 32, 3, padding=1)
    model = torchvision.models.VGG(layers, num_classes=10)
    flat, first, second, classes = config["classifier"]
    model.avgpool = nn.AdaptiveAvgPool2d(config["avgpool_output"])
    model.classifier[0], model.classifier[3] = nn.Linear(flat, first), nn.Linear(first, second)
    model.classifier[6] = nn.Linear(second, classes)
    model.load_state_dict(load_file(ROOT / "zoo/digits-cnn/model.safetensors"))
    return model.double().eval().requires_grad_(False)


def bias(ours):
    model = digits_cnn()
    show("of the logit: zoo/digits-cnn, epsilon-plus-flat", "Zennit: pixels   ours: pixels, bias, stabilizer")
    for name, pixels in zip(("digits-cnn/example-1.png", "digits-vit/example-1.png"), digit_images()):
        inputs = {"pixel_values": pixels[None]}
        logits, relevance = zennit(model, pixels[None], EpsilonPlusFlat(canonizers=[VGGCanonizer()]), without_eps=True)
        ledger = ours.audit(ROOT / "zoo/digits-cnn", inputs, "epsilon-plus-flat")
        percent = lambda value: f"{100 * value / ledger['seed']:6.1f}%"
        show("  " + name, percent(relevance.sum().item()), "        ", percent(ledger["attributed"]),
             percent(column(ledger, "bias")), percent(column(ledger, "stabilizer")))
    show("largest difference of relevance, of the largest entry", "")
    for noise in (0, 1e-6):
        pixels = digit_images() + noise * torch.randn(2, 1, 28, 28).double()
        _, relevance = zennit(model, pixels, EpsilonPlusFlat(canonizers=[VGGCanonizer()]), without_eps=True)
        found = ours.explain(ROOT / "zoo/digits-cnn", {"pixel_values": pixels}, "epsilon-plus-flat")["relevance"]
        show(f"  both images, pixels changed by noise of {noise}", f"{difference(found, relevance):.0e}")


def vit(ours):
    model = Logits(ViTForImageClassification.from_pretrained(ROOT / "zoo/digits-vit").double().eval())
    pixels, composite = digit_images()[:1], EpsilonPlus()
    unmatched = [type(module).__name__ for name, module in model.named_modules()
                 if not list(module.children()) and not composite.module_map({}, name, module)]
    logits, relevance = zennit(model, pixels, composite)
    ledger = ours.audit(ROOT / "zoo/digits-vit", {"pixel_values": pixels}, "epsilon-plus")
    show("modules without children that no entry matches",
         ", ".join(f"{unmatched.count(kind)} {kind}" for kind in sorted(set(unmatched))))
    show("relevance of the pixels, times the logit: Zennit, epsilon-plus", times_logit(logits, relevance))
    share = lambda name: f"{column(ledger, name) / ledger['seed']:.3g}"
    show("ours, epsilon-plus: pixels, bias, stabilizer, held, by rule", f"{ledger['attributed'] / ledger['seed']:.3g}",
         *(share(name) for name in ("bias", "stabilizer", "held", "by_rule")), f"balances: {ledger['balances']}")
    torch.manual_seed(0)
    norm, x = nn.LayerNorm(128).double(), torch.randn(5, 128).double().requires_grad_()
    given = torch.rand(5, 128).double()
    passed, = torch.autograd.grad(norm(x), x, given)
    show("LayerNorm: relevance given, relevance passed on by its plain gradient",
         f"{given.sum().item():.1f}, {passed.sum().item():.0e}")
    with tempfile.TemporaryDirectory() as folder:
        try:
            zennit(torchvision_digits(Path(folder)), pixels.expand(-1, 3, -1, -1).contiguous(), composite)
        except RuntimeError as error:
            show("torchvision's Vision Transformer (nn.MultiheadAttention)", f"error: {error}")


class Twice(nn.Module):
    """One linear layer called twice, or two layers with the same weights."""

    def __init__(self, shared):
        super().__init__()
        self.first = nn.Linear(6, 6, bias=False)
        self.second = self.first if shared else copy.deepcopy(self.first)

    def forward(self, x):
        return self.second(F.relu(self.first(x)))


class HeadFirst(nn.Module):
    """The layer that is applied last is made first."""

    def __init__(self):
        super().__init__()
        self.head, self.body = nn.Linear(6, 3, bias=False), nn.Linear(4, 6, bias=False)

    def forward(self, x):
        return self.head(F.relu(self.body(x)))


class Gelu(nn.Module):
    def __init__(self, as_module):
        super().__init__()
        self.body, self.head = nn.Linear(4, 6, bias=False), nn.Linear(6, 3, bias=False)
        self.act = nn.GELU() if as_module else F.gelu

    def forward(self, x):
        return self.head(self.act(self.body(x)))


def modules():
    torch.manual_seed(1)
    x = torch.randn(1, 4).double()
    for as_module in (True, False):
        torch.manual_seed(2)
        show(f"relevance, times the logit: GELU as a {'module' if as_module else 'function'}, two linear layers",
             times_logit(*zennit(Gelu(as_module).double(), x, EpsilonPlus())))
    found = []
    for shared in (True, False):
        torch.manual_seed(3)
        found.append(zennit(Twice(shared).double(), torch.ones(1, 6).double(), EpsilonPlus())[1])
    show("one layer called twice beside two layers with its weights: cosine of relevance", f"{cosine(*found):.3f}")
    context, composite = {}, EpsilonPlusFlat()
    rules = {name: type(composite.module_map(context, name, module)).__name__ for name, module in HeadFirst().named_modules()}
    show("a model whose head is made first and applied last: the layer that gets flat",
         *(name for name, rule in rules.items() if rule == "Flat"))
    model = Gelu(True).double()
    logits, relevance = zennit(model, x, EpsilonPlus(), attr_output=None)
    show("without attr_output: relevance; the largest logit; all logits",
         f"{relevance.sum().item():.4f}; {logits.amax().item():.4f}; {logits.sum().item():.4f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["resnet", "bias", "vit", "modules"])
    parser.add_argument("--ours", default=ROOT / "build/cpu/bin/lrpp")
    args = parser.parse_args()
    if args.part == "modules":
        modules()
    else:
        {"resnet": resnet, "bias": bias, "vit": vit}[args.part](Ours(args.ours))


if __name__ == "__main__":
    main()
