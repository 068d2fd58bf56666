"""Room 4, HIDE: of what the outlines of several people share, each gets what is most likely theirs.

An outline tells people from the background, not from each other: in a crowd it holds whoever else is in the box, and
figures drawn in it would be slabs with several heads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.detect import outline_of
from visard.found import Found
from visard.types import Box, Mask, Points, Region

_GRAIN = 96.0
"""Side in pixels at which larger people are parted."""

_SHOULDERS, _NECK = 0.28, 0.4
"""Share of a box's height above which people are narrower, and how wide they are on top, in widths of the box."""

_LARGER, _LOWER = 0.1, 1.0
"""How much likelier a pixel is that of somebody twice as large, or whose feet are lower by the height of a person."""

_LEAST = 0.25
"""Share of an outline that somebody keeps, at least; else they keep all of it."""


def parted(found: Found, drawn: Callable[[Region], bool]) -> Found:
    """Return what was found, the outlines of people who are drawn as figures parted where they overlap.

    drawn: whether a region is. What was in an outline is in one still, or no farther from it than a hundredth of the
    person's size, which is less than any margin of use: who cannot be parted so keeps all.
    """
    return Found({index: _parted(own, drawn) for index, own in found.regions.items()})


def _parted(regions: tuple[Region, ...], drawn: Callable[[Region], bool]) -> tuple[Region, ...]:
    people = [(r, r.outline) for r in regions if r.kind == "person" and r.outline is not None and drawn(r)]
    # The nearest first: whoever cannot be parted from somebody nearer keeps all, and disappears behind them.
    people.sort(key=lambda one: -one[0].box.area)
    settled: dict[int, Points] = {}
    for region, outline in people:
        others = [(r, settled.get(id(r)), theirs) for r, theirs in people if r.track != region.track]
        settled[id(region)] = _own_of(region, outline, others)
    return tuple(
        replace(r, outline=own) if (own := settled.get(id(r), r.outline)) is not r.outline else r for r in regions
    )


def _own_of(region: Region, outline: Points, others: Sequence[tuple[Region, Points | None, Points]]) -> Points:
    """Return what of a person's outline is theirs; others: with what they keep, where that is settled, and theirs."""
    near = [other for other in others if region.box.overlap(other[0].box) > 0]
    if not near:
        return outline
    tall = max(region.box.height, 1.0)
    scale = min(1.0, _GRAIN / region.box.side)
    corner = outline.min(axis=0) * scale - 1
    width, height = (np.ceil(np.ptp(outline, axis=0) * scale).astype(int) + 3).tolist()

    def filled(points: Points) -> NDArray[np.uint8]:
        mask = np.zeros((height, width), np.uint8)
        cv2.fillPoly(mask, [np.round(16 * (points * scale - corner - 0.5)).astype(np.int32)], 1, shift=4)
        return mask

    x = ((np.arange(width) + 0.5 + corner[0]) / scale).astype(np.float32)
    y = ((np.arange(height) + 0.5 + corner[1]) / scale).astype(np.float32)
    whole, likely = filled(outline), _likelihood(region.box, x, y, tall)
    own, covered = whole.copy(), np.zeros_like(whole)
    for other, settled, theirs in near:
        mask = filled(theirs if settled is None else settled)
        own[(mask > 0) & (_likelihood(other.box, x, y, tall) > likely)] = 0
        covered |= mask
    if own.sum() < _LEAST * whole.sum() or (own == whole).all():
        return outline
    told = outline_of(own, (slice(0, height), slice(0, width)), max(width, height))
    cv2.fillPoly(covered, [np.round(told - 0.5).astype(np.int32)], 1)
    if (own > cv2.dilate(covered, np.ones((3, 3), np.uint8))).any():
        return outline
    return np.asarray((told + corner) / scale, np.float32)


def _likelihood(box: Box, x: Mask, y: Mask, height: float) -> Mask:
    """Return (len(y), len(x)) how likely pixels are those of the person in a box: more in its middle, less beside its
    head, and more for who is large and stands low, in heights of people around: they are nearer."""
    down = np.clip((y - box.y0) / max(box.height, 1e-3), 0, _SHOULDERS) / _SHOULDERS
    half = box.width / 2 * (_NECK + (1 - _NECK) * down)
    aside = np.abs(x - np.float32(box.centre[0]))[None] / np.maximum(half, 1e-3)[:, None]
    near = _LARGER * np.log2(max(box.area, 1.0)) + _LOWER * box.y1 / height
    return np.asarray(near - aside, np.float32)
