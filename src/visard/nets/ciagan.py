"""CIAGAN's generator and critic: a sketch of landmarks and a masked picture in, a face of the wanted identity out.

Maximov et al. 2020, METHODS 5.1. Identities are numbers in a list, told to the generator as one-hot vectors.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from visard.nets.residual import Residual, bounded

WIDTHS = (24, 48, 96, 192, 192)
"""Channels after each halving, three quarters of the paper's so that the file may ship."""

_CODE = 32
"""Channels of the identity's code, which has the size of the smallest features."""


class Generator(nn.Module):
    """Pictures (n, 6, S, S): the sketch, and surroundings with 0 where they are hidden; who (n, people), one-hot.
    Out: (n, 3, S, S), -1 to 1. S is a multiple of 2 to the number of widths."""

    def __init__(self, people: int, side: int, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        wide, self.least = widths[-1], side >> len(widths)
        self.down = nn.Sequential(*(Residual(a, b, "down") for a, b in pairwise((6, *widths))))
        layers: list[nn.Module] = []
        steps = (people, 256, 256, 256, 256, 512, 512, _CODE * self.least**2)
        for a, b in pairwise(steps):
            layers += [nn.Linear(a, b), nn.LeakyReLU(0.2)]
        self.read = nn.Sequential(*layers)
        code: list[nn.Module] = []
        for a, b in pairwise((_CODE, wide // 4, wide // 2, wide)):
            code += [bounded(nn.Conv2d(a, b, 3, padding=1)), nn.InstanceNorm2d(b, affine=True), nn.LeakyReLU(0.2)]
        self.code = nn.Sequential(*code)
        self.join = bounded(nn.Conv2d(2 * wide, wide, 1))
        self.middle = nn.Sequential(*(Residual(wide, wide, "same") for _ in range(4)))
        ups = (*reversed(widths), max(4, widths[0] // 2))
        self.up = nn.Sequential(*(Residual(a, b, "up") for a, b in pairwise(ups)))
        self.last = nn.Conv2d(ups[-1], 3, 3, padding=1)

    def forward(self, pictures: Tensor, who: Tensor) -> Tensor:
        """Return the face, with the surroundings as the network paints them."""
        x = torch.cat([self.down(pictures), self.embed(who)], dim=1)
        painted: Tensor = self.last(functional.relu(self.up(self.middle(self.join(x)))))
        return painted.clamp(-1, 1) if not self.training else painted

    def embed(self, who: Tensor) -> Tensor:
        """Return (n, c, h, w), what an identity (n, people) adds to the smallest features."""
        code: Tensor = self.code(self.read(who).reshape(-1, _CODE, self.least, self.least))
        return code


class Critic(nn.Module):
    """Whether a picture with its sketch, (n, 6, S, S), is real: (n, 1), near 1 if so (squares, Mao et al. 2017)."""

    def __init__(self, side: int, widths: tuple[int, ...] = (48, 96, 192, 384, 384)) -> None:
        super().__init__()
        least = side >> len(widths)
        self.down = nn.Sequential(*(Residual(a, b, "down", norm=False) for a, b in pairwise((6, *widths))))
        self.one = bounded(nn.Linear(widths[-1] * least**2, 1024))
        self.two = bounded(nn.Linear(1024, 1))

    def forward(self, picture: Tensor, sketch: Tensor) -> Tensor:
        """Return the verdict on (n, 3, S, S) pictures and their sketches."""
        x = functional.relu(self.down(torch.cat([picture, sketch], dim=1)))
        verdict: Tensor = self.two(functional.leaky_relu(self.one(x.flatten(1)), 0.2))
        return verdict
