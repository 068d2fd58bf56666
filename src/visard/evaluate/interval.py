"""Means with an interval: people are drawn anew, because pictures of one person are not independent."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

import numpy as np

from visard.attack.score import Score, absent

_DRAWS, _SEED = 2000, 0


def mean(name: str, values: Sequence[float | None], people: Sequence[str], reason: str) -> Score:
    """Return the mean of the values that are numbers, with its 95 % bootstrap interval over people.

    values, people: one a picture; None, NaN and infinities are left out, and n says how many were not. With values of
    one person alone there is no interval; with none at all the score is absent, for the reason given. Source: Efron
    1979, "Bootstrap methods", percentile interval, with whole people as the units that are drawn.
    """
    known = [(value, who) for value, who in zip(values, people, strict=True) if value is not None and isfinite(value)]
    if not known:
        return absent(name, reason)
    numbers = np.array([value for value, _ in known])
    _, whose = np.unique([who for _, who in known], return_inverse=True)
    average, n = float(numbers.mean()), len(numbers)
    if whose.max() == 0:
        return Score(name, average, n)
    sums, counts = np.bincount(whose, numbers), np.bincount(whose)
    drawn = np.random.default_rng(_SEED).integers(len(sums), size=(_DRAWS, len(sums)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return Score(name, average, n, float(low), float(high))
