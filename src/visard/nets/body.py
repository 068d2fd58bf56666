"""The body's generator: a segmentation and a masked scene in, a person who fits the outline out.

After Brkic, Sikiric, Hrkac and Kalafatic (2017, METHODS 6.4): pix2pix's network (Isola et al. 2017), to which nothing
of the person but the segmentation is told, each part in a colour that was drawn.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTHS = (32, 64, 128, 256, 256, 256)
"""Channels after each halving, half of pix2pix's so that the file may ship."""

SCENE, DYES = 4, 3
"""Channels of the scene: colours, 0 where they are hidden, and where they are known; and of the dyed segmentation."""


class Body(nn.Module):
    """Pictures (n, 4 + planes + 3, S, S): scene, segmentation, the latter dyed. Out: (n, 3, S, S), -1 to 1.

    S is a multiple of 2 to the number of widths.
    """

    def __init__(self, planes: int, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        entering = (SCENE + planes + DYES, *widths[:-1])
        self.down = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(a, b, 4, 2, 1), *([nn.InstanceNorm2d(b, affine=True)] if 0 < n < len(widths) - 1 else [])
            )
            for n, (a, b) in enumerate(zip(entering, widths, strict=True))
        )
        backward = tuple(reversed(widths))
        leaving = (*backward[1:], widths[0])
        self.up = nn.ModuleList(
            nn.Sequential(nn.Conv2d(a + (b_ if n else 0), b, 3, padding=1), nn.InstanceNorm2d(b, affine=True))
            for n, (a, b_, b) in enumerate(zip((backward[0], *leaving[:-1]), backward, leaving, strict=True))
        )
        self.last = nn.Conv2d(widths[0], 3, 3, padding=1)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the person in the scene, as the network paints both."""
        seen, x = [], pictures
        for layer in self.down:
            x = functional.leaky_relu(layer(x), 0.2)
            seen.append(x)
        for n, layer in enumerate(self.up):
            x = torch.cat([x, seen[-1 - n]], dim=1) if n else x
            x = functional.relu(layer(functional.interpolate(x, scale_factor=2.0)))
        return torch.tanh(self.last(x))
