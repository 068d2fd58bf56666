"""What differs between people, and what changes within them: covariances, and the estimate that rests on both."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Wide = NDArray[np.float64]

PICTURES = 3
"""Pictures of a person from which on it tells what changes within people."""

_FLOOR = 1e-9
"""Least variance between people in any direction; estimates of covariances can be negative."""


def covariances(values: Wide, people: list[str]) -> tuple[Wide, Wide]:
    """Return the covariances (D, D) of values (N, D) between and within people, of those with enough pictures.

    The means' covariance, less what the pictures of which they are made leave in it. Raises ValueError for no more
    such people than D: they would leave directions in which nobody seems to differ.
    """
    rows = [rows for rows in by_person(people) if len(rows) >= PICTURES]
    if len(rows) <= values.shape[1]:
        what = f"{len(rows)} people with {PICTURES} usable photos or more"
        raise ValueError(f"{what} do not tell how people differ in {values.shape[1]} directions")
    means = np.stack([values[r].mean(axis=0) for r in rows])
    spread = np.concatenate([values[r] - m for r, m in zip(rows, means, strict=True)])
    within = spread.T @ spread / (len(spread) - len(rows))
    between = np.cov(means.T) - within * np.mean([1 / len(r) for r in rows])
    variance, directions = np.linalg.eigh(between)
    return (directions * np.maximum(variance, _FLOOR)) @ directions.T, within


def wiener(between: Wide, within: Wide) -> Wide:
    """Return the matrix (D, D) that estimates who somebody is from values in which both add up (Wiener 1949)."""
    return np.asarray(np.linalg.solve(between + within, between).T)


def between_share(values: Wide, people: list[str]) -> float:
    """Return the share of the variance of values (N, D) that lies between people (intraclass correlation)."""
    rows = by_person(people)
    means = np.stack([values[r].mean(axis=0) for r in rows])
    left = sum(((values[r] - m) ** 2).sum() for r, m in zip(rows, means, strict=True))
    within = float(left) / (len(values) - len(rows))
    between = float(means.var(axis=0, ddof=1).sum()) - within * float(np.mean([1 / len(r) for r in rows]))
    return between / (between + within)


def by_person(people: list[str]) -> list[NDArray[np.intp]]:
    """Return the rows of each person, of the names of N rows."""
    numbers, counts = np.unique(people, return_inverse=True, return_counts=True)[1:]
    return np.split(np.argsort(numbers, kind="stable"), np.cumsum(counts)[:-1])
