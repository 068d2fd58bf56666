"""The background's network: it sees a scene with a hole, filled in smoothly, and says what lies there.

Gated convolutions (Yu et al. 2019) let it tell what is known from what is not at every place; spread ones in its middle
carry lines across a hole. Without normalisation, so that one picture never depends on another.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

INPUTS = 4
"""Channels: colours filled in (3), known (1)."""

WIDTHS = (48, 96, 128)
"""Channels at 96, 48 and 24 pixels."""

_SPREADS = (1, 2, 4, 8, 16, 1)
"""Dilations of the blocks in its middle, which carry the rim's colours and lines across a hole."""


class Gated(nn.Module):
    """A convolution, each of whose channels is let through by another."""

    def __init__(self, enter: int, leave: int, stride: int = 1, spread: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(enter, 2 * leave, 3, stride=stride, padding=spread, dilation=spread)

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, leave, h, w) for (n, enter, h, w)."""
        what, gate = self.conv(x).chunk(2, dim=1)
        return functional.elu(what) * torch.sigmoid(gate)


class Background(nn.Module):
    """(n, 4, S, S) in, (n, 3, S, S) out, -1 to 1 both; S is a multiple of 8."""

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        one, two, three = widths
        self.stem = Gated(4 * INPUTS, one)
        self.down = nn.ModuleList([Gated(one, two, stride=2), Gated(two, three, stride=2)])
        self.middle = nn.ModuleList(Gated(three, three, spread=spread) for spread in _SPREADS)
        self.up = nn.ModuleList([Gated(two, one), Gated(three, two)])
        self.leave = nn.ModuleList([Gated(one, one), Gated(two, two)])
        self.brush = nn.Conv2d(one, 12, 3, padding=1)
        nn.init.zeros_(self.brush.weight)
        nn.init.zeros_(self.brush.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return what lies in the hole, and how the rest looks to it."""
        filled = x[:, :3]
        x = self.stem(functional.pixel_unshuffle(x, 2))
        seen = []
        for down in self.down:
            seen.append(x)
            x = down(x)
        for block in self.middle:
            x = x + block(x)
        for level in reversed(range(len(seen))):
            x = self.up[level](functional.interpolate(x, scale_factor=2.0)) + seen[level]
            x = x + self.leave[level](x)
        return filled + functional.pixel_shuffle(self.brush(x), 2)
