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
    """Both, one after the other: (n, 3, S, S) in and out. axes (code, code): the principal ones of known codes, in its
    rows; their deviations (code,) and the codes' mean (code,): by these, codes can be changed in between."""

    def __init__(self, widths: tuple[int, ...] = WIDTHS, code: int = CODE) -> None:
        super().__init__()
        self.encoder, self.decoder = Encoder(widths, code), Decoder(widths, code)
        self.register_buffer("mean", torch.zeros(code))
        self.register_buffer("deviation", torch.ones(code))
        self.register_buffer("axes", torch.eye(code))

    def fit(self, codes: Tensor) -> None:
        """Take the axes from known codes (N, code), N at least code."""
        mean = codes.mean(0)
        _, lengths, axes = torch.linalg.svd(codes - mean, full_matrices=False)
        self.mean, self.deviation, self.axes = mean, lengths / (len(codes) - 1) ** 0.5, axes

    def forward(self, pictures: Tensor, keep: Tensor | None = None, give: Tensor | None = None) -> Tensor:
        """Return the pictures as their codes tell them; or, of their coefficients c on the axes, each of deviation 1,
        as c keep + give does, both (n, code)."""
        codes = self.encoder(pictures)
        if keep is not None:
            own = (codes - self.mean) @ (self.axes.T / self.deviation)
            codes = self.mean + (own * keep + give) @ (self.deviation[:, None] * self.axes)
        drawn: Tensor = self.decoder(codes)
        return drawn
