"""Room 7, DOUBT: does a second look at the draft find people, plates, text or vehicles that nothing covers?"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from visard.detect import MoveNet, find_kinds
from visard.detect.search import Effort
from visard.track import Sighting
from visard.types import Box, Check, Frame, Kind, Pixels, Region

_KINDS: tuple[Kind, ...] = ("person", "plate", "text", "vehicle")

_SURE: Mapping[Kind, float] = {"person": 0.55, "plate": 0.5, "text": 0.7, "vehicle": 0.55}
"""Scores from which on a second look is believed: what the first one missed cannot be a matter of taste."""

_PERHAPS, _SAME_PLACE = 0.35, 0.5
"""Score from which something looks like somebody where people were taken out, and the share of them that it covers, or
its overlap (IoU) with who is spared."""

_COVERED = 0.3
"""Share of a box from which on it is a hidden thing, seen again: a figure, or a plate that is nobody's."""

_EVERY = 10
"""Frames of a video from one second look to the next."""


class SeenAgain:
    """Collects what was never hidden, for kinds that are searched by one network only.

    The same network looks again, at another size and, where letters have no say, at a mirrored draft. What it sees
    on top of a cover is left to the other checks: a figure is still one.
    """

    def __init__(self, kinds: Collection[Kind], still: bool) -> None:
        self._scores = {kind: _SURE[kind] for kind in _KINDS if kind in kinds}
        self._every = 1 if still else _EVERY
        self._effort: Effort = "fine" if still else "coarse"
        self._missed: list[Sighting] = []
        self._frames: list[int] = []
        self.weak: list[Region] = []

    def looks_at(self, index: int) -> bool:
        """Return whether a frame is one that is looked at."""
        return bool(self._scores) and index % self._every == 0

    def pass_over(self, index: int, time: float) -> None:
        """Take note, in its turn, of a frame that is not looked at."""
        self._missed.append(Sighting(index, time, (), False))

    def see(
        self, after: Frame, regions: Sequence[Region], cover: NDArray[np.uint8], gone: Sequence[Region] = (),
        lost: Sequence[Region] = (),
    ) -> None:  # fmt: skip
        """Look at one frame of the draft; cover: (H, W), non-zero where pixels were hidden.

        gone: people who were taken out. What looks like somebody there is nobody, and no fault, but better filled anew.
        lost: people whom detectors shall not find where they are; MoveNet is asked closely.
        """
        missed: list[Region] = []
        if self._scores:
            spared = [r.box for r in regions if not r.hide]
            people = find_kinds(after.pixels, {"person": _PERHAPS}, self._effort) if gone else []
            there = [p.box for p in people if not any(p.box.iou(box) > _SAME_PLACE for box in spared)]
            self.weak += [r for r in gone if any(_over(box, r.box) for box in there)]
            again = _found_people(after.pixels, lost, spared, self._effort)
            self.weak += again
            self._frames += [after.index] * len(again)
            for region in _look(after.pixels, self._scores):
                bare = _share(region.box, cover) < _COVERED
                if bare and not any(region.box.iou(box) > 0.3 for box in spared):
                    missed.append(region)
        self._missed.append(Sighting(after.index, after.time, tuple(missed), False))

    @property
    def missed(self) -> list[Sighting]:
        """What no cover hides, frame by frame; empty if there is nothing at all."""
        return self._missed if any(s.regions for s in self._missed) else []

    def check(self) -> Check:
        """Return the number of things that were never hidden, or should be lost and are found; none may be."""
        seen = self._frames + [s.index for s in self._missed for _ in s.regions]
        return Check("seen_again", float(len(seen)), 0.0, tuple(sorted(set(seen))))


def _found_people(pixels: Pixels, lost: Sequence[Region], spared: Sequence[Box], effort: Effort) -> list[Region]:
    """Return those of the people who should be lost whom a detector finds; spared: boxes of others beside them."""
    if not lost:
        return []
    seen = find_kinds(pixels, {"person": _PERHAPS}, effort)
    seen += MoveNet(effort=effort)(pixels)
    boxes = [person.box for person in seen if not any(person.box.iou(box) > _SAME_PLACE for box in spared)]
    return [region for region in lost if any(region.box.iou(box) > _SAME_PLACE for box in boxes)]


def _over(seen: Box, box: Box) -> bool:
    """Return whether somebody is seen where a box was: at its place, or over most of it, as over one of a couple."""
    return seen.iou(box) > _SAME_PLACE or seen.overlap(box) > _SAME_PLACE * box.area


def _look(pixels: Pixels, scores: Mapping[Kind, float]) -> list[Region]:
    written: dict[Kind, float] = {kind: score for kind, score in scores.items() if kind == "text"}
    other: dict[Kind, float] = {kind: score for kind, score in scores.items() if kind != "text"}
    found = find_kinds(pixels, written, "coarse") if written else []
    if other:
        mirrored = find_kinds(np.ascontiguousarray(pixels[:, ::-1]), other, "coarse")
        found += [_mirror(region, pixels.shape[1]) for region in mirrored]
    return found


def _mirror(region: Region, width: int) -> Region:
    x0, y0, x1, y1 = region.box
    return Region(region.kind, Box(width - x1, y0, width - x0, y1), region.score)


def _share(box: Box, cover: NDArray[np.uint8]) -> float:
    part = cover[box.cells(*cover.shape)]
    return float(np.count_nonzero(part) / part.size) if part.size else 1.0
