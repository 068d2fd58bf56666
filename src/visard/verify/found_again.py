"""Room 7, DOUBT: does a detector that had no part in the hiding still find a face in the draft?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from visard.detect import face_of
from visard.track import Sighting
from visard.types import Box, Check, Frame, Pixels, Region

_WHOLLY_COVERED, _MOSTLY_COVERED = 0.85, 0.4
"""Shares of a face's box: around a new face, a detector's box reaches further beyond its cover than around a blank."""

_CLOSE = 0.8
"""By how much of its box a closer look reaches beyond a face on each side."""

_SAME_PLACE = 0.3

_REACH = 0.3
"""By how much of its box a cover reaches beyond it, at least: margin and outline."""


Flatten = Callable[[Pixels, Sequence[Region], Sequence[Region]], Pixels]
"""(H, W, 3) uint8 RGB pixels with a flat colour where some regions are hidden and others, the second, are not."""

Glance = Callable[[Pixels], list[Region]]
"""A detector: (H, W, 3) uint8 RGB pixels to faces."""


class FoundAgain:
    """Counts faces that detectors find where one was hidden, and collects those never hidden.

    may_show: whether a face may be seen in a hidden region. On top of a blind cover a detector may see
    one in the hair and neck around it, yet no pixel of the person is there. exchanged: whether another face is in it.
    flatten: hides regions so that nothing shows. A face that reaches beyond its cover was missed, whatever the method.
    """

    def __init__(
        self,
        detectors: Sequence[Glance],
        may_show: Callable[[Region], bool],
        exchanged: Callable[[Region], bool],
        flatten: Flatten,
    ) -> None:
        self._detectors, self._may_show = detectors, may_show
        self._exchanged, self._flatten = exchanged, flatten
        self._frames: list[int] = []
        self._missed: list[Sighting] = []
        self.weak: list[Region] = []

    def see(self, after: Frame, regions: Sequence[Region], cover: NDArray[np.uint8]) -> None:
        """Look at one frame of the draft; cover: (H, W), non-zero where pixels were hidden."""
        spared = [r for r in regions if not r.hide]
        missed: list[Region] = []
        for detector, face in ((each, face) for each in self._detectors for face in each(after.pixels)):
            if any(same(face.box, other.box) for other in spared):
                continue
            below = [r for r in regions if r.hide and r.box.grow(_REACH).overlap(face.box)]
            exchanged = [r for r in below if self._exchanged(r)]
            one = any(face_of(r).iou(face.box) >= _SAME_PLACE for r in exchanged)
            bare = not self._is_covered(after.pixels, cover, detector, face, exchanged)
            # What lies across a new face is not seen through where that is seen.
            showing = [] if one else [r for r in below if not self._may_show(r)]
            if (not bare and below and not showing) or not seen_closer(detector, after.pixels, face):
                continue
            if not bare and exchanged:
                flat = self._flatten(after.pixels, showing, exchanged)
                if seen_closer(detector, flat, face):
                    continue  # two new faces taken for one: what lies between them may as well be flat
            if bare:
                missed += [] if any(same(face.box, other.box) for other in missed) else [face]
            else:
                self._frames.append(after.index)
                self.weak += showing
        self._missed.append(Sighting(after.index, after.time, tuple(missed), False))

    def _is_covered(
        self, pixels: Pixels, cover: NDArray[np.uint8], detector: Glance, face: Region, exchanged: Sequence[Region]
    ) -> bool:
        """Return whether no bare face is seen: it is covered, or what is seen goes with the new faces there."""
        covered = _covered(face.box, cover)
        if covered >= _WHOLLY_COVERED or not exchanged or covered < _MOSTLY_COVERED:
            return covered >= _WHOLLY_COVERED
        return not seen_closer(detector, self._flatten(pixels, exchanged, []), face)

    @property
    def missed(self) -> list[Sighting]:
        """Faces in the draft that no cover hides, frame by frame; empty if there are none at all."""
        return self._missed if any(s.regions for s in self._missed) else []

    def check(self) -> Check:
        """Return the number of faces found again; none may be."""
        bare = [s.index for s in self._missed for _ in s.regions]
        found = self._frames + bare
        return Check("found_again", float(len(found)), 0.0, tuple(sorted(set(found))))


def seen_closer(detector: Glance, pixels: Pixels, face: Region) -> bool:
    """Return whether a face is still one when looked at closely: hands and folds are not."""
    cells = face.box.grow(_CLOSE).cells(*pixels.shape[:2])
    place = face.box.shift(-cells[1].start, -cells[0].start)
    closer = detector(np.ascontiguousarray(pixels[cells]))
    return any(other.box.iou(place) > _SAME_PLACE for other in closer)


def same(one: Box, other: Box) -> bool:
    """Return whether two boxes are of one face."""
    smaller = min(one.area, other.area)
    return smaller > 0 and one.overlap(other) / smaller > 0.5


def _covered(box: Box, cover: NDArray[np.uint8]) -> float:
    part = cover[box.cells(*cover.shape)]
    return float(np.count_nonzero(part) / part.size) if part.size else 1.0
