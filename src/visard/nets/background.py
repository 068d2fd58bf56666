"""The background's network: it sees a scene with a hole, filled in smoothly, and says what lies there.

Gated convolutions (Yu et al. 2019) let it tell what is known from what is not at every place; spread ones in its middle
carry lines across a hole. It looks at blocks of four pixels, so that a laptop teaches it. Without normalisation, so
that one picture never depends on another.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

INPUTS = 7
"""Channels: colours filled in by distance (3) and by pull and push (3), known (1)."""

WIDTHS = (24, 64, 96)
"""Channels at 24, 12 and 6 places across a square of 96 pixels."""

_BLOCK = 4
"""Side in pixels of the blocks that are its finest places."""

_SPREADS = (1, 2, 1, 2, 1)
"""Dilations of the blocks in its middle, which carry the rim's colours and lines across a hole."""


class Gated(nn.Module):
    """A convolution, each of whose channels is let through by another."""

    def __init__(self, enter: int, leave: int, stride: int = 1, block: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(enter, 2 * leave, 3 * block, stride=stride * block, padding=block)

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, leave, h, w) for (n, enter, h, w)."""
        what, gate = self.conv(x).chunk(2, dim=1)
        return functional.elu(what) * torch.sigmoid(gate)


class Background(nn.Module):
    """(n, 7, H, W) in, (n, 3, H, W) out, -1 to 1 both; H and W are multiples of 16."""

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        one, two, three = widths
        self.stem = Gated(INPUTS, one, block=_BLOCK)
        self.down = nn.ModuleList([Gated(one, two, stride=2), Gated(two, three, stride=2)])
        self.middle = nn.ModuleList(nn.Conv2d(three, three, 3, padding=k, dilation=k) for k in _SPREADS)
        # Narrowed before they are enlarged: a fourth of the work.
        self.up = nn.ModuleList([nn.Conv2d(two, one, 1), nn.Conv2d(three, two, 1)])
        self.leave = nn.ModuleList([Gated(one, one), Gated(two, two)])
        self.brush = nn.ConvTranspose2d(one, 3, 3 * _BLOCK, stride=_BLOCK, padding=_BLOCK)
        nn.init.zeros_(self.brush.weight)
        nn.init.zeros_(self.brush.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return what lies in the hole, and how the rest looks to it."""
        filled = x[:, :3]
        x = self.stem(x)
        levels = []
        for down in self.down:
            levels.append(x)
            x = down(x)
        for block in self.middle:
            x = x + functional.elu(block(x))
        for level in reversed(range(len(levels))):
            x = functional.interpolate(self.up[level](x), scale_factor=2.0) + levels[level]
            x = x + self.leave[level](x)
        return filled + self.brush(x)
