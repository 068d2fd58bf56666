"""The critic: whether patches of a picture look photographed, given which of its pixels are, and where the face is."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTHS = (32, 64, 128, 192)
INPUTS = 6
"""Channels: picture (3), known (1), place on the face (2)."""


class Critic(nn.Module):
    """(n, 6, 128, 128) in, (n, 1, 8, 8) logits out, each of a patch (Isola et al. 2017)."""

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        steps = zip((INPUTS, *widths), widths, strict=False)
        self.down = nn.ModuleList(nn.Conv2d(a, b, 4, stride=2, padding=1) for a, b in steps)
        self.last = nn.Conv2d(widths[-1], widths[-1], 3, padding=1)
        self.verdict = nn.Conv2d(widths[-1], 1, 1)
        for layer in (*self.down, self.last):
            # Torch's own beginning halves the signal in each layer, and then little but the bias learns.
            nn.init.kaiming_normal_(layer.weight, 0.2)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits of (n, 6, 128, 128); above zero is photographed."""
        for down in self.down:
            x = functional.leaky_relu(down(x), 0.2)
        verdict: Tensor = self.verdict(functional.leaky_relu(self.last(x), 0.2))
        return verdict


def penalty(critic: Critic, real: Tensor) -> Tensor:
    """Return R1, the mean squared gradient of a picture's mean verdict at real ones (Mescheder et al. 2018)."""
    at = real.detach().requires_grad_(True)
    (slope,) = torch.autograd.grad(critic(at).flatten(1).mean(1).sum(), at, create_graph=True)
    return slope.square().sum((1, 2, 3)).mean()
