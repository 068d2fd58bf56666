"""What an attacker holds: pictures of people as vectors, before and after they were hidden."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from visard.attack.recognisers.recogniser import Vectors
from visard.attack.score import Score
from visard.errors import UsageError


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Vectors of N pictures, row by row the same pictures before and after hiding.

    people: (N,) number of the person. shots: (N,) number of the picture among that person's. clean, hidden: (N, D)
    float32 rows of length 1. Raises UsageError unless there are two people, each with two pictures.
    """

    people: NDArray[np.int64]
    shots: NDArray[np.int64]
    clean: Vectors
    hidden: Vectors

    def __post_init__(self) -> None:
        known, counts = np.unique(self.people, return_counts=True)
        if len(known) < 2:
            raise UsageError(
                f"{len(known)} people can be attacked, at least 2 are needed", hint="add people, each in a folder"
            )
        if counts.min() < 2:
            raise UsageError(
                "a person has one picture only, and cannot be looked for in the others",
                hint="give at least two pictures of each",
            )

    @property
    def chance(self) -> float:
        """What guessing a person gives: one over the number of people."""
        return 1.0 / len(np.unique(self.people))


class Attack(Protocol):
    """One way to recognise people in hidden pictures."""

    name: ClassVar[str]

    def __call__(self, evidence: Evidence) -> tuple[Score, ...]:
        """Return how far it gets, each score with the number of trials behind it."""
        ...


def number(people: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (N,) numbers of people and (N,) numbers of pictures for the names of N pictures' people."""
    known: dict[str, int] = {}
    seen: dict[str, int] = {}
    who, which = np.zeros(len(people), np.int64), np.zeros(len(people), np.int64)
    for i, name in enumerate(people):
        who[i] = known.setdefault(name, len(known))
        which[i] = seen.get(name, 0)
        seen[name] = seen.get(name, 0) + 1
    return who, which
