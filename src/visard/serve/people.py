"""Who is who in a job: the tracks of all its files, gathered into people by their faces; the unsure stand alone.

A card spares or hides all that it holds, so that a stranger on it would be shown: the limit is the one for sparing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from visard.gallery import ONE_PERSON


class Sight(NamedTuple):
    """A track of a file: its summary, and how it looks, as embeddings."""

    file: str
    track: int
    summary: Mapping[str, Any]
    looks: NDArray[np.float32]


@dataclass(slots=True)
class Person:
    """Somebody, by the tracks that show them, the first seen first."""

    sights: list[Sight] = field(default_factory=list)

    @property
    def id(self) -> str:
        """What tells this person from others for as long as their first track exists."""
        return f"{self.sights[0].file}-{self.sights[0].track}"

    @property
    def hide(self) -> bool:
        """Whether any of the tracks is hidden."""
        return any(sight.summary["hide"] for sight in self.sights)


def sights(file: str, tracks: Mapping[str, Any], faces: Mapping[str, list[list[float]]]) -> Iterable[Sight]:
    """Yield the tracks of a file from its records."""
    for track, summary in tracks.items():
        yield Sight(file, int(track), summary, np.array(faces.get(track, []), np.float32).reshape(-1, 128))


def gather(everyone: Iterable[Sight]) -> list[Person]:
    """Return the people whom the tracks show: each joins whoever it resembles most, if it does so enough."""
    people: list[Person] = []
    known: list[tuple[NDArray[np.float32], Person]] = []
    for sight in everyone:
        joined = _likest(sight, known) if len(sight.looks) else None
        if joined is None:
            joined = Person()
            people.append(joined)
            if len(sight.looks):
                known.append((sight.looks.mean(axis=0), joined))
        joined.sights.append(sight)
    return people


def _likest(sight: Sight, known: list[tuple[NDArray[np.float32], Person]]) -> Person | None:
    """Return who a track shows; nobody is seen twice at one moment of one file."""
    if not known:
        return None
    apart = np.linalg.norm(np.stack([mean for mean, _ in known]) - sight.looks.mean(axis=0), axis=1)
    for place in np.argsort(apart, kind="stable"):
        if apart[place] >= ONE_PERSON:
            return None
        person = known[int(place)][1]
        if not any(s.file == sight.file and _meet(s.summary["spans"], sight.summary["spans"]) for s in person.sights):
            return person
    return None


def _meet(one: list[list[int]], other: list[list[int]]) -> bool:
    return any(a[0] <= b[1] and b[0] <= a[1] for a in one for b in other)
