"""Room 7, DOUBT: does a recogniser still take the hidden face for the person who was there?"""

from __future__ import annotations

from visard.shape.identity import SAME_PERSON, distance, embed
from visard.types import Check, Frame, Region

LIMIT = 1.0 - SAME_PERSON


class KnownAgain:
    """Compares hidden faces with their originals, each track once in a while.

    The value is the closest likeness, 1 - distance of dlib's embeddings; its threshold for the same
    person is 0.4. Landmarks of the original align both, the best case for an attacker.
    """

    def __init__(self, every: float = 1.0) -> None:
        self._every = every
        self._next: dict[int, float] = {}
        self._worst = 0.0
        self._frames: list[int] = []

    def see(self, before: Frame, after: Frame, region: Region) -> None:
        """Compare one hidden face, unless its track was compared less than `every` seconds ago."""
        if before.time < self._next.get(region.track, before.time):
            return
        pair = embed(region, before.pixels, after.pixels)
        if pair is None:
            return
        self._next[region.track] = before.time + self._every
        likeness = 1.0 - distance(*pair)
        if likeness > LIMIT:
            self._frames.append(before.index)
        self._worst = max(self._worst, likeness)

    def check(self) -> Check:
        """Return the closest likeness found."""
        return Check("known_again", self._worst, LIMIT, tuple(self._frames))
