"""The denoiser: it sees a noisy face with hair and is told how noisy it is, and says what of it is noise.

A U-Net (Ho et al. 2020, appendix B, much smaller) without normalisation or attention, so that it runs as plain
convolutions wherever OpenCV does.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from visard.models.denoiser import TOLD, told
from visard.models.inpainter import SLOPE

WIDTHS = (64, 96, 128, 192)
"""Channels at 64, 32, 16 and 8 pixels."""

_HEARD = 128
"""Channels that carry the level to the blocks."""


class Block(nn.Module):
    """Two convolutions beside a short cut, told the level between them; a new block changes nothing."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.one = nn.Conv2d(width, width, 3, padding=1)
        self.hear = nn.Conv2d(_HEARD, width, 1)
        self.two = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.two.weight)

    def forward(self, x: Tensor, level: Tensor) -> Tensor:
        """Return (n, width, h, w) for the same, and (n, 128, 1, 1) of the level."""
        y = self.one(functional.leaky_relu(x, SLOPE))
        y = y + self.hear(level).expand_as(y)  # OpenCV would take a plain sum for another convolution's short cut
        return x + self.two(functional.leaky_relu(y, SLOPE))


class Denoiser(nn.Module):
    """(n, 3, 64, 64) noisy and (n, 16) of their levels in, (n, 3, 64, 64) noise out."""

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        steps = list(pairwise(widths))
        self.listen = nn.Conv2d(TOLD, _HEARD, 1)
        self.stem = nn.Conv2d(3, widths[0], 3, padding=1)
        self.enter = nn.ModuleList(nn.ModuleList([Block(w), Block(w)]) for w in widths[:-1])
        self.down = nn.ModuleList(nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in steps)
        self.middle = nn.ModuleList(Block(widths[-1]) for _ in range(3))
        self.up = nn.ModuleList(nn.Conv2d(b, a, 3, padding=1) for a, b in steps)
        self.leave = nn.ModuleList(nn.ModuleList([Block(w), Block(w)]) for w in widths[:-1])
        self.say = nn.Conv2d(widths[0], 3, 3, padding=1)
        nn.init.zeros_(self.say.weight)
        nn.init.zeros_(self.say.bias)

    def forward(self, x: Tensor, level: Tensor) -> Tensor:
        """Return the noise in a batch."""
        level = functional.leaky_relu(self.listen(level[:, :, None, None]), SLOPE)
        x = self.stem(x)
        seen = []
        for enter, down in zip(self.enter, self.down, strict=True):
            x = _through(enter, x, level)
            seen.append(x)
            x = down(functional.leaky_relu(x, SLOPE))
        x = _through(self.middle, x, level)
        for number in reversed(range(len(seen))):
            x = functional.interpolate(self.up[number](functional.leaky_relu(x, SLOPE)), scale_factor=2.0)
            x = _through(self.leave[number], x + seen[number], level)
        noise: Tensor = self.say(functional.leaky_relu(x, SLOPE))
        return noise


def wrapped(net: Denoiser) -> Callable[[Tensor, float], Tensor]:
    """Return the network as `methods.diffusion` takes it, for tensors."""

    def denoise(noisy: Tensor, level: float) -> Tensor:
        heard = torch.from_numpy(told(level)).to(noisy.device).expand(len(noisy), TOLD)
        with torch.inference_mode():
            return net(noisy, heard)

    return denoise


def _through(blocks: nn.Module, x: Tensor, level: Tensor) -> Tensor:
    for block in blocks.children():
        x = block(x, level)
    return x
