"""What makes a perturbation fool other networks than those it was made on: composable changes of gradient and input."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

Change = Callable[[Tensor], Tensor]
"""Takes a gradient (1, 3, H, W) and returns what is to be descended along instead."""


def momentum(decay: float) -> Change:
    """Return a change that gathers gradients, each divided by its mean absolute value (Dong et al. 2018, MI-FGSM)."""
    gathered: list[Tensor] = []

    def change(gradient: Tensor) -> Tensor:
        new = gradient / gradient.abs().mean().clamp(min=1e-12)
        gathered[:] = [decay * gathered[0] + new if gathered else new]
        return gathered[0]

    return change


def translated(size: int = 15, deviations: float = 3.0) -> Change:
    """Return a change that smooths a gradient with a Gaussian of size x size pixels (Dong et al. 2019, TI-FGSM).

    deviations: how many standard deviations the kernel reaches to each side.
    """
    at = torch.linspace(-deviations, deviations, size)
    row = torch.exp(-(at**2) / 2)
    kernel = torch.outer(row, row) / row.sum() ** 2

    def change(gradient: Tensor) -> Tensor:
        weight = kernel.expand(gradient.shape[1], 1, size, size)
        return functional.conv2d(gradient, weight, padding=size // 2, groups=gradient.shape[1])

    return change


def chained(*changes: Change) -> Change:
    """Return all changes one after the other; none at all changes nothing."""

    def change(gradient: Tensor) -> Tensor:
        for each in changes:
            gradient = each(gradient)
        return gradient

    return change


def diverse(face: Tensor, chance: float, random: torch.Generator, least: float = 0.9) -> Tensor:
    """Return a square face (1, 3, S, S), with the given chance shrunk to `least` to 1 of its side and shifted on black.

    Source: Xie et al. 2019, "Improving transferability of adversarial examples with input diversity".
    """
    if float(torch.rand(1, generator=random)) >= chance:
        return face
    side = face.shape[2]
    small = int(side * (least + (1 - least) * float(torch.rand(1, generator=random))))
    left, top = (int(float(torch.rand(1, generator=random)) * (side - small + 1)) for _ in range(2))
    shrunk = functional.interpolate(face, (small, small), mode="bilinear", align_corners=False)
    return functional.pad(shrunk, (left, side - small - left, top, side - small - top))
