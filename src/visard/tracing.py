"""Rooms 3 and 4 for methods that redraw faces: each face's mesh, smooth in time, and its clearest looks."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.echoes import Echoes
from visard.flow import ahead
from visard.found import Found
from visard.hider import Hider
from visard.shape.landmarks import find_mesh, lies_on
from visard.shape.mesh import canonical
from visard.types import Frame, Kind, Patch, Region

_LOOKS = 2
"""Patches of a subject from which its role is chosen: its clearest, most frontal ones."""

_REACH = 3
"""Frames on each side from which a mesh is smoothed, by a parabola: no lag, and quick expressions stay."""

_GAP = 6
"""Frames without a mesh that are bridged, where it still lies on the face: one that comes and goes flickers."""

_ENOUGH = 0.5
"""Share of a track's frames that must have a mesh; a subject seen less often is given to the fallback altogether."""

Key = tuple[int, int]
"""Frame index, and place among that frame's regions."""

Code = NDArray[np.float32]
Codes = dict[Key, Code]


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
    codes: Codes = {}
    looks, echoes = _Looks(), Echoes()
    for frame in frames() if still else ahead(frames()):
        meshes = []
        for place in range(len(found.at(frame.index))):
            region = new.get((frame.index, place))
            if region is not None:
                mesh = find_mesh(frame.pixels, region)
                meshes.append((region, mesh))
                if mesh.sure:
                    codes[frame.index, place] = canonical().encode(mesh.vertices)
                    looks.see(frame, replace(region, mesh=codes[frame.index, place]), hider)
        echoes.see(meshes)
    gone = echoes.tracks
    new = {key: region for key, region in new.items() if region.track not in gone}
    codes = codes if still else _smoothed(_bridged(codes, found), found)
    hider.give_up(_unseen(codes, new))
    for kind, patches in looks.patches.items():
        hider.cast(kind, {track: own for track, own in patches.items() if track not in hider.unfit | gone})
    return Found({
        index: tuple(
            replace(r, mesh=codes.get((index, place), r.mesh))
            for place, r in enumerate(found.at(index)) if r.track not in gone
        )
        for index in found.regions
    })  # fmt: skip


class _Looks:
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


def _tracks(codes: Codes, found: Found) -> dict[int, dict[int, Key]]:
    """Return track -> frame index -> key."""
    tracks: dict[int, dict[int, Key]] = defaultdict(dict)
    for index, place in sorted(codes):
        tracks[found.at(index)[place].track][index] = index, place
    return tracks


def _bridged(codes: Codes, found: Found) -> Codes:
    """Return the codes with those of short gaps, between their ends', where they lie on the face's box."""
    places = {(r.track, index): place for index, own in found.regions.items() for place, r in enumerate(own)}
    bridged = dict(codes)
    for track, own in _tracks(codes, found).items():
        for start, end in pairwise(own):
            one, two = codes[own[start]], codes[own[end]]
            for index in range(start + 1, end) if end - start <= _GAP + 1 else ():
                place = places.get((track, index))
                if place is not None:
                    code = one + np.float32((index - start) / (end - start)) * (two - one)
                    if lies_on(canonical().decode(code), found.at(index)[place]):
                        bridged[index, place] = code
    return bridged


def _smoothed(codes: Codes, found: Found) -> Codes:
    """Return each code drawn to a parabola through its neighbours in time (Savitzky and Golay 1964)."""
    smooth = dict(codes)
    for track in _tracks(codes, found).values():
        for index, key in track.items():
            near = [i for i in range(index - _REACH, index + _REACH + 1) if i in track]
            if len(near) >= 2 * _REACH:
                times = np.array(near, np.float64) - index
                curve = np.polynomial.polynomial.polyfit(times, np.stack([codes[track[i]] for i in near]), 2)
                smooth[key] = curve[0].astype(np.float32)
    return smooth
