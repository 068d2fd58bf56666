"""Whom a donor resembles: its own people, and anybody at all, as dlib's recogniser sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visard.train.casting import Cast

Floats = NDArray[np.float32]

TOO_NEAR = 0.36
"""Distance of dlib's embeddings below which a donor resembles somebody too much, and is dropped."""

STRANGERS = 0.40
"""Impostor level: one in a thousand pairs of strangers among UTKFace's 9,000 lies nearer."""

_PAIRS = 2000
"""Faces at most between which the pairs of strangers are counted."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """Pairs of a donor and a face of its own people, or of others, and of two strangers; `_near`: below `STRANGERS`.

    first: donors to whom one of their own people is the nearest of all; nearest: the least distance of any pair.
    """

    own: int
    own_near: int
    others: int
    others_near: int
    strangers: int
    strangers_near: int
    first: int
    nearest: float


def nearest(donor: Floats, faces: Floats) -> float:
    """Return the distance of a donor's embedding (128,) to the nearest of (N, 128)."""
    return float(np.linalg.norm(faces - donor, axis=1).min())


def measure(donors: Floats, faces: Floats, people: Sequence[str], made_of: Sequence[Cast]) -> Likeness:
    """Return whom donors (D, 128) resemble among faces (N, 128) of people; made_of: the rows of each donor's faces."""
    names = np.asarray(people)
    own = own_near = others_near = first = 0
    least = np.inf
    for donor, rows in zip(donors, made_of, strict=True):
        apart, mine = np.linalg.norm(faces - donor, axis=1), np.isin(names, names[rows])
        own += int(mine.sum())
        own_near += int((apart[mine] < STRANGERS).sum())
        others_near += int((apart[~mine] < STRANGERS).sum())
        first += bool(mine[apart.argmin()])
        least = min(least, float(apart.min()))
    strangers, strangers_near = _strangers(faces, names)
    others = len(donors) * len(faces) - own
    return Likeness(own, own_near, others, others_near, strangers, strangers_near, first, least)


def _strangers(faces: Floats, names: NDArray[np.str_]) -> tuple[int, int]:
    """Return how many pairs of two strangers there are among the faces, evenly picked, and how many are near."""
    pick = np.unique(np.linspace(0, len(faces) - 1, min(len(faces), _PAIRS)).round().astype(int))
    count = near = 0
    for k, i in enumerate(pick):
        rest = pick[k + 1 :]
        rest = rest[names[rest] != names[i]]
        count += len(rest)
        near += int((np.linalg.norm(faces[rest] - faces[i], axis=1) < STRANGERS).sum())
    return count, near
