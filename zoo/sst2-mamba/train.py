# /// script
# requires-python = ">=3.10"
# dependencies = ["torch>=2.6", "numpy", "safetensors", "tokenizers"]
# ///
"""Trains the sentiment classifiers sst2-mamba and sst2-mamba2: a small Mamba or Mamba-2 on the Stanford Sentiment
Treebank (two classes).

    python train.py [--family mamba2] --data DIR --minilm DIR --output DIR

--data    holds train.tsv (a header, then text TAB label), sentences_dev.tsv and sentences_test.tsv (label TAB sentence)
--minilm  holds tokenizer.json and model.safetensors of all-MiniLM-L6-v2, the source of the vocabulary and word vectors
--output  receives config.json, tokenizer.json and model.safetensors (float16), and the measured accuracy on the screen

Shapes in comments: B sentences, T tokens, D hidden, E intermediate (2 D), N states, R rank of the step size, H heads.
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
from tokenizers import Tokenizer
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from mamba_modules import Classifier, Mixer, RMSNorm  # noqa: E402

SPECIAL_TOKENS = ["[PAD]", "[UNK]", "[SEP]"]  # their ids are their places
PAD, UNK, SEP = range(3)


# ---- Text ----------------------------------------------------------------------------------------

def natural(text):
    """Undoes what the treebank did to contractions, quotes and brackets, so that "isn't" reads as people write it."""
    for treebank, plain in (" n't", "n't"), ("``", '"'), ("''", '"'), ("-lrb-", "("), ("-rrb-", ")"):
        text = text.replace(treebank, plain)
    return text


def read_tsv(path, label_first, header):
    rows = [line.rstrip("\n").split("\t") for line in path.open(encoding="utf-8")][header:]
    if any(len(row) != 2 for row in rows):
        raise SystemExit(f"{path}: every line must hold a text and a label with one TAB between")
    return [(row[1], int(row[0])) if label_first else (row[0].strip(), int(row[1])) for row in rows]


def build_tokenizer(source, texts, size):
    """MiniLM's WordPiece vocabulary, cut to the pieces that `texts` use, those that spell any word of a to z, and as
    many of the other words, in MiniLM's own order (about the most frequent first), as bring it to `size` tokens.

    Returns the tokenizer and, for each new id, the row of MiniLM's word vectors it stands for.
    """
    spec = json.loads(source.read_text(encoding="utf-8"))
    spec["truncation"] = spec["padding"] = None
    full = Tokenizer.from_str(json.dumps(spec))
    used = {token for encoding in full.encode_batch(texts, add_special_tokens=False) for token in encoding.tokens}
    vocabulary = spec["model"]["vocab"]
    typographic = "–—‘’“”…•£€©®°½"
    letters = {token for token in vocabulary
               if len(piece := token.removeprefix("##")) == 1 and (piece.isascii() or piece in typographic)}
    needed = (used | letters) - set(SPECIAL_TOKENS)
    others = [token for token in sorted(vocabulary, key=vocabulary.get)
              if token not in needed and token.isascii() and token.isalpha()]
    needed.update(others[:max(0, size - len(SPECIAL_TOKENS) - len(needed))])
    tokens = SPECIAL_TOKENS + sorted(needed, key=vocabulary.get)
    spec["model"]["vocab"] = {token: index for index, token in enumerate(tokens)}
    spec["added_tokens"] = [{"id": index, "content": token, "special": True, "single_word": False, "lstrip": False,
                             "rstrip": False, "normalized": False} for index, token in enumerate(SPECIAL_TOKENS)]
    # One [SEP] after the words is where the class is read; no [CLS], since a causal model reads nothing there.
    spec["post_processor"] = {
        "type": "TemplateProcessing",
        "single": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "[SEP]", "type_id": 0}},
                 {"Sequence": {"id": "B", "type_id": 1}}, {"SpecialToken": {"id": "[SEP]", "type_id": 1}}],
        "special_tokens": {"[SEP]": {"id": "[SEP]", "ids": [SEP], "tokens": ["[SEP]"]}}}
    return Tokenizer.from_str(json.dumps(spec)), [vocabulary[token] for token in tokens]


def pad(sequences, device):
    """Returns ids [B,T], padded at the right, and lengths [B]; both int64."""
    ids = torch.full((len(sequences), max(map(len, sequences))), PAD)
    for row, sequence in zip(ids, sequences):
        row[:len(sequence)] = torch.tensor(sequence)
    return ids.to(device), torch.tensor([len(s) for s in sequences], device=device)


# ---- Model (the equations and the tensor names of Hugging Face's Mamba) --------------------------

class Mixer2(nn.Module):
    """Mamba-2's, with one group of B and C. The recurrence in its dual form, quadratic in T: sentences are short."""

    def __init__(self, config):
        super().__init__()
        d, n, self.heads = config["hidden_size"], config["state_size"], config["num_heads"]
        e = self.heads * config["head_dim"]
        self.sizes, self.conv_sizes = [e, e + 2 * n, self.heads], [e, n, n]
        self.in_proj = nn.Linear(d, sum(self.sizes), bias=False)
        self.conv1d = nn.Conv1d(e + 2 * n, e + 2 * n, config["conv_kernel"], groups=e + 2 * n,
                                padding=config["conv_kernel"] - 1)
        step = torch.exp(torch.rand(self.heads) * math.log(100.0) + math.log(0.001))
        self.dt_bias = nn.Parameter(step + torch.log(-torch.expm1(-step)))
        self.A_log = nn.Parameter((torch.rand(self.heads) * 15 + 1).log())
        self.D = nn.Parameter(torch.ones(self.heads))
        self.norm = RMSNorm(e, config["layer_norm_epsilon"])
        self.out_proj = nn.Linear(e, d, bias=False)

    def forward(self, x):
        gate, x, step = self.in_proj(x).split(self.sizes, -1)
        x = F.silu(self.conv1d(x.transpose(1, 2))[..., :x.shape[1]]).transpose(1, 2)
        x, b, c = x.split(self.conv_sizes, -1)
        x = x.unflatten(-1, (self.heads, -1)).transpose(1, 2)  # [B,H,T,E/H]
        step = F.softplus(step + self.dt_bias).transpose(1, 2)  # [B,H,T]
        log_decay = (step * -torch.exp(self.A_log)[:, None]).cumsum(-1)
        later = torch.ones(x.shape[2], x.shape[2], dtype=torch.bool, device=x.device).triu(1)
        decay = (log_decay.unsqueeze(-1) - log_decay.unsqueeze(-2)).masked_fill(later, -torch.inf).exp()
        y = (decay * (c @ b.transpose(1, 2)).unsqueeze(1) * step.unsqueeze(-2)) @ x + self.D[:, None, None] * x
        return self.out_proj(self.norm(y.transpose(1, 2).flatten(2) * F.silu(gate)))


def word_vectors(path, rows, hidden_size):
    """The first principal components of MiniLM's vectors of these rows, scaled to unit mean square: [V,D]."""
    weights = load_file(path)
    name = next(name for name in weights if name.endswith("word_embeddings.weight"))
    vectors = weights[name].double()[rows]
    vectors = vectors - vectors.mean(0)
    _, axes = torch.linalg.eigh(vectors.T @ vectors)  # eigenvalues ascend
    components = (vectors @ axes.flip(1)[:, :hidden_size]).float()
    return components / components.square().mean().sqrt()


# ---- Training and evaluation ---------------------------------------------------------------------

@torch.no_grad()
def accuracy(model, tokenizer, rows, device):
    model.eval()
    right = 0
    for start in range(0, len(rows), 128):
        batch = rows[start:start + 128]
        logits = model(*pad([e.ids for e in tokenizer.encode_batch([text for text, _ in batch])], device))
        right += (logits.argmax(-1).cpu() == torch.tensor([label for _, label in batch])).sum().item()
    return right / len(rows)


def batches(lengths, size):
    """Random batches of sentences of like length, so that little is padded."""
    order = torch.randperm(len(lengths))
    pools = [pool[lengths[pool].argsort()] for pool in order.split(50 * size)]
    found = [batch for pool in pools for batch in pool.split(size)]
    random.shuffle(found)
    return found


def train(model, forms, labels, args, device):
    """Trains in place. `forms` holds the same texts twice: as the treebank has them, and as people write them."""
    ids, lengths = zip(*(pad(form, "cpu") for form in forms))
    ids = [i.to(device) for i in ids]
    labels = torch.tensor(labels, device=device)
    parameters = dict(model.named_parameters())
    embeddings = parameters.pop("backbone.embeddings.weight")
    undecayed = [p for name, p in parameters.items() if p.ndim < 2 or name.endswith("A_log")]
    decayed = [p for name, p in parameters.items() if p.ndim >= 2 and not name.endswith("A_log")]
    rates = [1.0, 1.0, args.embedding_rate]
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": args.weight_decay},
                                   {"params": undecayed, "weight_decay": 0.0},
                                   {"params": [embeddings], "weight_decay": 0.0}], lr=args.lr)
    average = torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.998))
    steps, step = args.epochs * math.ceil(len(labels) / args.batch), 0
    for epoch in range(args.epochs):
        model.train()
        loss_sum = torch.zeros((), device=device)
        for batch in batches(lengths[0], args.batch):
            rate = args.lr * min(1.0, step / 200) * 0.5 * (1.0 + math.cos(math.pi * step / steps))
            for group, factor in zip(optimizer.param_groups, rates):
                group["lr"] = rate * factor
            form = random.randrange(2)
            length = lengths[form][batch]
            here = batch.to(device)
            x = ids[form][here, :int(length.max())]
            # Words are hidden at random, so that the model cannot lean on one alone and learns to leave [UNK] neutral.
            x = torch.where((torch.rand(x.shape, device=device) < args.word_dropout) & (x > SEP), UNK, x)
            loss = F.cross_entropy(model(x, length.to(device)), labels[here], label_smoothing=args.label_smoothing)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            average.update_parameters(model)
            loss_sum += loss.detach() * len(batch)
            step += 1
        print(f"epoch {epoch + 1}: training loss {loss_sum.item() / len(labels):.4f}", flush=True)
    model.load_state_dict(average.module.state_dict())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--minilm", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--embedding-rate", type=float, default=0.3, help="the embeddings' share of the learning rate")
    parser.add_argument("--weight-decay", type=float, default=0.05)
    parser.add_argument("--dropout", type=float, default=0.4)
    parser.add_argument("--word-dropout", type=float, default=0.15)
    parser.add_argument("--label-smoothing", type=float, default=0.05)
    parser.add_argument("--vocabulary", type=int, default=14000)
    parser.add_argument("--hidden", type=int, default=128)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--states", type=int, default=16)
    parser.add_argument("--family", choices=["mamba", "mamba2"], default="mamba")
    parser.add_argument("--head-dim", type=int, default=32, help="channels of a head of Mamba-2")
    parser.add_argument("--limit", type=int, help="train on this many texts only (to try the script)")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args()
    random.seed(args.seed)
    torch.manual_seed(args.seed)

    rows = read_tsv(args.data / "train.tsv", label_first=False, header=1)
    dev = read_tsv(args.data / "sentences_dev.tsv", label_first=True, header=0)
    test = read_tsv(args.data / "sentences_test.tsv", label_first=True, header=0)
    texts = [[text for text, _ in rows], [natural(text) for text, _ in rows]]
    tokenizer, minilm_rows = build_tokenizer(args.minilm / "tokenizer.json", texts[0] + texts[1], args.vocabulary)
    config = {
        "architectures": ["Mamba2ForCausalLM" if args.family == "mamba2" else "MambaForCausalLM"],
        "model_type": args.family, "lm_head_is_classifier": True, "num_labels": 2,
        "id2label": {"0": "negative", "1": "positive"}, "label2id": {"negative": 0, "positive": 1},
        "vocab_size": len(minilm_rows), "hidden_size": args.hidden, "expand": 2,
        "state_size": args.states, "num_hidden_layers": args.layers, "conv_kernel": 4, "use_bias": False, "use_conv_bias": True, "hidden_act": "silu",
        "layer_norm_epsilon": 1e-5, "residual_in_fp32": True, "tie_word_embeddings": False, "use_cache": False,
        "pad_token_id": PAD, "eos_token_id": SEP, "bos_token_id": SEP, "torch_dtype": "float16"}
    if args.family == "mamba2":
        config.update(num_heads=2 * args.hidden // args.head_dim, head_dim=args.head_dim, n_groups=1)
    else:
        config.update(intermediate_size=2 * args.hidden, time_step_rank=math.ceil(args.hidden / 16))

    model = Classifier(config, args.dropout, Mixer2 if args.family == "mamba2" else Mixer)
    model.backbone.embeddings.weight.data = word_vectors(args.minilm / "model.safetensors", minilm_rows, args.hidden)
    model.to(args.device)
    forms = [[encoding.ids for encoding in tokenizer.encode_batch(form[:args.limit])] for form in texts]
    train(model, forms, [label for _, label in rows][:args.limit], args, args.device)

    args.output.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.half().cpu().contiguous() for name, tensor in model.state_dict().items()},
              args.output / "model.safetensors", metadata={"format": "pt"})
    (args.output / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    (args.output / "tokenizer.json").write_text(tokenizer.to_str() + "\n", encoding="utf-8")

    # What ships is what is measured: the rounded weights, read back, in float32.
    model.load_state_dict({name: t.float() for name, t in load_file(args.output / "model.safetensors").items()})
    print(f"vocabulary {len(minilm_rows)}, parameters {sum(p.numel() for p in model.parameters())}")
    for name, split in ("dev", dev), ("test", test):
        plain = [(natural(text), label) for text, label in split]
        print(f"{name}: accuracy {accuracy(model, tokenizer, split, args.device):.4f} on the treebank's spelling, "
              f"{accuracy(model, tokenizer, plain, args.device):.4f} on plain spelling ({len(split)} sentences)")


if __name__ == "__main__":
    main()
