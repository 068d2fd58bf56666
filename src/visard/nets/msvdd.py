"""Heads of a classifier: the usual linear layer, and the m-SVDD layer that may take its place.

Source: the m-SVDD defence of Mygdalis, Tefas and Pitas, as METHODS 4.5 reads it; Tax and Duin 2004 (SVDD); Ruff et al.
2018 (soft boundary, fixed centres, no biases, radii by quantiles).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

_NEAR_ZERO = 0.1
"""Coordinates of centres that are smaller are pushed this far from 0, where a trivial network would lie."""


class Linear(nn.Module):
    """(N, D) features to (N, C) logits; every answer is accepted."""

    def __init__(self, features: int, classes: int) -> None:
        super().__init__()
        self.layer = nn.Linear(features, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits."""
        out: Tensor = self.layer(x)
        return out

    def accepts(self, outputs: Tensor) -> Tensor:
        """Return (N,) whether each answer is accepted: all are."""
        return torch.ones(len(outputs), dtype=torch.bool)


class Msvdd(nn.Module):
    """(N, D) features to (N, C) outputs o_c = R_c^2 - ||psi(x) - a_c||^2: one one-class unit for each class.

    psi has two layers without biases. An answer is accepted where its output is at least 0: inside its sphere.
    """

    centres: Tensor
    squared: Tensor

    def __init__(self, features: int, classes: int, hidden: int = 512, size: int = 128) -> None:
        super().__init__()
        self.inner = nn.Linear(features, hidden, bias=False)
        self.outer = nn.Linear(hidden, size, bias=False)
        self.register_buffer("centres", torch.zeros(classes, size))
        self.register_buffer("squared", torch.ones(classes))

    def place(self, x: Tensor) -> Tensor:
        """Return psi: (N, size)."""
        placed: Tensor = self.outer(functional.leaky_relu(self.inner(x), 0.1))
        return placed

    def distances(self, x: Tensor) -> Tensor:
        """Return (N, C) squared distances from the centres."""
        placed = self.place(x)
        return (placed**2).sum(1, keepdim=True) - 2 * placed @ self.centres.T + (self.centres**2).sum(1)

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs."""
        return self.squared - self.distances(x)

    def accepts(self, outputs: Tensor) -> Tensor:
        """Return (N,) whether each answer lies inside its sphere (the verification step)."""
        return outputs.max(dim=1).values >= 0

    def settle(self, x: Tensor, labels: Tensor) -> None:
        """Fix the centres at the classes' means, pushed away from 0; done once, before training."""
        with torch.no_grad():
            placed = self.place(x)
            means = torch.stack([placed[labels == c].mean(dim=0) for c in range(len(self.centres))])
            small = means.abs() < _NEAR_ZERO
            self.centres.copy_(torch.where(small, torch.where(means < 0, -_NEAR_ZERO, _NEAR_ZERO), means))

    def refresh(self, x: Tensor, labels: Tensor, outside: float) -> None:
        """Set each radius so that a share `outside` of its class lies outside."""
        with torch.no_grad():
            own = self.distances(x).gather(1, labels[:, None])[:, 0]
            for c in range(len(self.squared)):
                self.squared[c] = torch.quantile(own[labels == c], 1 - outside)

    def widen(self, x: Tensor, labels: Tensor, outside: float) -> None:
        """Scale all spheres so that a share `outside` of people's further pictures lies outside their own."""
        with torch.no_grad():
            own = self.distances(x).gather(1, labels[:, None])[:, 0]
            self.squared *= torch.quantile(own / self.squared[labels], 1 - outside)

    def loss(self, x: Tensor, labels: Tensor, outside: float, margin: float) -> Tensor:
        """Return the soft boundary's loss: R^2 + [d^2 - R^2]+ / outside for one's own class, [R^2 - d^2 + m]+ else."""
        distances = self.distances(x)
        own = functional.one_hot(labels, len(self.squared)).bool()
        inside = self.squared[labels] + (distances[own] - self.squared[labels]).clamp(min=0) / outside
        strangers = (self.squared - distances + margin).clamp(min=0)[~own].view(len(x), -1)
        return inside.mean() + strangers.sum(dim=1).mean()
