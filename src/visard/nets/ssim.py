"""Structural similarity in torch, so that a gradient can be asked for."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_WINDOW, _SIGMA = 11, 1.5
_C1, _C2 = 0.01**2, 0.03**2


def ssim(one: Tensor, other: Tensor, weight: Tensor | None = None) -> Tensor:
    """Return the mean similarity of two (1, 3, H, W) pictures in [0, 1], of at least 11 x 11 pixels.

    weight: (1, 1, H, W), how much each place counts; windows that reach beyond the border are left out. Source: Wang
    et al. 2004, with a Gaussian window of 11 x 11 and sigma 1.5.
    """
    mean_a, mean_b = _smooth(one), _smooth(other)
    spread_a, spread_b = _smooth(one * one) - mean_a**2, _smooth(other * other) - mean_b**2
    shared = _smooth(one * other) - mean_a * mean_b
    above = (2 * mean_a * mean_b + _C1) * (2 * shared + _C2)
    places = above / ((mean_a**2 + mean_b**2 + _C1) * (spread_a + spread_b + _C2))
    if weight is None:
        return places.mean()
    half = _WINDOW // 2
    inner = weight[:, :, half:-half, half:-half]
    return (places * inner).mean(dim=1).sum() / inner.sum().clamp(min=1e-6)


def room(picture: Tensor) -> Tensor:
    """Return (1, 1, H, W) how large a change of a (1, 3, H, W) picture may be at each place to show alike everywhere.

    A change of deviation n takes some n^2 / (2 s^2 + C2) off the similarity, where s^2 is the picture's own variance.
    """
    half = _WINDOW // 2
    wide = functional.pad(picture, (half, half, half, half), mode="replicate")
    spread = (_smooth(wide * wide) - _smooth(wide) ** 2).clamp(min=0)
    return (2 * spread.mean(dim=1, keepdim=True) + _C2).sqrt()


def _smooth(image: Tensor) -> Tensor:
    at = torch.arange(_WINDOW, dtype=image.dtype) - _WINDOW // 2
    row = torch.exp(-(at**2) / (2 * _SIGMA**2))
    row = (row / row.sum()).expand(image.shape[1], 1, 1, _WINDOW)
    across = functional.conv2d(image, row, groups=image.shape[1])
    return functional.conv2d(across, row.transpose(2, 3), groups=image.shape[1])
