"""The face identity transformer: one network hides under a password, and shows again under its complement.

Gu, Luo, Ryoo and Lee 2020 (METHODS 8.1). Norms are each picture's own: the paper's are the batch's, at test as well,
so that what comes back depends on who else is in the batch. A picture's own norm takes away whatever is constant, as
the channels of the bits are: so the first layer has none, and each block is told the password again, behind a norm.
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

_PLACES = 4
"""Places a side at which changes are read."""

OUTPUTS = ("hidden", "back", "wrong")
"""What the critic judges by heads of their own: hidden faces, those that came back, and those that wrongly did."""


class Transformer(nn.Module):
    """Pictures (n, 3, S, S), -1 to 1, and bits (n, B), each -1 or 1, in; pictures out (ResNet, Johnson et al. 2016)."""

    def __init__(self, bits: int, width: int = 64, blocks: int = 9) -> None:
        super().__init__()
        self.stem = nn.Sequential(_padded(3 + bits, width, 7), nn.ReLU())
        ways = ((width, 2 * width), (2 * width, 4 * width))
        self.down = nn.Sequential(*(nn.Sequential(nn.Conv2d(a, b, 3, 2, 1), *_normed(b)) for a, b in ways))
        self.blocks = nn.ModuleList(Block(bits, 4 * width) for _ in range(blocks))
        self.up = nn.ModuleList(nn.Sequential(_padded(b, a, 3), *_normed(a)) for a, b in reversed(ways))
        self.last = _padded(width, 3, 7)

    def forward(self, pictures: Tensor, bits: Tensor) -> Tensor:
        """Return the pictures under a password."""
        told = (LEVEL * bits)[:, :, None, None].expand(-1, -1, pictures.shape[2], pictures.shape[3])
        x = self.down(self.stem(torch.cat([pictures, told], dim=1)))
        for block in self.blocks:
            x = block(x, bits)
        for up in self.up:
            x = up(functional.interpolate(x, scale_factor=2.0))
        return torch.tanh(self.last(x))


class Block(nn.Module):
    """Two convolutions beside a short cut; between them the password has its say, where no norm can take it away."""

    def __init__(self, bits: int, width: int) -> None:
        super().__init__()
        self.one, self.two = _padded(width, width, 3), _padded(width, width, 3)
        self.norms = nn.ModuleList(nn.InstanceNorm2d(width, affine=True) for _ in range(2))
        self.told = nn.Linear(bits, 2 * width)

    def forward(self, x: Tensor, bits: Tensor) -> Tensor:
        """Return (n, width, h, w) for the same, and (n, B) of the password."""
        gain, shift = self.told(bits)[:, :, None, None].chunk(2, dim=1)
        within = functional.relu(self.norms[0](self.one(x)) * (1 + gain) + shift)
        changed: Tensor = self.norms[1](self.two(within))
        return x + changed


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
    """What password made the difference (as InfoGAN's): (n, 3, S, S), input and output, to (n, B / 4, 16) logits.

    Bits show here and there in what changed: a mean over the picture drowns them, so places are read apart.
    """

    def __init__(self, bits: int, width: int = 64) -> None:
        super().__init__()
        widths = (9, width, 2 * width, 4 * width, 4 * width)
        shared = [nn.Sequential(nn.Conv2d(a, b, 4, 2, 1), nn.LeakyReLU(SLOPE)) for a, b in pairwise(widths)]
        self.shared = nn.Sequential(*shared, nn.AdaptiveAvgPool2d(_PLACES), nn.Flatten())
        self.between = nn.Sequential(nn.Linear(4 * width * _PLACES**2, 4 * width), nn.LeakyReLU(SLOPE))
        self.heads = nn.ModuleList(nn.Linear(4 * width, 2**GROUP) for _ in range(bits // GROUP))

    def forward(self, before: Tensor, after: Tensor) -> Tensor:
        """Return logits of four bits each."""
        seen = self.between(self.shared(torch.cat([before, after, after - before], dim=1)))
        return torch.stack([head(seen) for head in self.heads], dim=1)


def classes(bits: Tensor) -> Tensor:
    """Return (n, B / 4) numbers from 0 to 15 for bits (n, B), each -1 or 1."""
    fours = (bits > 0).long().reshape(len(bits), -1, GROUP)
    return (fours * (2 ** torch.arange(GROUP, device=bits.device))).sum(2)


def _normed(width: int) -> tuple[nn.Module, nn.Module]:
    return nn.InstanceNorm2d(width, affine=True), nn.ReLU()


def _padded(into: int, out: int, side: int) -> nn.Sequential:
    return nn.Sequential(nn.ReflectionPad2d(side // 2), nn.Conv2d(into, out, side))


def _critic(width: int) -> nn.Sequential:
    widths = (3, width, 2 * width, 4 * width)
    layers = [nn.Sequential(nn.Conv2d(a, b, 4, 2, 1), nn.LeakyReLU(SLOPE)) for a, b in pairwise(widths)]
    return nn.Sequential(*layers, nn.Conv2d(4 * width, 1, 4, 1, 1))
