"""The live generator: an encoder-decoder that is told who somebody is, and paints somebody else who moves alike.

Gafni, Wolf and Taigman 2019 (METHODS 6.3): the descriptor joins the smallest features; out come a picture and a mask
that mixes it with the input.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from visard.models.inpainter import SLOPE

WIDTHS = (32, 64, 128, 192, 256)
"""Channels at the whole side, and after each halving."""

DESCRIPTOR = 128
"""Length of the descriptor: dlib's embedding."""

_OPEN = 3.0
"""What the mask is before anything is learnt, as a logit."""


class Strokes(NamedTuple):
    """raw (n, 3, S, S), -1 to 1; mask (n, 1, S, S), 0 to 1, where it shows."""

    raw: Tensor
    mask: Tensor


class Generator(nn.Module):
    """Pictures (n, 3, S, S), -1 to 1, and descriptors (n, 128) in; `Strokes` out."""

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, widths[0], 5, padding=2)
        self.down = nn.ModuleList(_layer(a, b, 2) for a, b in pairwise(widths))
        wide = widths[-1]
        self.join = _layer(wide + DESCRIPTOR, wide, 1)
        self.middle = nn.ModuleList(nn.Sequential(_layer(wide, wide, 1), _layer(wide, wide, 1)) for _ in range(3))
        self.up = nn.ModuleList(_layer(b, a, 1) for a, b in reversed(list(pairwise(widths))))
        self.last = nn.Conv2d(widths[0], 4, 5, padding=2)
        with torch.no_grad():  # all that is painted shows, until the mask has a reason to close
            self.last.weight[3], self.last.bias[3] = 0.0, _OPEN

    def forward(self, pictures: Tensor, who: Tensor) -> Strokes:
        """Return what is painted and where it shows."""
        x = functional.leaky_relu(self.stem(pictures), SLOPE)
        for down in self.down:
            x = down(x)
        told = who[:, :, None, None].expand(-1, -1, x.shape[2], x.shape[3])
        x = self.join(torch.cat([x, told], dim=1))
        for block in self.middle:
            x = x + block(x)
        for up in self.up:
            x = up(functional.interpolate(x, scale_factor=2.0))
        drawn = self.last(x)
        return Strokes(torch.tanh(drawn[:, :3]), torch.sigmoid(drawn[:, 3:]))


def mix(pictures: Tensor, strokes: Strokes) -> Tensor:
    """Return o = m z + (1 - m) x, (n, 3, S, S)."""
    return strokes.mask * strokes.raw + (1 - strokes.mask) * pictures


def _layer(into: int, out: int, stride: int) -> nn.Sequential:
    # Norms of single channels would erase how bright and of what colour a picture is, which has to be painted again.
    norm = nn.GroupNorm(1, out)
    return nn.Sequential(nn.Conv2d(into, out, 3, stride, 1), norm, nn.LeakyReLU(SLOPE))
