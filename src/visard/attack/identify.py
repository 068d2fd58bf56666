"""The naive attacker: clear photos of everyone in the gallery, a hidden picture as the probe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from visard.attack.evidence import Evidence
from visard.attack.score import Score, absent, rate

Likeness = NDArray[np.float32]

FALSE_ACCEPTS = (1e-2, 1e-3)
"""Shares of strangers who are taken for the person, at which verification is reported."""


@dataclass(frozen=True, slots=True)
class Identify:
    """Looks for the hidden person among clear pictures, and verifies pairs of a hidden and a clear one.

    The gallery never holds the picture that was hidden: for the k-th picture of a person it is everyone's clear
    pictures but the k-th. Thresholds are those at which the given share of strangers, hidden against clear, is
    accepted: the attacker knows the method and has calibrated for it.
    """

    name: ClassVar[str] = "identify"

    def __call__(self, evidence: Evidence) -> tuple[Score, ...]:
        """Return rank-1, rank-5 and the true accept rate at each share of FALSE_ACCEPTS."""
        likeness = evidence.hidden @ evidence.clean.T
        found = ranks(likeness, evidence.people, evidence.shots)
        n = len(found)
        genuine, strangers = pairs(likeness, evidence.people)
        return (
            rate("rank-1", int((found <= 1).sum()), n),
            rate("rank-5", int((found <= 5).sum()), n),
            *(true_accepts(genuine, strangers, share) for share in FALSE_ACCEPTS),
        )


def ranks(likeness: Likeness, people: NDArray[np.int64], shots: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return at which place each of N probes' own person comes, 1 = first; ties count half.

    likeness: (N, N), probes against the gallery. A person is as like a probe as their best gallery picture.
    """
    order = np.argsort(people, kind="stable")
    starts = np.flatnonzero(np.diff(people[order], prepend=people.min() - 1))
    allowed = np.where(shots[:, None] != shots[None, :], likeness, -np.inf)
    best = np.maximum.reduceat(allowed[:, order], starts, axis=1)
    own = best[np.arange(len(people)), np.searchsorted(people[order][starts], people)][:, None]
    return np.asarray(1 + (best > own).sum(1) + ((best == own).sum(1) - 1) / 2, np.float64)


def pairs(likeness: Likeness, people: NDArray[np.int64]) -> tuple[Likeness, Likeness]:
    """Return the likeness of all pairs of different pictures, hidden against clear: of one person, and of two."""
    same = people[:, None] == people[None, :]
    return likeness[same & ~np.eye(len(people), dtype=bool)], likeness[~same]


def unordered(likeness: Likeness, people: NDArray[np.int64]) -> tuple[Likeness, Likeness]:
    """Return the likeness of all pairs among pictures of one kind, each pair once: of one person, and of two."""
    first, second = np.triu_indices(len(people), 1)
    same = people[first] == people[second]
    return likeness[first[same], second[same]], likeness[first[~same], second[~same]]


def true_accepts(genuine: Likeness, strangers: Likeness, share: float) -> Score:
    """Return the share of genuine pairs above the threshold that at most `share` of the strangers exceed."""
    name = f"TAR@{share:g}"
    if len(strangers) * share < 1:
        return absent(name, f"{len(strangers)} pairs of strangers cannot measure a share of {share:g}")
    allowed = int(len(strangers) * share)
    threshold = np.partition(strangers, len(strangers) - 1 - allowed)[len(strangers) - 1 - allowed]
    return rate(name, int((genuine > threshold).sum()), len(genuine))
