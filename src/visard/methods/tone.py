"""Colours around a drawn face: neither skin nor hair takes on those of the wall behind, and forehead and neck its own.

The inpainter paints a face beneath the donor's as well, so that there it is known how far its colours are off.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.types import Mask

Floats = NDArray[np.float32]

_TINT = 0.06
"""Logarithm of the gain by which a colour may be lit more than the others: lamps are nearly white."""

_CORE, _LEAST = 0.9, 50
"""Share of the donor from which on a pixel is all face, and how many such pixels tell anything."""

_FAINT = 8.0
"""Grey levels of colour in what was filled in below which it hardly tints anything."""

_PAINTED = 0.6
"""Share of the paint on the face from which on a pixel is painted as thickly."""

_ALIKE = 30.0
"""Difference in grey levels from the painted face's mean at which a pixel is skin with .6."""

_SEAM = 8.0
"""Pixels from what is known within which colours go back to what fits there."""


def white(light: Floats) -> Floats:
    """Return (s, s, 3) logarithms of gains, nearly the same for all colours."""
    mean = light.mean(axis=-1, keepdims=True)
    return np.asarray(mean + _TINT * np.tanh((light - mean) / _TINT), np.float32)


def matched(around: Floats, filled: Floats, paint: Floats, lit: Floats, shown: Mask, known: Mask) -> Floats:
    """Return what was painted around a face in the colours that go with it; where it is known, nothing changes.

    All (S, S, 3) colours from 0 to 255, but for paint, or (S, S) from 0 to 1: around, the painting; filled, what lay
    beneath the paint; lit, the donor; shown, how much of it shows.
    """
    core = (shown > _CORE) * (1 - known)
    if core.sum() < _LEAST:
        return around
    inner = np.clip(cv2.distanceTransform((known < 0.5).astype(np.uint8), cv2.DIST_L2, 5) / _SEAM, 0, 1)
    paint_there = _blur(np.abs(paint).mean(axis=-1) * (1 - known), 3)
    thick = np.clip(paint_there / np.maximum(_PAINTED * _mean(paint_there, core), 1e-3), 0, 1)
    wall, off = _colour(_mean(filled, core)), _colour(_mean(around, core) - _mean(lit, core))
    # How much of the wall's colour shines through the paint.
    through = np.clip(off @ wall / (wall @ wall + _FAINT**2), 0, 1)
    clean = around - through * (thick * inner)[..., None] * _colour(filled)
    skin = _mean(clean, core)
    alike = _blur(np.exp(-0.5 * np.square((clean - skin) / _ALIKE).sum(axis=-1)), 1) * inner
    return np.asarray(clean + alike[..., None] * (_mean(lit, core) - skin), np.float32)


def _mean(values: Floats, where: Mask) -> Floats:
    return np.asarray(np.tensordot(where, values, 2) / where.sum(), np.float32)


def _colour(values: Floats) -> Floats:
    """Return colours (..., 3) without their grey."""
    return np.asarray(values - values.mean(axis=-1, keepdims=True), np.float32)


def _blur(values: NDArray[np.floating], sigma: float) -> Floats:
    return np.asarray(cv2.GaussianBlur(values.astype(np.float32), (0, 0), sigma), np.float32)
