"""The inpainter: it sees what lies around a hidden face and a donor drawn in its place, and makes the two one picture.

A U-Net (Ronneberger et al. 2015) without normalisation, so that one picture never depends on another. It does not
paint the face anew: it says how the donor's is lit (`light`), where it shows (`alpha`), and what lies between it and
the surroundings (`paint`). So a network of some days' laptop work keeps the donor's detail at any size.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from visard.models.inpainter import BRIGHT, EDGE, SLOPE

INPUTS = 13
"""Channels: surroundings filled in (3), known (1), donor (3), where it is drawn (1), place on the face (2), and which
way it looks (3); see `methods.scene.inputs`."""

WIDTHS = (32, 64, 128, 192)
"""Channels at 64, 32, 16 and 8 pixels."""


class Maps(NamedTuple):
    """What the network says: light (n, 3, 32, 32), logarithms of gains; paint (n, 3, 128, 128), where 1 is half the
    range, added to what was filled in; alpha and clear (n, 1, 128, 128), logits of how much of the donor shows, and of
    how much of what was filled in is cleared away before."""

    light: Tensor
    paint: Tensor
    alpha: Tensor
    clear: Tensor


class Block(nn.Module):
    """Two convolutions beside a short cut; the second begins at zero, so that a new block changes nothing."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.one = nn.Conv2d(width, width, 3, padding=1)
        self.two = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.two.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, width, h, w) for the same."""
        y = functional.leaky_relu(self.one(functional.leaky_relu(x, SLOPE)), SLOPE)
        return x + self.two(y)


class Inpainter(nn.Module):
    """(n, 13, 128, 128) in, `Maps` out; `compose` makes the picture of them."""

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        self.stem = nn.Conv2d(4 * INPUTS, widths[0], 3, padding=1)
        steps = list(pairwise(widths))
        self.enter = nn.ModuleList(Block(w) for w in widths[:-1])
        self.down = nn.ModuleList(nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in steps)
        self.middle = nn.Sequential(*(Block(widths[-1]) for _ in range(3)))
        self.up = nn.ModuleList(nn.Conv2d(b, a, 3, padding=1) for a, b in steps)
        self.leave = nn.ModuleList(nn.Sequential(*(Block(w) for _ in range(1 + (w > widths[0])))) for w in widths[:-1])
        self.lamp = nn.Conv2d(widths[1], 3, 3, padding=1)
        self.brush = nn.Conv2d(widths[0], 4 * 5, 3, padding=1)
        for head in (self.lamp, self.brush):
            nn.init.zeros_(head.weight)
            nn.init.zeros_(head.bias)

    def forward(self, x: Tensor) -> Maps:
        """Return what the network says of (n, 13, 128, 128)."""
        x = self.stem(functional.pixel_unshuffle(x, 2))
        seen = []
        for enter, down in zip(self.enter, self.down, strict=True):
            x = enter(x)
            seen.append(x)
            x = down(functional.leaky_relu(x, SLOPE))
        x = self.middle(x)
        light = x
        for level in reversed(range(len(seen))):
            x = functional.interpolate(self.up[level](functional.leaky_relu(x, SLOPE)), scale_factor=2.0)
            x = self.leave[level](x + seen[level])
            if level == 1:
                light = self.lamp(functional.leaky_relu(x, SLOPE))
        drawn = functional.pixel_shuffle(self.brush(functional.leaky_relu(x, SLOPE)), 2)
        return Maps(light, drawn[:, :3], drawn[:, 3:4], drawn[:, 4:])


def compose(inputs: Tensor, maps: Maps) -> Tensor:
    """Return (n, 3, 128, 128), -1 to 1, the picture as the network wants it; what is known is not put back here."""
    filled, donor, drawn = inputs[:, :3], inputs[:, 4:7], inputs[:, 7:8]
    gain = functional.interpolate(maps.light.float(), size=inputs.shape[-2:], mode="bilinear")
    gain = gain.clamp(-BRIGHT, BRIGHT).exp()
    lit = (donor + 1) * gain - 1
    alpha = torch.sigmoid(maps.alpha.float() + EDGE * (2 * drawn - 1)) * drawn
    around = filled * torch.sigmoid(EDGE - maps.clear.float()) + maps.paint.float()
    return alpha * lit + (1 - alpha) * around
