# /// script
# requires-python = ">=3.10"
# dependencies = ["torch>=2.6", "numpy", "safetensors", "scikit-learn"]
# ///
"""Trains the Vision Mamba of this folder on the digits, the split and the random changes of digits-cnn and digits-vit.

    python train.py --data DIR --output DIR
    python train.py --data DIR --output DIR --measure

--data     holds t10k-images-idx3-ubyte.gz and t10k-labels-idx1-ubyte.gz of MNIST
--output   receives config.json, preprocessor_config.json and model.safetensors (float16); the measured accuracy goes to
           the screen
--measure  trains nothing and measures the weights that --output holds

Shapes in comments: B images, T tokens (the patches and the class token), D embed_dim, E = 2 D, N states, R dt_rank.
"""

import argparse
import importlib.util
import json
import math
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from mamba_modules import Recurrence, RMSNorm  # noqa: E402

# Images, training loop and measurement are those of the other two models, so that the three can be compared.
spec = importlib.util.spec_from_file_location("digits", Path(__file__).resolve().parent.parent / "digits-cnn/train.py")
digits = importlib.util.module_from_spec(spec)
spec.loader.exec_module(digits)


# ---- Model (the equations and the tensor names of hustvl's Vim) ----------------------------------

def undecayed(tensor):
    """A parameter that weight decay leaves alone."""
    parameter = nn.Parameter(tensor)
    parameter._no_weight_decay = True
    return parameter


class Mixer(nn.Module):
    """Two selective state-space models between shared projections: one reads the tokens forwards, one backwards."""

    def __init__(self, config):
        super().__init__()
        d, e, n = config["embed_dim"], config["expand"] * config["embed_dim"], config["d_state"]
        self.sizes = [config["dt_rank"], n, n]
        self.in_proj = nn.Linear(d, 2 * e, bias=False)
        for direction, A_log in ("", "A_log"), ("_b", "A_b_log"):
            conv1d = nn.Conv1d(e, e, config["d_conv"], groups=e, padding=config["d_conv"] - 1)
            dt_proj = nn.Linear(config["dt_rank"], e)
            # Steps start log-uniform in [0.001, 0.1], as in Mamba's own code; the bias is softplus's inverse of them.
            step = torch.exp(torch.rand(e) * math.log(100.0) + math.log(0.001))
            dt_proj.bias.data = step + torch.log(-torch.expm1(-step))
            self.add_module("conv1d" + direction, conv1d)
            self.add_module("x_proj" + direction, nn.Linear(e, sum(self.sizes), bias=False))
            self.add_module("dt_proj" + direction, dt_proj)
            self.register_parameter(A_log, undecayed(torch.arange(1, n + 1.0).log().repeat(e, 1)))
            self.register_parameter("D" + direction, undecayed(torch.ones(e)))
        self.out_proj = nn.Linear(e, d, bias=False)

    def branch(self, x, gate, conv1d, x_proj, dt_proj, A_log, D):
        """One direction, time-major: [T,B,E]."""
        x = F.silu(conv1d(x.permute(1, 2, 0))[..., :len(x)]).permute(2, 0, 1)
        step, b, c = x_proj(x).split(self.sizes, -1)
        step = F.softplus(dt_proj(step))
        decay = torch.exp(step.unsqueeze(-1) * -torch.exp(A_log))
        states = Recurrence.apply(decay, (step * x).unsqueeze(-1) * b.unsqueeze(2))
        y = (states @ c.unsqueeze(-1)).squeeze(-1) + D * x
        return y * F.silu(gate)

    def forward(self, x):
        x, gate = self.in_proj(x).transpose(0, 1).chunk(2, -1)
        ahead = self.branch(x, gate, self.conv1d, self.x_proj, self.dt_proj, self.A_log, self.D)
        back = self.branch(x.flip(0), gate.flip(0), self.conv1d_b, self.x_proj_b, self.dt_proj_b, self.A_b_log,
                           self.D_b)
        return self.out_proj((ahead + back.flip(0)) / 2).transpose(0, 1)


class Block(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.norm = RMSNorm(config["embed_dim"], config["norm_epsilon"])
        self.mixer = Mixer(config)


class VisionMamba(nn.Module):
    def __init__(self, config, drop_path=0.0):
        super().__init__()
        d, patch = config["embed_dim"], config["patch_size"]
        self.patches = (config["img_size"] // patch) ** 2
        self.drop_path = drop_path
        self.patch_embed = nn.Module()
        self.patch_embed.proj = nn.Conv2d(config["channels"], d, patch, stride=patch)
        self.cls_token = undecayed(0.02 * torch.randn(1, 1, d))
        self.pos_embed = undecayed(0.02 * torch.randn(1, self.patches + 1, d))
        self.layers = nn.ModuleList(Block(config) for _ in range(config["depth"]))
        self.norm_f = RMSNorm(d, config["norm_epsilon"])
        self.head = nn.Linear(d, config["num_classes"])

    def dropped(self, x, layer):
        """Takes what a layer adds away from some images, from more the deeper the layer, while training."""
        rate = self.drop_path * layer / max(1, len(self.layers) - 1)
        if not self.training or rate == 0:
            return x
        return x * (torch.rand(len(x), 1, 1, device=x.device) >= rate) / (1 - rate)

    def forward(self, images):
        """Logits [B,10] from images [B,1,28,28], normalised; they are read at the class token, in the middle."""
        x = self.patch_embed.proj(images).flatten(2).transpose(1, 2)
        middle = self.patches // 2
        x = torch.cat([x[:, :middle], self.cls_token.expand(len(x), -1, -1), x[:, middle:]], 1) + self.pos_embed
        for i, layer in enumerate(self.layers):
            x = x + self.dropped(layer.mixer(layer.norm(x)), i)
        return self.head(self.norm_f(x[:, middle]))


# ---- Training and evaluation ---------------------------------------------------------------------

def make_config(args):
    return {"model_type": "vim", "img_size": 28, "patch_size": 4, "stride": 4, "channels": 1, "embed_dim": args.hidden,
            "depth": args.layers, "d_state": args.states, "d_conv": 4, "expand": 2, "dt_rank": args.hidden // 16,
            "num_classes": 10, "rms_norm": True, "norm_epsilon": 1e-5, "bimamba_type": "v2", "if_divide_out": True,
            "if_cls_token": True, "use_middle_cls_token": True, "if_abs_pos_embed": True, "id2label": digits.LABELS}


def save(model, config, folder):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "preprocessor_config.json").write_text(json.dumps(digits.PREPROCESSOR, indent=1) + "\n", encoding="utf-8")
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    save_file({name: tensor.half() for name, tensor in model.cpu().state_dict().items()}, folder / "model.safetensors",
              metadata={"format": "pt"})


def load(folder, device):
    """What ships: the rounded weights, in float32."""
    model = VisionMamba(json.loads((folder / "config.json").read_text(encoding="utf-8"))).to(device).eval()
    model.load_state_dict(load_file(folder / "model.safetensors"))
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--measure", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=120)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--weight-decay", type=float, default=0.05)
    parser.add_argument("--drop-path", type=float, default=0.1, help="of the last layer")
    parser.add_argument("--hidden", type=int, default=128)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--states", type=int, default=8)
    parser.add_argument("--limit", type=int, help="train on this many images only (to try the script)")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args()

    images, labels = digits.read_mnist(args.data)
    training, test = digits.split(len(labels))
    if not args.measure:
        torch.manual_seed(args.seed)
        config = make_config(args)
        model = VisionMamba(config, args.drop_path).to(args.device)
        seen = training[:args.limit]
        digits.train(model, images[seen].to(args.device), labels[seen].to(args.device), args)
        save(model, config, args.output)

    shipped = load(args.output, args.device)
    print(f"parameters {sum(p.numel() for p in shipped.parameters())}")
    print(f"training images: accuracy {digits.accuracy(shipped, images[training], labels[training])}")
    print(f"test images: accuracy {digits.accuracy(shipped, images[test], labels[test])}", flush=True)
    print(f"scikit-learn's digits: accuracy {digits.accuracy(shipped, *digits.other_writers())}")


if __name__ == "__main__":
    main()
