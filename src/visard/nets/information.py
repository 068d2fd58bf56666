"""Mutual information in nats, from below (Barber and Agakov 2003) and from above (CLUB, Cheng et al. 2020): what a loss
raises, and what it lowers (METHODS 8.3)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


class Gaussian(nn.Module):
    """q(v | u): a Gaussian whose mean and log-variance, between -1 and 1, networks tell from u (n, known), v (n, size).

    CLUB's variational network.
    """

    def __init__(self, known: int, size: int, hidden: int = 128) -> None:
        super().__init__()
        self.mean = nn.Sequential(nn.Linear(known, hidden), nn.ReLU(), nn.Linear(hidden, size))
        self.spread = nn.Sequential(nn.Linear(known, hidden), nn.ReLU(), nn.Linear(hidden, size), nn.Tanh())

    def forward(self, u: Tensor, v: Tensor) -> Tensor:
        """Return (n,) log q(v | u), for rows that belong together."""
        mean, spread = self.mean(u), self.spread(u)
        return (-((v - mean).square() / spread.exp()) / 2 - spread / 2 - math.log(2 * math.pi) / 2).sum(1)

    def apart(self, u: Tensor, v: Tensor) -> Tensor:
        """Return (n, n) log q(v_j | u_i), each row of u with each of v."""
        mean, spread = self.mean(u)[:, None], self.spread(u)[:, None]
        wrong = (v[None] - mean).square() / spread.exp()
        return (-wrong / 2 - spread / 2 - math.log(2 * math.pi) / 2).sum(2)


def lower_bound(entropy: float, log_q: Tensor) -> Tensor:
    """Return H(v) + E log q(v | u), at most I(u; v) whatever q is; log_q (n,). Barber and Agakov's equation 3."""
    return entropy + log_q.mean()


def upper_bound(q: Gaussian, u: Tensor, v: Tensor) -> Tensor:
    """Return E log q(v | u) over pairs, less that over all pairings; at least I(u; v) where q is p(v | u). CLUB's
    equation 8."""
    together: Tensor = q(u, v)
    return together.mean() - q.apart(u, v).mean()


def bits_likelihood(logits: Tensor, bits: Tensor) -> Tensor:
    """Return (n,) log q(bits | what was seen), of logits (n, B) and bits (n, B), each -1 or 1.

    With `lower_bound` and an entropy of B ln 2 it says how many nats of a password can be read.
    """
    return functional.logsigmoid(logits.float() * bits).sum(1)


def laplace_likelihood(seen: Tensor, wanted: Tensor, scale: float) -> Tensor:
    """Return (n,) log q(wanted | seen) under Laplace noise of a scale: L1 of pictures is Barber and Agakov's bound."""
    apart = (seen - wanted).abs().flatten(1) / scale
    return -(apart + math.log(2 * scale)).sum(1)


def gaussian_entropy(size: int) -> float:
    """Return the entropy of `size` independent standard normal numbers."""
    return size / 2 * math.log(2 * math.pi * math.e)


def correlated(n: int, size: int, rho: float, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Return u, v (n, size), standard normal, with correlation rho in each column: I = -size / 2 log(1 - rho^2)."""
    chance = torch.Generator().manual_seed(seed)
    u, noise = (torch.randn(n, size, generator=chance) for _ in range(2))
    return u, rho * u + math.sqrt(1 - rho**2) * noise
