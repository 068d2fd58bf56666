"""The autoencoder: a face becomes a few numbers, and they a face again, as like the old one as they can say.

Convolutions without normalisation, so that one picture never depends on another (Nousi et al. 2020; METHODS 2.4).
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from visard.models.inpainter import SLOPE

WIDTHS = (48, 96, 160, 192)
"""Channels at 32, 16, 8 and 4 pixels."""

CODE = 128
"""Numbers in a code."""


class Encoder(nn.Module):
    """(n, 3, S, S), -1 to 1, in, (n, code) out; S is 8, doubled for each width but the first."""

    def __init__(self, widths: tuple[int, ...] = WIDTHS, code: int = CODE) -> None:
        super().__init__()
        self.stem = nn.Conv2d(12, widths[0], 3, padding=1)
        self.down = nn.ModuleList(nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in pairwise(widths))
        self.last = nn.Linear(16 * widths[-1], code)

    def forward(self, x: Tensor) -> Tensor:
        """Return the codes of pictures."""
        x = self.stem(functional.pixel_unshuffle(x, 2))
        for down in self.down:
            x = down(functional.leaky_relu(x, SLOPE))
        codes: Tensor = self.last(functional.leaky_relu(x, SLOPE).flatten(1))
        return codes


class Decoder(nn.Module):
    """(n, code) in, (n, 3, S, S) out, -1 to 1 but for what it overshoots."""

    def __init__(self, widths: tuple[int, ...] = WIDTHS, code: int = CODE) -> None:
        super().__init__()
        self.first = nn.Linear(code, 16 * widths[-1])
        self.up = nn.ModuleList(nn.Conv2d(b, a, 3, padding=1) for a, b in reversed(list(pairwise(widths))))
        self.smooth = nn.ModuleList(nn.Conv2d(w, w, 3, padding=1) for w in reversed(widths[:-1]))
        self.last = nn.Conv2d(widths[0], 12, 3, padding=1)

    def forward(self, codes: Tensor) -> Tensor:
        """Return the pictures of codes."""
        x = functional.leaky_relu(self.first(codes), SLOPE).reshape(-1, self.first.out_features // 16, 4, 4)
        for up, smooth in zip(self.up, self.smooth, strict=True):
            x = functional.leaky_relu(up(functional.interpolate(x, scale_factor=2.0)), SLOPE)
            x = x + functional.leaky_relu(smooth(x), SLOPE)
        return functional.pixel_shuffle(self.last(x), 2)


class Autoencoder(nn.Module):
    """Both, one after the other: (n, 3, S, S) in and out."""

    def __init__(self, widths: tuple[int, ...] = WIDTHS, code: int = CODE) -> None:
        super().__init__()
        self.encoder, self.decoder = Encoder(widths, code), Decoder(widths, code)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the pictures as their codes tell them."""
        drawn: Tensor = self.decoder(self.encoder(pictures))
        return drawn


class Mixer(nn.Module):
    """An autoencoder whose codes can be changed: axes (code, code), the principal ones of known codes, each as long as
    their deviation, in its rows, and their mean (code,)."""

    def __init__(self, net: Autoencoder) -> None:
        super().__init__()
        self.net = net
        code = net.encoder.last.out_features
        self.read, self.write = nn.Linear(code, code), nn.Linear(code, code)

    def fit(self, codes: Tensor) -> None:
        """Take the axes from known codes (N, code)."""
        known = codes.double()
        mean = known.mean(0)
        _, deviation, axes = torch.linalg.svd(known - mean, full_matrices=False)
        long = (deviation / max(1, len(codes) - 1) ** 0.5).clamp_min(1e-6)[:, None] * axes
        back = axes / long.norm(dim=1, keepdim=True)
        for layer, weight, bias in ((self.read, back, -back @ mean), (self.write, long.T, mean)):
            layer.weight.data.zero_()[: weight.shape[0], : weight.shape[1]] = weight.float()
            layer.bias.data.zero_()[: len(bias)] = bias.float()

    def forward(self, pictures: Tensor, keep: Tensor, give: Tensor) -> Tensor:
        """Return pictures of coefficients c keep + give, where c (n, code) are the pictures' own, of deviation 1."""
        own = self.read(self.net.encoder(pictures))
        drawn: Tensor = self.net.decoder(self.write(own * keep + give))
        return drawn
