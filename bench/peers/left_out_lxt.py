#!/usr/bin/env python3
"""What LXT 2.1 leaves out without saying so, measured in float64 on the models of zoo/, beside what lrpp's ledger says.

usage: left_out_lxt.py PART [--ours build/cpu/bin/lrpp]
PART   bert | gpt2   where relevance goes that does not reach the words: 20 sentences, AttnLRP
       variants      LXT's variants of the rules beside the paper's
       vit           gamma rules in torchvision's Vision Transformer: what Zennit's hooks reach
       padding       sentences padded on the right
       order         a BERT that was built before the patch
       process       what a patch does to the other models of the process
LXT's patches last as long as the process: one part a run.
"""

import argparse
import tempfile
import warnings
from functools import partial
from pathlib import Path

import torch
from beside import ROOT, Ours, column, cosine, difference, digit_images, show, torchvision_digits
from lxt.efficient import monkey_patch
from lxt.efficient.models import llama
from lxt.efficient.zennit_patches import monkey_patch_zennit
from tokenizers import Tokenizer
from torchvision.models import vision_transformer
from transformers import Qwen2Config
from transformers.models.bert import modeling_bert
from transformers.models.gpt2 import modeling_gpt2
from transformers.models.qwen2 import modeling_qwen2
from zennit.composites import LayerMapComposite
from zennit.rules import Gamma

SENTENCES = (ROOT / "bench/sentences.txt").read_text(encoding="utf-8").splitlines()
TEXT_MODELS = {"bert": (modeling_bert, "BertForSequenceClassification"),
               "gpt2": (modeling_gpt2, "GPT2ForSequenceClassification")}


def load(family):
    module, name = TEXT_MODELS[family]
    model = getattr(module, name).from_pretrained(ROOT / f"zoo/sst2-{family}", torch_dtype=torch.float64)
    return model.eval().requires_grad_(False)


def tokens(family):
    tokenizer = Tokenizer.from_file(str(ROOT / f"zoo/sst2-{family}/tokenizer.json"))
    return [torch.tensor([tokenizer.encode(sentence).ids]) for sentence in SENTENCES]


def explain_words(model, ids, mask=None):
    """Logits, and relevance [1, T, D] at the word embeddings, starting at the largest logit."""
    words = model.get_input_embeddings()(ids).requires_grad_()
    logits = model(inputs_embeds=words, attention_mask=mask).logits
    gradient, = torch.autograd.grad(logits.amax(1).sum(), words)
    return logits, words.detach() * gradient


def relevance_of(model, ids, name):
    """The relevance that LXT gives to another embedding, when it is asked for it."""
    kept = []
    handle = model.get_submodule(name).register_forward_hook(lambda *call: kept.append(call[2].requires_grad_()))
    logits = model(input_ids=ids).logits
    handle.remove()
    gradient, = torch.autograd.grad(logits.amax(1).sum(), kept[0])
    return (kept[0].detach() * gradient).sum().item()


def shares(family, ours):
    folder = ROOT / f"zoo/sst2-{family}"
    monkey_patch(TEXT_MODELS[family][0])
    model = load(family)
    embeddings = {"bert": {"positions": "bert.embeddings.position_embeddings",
                           "token types": "bert.embeddings.token_type_embeddings"},
                  "gpt2": {"positions": "transformer.wpe"}}[family]
    seeds, lxt, ledger, worst = [], {"words": []}, {}, 0
    for ids in tokens(family):
        logits, relevance = explain_words(model, ids)
        worst = max(worst, difference(ours.explain(folder, {"input_ids": ids}, "attn-lrp")["relevance"], relevance))
        seeds.append(logits.amax().item())
        lxt["words"].append(relevance.sum().item())
        found = ours.audit(folder, {"input_ids": ids}, "attn-lrp")
        softmax = column(found, "bias", "softmax")
        rows = {"words": found["attributed"]}
        for what, name in embeddings.items():
            lxt.setdefault(what, []).append(relevance_of(model, ids, name))
            rows[what] = next(node["held"] for node in found["nodes"] if node["node"] == name)
        rows |= {"softmax, the constant of its Taylor form": softmax, "other biases": column(found, "bias") - softmax}
        for what, value in rows.items():
            ledger.setdefault(what, []).append(value)
    net = lambda values: f"{100 * sum(values) / sum(seeds):7.2f}%" if values else "       -"
    amounts = lambda values: net([abs(value) for value in values])
    show(f"{len(seeds)} sentences, of their explained logits", "LXT: in all   ours: in all   amounts, signs aside")
    for what, values in ledger.items():
        show(what, f"{net(lxt.get(what))}      {net(values)}       {amounts(values)}")
    show("largest difference of relevance, of the largest entry", f"{worst:.0e}")


def variants(ours):
    show("attn-lrp, LXT's variant beside the paper's", "cosine  relative L1  another strongest token")
    for name, examples in (
            *((f"sst2-{family}", [{"input_ids": ids} for ids in tokens(family)]) for family in TEXT_MODELS),
            ("digits-vit", [{"pixel_values": image[None]} for image in digit_images()])):
        cosines, distances, changed = [], [], 0
        for inputs in examples:
            lxt, paper = (ours.explain(ROOT / "zoo" / name, inputs, {"extends": {"attn-lrp": {"variant": variant}}})
                          ["relevance_token"] for variant in ("lxt", "paper"))
            cosines.append(cosine(lxt, paper))
            distances.append(((lxt - paper).abs().sum() / paper.abs().sum()).item())
            changed += lxt.argmax().item() != paper.argmax().item()
        show(name, f"{sum(cosines) / len(cosines):6.3f}  {sum(distances) / len(distances):11.3f}  "
             f"{changed} of {len(examples)}")


def vit(ours):
    monkey_patch(vision_transformer)
    monkey_patch_zennit()
    gamma = lambda value: {"gamma": {"gamma": value}}
    reached = {"extends": "cp-lrp", "rules": [{"match": {"op": "conv2d"}, "rule": gamma(0.25)},
                                              {"match": {"name": "mlp.*", "op": "linear"}, "rule": gamma(0.05)},
                                              {"match": {"name": "heads.head"}, "rule": gamma(0.05)}]}
    everywhere = {"extends": {"cp-lrp": {"conv_gamma": 0.25, "linear_gamma": 0.05}}}
    with tempfile.TemporaryDirectory() as folder:
        model = torchvision_digits(Path(folder))
        pixels = digit_images().expand(-1, 3, -1, -1).contiguous().requires_grad_()
        calls = []
        matched = [(name, module) for name, module in model.named_modules()
                   if isinstance(module, (torch.nn.Conv2d, torch.nn.Linear))]
        for name, module in matched:
            module.register_forward_hook(partial(lambda name, *_: calls.append(name), name))
        composite = LayerMapComposite([(torch.nn.Conv2d, Gamma(0.25)), (torch.nn.Linear, Gamma(0.05))])
        with composite.context(model) as modified:
            logits = modified(pixels)
            lxt = pixels.detach() * torch.autograd.grad(logits.amax(1).sum(), pixels)[0]
        inputs = {"pixel_values": pixels.detach()}
        ours_reached, ours_everywhere = (ours.explain(folder, inputs, rules) for rules in (reached, everywhere))
    show("modules that the composite of Zennit matches / that are called",
         f"{len(matched)} / {len(set(calls))}; never called: {sorted({name for name, _ in matched} - set(calls))[0]}, ...")
    show("logits, largest difference", f"{difference(ours_everywhere['logits'], logits.detach()):.0e}")
    show("LXT beside ours with gamma where the hooks reach", f"{difference(ours_reached['relevance'], lxt):.0e}")
    show("LXT beside ours with gamma on every linear layer, cosine of pixels",
         *(f"{cosine(a.sum(0), b.sum(0)):.3f}" for a, b in zip(ours_everywhere["relevance"], lxt)))
    show("relative L1 difference", *(f"{((a - b).sum(0).abs().sum() / b.sum(0).abs().sum()).item():.3f}"
                                     for a, b in zip(ours_everywhere["relevance"], lxt)))


def padding(ours):
    show("largest difference of relevance: padded on the right beside not padded", "LXT    ours")
    for family, (module, _) in TEXT_MODELS.items():
        monkey_patch(module)
        model, sentences = load(family), tokens(family)
        longest, worst = max(ids.shape[1] for ids in sentences), [0, 0]
        for ids in sentences:
            length = ids.shape[1]
            padded, mask = torch.nn.functional.pad(ids, (0, longest - length)), (torch.arange(longest) < length).long()[None]
            inputs = {"input_ids": padded, "attention_mask": mask}
            explained = lambda inputs: ours.explain(ROOT / f"zoo/sst2-{family}", inputs, "attn-lrp")["relevance"]
            pairs = ((explain_words(model, padded, mask)[1], explain_words(model, ids)[1]),
                     (explained(inputs), explained({"input_ids": ids})))
            worst = [max(old, difference(new[:, :length], plain)) for old, (new, plain) in zip(worst, pairs)]
        show(f"sst2-{family}, 20 sentences, of the largest entry", *(f"{value:.2g}" for value in worst))


def order():
    ids = tokens("bert")
    before = load("bert")
    monkey_patch(modeling_bert)
    after = load("bert")
    found = [[explain_words(model, each)[1].sum(-1) for each in ids] for model in (before, after)]
    pairs = list(zip(*found))
    show("built before beside built after the patch, 20 sentences: cosine of the tokens, mean and least",
         f"{sum(cosine(a, b) for a, b in pairs) / len(pairs):.3f} {min(cosine(a, b) for a, b in pairs):.3f}")
    show("another strongest token", f"{sum(a.argmax().item() != b.argmax().item() for a, b in pairs)} of {len(pairs)}")


def process():
    gpt2, ids = load("gpt2"), tokens("gpt2")[0]
    torch.manual_seed(0)
    drop = lambda: 100 * (torch.nn.Dropout(0.5).train()(torch.ones(10000)) == 0).float().mean().item()
    before, plain = drop(), explain_words(gpt2, ids)[1]
    monkey_patch(modeling_bert)
    show("what Dropout(0.5) drops in training mode, before and after the patch of BERT", f"{before:.0f}% -> {drop():.0f}%")
    show("gradient x input of a GPT-2, before and after the patch of BERT",
         f"cosine {cosine(explain_words(gpt2, ids)[1], plain):.3f}")
    qwen = modeling_qwen2.Qwen2ForCausalLM(Qwen2Config(
        vocab_size=50, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2)).double().eval()

    def of_query():
        qwen.zero_grad()
        qwen(torch.arange(8)[None]).logits[0, -1].max().backward()
        return qwen.model.layers[0].self_attn.q_proj.weight.grad

    first = of_query().norm().item()
    monkey_patch(llama.modeling_llama, llama.cp_LRP)
    second = of_query()
    show("gradient of a Qwen2's q_proj, before and after the CP-LRP patch of Llama",
         f"{first:.2g} -> {'none' if second is None else second.norm().item()}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["bert", "gpt2", "variants", "vit", "padding", "order", "process"])
    parser.add_argument("--ours", default=ROOT / "build/cpu/bin/lrpp")
    args = parser.parse_args()
    warnings.filterwarnings("ignore")
    ours = Ours(args.ours)
    if args.part in TEXT_MODELS:
        shares(args.part, ours)
    elif args.part in ("variants", "vit", "padding"):
        {"variants": variants, "vit": vit, "padding": padding}[args.part](ours)
    else:
        {"order": order, "process": process}[args.part]()


if __name__ == "__main__":
    main()
