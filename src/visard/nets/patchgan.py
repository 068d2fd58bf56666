"""The critic of the seeds' systems: it judges patches (Isola et al. 2017), and what it saw can be compared."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn


class Verdict(NamedTuple):
    """logits (n, 1, h, w), above zero is real; seen: the activations of the hidden layers, the deepest last."""

    logits: Tensor
    seen: list[Tensor]


class PatchCritic(nn.Module):
    """(n, inputs, S, S) in, `Verdict` out; halvings: layers that halve the side, widths growing to 8 x width."""

    def __init__(self, inputs: int, width: int = 64, halvings: int = 4) -> None:
        super().__init__()
        widths = [width * min(2**level, 8) for level in range(halvings)]
        layers, before = [], inputs
        for level, after in enumerate([*widths, widths[-1]]):
            stride = 2 if level < halvings else 1
            norm = [nn.BatchNorm2d(after)] if level else []
            layers.append(nn.Sequential(nn.Conv2d(before, after, 4, stride, 1), *norm, nn.LeakyReLU(0.2)))
            before = after
        self.layers = nn.ModuleList(layers)
        self.verdict = nn.Conv2d(before, 1, 4, 1, 1)

    def forward(self, *pictures: Tensor) -> Verdict:
        """Return the verdict on pictures and what they are judged by, (n, c, S, S) each, stacked by channels."""
        x, seen = torch.cat(pictures, dim=1), []
        for layer in self.layers:
            x = layer(x)
            seen.append(x)
        return Verdict(self.verdict(x), seen)
