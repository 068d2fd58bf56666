"""What the methods share: settings that are checked once, and sizes that are relative to the hidden part."""

from __future__ import annotations

import numpy as np

from visard.errors import UsageError
from visard.types import Mask


def check_share(name: str, value: object) -> None:
    """Raise UsageError unless value is a number in (0, 1]."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 < value <= 1.0:
        raise UsageError(f"{name} is {value!r}", hint="give a number above 0 and up to 1")


def hidden_side(mask: Mask) -> float:
    """Return the side in pixels of the square that has the mask's area; at least 1."""
    return max(1.0, float(np.sqrt(mask.sum(dtype=np.float64))))


def grain(mask: Mask, across: int) -> tuple[int, int]:
    """Return (rows, columns) of a grid over the mask's array with `across` cells along the hidden side.

    A cell is never smaller than a pixel, so that texture grows with the face and is not averaged away
    when a large face is scaled down.
    """
    cell = max(1.0, hidden_side(mask) / across)
    height, width = mask.shape
    return max(1, round(height / cell)), max(1, round(width / cell))
