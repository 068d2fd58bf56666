"""Room 3, too: outlines of people are told alike from frame to frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.detect import outline_of
from visard.types import Box, Kind, Points, Region

Regions = Mapping[int, tuple[Region, ...]]
"""Frame index -> regions, each with its track."""

_Subject = tuple[int, Kind, int]
"""Frame index, kind and track."""

_AROUND = (-2, -1, 1, 2)
"""Frames, counted from a subject's own, that have a say in its outline."""

_HOLE = 0.02
"""Share of an outline's area that is missed in it, at least: less is noise along its border."""

_BEYOND, _FAR = 0.1, 1 << 20
"""By how much of a box's sides outlines reach beyond it, at most, and a side longer than any frame's."""


def framed(regions: Regions) -> dict[_Subject, Box]:
    """Return every box as wide as it ever is in the frames around, in the middle of where it is in them.

    Boxes between two looks are wider than at them, and each look's is a little elsewhere; outlines, which are told at
    the scale and place of a box, would tremble with them.
    """
    boxes = {(index, r.kind, r.track): r.box for index, own in regions.items() for r in own}
    wide = {}
    for (index, kind, track), box in boxes.items():
        around = {step: boxes[at] for step in _AROUND if (at := (index + step, kind, track)) in boxes}
        # As many before as after, so that whoever walks is not left behind.
        middle = [box.centre, *(other.centre for step, other in around.items() if -step in around)]
        x, y = (sum(axis) / len(middle) for axis in zip(*middle, strict=True))
        width = max(b.width for b in (box, *around.values())) / 2
        height = max(b.height for b in (box, *around.values())) / 2
        wide[index, kind, track] = Box(x - width, y - height, x + width, y + height)
    return wide


def completed(told: Regions, wide: Mapping[_Subject, Box], known: Regions) -> dict[int, tuple[Region, ...]]:
    """Return regions, people with what those before and those after show of them and their own outline does not.

    The network loses a head, or half a coat, in a frame now and then. wide: as `framed` returns it. known: regions that
    are left as they are.
    """
    drawn = {(index, r.kind, r.track): r.outline for index, own in told.items() for r in own if r.outline is not None}
    old = {id(region) for own in known.values() for region in own}
    return {
        index: tuple(r if id(r) in old else _completed(index, r, drawn, wide) for r in own)
        for index, own in told.items()
    }


def _completed(index: int, region: Region, drawn: Mapping[_Subject, Points], wide: Mapping[_Subject, Box]) -> Region:
    if region.outline is None or region.kind != "person":
        return region
    here = wide[index, region.kind, region.track].centre
    cells = region.box.grow(_BEYOND).cells(_FAR, _FAR)
    own = _filled(region.outline, cells)
    missed = np.zeros_like(own)
    for step in (s for s in _AROUND if s > 0):
        beside = [(at, region.kind, region.track) for at in (index - step, index + step)]
        if all(at in drawn for at in beside):
            one, two = (_filled(drawn[at] + np.subtract(here, wide[at].centre), cells) for at in beside)
            missed |= one & two & (1 - own)
    if missed.sum() <= _HOLE * own.sum():
        return region
    return replace(region, outline=outline_of(own | missed, cells, region.box.side))


def _filled(polygon: NDArray[np.floating], cells: tuple[slice, slice]) -> NDArray[np.uint8]:
    """Return 1 over the cells of a frame where a polygon lies, else 0."""
    mask = np.zeros([side.stop - side.start for side in cells], np.uint8)
    corner = cells[1].start + 0.5, cells[0].start + 0.5
    cv2.fillPoly(mask, [np.round(polygon - np.array(corner)).astype(np.int32)], 1)
    return mask
