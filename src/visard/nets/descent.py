"""Descent: the loop that all attacks share. What they descend on, and how they step, they bring along."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Objective = Callable[[Tensor], tuple[Tensor, bool]]
"""Takes x and returns the loss and whether x seems to do already."""

Step = Callable[[Tensor, Tensor], Tensor]
"""Takes x and the gradient there, and returns the next x."""

_HALVINGS = 6
"""Steps of a bisection: to a 1/64 of the change."""


def descend(x: Tensor, objective: Objective, step: Step, limit: int, sure: Callable[[Tensor], bool]) -> Tensor:
    """Return x after at most `limit` steps: the first that seems to do and is sure to."""
    for _ in range(limit):
        x = x.detach().requires_grad_()
        loss, seems = objective(x)
        if seems and sure(x.detach()):
            break
        (gradient,) = torch.autograd.grad(loss, x)
        x = step(x.detach(), gradient)
    return x.detach()


def drawn_back(x: Tensor, origin: Tensor, sure: Callable[[Tensor], bool]) -> Tensor:
    """Return x with its change from the origin scaled down to the least that is sure to do, by bisection.

    x itself where not even all of it does.
    """
    low, high = (0.0, 1.0) if sure(x) else (1.0, 1.0)
    while high - low > 0.5**_HALVINGS:
        middle = (low + high) / 2
        low, high = (low, middle) if sure(origin + middle * (x - origin)) else (middle, high)
    return origin + high * (x - origin) if high < 1 else x


def minimise(
    loss: Callable[[Tensor], Tensor], picture: Callable[[Tensor], Tensor], like: Tensor, steps: int, rate: float
) -> Tensor:
    """Return picture(w) after so many steps of Adam on w, which begins with zeros and has the shape of `like`."""
    w = torch.zeros_like(like).requires_grad_()
    adam = torch.optim.Adam([w], lr=rate)
    for _ in range(steps):
        adam.zero_grad()
        loss(picture(w)).backward()
        adam.step()
    return picture(w.detach())
