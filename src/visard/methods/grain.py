"""Grain: how sharp and noisy a picture is, and how something new is made as sharp and as noisy."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_DEVIATION = 1.4826
"""Standard deviation over median absolute deviation of a normal distribution."""

_LEAST = 64
"""Pixels that tell anything about grain, at least."""

_SHARE = 0.75
"""Share of the missing detail that noise makes up for: a part of a picture's is lines, and noise looks coarser."""

_PIECE = 128
"""Pixels of a side of noise that are enough to measure it."""

_MOST, _FACE = 6.0, 24.0
"""Grey levels of grain that are added, at most, and pixels of a face for each: the finest in small ones is no grain."""


def measure(pixels: NDArray[np.uint8] | Floats, where: NDArray[np.bool_], octaves: int = 1) -> list[float]:
    """Return the deviations in grey levels of the finest detail of (h, w, 3) pixels, and of so many octaves of it.

    The finest first; none at all for too few pixels.
    """
    if np.count_nonzero(where[:: 2 ** (octaves - 1), :: 2 ** (octaves - 1)]) < _LEAST:
        return []
    grey = cv2.cvtColor(pixels.astype(np.float32), cv2.COLOR_RGB2GRAY).astype(np.float32, copy=False)
    # The median, because edges are the picture's own and grain lies everywhere.
    bands = enumerate(_bands(grey, octaves))
    return [float(np.median(np.abs(band[where[:: 2**o, :: 2**o]]))) * _DEVIATION for o, band in bands]


def match(new: Floats, ours: list[float], theirs: list[float], seed: int) -> Floats:
    """Return (h, w, 3) new pixels, whose grain is ours, as sharp and nearly as grainy as theirs, octave by octave."""
    if not ours or not theirs:
        return new
    rng = np.random.default_rng(seed)
    bands = [_noise(new.shape[:2], octave, rng) for octave in range(len(ours))]
    # How much of each is seen in every octave: a piece tells it of noise.
    seen = np.array([[each.var() for each in _bands(band[:_PIECE, :_PIECE], len(ours))] for band in bands])
    missing = np.square(theirs) - np.square(ours)
    missing *= _SHARE**2
    most = min(_MOST, max(new.shape[:2]) / _FACE)
    for power, band in zip(np.linalg.solve(seen.T, missing), bands, strict=True):
        amount = np.sqrt(np.clip(power, 0, most**2 / max(float(band[:_PIECE, :_PIECE].var()), 1e-12)))
        new = new + (np.float32(amount) * band)[..., None]
    if theirs[0] < ours[0]:
        keep = max(0.3, theirs[0] / max(ours[0], 1e-6))
        new = keep * new + (1 - keep) * cv2.GaussianBlur(new, (0, 0), 1.0)
    return np.asarray(new, np.float32)


def _noise(shape: tuple[int, ...], octave: int, rng: np.random.Generator) -> Floats:
    """Return noise (h, w) of one octave."""
    tall, wide = (-(-side // 2**octave) for side in shape)
    noise = rng.standard_normal((tall, wide), np.float32)
    (band,) = _bands(noise, 1)
    return np.asarray(cv2.resize(band, shape[::-1], interpolation=cv2.INTER_CUBIC) if octave else band, np.float32)


def _bands(grey: Floats, octaves: int) -> Iterator[Floats]:
    """Yield the detail of (h, w) grey levels, octave by octave, the finest first, each of half the size."""
    for octave in range(octaves):
        grey = np.asarray(cv2.pyrDown(grey) if octave else grey, np.float32)
        yield grey - np.asarray(cv2.GaussianBlur(grey, (0, 0), 1.0), np.float32)
