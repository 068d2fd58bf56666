"""The face identity transformer: one network hides under a password, and shows again under its complement.

Gu, Luo, Ryoo and Lee 2020 (METHODS 8.1). Norms are each picture's own: the paper's are the batch's, at test as well,
so that what comes back depends on who else is in the batch. The first layer has none: bits are constant channels, and a
picture's own norm would take away whatever is constant.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from visard.models.inpainter import SLOPE

LEVEL = 0.5
"""A bit of the password is a channel of this value, or of its negative."""

GROUP = 4
"""Bits that one of the auxiliary classifiers reads: 16 classes."""

OUTPUTS = ("hidden", "back", "wrong")
"""What the critic judges by heads of their own: hidden faces, those that came back, and those that wrongly did."""


class Transformer(nn.Module):
    """Pictures (n, 3, S, S), -1 to 1, and bits (n, B), each -1 or 1, in; pictures out (ResNet, Johnson et al. 2016)."""

    def __init__(self, bits: int, width: int = 64, blocks: int = 9) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.ReflectionPad2d(3), nn.Conv2d(3 + bits, width, 7), nn.ReLU())
        ways = ((width, 2 * width), (2 * width, 4 * width))
        self.down = nn.Sequential(*(nn.Sequential(nn.Conv2d(a, b, 3, 2, 1), *_normed(b)) for a, b in ways))
        self.blocks = nn.ModuleList(_block(4 * width) for _ in range(blocks))
        self.up = nn.ModuleList(
            nn.Sequential(nn.ReflectionPad2d(1), nn.Conv2d(b, a, 3), *_normed(a)) for a, b in reversed(ways)
        )
        self.last = nn.Sequential(nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7))

    def forward(self, pictures: Tensor, bits: Tensor) -> Tensor:
        """Return the pictures under a password."""
        told = (LEVEL * bits)[:, :, None, None].expand(-1, -1, pictures.shape[2], pictures.shape[3])
        x = self.down(self.stem(torch.cat([pictures, told], dim=1)))
        for block in self.blocks:
            x = x + block(x)
        for up in self.up:
            x = up(functional.interpolate(x, scale_factor=2.0))
        return torch.tanh(self.last(x))


class Heads(nn.Module):
    """PatchGAN at two scales: at the whole side a critic for each kind of output, at half of it one for all."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.whole = nn.ModuleDict({name: _critic(width) for name in OUTPUTS})
        self.small = _critic(width)

    def forward(self, pictures: Tensor, output: str) -> list[Tensor]:
        """Return the verdicts on (n, 3, S, S), near 1 where real, as on that kind of output."""
        return [self.whole[output](pictures), self.small(functional.avg_pool2d(pictures, 2))]


class Auxiliary(nn.Module):
    """What password made the difference (as InfoGAN's): (n, 6, S, S), input and output, to (n, B / 4, 16) logits."""

    def __init__(self, bits: int, width: int = 64) -> None:
        super().__init__()
        widths = (6, width, 2 * width, 4 * width)
        shared = [nn.Sequential(nn.Conv2d(a, b, 4, 2, 1), nn.LeakyReLU(SLOPE)) for a, b in pairwise(widths)]
        self.shared = nn.Sequential(*shared)
        self.heads = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(4 * width, 4 * width, 3, padding=1), nn.LeakyReLU(SLOPE),
                nn.Conv2d(4 * width, 2**GROUP, 3, padding=1),
            )
            for _ in range(bits // GROUP)
        )  # fmt: skip

    def forward(self, before: Tensor, after: Tensor) -> Tensor:
        """Return logits of four bits each."""
        seen = self.shared(torch.cat([before, after], dim=1))
        return torch.stack([head(seen).mean((2, 3)) for head in self.heads], dim=1)


def classes(bits: Tensor) -> Tensor:
    """Return (n, B / 4) numbers from 0 to 15 for bits (n, B), each -1 or 1."""
    fours = (bits > 0).long().reshape(len(bits), -1, GROUP)
    return (fours * (2 ** torch.arange(GROUP, device=bits.device))).sum(2)


def _normed(width: int) -> tuple[nn.Module, nn.Module]:
    return nn.InstanceNorm2d(width, affine=True), nn.ReLU()


def _block(width: int) -> nn.Sequential:
    pads = (nn.ReflectionPad2d(1), nn.ReflectionPad2d(1))
    one, two = (nn.Conv2d(width, width, 3) for _ in range(2))
    return nn.Sequential(pads[0], one, *_normed(width), pads[1], two, nn.InstanceNorm2d(width, affine=True))


def _critic(width: int) -> nn.Sequential:
    widths = (3, width, 2 * width, 4 * width)
    layers = [nn.Sequential(nn.Conv2d(a, b, 4, 2, 1), nn.LeakyReLU(SLOPE)) for a, b in pairwise(widths)]
    return nn.Sequential(*layers, nn.Conv2d(4 * width, 1, 4, 1, 1))
