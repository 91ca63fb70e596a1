"""What the scripts that train Mamba models in this folder have in common.

Shapes in comments: T tokens, B sequences, D hidden, E inner width, N states.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn


class Recurrence(torch.autograd.Function):
    """h_t = decay_t * h_{t-1} + inflow_t for time-major [T,B,E,N], one kernel a step instead of autograd's several."""

    @staticmethod
    def forward(ctx, decay, inflow):
        states = torch.empty_like(inflow)
        steps = states.unbind()
        steps[0].copy_(inflow[0])
        for before, now, kept, entering in zip(steps, steps[1:], decay[1:], inflow[1:]):
            torch.addcmul(entering, kept, before, out=now)
        ctx.save_for_backward(decay, states)
        return states

    @staticmethod
    def backward(ctx, gradient):
        decay, states = ctx.saved_tensors
        total = gradient.clone(memory_format=torch.contiguous_format)
        steps = total.unbind()[::-1]
        for later, now, kept in zip(steps, steps[1:], decay.unbind()[::-1]):
            now.addcmul_(kept, later)
        to_decay = torch.zeros_like(decay)
        torch.mul(total[1:], states[:-1], out=to_decay[1:])
        return to_decay, total


class RMSNorm(nn.Module):
    def __init__(self, size, epsilon):
        super().__init__()
        self.weight, self.epsilon = nn.Parameter(torch.ones(size)), epsilon

    def forward(self, x):
        return self.weight * x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.epsilon)


class Mixer(nn.Module):
    """Mamba's, by the tensor names of Hugging Face: [B,T,D] -> [B,T,D]."""

    def __init__(self, config):
        super().__init__()
        d, e, n = config["hidden_size"], config["intermediate_size"], config["state_size"]
        self.rank, self.state_size = config["time_step_rank"], n
        self.in_proj = nn.Linear(d, 2 * e, bias=False)
        self.conv1d = nn.Conv1d(e, e, config["conv_kernel"], groups=e, padding=config["conv_kernel"] - 1)
        self.x_proj = nn.Linear(e, self.rank + 2 * n, bias=False)
        self.dt_proj = nn.Linear(self.rank, e)
        self.A_log = nn.Parameter(torch.arange(1, n + 1.0).log().repeat(e, 1))
        self.D = nn.Parameter(torch.ones(e))
        self.out_proj = nn.Linear(e, d, bias=False)
        # Steps start log-uniform in [0.001, 0.1], as in Mamba's own code; the bias is softplus's inverse of them.
        step = torch.exp(torch.rand(e) * math.log(100.0) + math.log(0.001))
        self.dt_proj.bias.data = step + torch.log(-torch.expm1(-step))

    def forward(self, x):
        x, gate = self.in_proj(x).transpose(0, 1).chunk(2, -1)  # time-major from here: [T,B,E]
        x = F.silu(self.conv1d(x.permute(1, 2, 0))[..., :len(x)]).permute(2, 0, 1)
        step, b, c = self.x_proj(x).split([self.rank, self.state_size, self.state_size], -1)
        step = F.softplus(self.dt_proj(step))
        decay = torch.exp(step.unsqueeze(-1) * -torch.exp(self.A_log))
        states = Recurrence.apply(decay, (step * x).unsqueeze(-1) * b.unsqueeze(2))
        y = (states @ c.unsqueeze(-1)).squeeze(-1) + self.D * x
        return self.out_proj(y * F.silu(gate)).transpose(0, 1)


class Block(nn.Module):
    def __init__(self, config, mixer):
        super().__init__()
        self.norm = RMSNorm(config["hidden_size"], config["layer_norm_epsilon"])
        self.mixer = mixer(config)


class Classifier(nn.Module):
    """A causal Mamba, read at one token; Hugging Face's tensor names. `mixer` is the class of its mixers."""

    def __init__(self, config, dropout=0.0, mixer=Mixer):
        super().__init__()
        d = config["hidden_size"]
        self.backbone = nn.Module()
        self.backbone.embeddings = nn.Embedding(config["vocab_size"], d)
        self.backbone.layers = nn.ModuleList(Block(config, mixer) for _ in range(config["num_hidden_layers"]))
        self.backbone.norm_f = RMSNorm(d, config["layer_norm_epsilon"])
        self.lm_head = nn.Linear(d, config["num_labels"])
        self.dropout = nn.Dropout(dropout)

    def forward(self, ids, lengths):
        """ids [B,T], lengths [B] -> logits [B,C] at each text's last token."""
        h = self.dropout(self.backbone.embeddings(ids))
        for block in self.backbone.layers:
            h = h + self.dropout(block.mixer(block.norm(h)))
        last = h[torch.arange(len(ids), device=ids.device), lengths - 1]
        return self.lm_head(self.dropout(self.backbone.norm_f(last)))
