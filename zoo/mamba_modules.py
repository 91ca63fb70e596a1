"""What the scripts that train Mamba models in this folder have in common.

Shapes in comments: T tokens, B sequences, E inner width, N states.
"""

import torch
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
