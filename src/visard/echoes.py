"""Room 3, FOLLOW: detections that show a part of somebody else's face, told by where their meshes lie."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from visard.shape.landmarks import FaceMesh, region_of
from visard.types import Box, Region

_SAME_FACE = 0.7
"""Overlap (IoU) of two meshes from which on they are of one face; in the development videos 0.83 and more, or none."""

_ALWAYS = 0.8
"""Share of its frames in which a subject's mesh must be another's: two who pass each other have their own before."""

_INSIDE = 0.6
"""Mean share of its box that must lie in the other's: what stays outside is not covered by the other's new face."""


@dataclass(slots=True)
class Echoes:
    """Finds subjects that are only another subject seen twice: a cheek, a chin with its collar, a loose box.

    Hidden by themselves they would lie as a bar across the other's new face. Whoever is left out wrongly is still
    sought by the second detector, in the draft.
    """

    _frames: Counter[int] = field(default_factory=Counter)
    _inside: dict[tuple[int, int], list[float]] = field(default_factory=lambda: defaultdict(list))

    def see(self, found: Sequence[tuple[Region, FaceMesh]]) -> None:
        """Compare the meshes of one frame."""
        outlines = [region_of(mesh.vertices).box for _, mesh in found]
        fits = [outline.iou(region.box) for outline, (region, _) in zip(outlines, found, strict=True)]
        for i, (region, mesh) in enumerate(found):
            self._frames[region.track] += 1
            for j, (other, its) in enumerate(found):
                same = mesh.clear and its.sure and outlines[i].iou(outlines[j]) >= _SAME_FACE
                if other.track != region.track and same and fits[j] > fits[i]:
                    self._inside[region.track, other.track].append(_share(region.box, other.box))

    def forget(self, alive: Collection[int]) -> None:
        """Forget the subjects that are no longer alive."""
        self._frames = Counter({track: n for track, n in self._frames.items() if track in alive})
        kept = {pair: inside for pair, inside in self._inside.items() if pair[0] in alive and pair[1] in alive}
        self._inside = defaultdict(list, kept)

    @property
    def tracks(self) -> set[int]:
        """The tracks that are somebody else's."""
        return {
            track
            for (track, _), inside in self._inside.items()
            if len(inside) >= _ALWAYS * self._frames[track] and sum(inside) >= _INSIDE * len(inside)
        }


def _share(box: Box, other: Box) -> float:
    return box.overlap(other) / box.area if box.area else 1.0
