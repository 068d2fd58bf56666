"""Room 3, FOLLOW: a track's meshes, without gaps and steady: smoothed in the face's own motion, which stays whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from visard.found import Found
from visard.shape.landmarks import Vertices, lies_on
from visard.shape.mesh import POSE, canonical
from visard.shape.motion import follow
from visard.shape.similarity import Matrix
from visard.types import Frame, Pixels

_REACH = 3
"""Frames on each side from which a mesh is smoothed."""

_BENDS = 5
"""Frames from which on a parabola is fitted to expressions, so that a blink stays one; else, and to poses, a line."""

_GAP = 6
"""Frames without a mesh that are bridged, where it still lies on the face: one that comes and goes flickers."""

Key = tuple[int, int]
"""Frame index, and place among that frame's regions."""

Code = NDArray[np.float32]
Codes = dict[Key, Code]


@dataclass(slots=True)
class Motions:
    """How each subject moved from frame to frame, told by its pixels."""

    _steps: dict[tuple[int, int], Matrix] = field(default_factory=dict)
    _last: tuple[int, Pixels, dict[int, Vertices]] | None = None

    def see(self, frame: Frame, subjects: Iterable[tuple[int, Vertices]]) -> None:
        """Take note of where the subjects of a frame, by track, have their vertices."""
        here = dict(subjects)
        if self._last is not None and self._last[0] == frame.index - 1:
            _, then, there = self._last
            for track in here.keys() & there.keys():
                way = follow(then, frame.pixels, there[track], here[track])
                if way is not None:
                    self._steps[track, frame.index] = np.vstack([way, (0, 0, 1)])
        self._last = frame.index, frame.pixels, here

    def forget(self, before: int) -> None:
        """Forget the frames before an index."""
        self._steps = {key: step for key, step in self._steps.items() if key[1] >= before}

    def near(self, track: int, index: int) -> Iterator[tuple[int, Matrix]]:
        """Yield frames around one, from the nearest on both sides, and how a subject moved from them into it."""
        for side in (1, -1):
            way = np.eye(3)
            for away in range(1, _REACH + 1):
                step = self._steps.get((track, index + away if side > 0 else index - away + 1))
                if step is None:
                    break
                way = way @ (np.linalg.inv(step) if side > 0 else step)
                yield index + side * away, way[:2]


def bridged(codes: Codes, found: Found) -> Codes:
    """Return the codes with those of short gaps, between their ends', where they lie on the face's box."""
    places = {
        (r.track, index): place
        for index, own in found.regions.items()
        for place, r in enumerate(own)
        if r.kind in ("face", "head")
    }
    whole = dict(codes)
    for track, own in _tracks(codes, found).items():
        for start, end in pairwise(own):
            one, two = codes[own[start]], codes[own[end]]
            for index in range(start + 1, end) if end - start <= _GAP + 1 else ():
                place = places.get((track, index))
                if place is not None:
                    code = one + np.float32((index - start) / (end - start)) * (two - one)
                    if lies_on(canonical().decode(code), found.at(index)[place]):
                        whole[index, place] = code
    return whole


def smoothed(codes: Codes, found: Found, motions: Motions) -> Codes:
    """Return each code drawn to a curve through its neighbours in time (Savitzky and Golay 1964).

    The neighbours are first carried along with the face: smoothed as they lie in the picture, meshes would swim on
    whatever moves unevenly, as with a camera held by hand.
    """
    face, smooth = canonical(), dict(codes)
    for track, keys in _tracks(codes, found).items():
        for index, key in keys.items():
            near = [
                (other - index, face.carry(codes[keys[other]], way))
                for other, way in motions.near(track, index) if other in keys
            ]  # fmt: skip
            if len(near) >= 2:
                times = np.array([0, *(away for away, _ in near)], np.float64)
                values = np.stack([codes[key], *(code for _, code in near)])
                line = np.polynomial.polynomial.polyfit(times, values, 1)[0]
                if len(times) >= _BENDS:
                    line[POSE:] = np.polynomial.polynomial.polyfit(times, values[:, POSE:], 2)[0]
                smooth[key] = line.astype(np.float32)
    return smooth


def _tracks(codes: Codes, found: Found) -> dict[int, dict[int, Key]]:
    """Return track -> frame index -> key."""
    tracks: dict[int, dict[int, Key]] = defaultdict(dict)
    for index, place in sorted(codes):
        tracks[found.at(index)[place].track][index] = index, place
    return tracks
