"""Diffusion as pure functions over any denoiser, for NumPy's arrays and torch's tensors alike.

The mathematics wraps the network, as in k-diffusion: nothing here knows what predicts the noise. A level is what is
left of the picture's variance (alpha bar): 1 is the picture, 0 nothing but noise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np

Array = TypeVar("Array", bound=Any)
"""(n, c, h, w), -1 to 1."""

Denoiser = Callable[[Any, float], Any]
"""Called with a noisy picture and its level; returns the noise in it."""

Noise = Callable[[], Any]
"""Returns fresh standard normal noise of the picture's shape."""

STEPS, FIRST, LAST = 1000, 1e-4, 0.02
"""Steps of the chain, and its first and last beta (Ho et al. 2020, section 4)."""


def levels(steps: int = STEPS) -> list[float]:
    """Return the level after each step of the chain, before the first as well: 1 + steps falling numbers."""
    betas = np.linspace(FIRST, LAST, steps)
    return [1.0, *np.cumprod(1 - betas).tolist()]


def path(number: int, start: float = 1.0) -> list[float]:
    """Return 1 + number rising levels from `start`, in shares of the chain, to the picture (evenly respaced)."""
    chain = levels()
    at = np.linspace(start * STEPS, 0, number + 1)
    return [chain[round(float(t))] for t in at]


def noised(picture: Array, noise: Array, level: float) -> Array:
    """Return a picture with noise at a level (Ho et al. 2020, equation 4)."""
    return np.sqrt(level) * picture + np.sqrt(1 - level) * noise  # type: ignore[no-any-return]


def cleaned(noisy: Array, noise: Array, level: float) -> Array:
    """Return the picture that a noisy one is, if that is its noise: equation 4 the other way."""
    return (noisy - np.sqrt(1 - level) * noise) / np.sqrt(level)  # type: ignore[no-any-return]


def stepped(noisy: Array, guess: Array, level: float, to: float, noise: Array) -> Array:
    """Return a sample of the next level, of less noise, for a guessed picture (Ho et al. 2020, equations 6 and 7)."""
    kept = level / to
    mean = np.sqrt(to) * (1 - kept) / (1 - level) * guess + np.sqrt(kept) * (1 - to) / (1 - level) * noisy
    return mean + np.sqrt((1 - kept) * (1 - to) / (1 - level)) * noise  # type: ignore[no-any-return]


def sample(denoise: Denoiser, noisy: Array, way: Sequence[float], noise: Noise) -> Array:
    """Return what a noisy picture comes to along a way of rising levels, with fresh noise at each step (DDPM)."""
    for level, to in pairwise(way):
        noisy = stepped(noisy, guessed(denoise, noisy, level), level, to, noise())
    return noisy


def ddim(denoise: Denoiser, noisy: Array, way: Sequence[float]) -> Array:
    """Return what a picture comes to along a way of levels, without fresh noise (Song et al. 2021, sigma 0).

    A falling way goes from a picture to its noise, and the same way back returns it, nearly: within the steps' error.
    """
    for level, to in pairwise(way):
        noise = denoise(noisy, level)
        noisy = noised(cleaned(noisy, noise, level), noise, to)
    return noisy


def sdedit(denoise: Denoiser, guide: Array, way: Sequence[float], noise: Noise) -> Array:
    """Return a picture like the guide: the less so, the lower the level at which the way starts (Meng et al. 2022)."""
    return sample(denoise, noised(guide, noise(), way[0]), way, noise)  # type: ignore[no-any-return]


def repaint(
    denoise: Denoiser, known: Array, hidden: Array, way: Sequence[float], noise: Noise,
    jump: int = 10, times: int = 10, guide: Array | None = None,
) -> Array:  # fmt: skip
    """Return the known picture with its hidden part, where `hidden` is 1, painted to go with it (Lugmayr et al. 2022).

    After every `jump` steps the picture is made noisy again as far and painted anew, `times` times in all, so that what
    is painted and what is known grow together. guide: what to begin with in the hidden part, as in SDEdit; without one,
    with nothing but noise. What is known comes out to the bit.
    """
    begin = noise() if guide is None else noised(guide, noise(), way[0])
    noisy = _composed(begin, noised(known, noise(), way[0]), hidden)
    for start in range(0, len(way) - 1, jump):
        stretch = way[start : start + jump + 1]
        for again in range(times):
            if again:
                kept = stretch[0] / stretch[-1]
                noisy = np.sqrt(kept) * noisy + np.sqrt(1 - kept) * noise()
            for level, to in pairwise(stretch):
                new = stepped(noisy, guessed(denoise, noisy, level), level, to, noise())
                noisy = _composed(new, noised(known, noise(), to), hidden)
    return noisy  # type: ignore[no-any-return]


def guessed(denoise: Denoiser, noisy: Array, level: float) -> Array:
    """Return the picture that a denoiser sees in a noisy one, within -1 and 1."""
    return cleaned(noisy, denoise(noisy, level), level).clip(-1, 1)  # type: ignore[no-any-return]


def _composed(new: Array, known: Array, hidden: Array) -> Array:
    return hidden * new + (1 - hidden) * known  # type: ignore[no-any-return]
