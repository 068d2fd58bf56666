"""CIAGAN's identity critic: a residual network whose embeddings of one identity lie near each other, of two apart."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional

WIDTHS = (32, 64, 128, 256)
MARGIN = 3.0
"""Distance from which on two identities are far enough apart."""


class Basic(nn.Module):
    """Two convolutions beside a short cut (He et al. 2016)."""

    def __init__(self, into: int, out: int, stride: int) -> None:
        super().__init__()
        self.one = nn.Sequential(nn.Conv2d(into, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU())
        self.two = nn.Sequential(nn.Conv2d(out, out, 3, 1, 1, bias=False), nn.BatchNorm2d(out))
        self.skip = nn.Identity() if into == out else nn.Conv2d(into, out, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's result."""
        return functional.relu(self.two(self.one(x)) + self.skip(x))


class Siamese(nn.Module):
    """(n, 3, S, S) pictures in, (n, size) embeddings out."""

    def __init__(self, size: int = 256, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, widths[0], 5, 2, 2, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU())
        stages = [Basic(widths[0], widths[0], 1), Basic(widths[0], widths[0], 1)]
        for a, b in pairwise(widths):
            stages += [Basic(a, b, 2), Basic(b, b, 1)]
        self.stages = nn.Sequential(*stages)
        self.one, self.two = nn.Linear(widths[-1], 2 * size), nn.Linear(2 * size, size)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return who is seen."""
        seen = self.stages(self.stem(pictures)).mean((2, 3))
        embedding: Tensor = self.two(functional.relu(self.one(seen)))
        return embedding


def contrast(one: Tensor, other: Tensor, same: Tensor) -> Tensor:
    """Return 1/2 [s d^2 + (1 - s) max(3 - d, 0)^2], d the distance of (n, size) embeddings and s (n,) 1 for one
    identity (Hadsell et al. 2006)."""
    apart = (one.float() - other.float()).square().sum(1).add(1e-12).sqrt()
    return (same * apart.square() + (1 - same) * functional.relu(MARGIN - apart).square()).mean() / 2
