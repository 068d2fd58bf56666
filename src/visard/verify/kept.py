"""Room 7, DOUBT: where a face was exchanged, is there still one?"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable

import numpy as np

from visard.detect import face_of
from visard.types import Check, Frame, Pixels, Region
from visard.verify.originals import Originals

_AROUND = 0.7
"""By how much of its box a face's surroundings, shown to the second detector, reach beyond it."""


class Kept:
    """Counts exchanged faces that the second detector no longer takes for one, though it did the original.

    One in ten may be lost: a detector also loses some of the faces of a video that nobody has touched.
    """

    def __init__(self, originals: Originals, second: Callable[[Pixels], list[Region]]) -> None:
        self._originals, self._second = originals, second
        self._looks: Counter[int] = Counter()
        self._lost: dict[int, list[Region]] = defaultdict(list)
        self._frames: list[int] = []

    def see(self, before: Frame, after: Frame, region: Region) -> None:
        """Look at one exchanged face."""
        if self._originals.look(before, region) is None:
            return
        self._looks[region.track] += 1
        face = face_of(region)
        cells = face.grow(_AROUND).cells(*after.pixels.shape[:2])
        place = face.shift(-cells[1].start, -cells[0].start)
        if not any(face.box.iou(place) > 0.3 for face in self._second(np.ascontiguousarray(after.pixels[cells]))):
            self._frames.append(before.index)
            self._lost[region.track].append(region)

    @property
    def lost(self) -> list[Region]:
        """One region of each subject whose face was lost more often than not; of any that lost one, if too many did."""
        rare = self.check().passed
        return [own[0] for track, own in self._lost.items() if not rare or 2 * len(own) > self._looks[track]]

    def check(self) -> Check:
        """Return how many faces were lost beyond one in ten; none may be."""
        excess = len(self._frames) - 0.1 * self._looks.total()
        return Check("face_lost", max(0.0, excess), 0.0, tuple(sorted(set(self._frames))))
