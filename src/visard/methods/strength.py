"""What the methods share: settings that are checked once, and sizes that are relative to the hidden part."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from visard.errors import UsageError, suggest
from visard.types import Mask, Patch


def check_share(name: str, value: object) -> None:
    """Raise UsageError unless value is a number in (0, 1]."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 < value <= 1.0:
        raise UsageError(f"{name} is {value!r}", hint="give a number above 0 and up to 1")


def check_above(name: str, value: object) -> None:
    """Raise UsageError unless value is a finite number above 0."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 < value < float("inf"):
        raise UsageError(f"{name} is {value!r}", hint="give a number above 0")


def check_weight(name: str, value: object, most: float = 1e6) -> None:
    """Raise UsageError unless value is a number from 0 to `most`; 0 leaves out what it weighs."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value <= most:
        raise UsageError(f"{name} is {value!r}", hint=f"give a number from 0 to {most:g}")


def check_count(name: str, value: object, least: int = 1) -> None:
    """Raise UsageError unless value is a whole number, at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise UsageError(f"{name} is {value!r}", hint=f"give a whole number, {least} or more")


def check_name(name: str, value: object, known: Collection[str]) -> None:
    """Raise UsageError with a suggestion unless value is one of the known names."""
    if not isinstance(value, str) or value not in known:
        raise UsageError(f"{name} is {value!r}", hint=suggest(str(value), known))


def words(text: str) -> tuple[str, ...]:
    """Return the words of a setting that lists some by commas."""
    return tuple(filter(None, (word.strip() for word in text.split(","))))


def check_words(name: str, value: object, known: Sequence[str], least: int = 0) -> None:
    """Raise UsageError unless value lists known words by commas, at least so many."""
    if not isinstance(value, str) or len(words(value)) < least:
        raise UsageError(f"{name} is {value!r}", hint=f"give some of {', '.join(known)}, by commas")
    for word in words(value):
        check_name(name, word, known)


def drawn_by(patch: Patch) -> int:
    """Return what an identity is drawn by: the patch's seed, and another number for each further variant."""
    return (patch.seed + patch.variant * 0x9E3779B97F4A7C15) % (1 << 63)


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
