# /// script
# requires-python = ">=3.10"
# dependencies = ["torch>=2.6", "numpy", "safetensors", "tokenizers", "transformers>=4.52"]
# ///
"""Trains the two Transformers of the zoo that judge sentences: a BERT (sst2-bert) and a GPT-2 (sst2-gpt2).

    python train.py --architecture bert|gpt2 --data DIR --minilm DIR --output DIR

Task, vocabulary, word vectors and the treatment of the texts are those of ../sst2-mamba/train.py, which this uses.

--data    holds train.tsv (a header, then text TAB label), sentences_dev.tsv and sentences_test.tsv (label TAB sentence)
--minilm  holds tokenizer.json and model.safetensors of all-MiniLM-L6-v2, the source of the word vectors
--output  receives config.json, tokenizer.json and model.safetensors (float16), and the measured accuracy on the screen

Shapes in comments: B sentences, T tokens.
"""

import argparse
import importlib.util
import json
import math
import random
from pathlib import Path

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import nn
from transformers import BertConfig, BertForSequenceClassification, GPT2Config, GPT2ForSequenceClassification

ZOO = Path(__file__).resolve().parent.parent
spec = importlib.util.spec_from_file_location("sst2_mamba", ZOO / "sst2-mamba" / "train.py")
sst2_mamba = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sst2_mamba)
PAD, UNK, SEP = sst2_mamba.PAD, sst2_mamba.UNK, sst2_mamba.SEP


def build_tokenizer(architecture):
    """sst2-mamba's. BERT reads the class at the first token, so for it a [SEP] stands before the words as well."""
    text = (ZOO / "sst2-mamba" / "tokenizer.json").read_text(encoding="utf-8")
    tokenizer = json.loads(text)
    if architecture == "bert":
        for template in "single", "pair":
            tokenizer["post_processor"][template].insert(0, {"SpecialToken": {"id": "[SEP]", "type_id": 0}})
    return Tokenizer.from_str(json.dumps(tokenizer))


class Classifier(nn.Module):
    """Gives a Transformers model the signature of sst2-mamba's: logits [B,2] from ids [B,T] and lengths [B]."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, ids, lengths):
        mask = torch.arange(ids.shape[1], device=ids.device) < lengths.unsqueeze(1)
        return self.network(input_ids=ids, attention_mask=mask.long()).logits


def build(args, vocabulary):
    common = {"vocab_size": vocabulary, "pad_token_id": PAD, "use_cache": False,
              "id2label": {0: "negative", 1: "positive"}, "label2id": {"negative": 0, "positive": 1}}
    if args.architecture == "bert":
        return BertForSequenceClassification(BertConfig(
            hidden_size=args.hidden, num_hidden_layers=args.layers, num_attention_heads=args.heads,
            intermediate_size=args.intermediate, max_position_embeddings=args.positions, type_vocab_size=2,
            hidden_dropout_prob=args.dropout, attention_probs_dropout_prob=0.1, **common))
    return GPT2ForSequenceClassification(GPT2Config(
        n_embd=args.hidden, n_layer=args.layers, n_head=args.heads, n_inner=args.intermediate,
        n_positions=args.positions, embd_pdrop=args.dropout, resid_pdrop=args.dropout, attn_pdrop=0.1,
        bos_token_id=SEP, eos_token_id=SEP, **common))


def train(model, forms, labels, args):
    """Trains in place. `forms` holds the same texts twice: as the treebank has them, and as people write them."""
    device = args.device
    ids, lengths = zip(*(sst2_mamba.pad(form, "cpu") for form in forms))
    ids = [i.to(device) for i in ids]
    labels = torch.tensor(labels, device=device)
    words = model.network.get_input_embeddings().weight
    others = [p for p in model.parameters() if p is not words]
    rates = [1.0, 1.0, args.embedding_rate]
    optimizer = torch.optim.AdamW([{"params": [p for p in others if p.ndim >= 2], "weight_decay": args.weight_decay},
                                   {"params": [p for p in others if p.ndim < 2], "weight_decay": 0.0},
                                   {"params": [words], "weight_decay": 0.0}], lr=args.lr)
    average = torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.998))
    steps, step = args.epochs * math.ceil(len(labels) / args.batch), 0
    for epoch in range(args.epochs):
        model.train()
        loss_sum = torch.zeros((), device=device)
        for batch in sst2_mamba.batches(lengths[0], args.batch):
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
    parser.add_argument("--architecture", choices=["bert", "gpt2"], required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--minilm", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--embedding-rate", type=float, default=0.5, help="the word vectors' share of the rate")
    parser.add_argument("--weight-decay", type=float, default=0.05)
    parser.add_argument("--dropout", type=float, default=0.3)
    parser.add_argument("--word-dropout", type=float, default=0.15)
    parser.add_argument("--label-smoothing", type=float, default=0.05)
    parser.add_argument("--hidden", type=int, default=128)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--intermediate", type=int, default=256)
    parser.add_argument("--positions", type=int, default=128)
    parser.add_argument("--limit", type=int, help="train on this many texts only (to try the script)")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args()
    random.seed(args.seed)
    torch.manual_seed(args.seed)

    rows = sst2_mamba.read_tsv(args.data / "train.tsv", label_first=False, header=1)
    dev = sst2_mamba.read_tsv(args.data / "sentences_dev.tsv", label_first=True, header=0)
    test = sst2_mamba.read_tsv(args.data / "sentences_test.tsv", label_first=True, header=0)
    texts = [[text for text, _ in rows], [sst2_mamba.natural(text) for text, _ in rows]]
    tokenizer = build_tokenizer(args.architecture)
    vocabulary = tokenizer.get_vocab()
    minilm = json.loads((args.minilm / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    minilm_rows = [minilm[token] for token in sorted(vocabulary, key=vocabulary.get)]

    model = Classifier(build(args, len(vocabulary)))
    model.network.get_input_embeddings().weight.data = sst2_mamba.word_vectors(
        args.minilm / "model.safetensors", minilm_rows, args.hidden)
    model.to(args.device)
    forms = [[encoding.ids for encoding in tokenizer.encode_batch(form[:args.limit])] for form in texts]
    train(model, forms, [label for _, label in rows][:args.limit], args)

    args.output.mkdir(parents=True, exist_ok=True)
    model.network.half().save_pretrained(args.output)
    (args.output / "tokenizer.json").write_text(tokenizer.to_str() + "\n", encoding="utf-8")

    # What ships is what is measured: the rounded weights, read back, in float32.
    model = Classifier(type(model.network).from_pretrained(args.output).float().to(args.device))
    print(f"parameters {sum(p.numel() for p in model.parameters())}")
    for name, split in ("dev", dev), ("test", test):
        plain = [(sst2_mamba.natural(text), label) for text, label in split]
        print(f"{name}: accuracy {sst2_mamba.accuracy(model, tokenizer, split, args.device):.4f} on the treebank's "
              f"spelling, {sst2_mamba.accuracy(model, tokenizer, plain, args.device):.4f} on plain spelling "
              f"({len(split)} sentences)")


if __name__ == "__main__":
    main()
