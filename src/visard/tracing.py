"""Rooms 3 and 4 for methods that redraw faces: each face's mesh, smooth in time, and its clearest looks."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace

import cv2
import numpy as np

from visard.echoes import Echoes
from visard.flow import ahead, side_by_side
from visard.found import Found, many
from visard.hider import Hider
from visard.shape.guess import trace_mesh
from visard.shape.landmarks import FaceMesh
from visard.shape.mesh import canonical
from visard.smoothing import Codes, Key, Motions, bridged, smoothed
from visard.types import Frame, Kind, Patch, Region

_LOOKS = 2
"""Patches of a subject from which its role is chosen: its clearest, most frontal ones."""

_ENOUGH = 0.5
"""Share of a track's frames that must have a mesh; a subject seen less often is given to the fallback altogether."""


Traced = tuple[int, Region, FaceMesh]
"""A region's place among those of its frame, the region, and its mesh."""


def trace(frames: Callable[[], Iterator[Frame]], found: Found, hider: Hider, still: bool) -> Found:
    """Return the regions with their meshes, and have the hider's methods cast; nothing is done for other methods.

    Regions that only echo another's face are left out. Runs through the frames once. Raises ModelError.
    """
    known = hider.unfit | {r.track for r in found.all() if r.mesh is not None}
    new = {
        (index, place): region
        for index, regions in found.regions.items()
        for place, region in enumerate(regions)
        if region.hide and region.kind in hider.casting and region.track not in known
    }
    if not new:
        return found
    tracer = Tracer(hider, still)

    def look(frame: Frame) -> tuple[Frame, list[Traced]]:
        places = range(len(found.at(frame.index)))
        return frame, traced(frame, {p: new[frame.index, p] for p in places if (frame.index, p) in new})

    with many(still):
        for frame, meshes in side_by_side(look, frames() if still else ahead(frames())):
            tracer.see(frame, meshes)
    gone = tracer.echoes.tracks
    left_out = {key for key, region in new.items() if tracer.echoes.leave_out(key[0], region)}
    new = {key: region for key, region in new.items() if key not in left_out}
    codes = tracer.codes if still else smoothed(bridged(tracer.codes, found), found, tracer.motions)
    hider.give_up(_unseen(codes, new))
    for kind, patches in tracer.looks.patches.items():
        hider.cast(kind, {track: own for track, own in patches.items() if track not in hider.unfit | gone})
    return Found({
        index: tuple(
            replace(r, mesh=codes.get((index, place), r.mesh))
            for place, r in enumerate(found.at(index)) if (index, place) not in left_out
        )
        for index in found.regions
    })  # fmt: skip


def traced(frame: Frame, regions: Mapping[int, Region]) -> list[Traced]:
    """Return the meshes of some regions of a frame, by their place among them all; raises ModelError."""
    return [(place, region, trace_mesh(frame.pixels, region)) for place, region in regions.items()]


class Tracer:
    """Takes note, frame by frame, of faces' meshes, of how they moved, of echoes, and of subjects' clearest looks."""

    def __init__(self, hider: Hider, still: bool) -> None:
        self._hider, self._still = hider, still
        self.codes: Codes = {}
        self.looks, self.echoes, self.motions = Looks(), Echoes(still=still), Motions()

    def see(self, frame: Frame, meshes: Sequence[Traced]) -> None:
        """Take note of a frame, the next one; meshes: as `traced` gives them."""
        for place, region, mesh in meshes:
            if mesh.sure:
                code = self.codes[frame.index, place] = canonical().encode(mesh.vertices)
                self.looks.see(frame, replace(region, mesh=code), self._hider)
        self.echoes.see(frame, [(region, mesh) for _, region, mesh in meshes])
        if not self._still:
            self.motions.see(frame, ((region.track, mesh.vertices) for _, region, mesh in meshes if mesh.sure))

    def forget(self, before: int, alive: Collection[int]) -> None:
        """Forget frames before an index, and the tracks that are no longer alive."""
        self.codes = {key: code for key, code in self.codes.items() if key[0] >= before}
        self.motions.forget(before)
        self.looks.forget(alive)
        self.echoes.forget(before, alive)


class Looks:
    """The clearest patches of each subject, best first."""

    def __init__(self) -> None:
        self._best: dict[tuple[Kind, int], list[tuple[float, Patch]]] = defaultdict(list)

    def see(self, frame: Frame, region: Region, hider: Hider) -> None:
        """Keep the patch of a region with a mesh, if it is among its subject's clearest."""
        assert region.mesh is not None, "only faces with a mesh are looked at"
        frontal = max(0.2, float(np.asarray(cv2.Rodrigues(region.mesh[1:4].astype(np.float64))[0])[2, 2]))
        clear, best = region.score * region.box.side * frontal, self._best[region.kind, region.track]
        if len(best) == _LOOKS and clear <= best[-1][0]:
            return
        patch = hider.patch(frame, region)
        if patch is not None:
            best.append((clear, replace(patch, pixels=patch.pixels.copy())))
            best.sort(key=lambda look: -look[0])
            del best[_LOOKS:]

    def forget(self, alive: Collection[int]) -> None:
        """Forget the subjects that are no longer alive."""
        self._best = defaultdict(list, {key: best for key, best in self._best.items() if key[1] in alive})

    @property
    def patches(self) -> dict[Kind, dict[int, list[Patch]]]:
        """Kind -> track -> patches."""
        kinds: dict[Kind, dict[int, list[Patch]]] = defaultdict(dict)
        for (kind, track), best in self._best.items():
            kinds[kind][track] = [patch for _, patch in best]
        return kinds


def _unseen(codes: Codes, new: Mapping[Key, Region]) -> list[Region]:
    """Return a region of each new subject that has a mesh in too few of its frames."""
    frames, seen = Counter(r.track for r in new.values()), Counter(r.track for key, r in new.items() if key in codes)
    return [r for r in {r.track: r for r in new.values()}.values() if seen[r.track] < _ENOUGH * frames[r.track]]
