"""Room 7, DOUBT: where a face was exchanged, is there still one?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from visard.types import Check, Frame, Pixels, Region
from visard.verify.originals import Originals

_EVERY = 4.0
"""Seconds after which a track is looked at again."""

_AROUND = 0.7
"""By how much of its box a face's surroundings, shown to the second detector, reach beyond it."""


class Kept:
    """Counts exchanged faces that the second detector no longer takes for one, though it did the original.

    One in ten may be lost: a detector also loses some of the faces of a video that nobody has touched.
    """

    def __init__(self, originals: Originals, second: Callable[[Pixels], list[Region]]) -> None:
        self._originals, self._second = originals, second
        self._next: dict[int, float] = {}
        self._looks = 0
        self._frames: list[int] = []
        self.lost: list[Region] = []

    def see(self, before: Frame, after: Frame, region: Region) -> None:
        """Look at one exchanged face, unless its track was looked at a moment ago."""
        if before.time < self._next.get(region.track, before.time):
            return
        self._next[region.track] = before.time + _EVERY
        if self._originals.look(before, region) is None:
            return
        self._looks += 1
        cells = region.box.grow(_AROUND).cells(*after.pixels.shape[:2])
        place = replace(region, box=region.box.shift(-cells[1].start, -cells[0].start)).box
        if not any(face.box.iou(place) > 0.3 for face in self._second(np.ascontiguousarray(after.pixels[cells]))):
            self._frames.append(before.index)
            self.lost.append(region)

    def check(self) -> Check:
        """Return how many faces were lost beyond one in ten; none may be."""
        return Check("face_lost", max(0.0, len(self._frames) - 0.1 * self._looks), 0.0, tuple(self._frames))
