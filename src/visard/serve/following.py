"""A box that somebody drew is followed onward: points in it by optical flow, checked there and back (Median Flow of
Kalal et al. 2010), and drawn to a face wherever the detector sees one there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.detect import CutFinder, find_faces
from visard.types import Box, Frame, Pixels, Region

_LONGEST = 960
"""Longest side in pixels of the picture in which points are followed."""

_GRID = 10
"""Points are tried on a grid of so many in each direction."""

_FEWEST = 6
"""Points that must agree, at least."""

_ASTRAY = 0.08
"""Distance, in sides of the box, from which a point that was followed there and back is not believed."""

_GROWTH = 1.12
"""By what a box may grow or shrink from one frame to the next."""

_LOOK_SECONDS = 0.2
"""How often the detector is asked; weak answers count, because somebody said that a face is there."""

_WEAK, _SAME_PLACE = 0.12, 0.35
"""Score and overlap (IoU) from which on a detection is the followed face."""

_HELD = 0.4
"""Seconds for which the box stays where it was lost."""


@dataclass(frozen=True, slots=True)
class Followed:
    """A frame's index, the region in it, and whether it was seen rather than held."""

    index: int
    region: Region
    seen: bool = True


def follow(frames: Iterator[Frame], region: Region) -> Iterator[Followed]:
    """Yield the region frame by frame, from the first frame, in which it lies, until it is lost or the scene ends."""
    is_cut, last, box, grey = CutFinder(), region.box, region.box, None
    next_look, lost = 0.0, None
    for frame in frames:
        cut, before = is_cut(frame.pixels), grey
        grey, scale = _grey(frame.pixels)
        if cut:
            return
        if before is None:
            next_look = frame.time + _LOOK_SECONDS
            yield Followed(frame.index, region)
            continue
        if lost is None:
            moved = _step(before, grey, box.scale(scale))
            seen = None
            if moved is None or frame.time >= next_look:
                next_look = frame.time + _LOOK_SECONDS
                seen = _seen(frame.pixels, box if moved is None else moved.scale(1 / scale))
            if seen is not None or (moved is not None and _inside(moved, grey)):
                last = box
                box = seen or moved.scale(1 / scale)
                yield Followed(frame.index, replace(region, box=box, points=None))
                continue
            lost = frame.time
        if frame.time - lost > _HELD:
            return
        yield Followed(frame.index, replace(region, box=box.union(last).grow(0.1), points=None), seen=False)


def _grey(pixels: Pixels) -> tuple[Pixels, float]:
    scale = min(1.0, _LONGEST / max(pixels.shape[:2]))
    size = max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale))
    return np.asarray(cv2.cvtColor(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)), scale


def _step(one: Pixels, two: Pixels, box: Box) -> Box | None:
    """Return where a box of one grey picture lies in the next, None where its points do not agree."""
    x = np.linspace(box.x0, box.x1, _GRID + 2)[1:-1]
    y = np.linspace(box.y0, box.y1, _GRID + 2)[1:-1]
    start = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 1, 2).astype(np.float32)
    reach = (21, 21)
    there, found, _ = cv2.calcOpticalFlowPyrLK(one, two, start, start.copy(), winSize=reach)
    back, again, _ = cv2.calcOpticalFlowPyrLK(two, one, there, start.copy(), winSize=reach)
    away = np.linalg.norm((back - start)[:, 0], axis=1)
    good = (found[:, 0] > 0) & (again[:, 0] > 0) & (away <= max(1.0, _ASTRAY * box.side))
    if np.count_nonzero(good) < _FEWEST:
        return None
    was, now = start[good, 0], there[good, 0]
    dx, dy = (float(v) for v in np.median(now - was, axis=0))
    growth = float(np.clip(_spread(now) / max(_spread(was), 1e-6), 1 / _GROWTH, _GROWTH))
    (cx, cy), w, h = box.centre, box.width * growth / 2, box.height * growth / 2
    return Box(cx + dx - w, cy + dy - h, cx + dx + w, cy + dy + h)


def _spread(points: NDArray[np.float32]) -> float:
    return float(np.median([np.linalg.norm(b - a) for a, b in pairwise(points)]))


def _inside(box: Box, grey: Pixels) -> bool:
    height, width = grey.shape[:2]
    return box.overlap(Box(0, 0, width, height)) > 0.25 * box.area


def _seen(pixels: Pixels, box: Box) -> Box | None:
    rows, columns = box.grow(1.0).cells(*pixels.shape[:2])
    if rows.stop - rows.start < 16 or columns.stop - columns.start < 16:
        return None
    near = find_faces(np.ascontiguousarray(pixels[rows, columns]), _WEAK, "coarse")
    placed = [face.box.shift(columns.start, rows.start) for face in near]
    best = max(placed, key=box.iou, default=None)
    return best if best is not None and box.iou(best) >= _SAME_PLACE else None
