"""Room 7, DOUBT: does a recogniser still take the hidden face for the person who was there?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from visard.shape.identity import SAME_PERSON, distance, embed
from visard.types import Check, Frame, Pixels, Region

LIMIT = 1.0 - SAME_PERSON

_EVERY = 2.0
"""Seconds after which a track is looked at again."""


class KnownAgain:
    """Compares hidden faces with their originals, each track once in a while.

    The value is the closest likeness, 1 - distance of dlib's embeddings; its threshold for the same
    person is 0.4. Landmarks of the original align both, the best case for an attacker. What the second
    detector does not take for a face in the original is left out: of a curtain a recogniser says nothing.
    """

    def __init__(self, second: Callable[[Pixels], list[Region]]) -> None:
        self._second = second
        self._next: dict[int, float] = {}
        self._worst = 0.0
        self._frames: list[int] = []

    def see(self, before: Frame, after: Frame, region: Region) -> None:
        """Compare one hidden face, unless its track was compared a moment ago."""
        if before.time < self._next.get(region.track, before.time):
            return
        self._next[region.track] = before.time + _EVERY
        if not self._is_face(before.pixels, region):
            return
        pair = embed(region, before.pixels, after.pixels)
        if pair is None:
            return
        likeness = 1.0 - distance(*pair)
        if likeness > LIMIT:
            self._frames.append(before.index)
        self._worst = max(self._worst, likeness)

    def check(self) -> Check:
        """Return the closest likeness found."""
        return Check("known_again", self._worst, LIMIT, tuple(self._frames))

    def _is_face(self, pixels: Pixels, region: Region) -> bool:
        cells = region.box.grow(0.7).cells(*pixels.shape[:2])
        crop = np.ascontiguousarray(pixels[cells])
        place = region.box.shift(-cells[1].start, -cells[0].start)
        return any(face.box.iou(place) > 0.3 for face in self._second(crop))
