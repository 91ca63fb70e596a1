# /// script
# requires-python = ">=3.10"
# dependencies = ["torch>=2.6", "numpy", "safetensors", "transformers>=4.52", "scikit-learn"]
# ///
"""Trains the two digit classifiers of the zoo: a CNN of VGG's form (digits-cnn) and a Vision Transformer (digits-vit).

    python train.py --architecture cnn|vit --data DIR --output DIR

--data    holds t10k-images-idx3-ubyte.gz and t10k-labels-idx1-ubyte.gz of MNIST
--output  receives config.json, preprocessor_config.json and model.safetensors (float16); the measured accuracy goes to
          the screen

Shapes in comments: N images, B of a batch, H and W 28 pixels.
"""

import argparse
import gzip
import json
import math
from pathlib import Path

import numpy
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import nn

TRAINING_IMAGES = 8000  # of 10,000
MEAN, STD = 0.1307, 0.3081  # of MNIST's pixels in [0, 1]
LABELS = {str(digit): str(digit) for digit in range(10)}
PREPROCESSOR = {"image_processor_type": "ViTImageProcessor", "do_convert_rgb": False, "do_resize": True,
                "size": {"height": 28, "width": 28}, "resample": 2, "do_rescale": True, "rescale_factor": 1 / 255,
                "do_normalize": True, "image_mean": [MEAN], "image_std": [STD]}


# ---- Images --------------------------------------------------------------------------------------

def read_mnist(folder):
    """Images [N,1,28,28] in [0, 1] and labels [N]."""
    images = gzip.decompress((folder / "t10k-images-idx3-ubyte.gz").read_bytes())[16:]
    labels = gzip.decompress((folder / "t10k-labels-idx1-ubyte.gz").read_bytes())[8:]
    images = torch.from_numpy(numpy.frombuffer(images, numpy.uint8).reshape(-1, 1, 28, 28).copy())
    return images / 255.0, torch.from_numpy(numpy.frombuffer(labels, numpy.uint8).astype(numpy.int64))


def split(count):
    """The places of the training images and of the test images: a fixed permutation, whatever the seed."""
    order = torch.randperm(count, generator=torch.Generator().manual_seed(0))
    return order[:TRAINING_IMAGES], order[TRAINING_IMAGES:]


def other_writers():
    """scikit-learn's 1,797 digits of 8 x 8 pixels, from other people, at MNIST's size: 20 x 20 within 28 x 28."""
    from sklearn.datasets import load_digits  # here: whoever only trains does without

    digits = load_digits()
    images = torch.from_numpy(digits.images).float().unsqueeze(1) / 16.0
    images = F.interpolate(images, size=(20, 20), mode="bilinear", align_corners=False)
    return F.pad(images, (4, 4, 4, 4)), torch.from_numpy(digits.target).long()


def vary(images):
    """Each image turned by up to 15 degrees, sheared, scaled by up to 15%, shifted by up to 2 pixels, softly bent."""
    count, device = len(images), images.device

    def uniform(limit):
        return (2.0 * torch.rand(count, device=device) - 1.0) * limit

    turn, shear, shift_x, shift_y = uniform(math.radians(15)), uniform(0.15), uniform(2 / 14), uniform(2 / 14)
    scale_x, scale_y = 1.0 + uniform(0.15), 1.0 + uniform(0.15)
    first = torch.stack([scale_x * turn.cos(), scale_x * (shear - turn.sin()), shift_x], -1)
    second = torch.stack([scale_y * turn.sin(), scale_y * turn.cos(), shift_y], -1)
    grid = F.affine_grid(torch.stack([first, second], 1), list(images.shape), align_corners=False)
    bend = F.interpolate(torch.randn(count, 2, 5, 5, device=device), size=images.shape[2:], mode="bicubic")
    return F.grid_sample(images, grid + 0.04 * bend.permute(0, 2, 3, 1), align_corners=False)


def normalise(images):
    return (images - MEAN) / STD


# ---- Models --------------------------------------------------------------------------------------

class Vgg(nn.Module):
    """torchvision's VGG at another width: the same modules in the same places, so the same tensor names."""

    def __init__(self, config, dropout=0.0):
        super().__init__()
        layers, channels = [], config["in_channels"]
        for width in config["features"]:
            if width == "M":
                layers.append(nn.MaxPool2d(2))
                continue
            layers += [nn.Conv2d(channels, width, 3, padding=1),
                       nn.BatchNorm2d(width, config["batch_norm_eps"]), nn.ReLU()]
            channels = width
        flat, first, second, classes = config["classifier"]
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(config["avgpool_output"])
        self.classifier = nn.Sequential(nn.Linear(flat, first), nn.ReLU(), nn.Dropout(dropout),
                                        nn.Linear(first, second), nn.ReLU(), nn.Dropout(dropout),
                                        nn.Linear(second, classes))

    def forward(self, images):
        return self.classifier(self.avgpool(self.features(images)).flatten(1))


CNN_CONFIG = {
    "source": "torchvision", "architecture": "vgg", "in_channels": 1,
    "features": [32, 32, "M", 64, 64, "M", 128, 128, "M"], "batch_norm": True, "batch_norm_eps": 1e-5,
    "avgpool_output": [3, 3], "classifier": [1152, 256, 128, 10], "num_classes": 10, "image_size": [28, 28],
    "id2label": LABELS}


def build_vit(args):
    from transformers import ViTConfig, ViTForImageClassification  # here: the other models do without

    return ViTForImageClassification(ViTConfig(
        image_size=28, patch_size=4, num_channels=1, hidden_size=args.hidden, num_hidden_layers=args.layers,
        num_attention_heads=args.hidden // 32, intermediate_size=2 * args.hidden, hidden_dropout_prob=args.dropout,
        attention_probs_dropout_prob=0.0, num_labels=10, id2label={int(i): name for i, name in LABELS.items()},
        label2id={name: int(i) for i, name in LABELS.items()}))


def logits(model, images):
    """[B,10] from images in [0, 1]."""
    out = model(normalise(images))
    return out if torch.is_tensor(out) else out.logits


# ---- Training and evaluation ---------------------------------------------------------------------

def train(model, images, labels, args):
    def is_decayed(parameter):
        return parameter.ndim >= 2 and not getattr(parameter, "_no_weight_decay", False)

    decayed = [p for p in model.parameters() if is_decayed(p)]
    undecayed = [p for p in model.parameters() if not is_decayed(p)]
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": args.weight_decay},
                                   {"params": undecayed, "weight_decay": 0.0}], lr=args.lr)
    steps, step = args.epochs * math.ceil(len(labels) / args.batch), 0
    model.train()
    for epoch in range(args.epochs):
        loss_sum = torch.zeros((), device=images.device)
        for batch in torch.randperm(len(labels), device=images.device).split(args.batch):
            for group in optimizer.param_groups:
                group["lr"] = args.lr * min(1.0, step / 300) * 0.5 * (1.0 + math.cos(math.pi * step / steps))
            loss = F.cross_entropy(logits(model, vary(images[batch])), labels[batch], label_smoothing=0.05)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            loss_sum += loss.detach() * len(batch)
            step += 1
        if (epoch + 1) % max(1, args.epochs // 10) == 0:
            print(f"epoch {epoch + 1}: training loss {loss_sum.item() / len(labels):.4f}", flush=True)
    model.eval()


@torch.no_grad()
def accuracy(model, images, labels):
    device = next(model.parameters()).device
    right = sum((logits(model, part.to(device)).argmax(-1).cpu() == truth).sum().item()
                for part, truth in zip(images.split(500), labels.split(500)))
    return f"{right / len(labels):.4f} ({right} of {len(labels)} right)"


def save(model, args):
    """Writes the folder and returns what ships: the rounded weights, read back, in float32."""
    args.output.mkdir(parents=True, exist_ok=True)
    (args.output / "preprocessor_config.json").write_text(json.dumps(PREPROCESSOR, indent=1) + "\n", encoding="utf-8")
    if args.architecture == "vit":
        model.half().save_pretrained(args.output)
        return type(model).from_pretrained(args.output).float().to(args.device).eval()
    (args.output / "config.json").write_text(json.dumps(CNN_CONFIG, indent=1) + "\n", encoding="utf-8")
    save_file({name: tensor.half() if tensor.is_floating_point() else tensor
               for name, tensor in model.cpu().state_dict().items()},
              args.output / "model.safetensors", metadata={"format": "pt"})
    shipped = Vgg(CNN_CONFIG).to(args.device).eval()
    shipped.load_state_dict(load_file(args.output / "model.safetensors"))
    return shipped


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--architecture", choices=["cnn", "vit"], required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, help="default: 60 for the CNN, 300 for the ViT")
    parser.add_argument("--batch", type=int, help="default: 128 for the CNN, 256 for the ViT")
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--weight-decay", type=float, default=0.05)
    parser.add_argument("--dropout", type=float, help="default: 0.3 in the CNN's classifier, 0.1 in the ViT")
    parser.add_argument("--hidden", type=int, default=128, help="the ViT's width")
    parser.add_argument("--layers", type=int, default=4, help="the ViT's depth")
    parser.add_argument("--limit", type=int, help="train on this many images only (to try the script)")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args()
    cnn = args.architecture == "cnn"
    args.epochs = args.epochs or (60 if cnn else 300)
    args.batch = args.batch or (128 if cnn else 256)
    args.dropout = args.dropout if args.dropout is not None else (0.3 if cnn else 0.1)

    images, labels = read_mnist(args.data)
    training, test = split(len(labels))
    torch.manual_seed(args.seed)
    model = (Vgg(CNN_CONFIG, args.dropout) if cnn else build_vit(args)).to(args.device)
    train(model, images[training][:args.limit].to(args.device), labels[training][:args.limit].to(args.device), args)

    shipped = save(model, args)
    print(f"parameters {sum(p.numel() for p in shipped.parameters())}")
    print(f"training images: accuracy {accuracy(shipped, images[training], labels[training])}")
    print(f"test images: accuracy {accuracy(shipped, images[test], labels[test])}")
    print(f"scikit-learn's digits: accuracy {accuracy(shipped, *other_writers())}")


if __name__ == "__main__":
    main()
