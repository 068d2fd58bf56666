"""The denoiser of faces with hair: what it is told of a level, and how it is asked; no run without its card."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from visard.models.taught import taught

Floats = NDArray[np.float32]

SIDE = 64
"""Side in pixels of the square."""

TOLD = 16
"""Numbers by which the network is told how noisy a picture is."""


def denoiser(path: str = "") -> Callable[[Floats, float], Floats]:
    """Return what tells the noise in (1, 3, 64, 64), of a level, from the rest; raises as `taught` does."""
    net = taught("denoiser", path)
    return lambda noisy, level: net(noisy.astype(np.float32), told(level)[None])[0]


def told(level: float) -> Floats:
    """Return (16,) what the network is told of a level: waves of the logarithm of picture over noise."""
    ratio = 0.5 * np.log(max(level, 1e-8) / max(1 - level, 1e-8))
    waves = ratio * 0.25 * 2.0 ** np.arange(TOLD // 2)
    return np.concatenate([np.sin(waves), np.cos(waves)]).astype(np.float32)
