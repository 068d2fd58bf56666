"""k-Same-Net's generator: who and how in, a face out; nobody's picture is among its inputs.

Meden et al. 2018 (METHODS 3), after Dosovitskiy et al. 2015: fully connected layers, then convolutions that double.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from visard.models.inpainter import SLOPE

MANNERS = 3
"""Appearance besides identity, -1 to 1: turn to the side, nod, smile."""

WIDTHS = (256, 192, 128, 64, 48, 32)
"""Channels at 4, 8, 16, 32, 64 and 128 pixels."""


class Generator(nn.Module):
    """who (n, proxies), shares that add up to 1: one-hot for a proxy, 1 / k for each of k; manner (n, 3). Out:
    (n, 4, S, S), a picture from -1 to 1 and logits of where the face is. S is 4, doubled for each width but the first.
    """

    def __init__(self, proxies: int, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        self.who = nn.Sequential(nn.Linear(proxies, 256), nn.LeakyReLU(SLOPE), nn.Linear(256, 256))
        self.manner = nn.Sequential(nn.Linear(MANNERS, 64), nn.LeakyReLU(SLOPE), nn.Linear(64, 64))
        self.join = nn.Linear(320, 16 * widths[0])
        self.up = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in pairwise(widths))
        self.smooth = nn.ModuleList(nn.Conv2d(b, b, 3, padding=1) for b in widths[1:])
        self.last = nn.Conv2d(widths[-1], 4, 3, padding=1)

    def forward(self, who: Tensor, manner: Tensor) -> Tensor:
        """Return pictures and where their faces are."""
        code = functional.leaky_relu(torch.cat([self.who(who), self.manner(manner)], dim=1), SLOPE)
        x = functional.leaky_relu(self.join(code), SLOPE).reshape(-1, self.join.out_features // 16, 4, 4)
        for up, smooth in zip(self.up, self.smooth, strict=True):
            x = functional.leaky_relu(up(functional.interpolate(x, scale_factor=2.0)), SLOPE)
            x = functional.leaky_relu(smooth(x), SLOPE)
        drawn = self.last(x)
        return torch.cat([torch.tanh(drawn[:, :3]), drawn[:, 3:]], dim=1)
