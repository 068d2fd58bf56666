"""Room 3, FOLLOW: detections that show a part of somebody else's face, told by where their meshes lie."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

from visard.detect import face_of, is_remnant, second_opinion
from visard.shape.landmarks import FaceMesh, box_of
from visard.types import Box, Frame, Pixels, Region

_SAME_FACE = 0.7
"""Overlap (IoU) of two meshes from which on they are of one face; in the development videos 0.83 and more, or none."""

_ALWAYS = 0.8
"""Share of its frames in which a subject's mesh must be another's: two who pass each other have their own before."""

_INSIDE = 0.6
"""Share of its box from which on it lies in the other's: what stays outside is not covered by the other's new face,
and must be nobody to the second detector."""

_WEAK = 0.5
"""Score of the detector below which a box may be one that was carried on while its subject went behind another."""

_SURE, _WITHIN = 0.8, 0.9
"""Score of a face, and share of such a box in that face's, from which on it may be a part of the face."""

_SEEN = 0.3
"""Overlap (IoU) with a face of the second detector from which on somebody is there."""

_AROUND = 0.7
"""By how much of a box the second detector sees what lies around it."""


@dataclass(slots=True)
class Echoes:
    """Finds subjects that are only another subject seen twice: a cheek, a chin with its collar, a loose box.

    Hidden by themselves they would lie as a bar across the other's new face. Whoever is left out wrongly is still
    sought by the second detector, in the draft. second: that detector, (H, W, 3) uint8 RGB pixels to faces; still:
    whether there is one picture alone, in which remnants are told as well.
    """

    second: Callable[[Pixels], list[Region]] = field(default_factory=lambda: second_opinion(still=False))
    still: bool = False
    _frames: Counter[int] = field(default_factory=Counter)
    _seen: Counter[tuple[int, int]] = field(default_factory=Counter)
    _behind: set[tuple[int, int]] = field(default_factory=set)

    def see(self, frame: Frame, found: Sequence[tuple[Region, FaceMesh]]) -> None:
        """Compare the meshes of one frame."""
        outlines = [box_of(mesh.vertices) for _, mesh in found]
        fits = [outline.iou(face_of(region)) for outline, (region, _) in zip(outlines, found, strict=True)]
        for i, (region, mesh) in enumerate(found):
            self._frames[region.track] += 1
            if self.still and is_remnant(frame.pixels, region, [other for other, its in found if its.sure]):
                self._behind.add((frame.index, region.track))
            for j, (other, its) in enumerate(found):
                if other.track == region.track or not its.sure:
                    continue
                share, weak = _share(face_of(region), other.box), region.score < _WEAK
                same = outlines[i].iou(outlines[j]) >= _SAME_FACE and fits[j] > fits[i]
                # A cheek on its own makes the mesh network see a face of its own.
                if not same and not (weak and other.score >= _SURE and share >= _WITHIN):
                    continue
                inside = same and mesh.clear and share >= _INSIDE
                nobody = (weak or not inside) and self._is_nobody(frame.pixels, face_of(region), other.box)
                if inside or nobody:
                    self._seen[region.track, other.track] += 1
                if weak and nobody:
                    self._behind.add((frame.index, region.track))

    def leave_out(self, index: int, region: Region) -> bool:
        """Return whether a region of a frame is somebody else's, all the time or while its subject is behind them."""
        return (index, region.track) in self._behind or region.track in self.tracks

    def forget(self, before: int, alive: Collection[int]) -> None:
        """Forget frames before an index, and the subjects that are no longer alive."""
        self._behind = {key for key in self._behind if key[0] >= before}
        self._frames = Counter({track: n for track, n in self._frames.items() if track in alive})
        self._seen = Counter({pair: n for pair, n in self._seen.items() if pair[0] in alive and pair[1] in alive})

    @property
    def tracks(self) -> set[int]:
        """The tracks that are somebody else's."""
        return {track for (track, _), seen in self._seen.items() if seen >= _ALWAYS * self._frames[track]}

    def _is_nobody(self, pixels: Pixels, box: Box, other: Box) -> bool:
        """Return whether the second detector sees no face at a box but the other's."""
        rows, columns = box.grow(_AROUND).cells(*pixels.shape[:2])
        faces = self.second(np.ascontiguousarray(pixels[rows, columns]))
        places = [face.box.shift(columns.start, rows.start) for face in faces]
        return not any(place.iou(box) > max(_SEEN, place.iou(other)) for place in places)


def _share(box: Box, other: Box) -> float:
    return box.overlap(other) / box.area if box.area else 1.0
