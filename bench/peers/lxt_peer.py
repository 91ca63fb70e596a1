#!/usr/bin/env python3
"""Times LXT (lxt.efficient, its default patches): AttnLRP for BERT, CP-LRP for torchvision's Vision Transformer, for
which LXT has no AttnLRP. Relevance starts at the largest logit and is read at the word embeddings or the pixels.

usage: lxt_peer.py MODEL --input F.safetensors [--device cpu|cuda] [--repeat 5] [--output F.safetensors]
"""

from importlib.metadata import version

import torch
from lxt.efficient import monkey_patch
from measure import arguments, measure
from models import load_torchvision, read_config
from torchvision.models import vision_transformer
from transformers.models.bert import modeling_bert


def relevance(logits, entrance):
    gradient, = torch.autograd.grad(logits.amax(1).sum(), entrance)
    return logits, entrance * gradient


def explain_bert(args):
    monkey_patch(modeling_bert)  # before the model is made: LXT puts other classes into the module
    model = modeling_bert.BertForSequenceClassification.from_pretrained(args.model).to(args.device)
    model.eval().requires_grad_(False)
    words = model.get_input_embeddings()

    def explain():
        embeddings = words(args.inputs["input_ids"]).requires_grad_()
        return relevance(model(inputs_embeds=embeddings).logits, embeddings)

    rules = "AttnLRP, attention " + model.config._attn_implementation
    measure(explain, args, peer="lxt " + version("lxt"), rules=rules)


def explain_vit(args):
    monkey_patch(vision_transformer)
    model = load_torchvision(args.model, args.device)
    pixels = args.inputs["pixel_values"].requires_grad_()
    measure(lambda: relevance(model(pixels), pixels), args, peer="lxt " + version("lxt"), rules="CP-LRP")


def main():
    args = arguments(__doc__)
    if read_config(args.model).get("model_type") == "bert":
        explain_bert(args)
    else:
        explain_vit(args)


if __name__ == "__main__":
    main()
