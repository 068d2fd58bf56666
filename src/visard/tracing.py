"""Rooms 3 and 4 for methods that redraw faces: each face's mesh, smooth in time, and its clearest looks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from visard.flow import ahead
from visard.found import Found
from visard.hider import Hider
from visard.shape.landmarks import find_mesh
from visard.shape.mesh import canonical
from visard.types import Frame, Kind, Patch, Region

_SURE = 0.5
"""Below this score the network sees no face."""

_LOOKS = 2
"""Patches of a subject from which its role is chosen."""

_REACH = 3
"""Frames on each side from which a mesh is smoothed, by a parabola: no lag, and quick expressions stay."""

Key = tuple[int, int]
"""Frame index, and place among that frame's regions."""


def trace(frames: Callable[[], Iterator[Frame]], found: Found, hider: Hider, still: bool) -> Found:
    """Return the regions with their meshes, and have the hider's methods cast; nothing is done for other methods.

    Runs through the frames once. Raises ModelError.
    """
    wanted = {index: found.at(index) for index in found.regions if any(_is_new(r, hider) for r in found.at(index))}
    if not wanted:
        return found
    best = _clearest(wanted, hider)
    codes: dict[Key, NDArray[np.float32]] = {}
    looks: dict[Kind, dict[int, list[Patch]]] = defaultdict(lambda: defaultdict(list))
    for frame in frames() if still else ahead(frames()):
        for place, region in enumerate(wanted.get(frame.index, ())):
            if not _is_new(region, hider):
                continue
            mesh = find_mesh(frame.pixels, region)
            if mesh.score >= _SURE:
                codes[frame.index, place] = canonical().encode(mesh.vertices)
            if (frame.index, place) in best and len(looks[region.kind][region.track]) < _LOOKS:
                traced = replace(region, mesh=codes.get((frame.index, place)))
                patch = hider.patch(frame, traced)
                if patch is not None:
                    looks[region.kind][region.track].append(replace(patch, pixels=patch.pixels.copy()))
    for kind, patches in looks.items():
        hider.cast(kind, patches)
    smooth = codes if still else _smoothed(codes, found)
    return Found({
        index: tuple(replace(r, mesh=smooth.get((index, place), r.mesh)) for place, r in enumerate(found.at(index)))
        for index in found.regions
    })  # fmt: skip


def _is_new(region: Region, hider: Hider) -> bool:
    return region.hide and region.kind in hider.casting and region.mesh is None


def _clearest(wanted: Mapping[int, Sequence[Region]], hider: Hider) -> set[Key]:
    spots: dict[int, list[tuple[float, Key]]] = defaultdict(list)
    for index, regions in wanted.items():
        for place, region in enumerate(regions):
            if _is_new(region, hider):
                spots[region.track].append((region.score * region.box.side, (index, place)))
    return {key for own in spots.values() for _, key in sorted(own, reverse=True)[:_LOOKS]}


def _smoothed(codes: Mapping[Key, NDArray[np.float32]], found: Found) -> dict[Key, NDArray[np.float32]]:
    """Return each code drawn to a parabola through its neighbours in time (Savitzky and Golay 1964)."""
    tracks: dict[int, dict[int, Key]] = defaultdict(dict)
    for index, place in codes:
        tracks[found.at(index)[place].track][index] = index, place
    smooth = dict(codes)
    for track in tracks.values():
        for index, key in track.items():
            near = [i for i in range(index - _REACH, index + _REACH + 1) if i in track]
            if len(near) >= 2 * _REACH:
                times = np.array(near, np.float64) - index
                curve = np.polynomial.polynomial.polyfit(times, np.stack([codes[track[i]] for i in near]), 2)
                smooth[key] = curve[0].astype(np.float32)
    return smooth
