"""Room 7, DOUBT: who the hidden people were: one look at each original, kept for every draft."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from visard.detect import face_of, second_opinion
from visard.shape.identity import Look, look
from visard.types import Frame, Region

_AROUND = 0.7
"""By how much of its box a face's surroundings, shown to the second detector, reach beyond it."""


class Originals:
    """Looks at the originals of hidden faces, if asked ahead of time beside other work.

    What the second detector does not take for a face is nobody: of a curtain a recogniser says nothing.
    """

    def __init__(self) -> None:
        self._second = second_opinion(still=False)
        self._looks: dict[tuple[int, int], Future[Look | None]] = {}
        self._aside = ThreadPoolExecutor(1, thread_name_prefix="visard-originals")

    def expect(self, frame: Frame, regions: Iterable[Region]) -> None:
        """Begin to look at the faces of a frame, in a thread of its own."""
        for region in regions:
            key = frame.index, region.track
            if key not in self._looks:
                self._looks[key] = self._aside.submit(self._look, frame, region)

    def look(self, frame: Frame, region: Region) -> Look | None:
        """Return who the face of a region was, or None if it is no face or too small; raises ModelError."""
        self.expect(frame, [region])
        return self._looks[frame.index, region.track].result()

    def _look(self, frame: Frame, region: Region) -> Look | None:
        face = replace(region, box=face_of(region))
        cells = face.box.grow(_AROUND).cells(*frame.pixels.shape[:2])
        place = replace(face, box=face.box.shift(-cells[1].start, -cells[0].start))
        seen = self._second(np.ascontiguousarray(frame.pixels[cells]))
        return look(face, frame.pixels) if any(face.box.iou(place.box) > 0.3 for face in seen) else None
