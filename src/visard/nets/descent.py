"""Descent: the loop that all attacks share. What they descend on, and how they step, they bring along."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Objective = Callable[[Tensor], tuple[Tensor, bool]]
"""Takes x and returns the loss and whether x seems to do already."""

Step = Callable[[Tensor, Tensor], Tensor]
"""Takes x and the gradient there, and returns the next x."""


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
