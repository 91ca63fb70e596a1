# /// script
# requires-python = ">=3.10"
# dependencies = ["torch>=2.6", "numpy", "safetensors", "tokenizers"]
# ///
"""Trains the classifier of this folder: a small Caduceus-PS that tells human TATA promoters from the same promoters with
the place of the TATA box shuffled (promoters.py).

    python train.py --data FILE --output DIR

--data    human TATA promoters, a line of 300 letters each
--output  receives config.json, tokenizer.json and model.safetensors (float16), and the measured accuracy on the screen

The model is Schiff et al., "Caduceus" (2024), with its published parameter names. It reads both strands with the same
weights, and each of them in both directions. Shapes in comments: B examples, S = 2 B strands, T letters, D hidden,
E = 2 D, N states, R rank of the step size.
"""

import argparse
import json
import math
import random
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
from torch import nn

from promoters import examples, read_promoters, split

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from mamba_modules import Recurrence, RMSNorm  # noqa: E402

# The vocabulary and the ids of Caduceus' own tokenizer.
TOKENS = ["[CLS]", "[SEP]", "[BOS]", "[MASK]", "[PAD]", "[RESERVED]", "[UNK]", "A", "C", "G", "T", "N"]
UNK, PAD, ANY = TOKENS.index("[UNK]"), TOKENS.index("[PAD]"), TOKENS.index("N")
VOCABULARY = 16  # rounded up to a multiple of 8
COMPLEMENT = {TOKENS.index(a): TOKENS.index(b) for a, b in ("AT", "CG", "GC", "TA")}
COMPLEMENT_MAP = [COMPLEMENT.get(index, index) for index in range(VOCABULARY)]


def build_tokenizer():
    """One token a letter, in either case; white space around the text is dropped, any other character is [UNK]."""
    tokenizer = Tokenizer(models.WordLevel({token: index for index, token in enumerate(TOKENS)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Strip()] + [normalizers.Replace(letter.lower(), letter) for letter in "ACGTN"])
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("[\\s\\S]"), "isolated")
    tokenizer.decoder = decoders.Fuse()
    return tokenizer


# ---- Model ---------------------------------------------------------------------------------------

class Wrapped(nn.Module):
    """Gives a module the name `submodule`, as Caduceus' wrappers for both strands do."""

    def __init__(self, submodule):
        super().__init__()
        self.submodule = submodule

    def forward(self, x):
        return self.submodule(x)


class Direction(nn.Module):
    """What a Mamba has between its two projections: the part that each direction has for itself."""

    def __init__(self, d, ssm):
        super().__init__()
        e, n = ssm["expand"] * d, ssm["d_state"]
        self.sizes = [math.ceil(d / 16), n, n]
        self.conv1d = nn.Conv1d(e, e, ssm["d_conv"], groups=e, padding=ssm["d_conv"] - 1)
        self.x_proj = nn.Linear(e, sum(self.sizes), bias=False)
        self.dt_proj = nn.Linear(self.sizes[0], e)
        self.A_log = nn.Parameter(torch.arange(1, n + 1.0).log().repeat(e, 1))
        self.D = nn.Parameter(torch.ones(e))
        # Steps start log-uniform in [0.001, 0.1], as in Mamba's own code; the bias is softplus's inverse of them.
        step = torch.exp(torch.rand(e) * math.log(100.0) + math.log(0.001))
        self.dt_proj.bias.data = step + torch.log(-torch.expm1(-step))

    def prepare(self, x):
        """x [T,S,E] -> u [T,S,E], decay and inflow [T,S,E,N], c [T,S,N]."""
        u = F.silu(self.conv1d(x.permute(1, 2, 0))[..., :len(x)]).permute(2, 0, 1)
        step, b, c = self.x_proj(u).split(self.sizes, -1)
        step = F.softplus(self.dt_proj(step))
        decay = torch.exp(step.unsqueeze(-1) * -torch.exp(self.A_log))
        return u, decay, (step * u).unsqueeze(-1) * b.unsqueeze(2), c


class BiMamba(nn.Module):
    """The sum of a Mamba over the letters and one over the letters in reverse, which share their projections."""

    def __init__(self, d, ssm):
        super().__init__()
        self.mamba_fwd, self.mamba_rev = Direction(d, ssm), Direction(d, ssm)
        self.mamba_fwd.in_proj = nn.Linear(d, 2 * ssm["expand"] * d, bias=False)
        self.mamba_fwd.out_proj = nn.Linear(ssm["expand"] * d, d, bias=False)

    def forward(self, x):
        x, gate = self.mamba_fwd.in_proj(x).transpose(0, 1).chunk(2, -1)  # time-major from here: [T,S,E]
        parts = [self.mamba_fwd.prepare(x), self.mamba_rev.prepare(x.flip(0))]
        # Both directions in one recurrence: half as many kernels.
        states = Recurrence.apply(*(torch.cat([part[i] for part in parts], 1) for i in (1, 2)))
        forward, backward = ((state @ c.unsqueeze(-1)).squeeze(-1) + module.D * u for state, (u, _, _, c), module
                             in zip(states.chunk(2, 1), parts, (self.mamba_fwd, self.mamba_rev)))
        return self.mamba_fwd.out_proj((forward + backward.flip(0)) * F.silu(gate)).transpose(0, 1)


class Classifier(nn.Module):
    def __init__(self, config, dropout=0.0):
        super().__init__()
        d, epsilon = config["d_model"], config["norm_epsilon"]
        self.caduceus = nn.Module()
        self.caduceus.backbone = backbone = nn.Module()
        backbone.embeddings = nn.Module()
        backbone.embeddings.word_embeddings = embeddings = nn.Module()
        embeddings.embedding = nn.Embedding(config["vocab_size"], d)
        embeddings.register_buffer("complement_map", torch.tensor(COMPLEMENT_MAP))
        backbone.layers = nn.ModuleList()
        for _ in range(config["n_layer"]):
            layer = nn.Module()
            layer.norm = Wrapped(RMSNorm(d, epsilon))
            layer.mixer = Wrapped(BiMamba(d, config["ssm_cfg"]))
            backbone.layers.append(layer)
        backbone.norm_f = Wrapped(RMSNorm(d, epsilon))
        self.score = nn.Linear(d, config["num_labels"], bias=False)
        self.dropout = nn.Dropout(dropout)

    def forward(self, ids):
        """Logits [B,2] for ids [B,T]: both strands as one batch, the mean over all letters of both scored."""
        backbone = self.caduceus.backbone
        embeddings = backbone.embeddings.word_embeddings
        strands = torch.cat([ids, embeddings.complement_map[ids.flip(1)]])
        h = self.dropout(embeddings.embedding(strands))
        for layer in backbone.layers:
            h = h + self.dropout(layer.mixer(layer.norm(h)))
        pooled = backbone.norm_f(h).mean(1)
        forward, reverse = self.score(self.dropout(pooled)).chunk(2)
        return (forward + reverse) / 2


# ---- Training and evaluation ---------------------------------------------------------------------

def encode(tokenizer, rows, device):
    """Ids [B,T] and labels [B] of promoters.examples."""
    ids = torch.tensor([tokenizer.encode(text).ids for text, _, _ in rows])
    return ids.to(device), torch.tensor([label for _, label, _ in rows], device=device)


@torch.no_grad()
def accuracy(model, ids, labels):
    """The share of right answers among the promoters and among those without a box, and of both."""
    model.eval()
    right = torch.cat([model(batch).argmax(-1) for batch in ids.split(128)]).eq(labels).float()
    return right[labels == 1].mean().item(), right[labels == 0].mean().item(), right.mean().item()


def train(model, tokenizer, promoters, dev, args):
    """Trains in place. Each epoch cuts and shuffles anew; a promoter and its twin without a box are in the same batch."""
    decayed = [p for name, p in model.named_parameters() if p.ndim >= 2 and not name.endswith("A_log")]
    undecayed = [p for name, p in model.named_parameters() if p.ndim < 2 or name.endswith("A_log")]
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": args.weight_decay},
                                   {"params": undecayed, "weight_decay": 0.0}], lr=args.lr)
    average = torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.998))
    steps, step = args.epochs * math.ceil(len(promoters) / (args.batch // 2)), 0
    for epoch in range(args.epochs):
        model.train()
        ids, labels = encode(tokenizer, examples(promoters, seed=1000 * args.seed + epoch), args.device)
        ids, labels = ids.view(-1, 2, ids.shape[1]), labels.view(-1, 2)
        loss_sum = torch.zeros((), device=args.device)
        for batch in torch.randperm(len(ids), device=args.device).split(args.batch // 2):
            for group in optimizer.param_groups:
                group["lr"] = args.lr * min(1.0, step / 200) * 0.5 * (1.0 + math.cos(math.pi * step / steps))
            x = ids[batch].flatten(0, 1)
            # Letters are hidden at random, so that the model cannot lean on one alone.
            x = torch.where(torch.rand(x.shape, device=x.device) < args.letter_dropout, ANY, x)
            loss = F.cross_entropy(model(x), labels[batch].flatten(), label_smoothing=args.label_smoothing)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            average.update_parameters(model)
            loss_sum += loss.detach() * len(batch)
            step += 1
        message = f"epoch {epoch + 1}: training loss {loss_sum.item() / len(ids):.4f}"
        if (epoch + 1) % 5 == 0:
            message += ", dev (promoters, without a box, both) %.4f %.4f %.4f" % accuracy(model, *dev)
        print(message, flush=True)
    model.load_state_dict(average.module.state_dict())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--lr", type=float, default=3e-3)
    parser.add_argument("--weight-decay", type=float, default=0.05)
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--letter-dropout", type=float, default=0.05)
    parser.add_argument("--label-smoothing", type=float, default=0.05)
    parser.add_argument("--hidden", type=int, default=64)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--states", type=int, default=16)
    parser.add_argument("--limit", type=int, help="train on this many promoters only (to try the script)")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args()
    random.seed(args.seed)
    torch.manual_seed(args.seed)

    config = {
        "architectures": ["CaduceusForSequenceClassification"], "model_type": "caduceus", "num_labels": 2,
        "id2label": {"0": "no TATA box", "1": "TATA promoter"}, "label2id": {"no TATA box": 0, "TATA promoter": 1},
        "vocab_size": VOCABULARY, "pad_vocab_size_multiple": 8, "d_model": args.hidden, "n_layer": args.layers,
        "ssm_cfg": {"d_state": args.states, "d_conv": 4, "expand": 2, "dt_rank": "auto", "conv_bias": True, "bias": False},
        "rms_norm": True, "norm_epsilon": 1e-5, "residual_in_fp32": False, "fused_add_norm": False,
        "bidirectional": True, "bidirectional_strategy": "add", "bidirectional_weight_tie": True, "rcps": True,
        "complement_map": {str(index): other for index, other in enumerate(COMPLEMENT_MAP)},
        "pad_token_id": PAD, "torch_dtype": "float16"}
    tokenizer = build_tokenizer()
    sets = split(read_promoters(args.data))
    held = {name: encode(tokenizer, examples(sets[name], seed=0), args.device) for name in ("dev", "test")}
    model = Classifier(config, args.dropout).to(args.device)
    train(model, tokenizer, sets["train"][:args.limit], held["dev"], args)

    args.output.mkdir(parents=True, exist_ok=True)
    weights = {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in model.state_dict().items()}
    save_file({name: tensor.cpu().contiguous() for name, tensor in weights.items()}, args.output / "model.safetensors",
              metadata={"format": "pt"})
    (args.output / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    (args.output / "tokenizer.json").write_text(tokenizer.to_str(pretty=True) + "\n", encoding="utf-8")

    # What ships is what is measured: the rounded weights, read back, in float32.
    read = load_file(args.output / "model.safetensors")
    model.load_state_dict({name: t.float() if t.is_floating_point() else t for name, t in read.items()})
    print(f"parameters {sum(p.numel() for p in model.parameters())}, promoters {({n: len(s) for n, s in sets.items()})}")
    for name, (ids, labels) in held.items():
        print(f"{name}: accuracy on promoters, without a box, both: %.4f %.4f %.4f" % accuracy(model, ids, labels))


if __name__ == "__main__":
    main()
