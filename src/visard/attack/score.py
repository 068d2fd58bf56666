"""Measured values that say on how many trials they rest, and how sure they are."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

_Z = 1.959964
"""Standard deviations that hold 95 % of a normal distribution."""


@dataclass(frozen=True, slots=True)
class Score:
    """One measured value.

    value: None where it could not be computed, and then reason says why. n: trials. low, high: bounds of the 95 %
    interval, None where none is known.
    """

    name: str
    value: float | None
    n: int
    low: float | None = None
    high: float | None = None
    reason: str = ""


def rate(name: str, hits: int, n: int, reason: str = "nothing to try") -> Score:
    """Return hits of n as a share with its 95 % Wilson interval; absent, with the reason, where n is 0."""
    if n == 0:
        return Score(name, None, 0, reason=reason)
    low, high = wilson(hits, n)
    return Score(name, hits / n, n, low, high)


def absent(name: str, reason: str) -> Score:
    """Return a score that could not be computed, with the reason."""
    return Score(name, None, 0, reason=reason)


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Return the bounds of the 95 % interval of hits out of n > 0 independent trials.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".
    """
    share, square = hits / n, _Z * _Z
    middle = share + square / (2 * n)
    half = _Z * sqrt(share * (1 - share) / n + square / (4 * n * n))
    scale = 1 + square / n
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)
