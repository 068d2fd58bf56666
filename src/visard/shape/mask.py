"""Room 4, CUT: the outline of what is hidden: it covers the whole box, or polygon, and feathers outward only."""

from __future__ import annotations

from functools import lru_cache
from math import ceil

import cv2
import numpy as np

from visard.policy import Rule
from visard.types import Box, Mask, Points, Region

FEATHER = 0.04
"""Width of the soft rim as a share of the box's side."""

_THROUGH_CORNERS = 2.0 ** (1.0 / 3.0)
"""Half-axes of the oval through a box's corners, in halves of its sides; an ellipse would need 1.41."""

_WIDE = 0.25
"""By how much of its sides a rectangle reaches beyond a person's box: it must not have a person's shape."""

_HALF_PIXEL = 0.7072
"""A pixel counts as touched when any of its corners is: half of its diagonal."""

_FINE = 4
"""Polygons are drawn to a fraction of a pixel, of two to this power."""

_TOO_FAR = np.float32(1.02)
"""By how much distances told from a pixel's 24 neighbours are too long at most; exact ones take twice the time."""


def polygon(region: Region) -> Points | None:
    """Return (K, 2) the polygon in frame pixels that encloses what is hidden, None where the rule's shape does.

    Corners of plates and text are stretched to their box, which is larger where nobody is sure of it.
    """
    if region.outline is not None or region.kind not in ("plate", "text"):
        return region.outline
    if region.points is None or len(region.points) != 4:
        return None
    low, size = region.points.min(axis=0), np.maximum(np.ptp(region.points, axis=0), 1e-3)
    corner, extent = np.array(region.box[:2]), (region.box.width, region.box.height)
    return np.asarray((region.points - low) / size * extent + corner, np.float32)


def extent(region: Region) -> Box:
    """Return the box whose side margins and rims are shares of: where an outline is told, its own."""
    if region.outline is None:
        return region.box
    low, high = region.outline.min(axis=0), region.outline.max(axis=0)
    return Box(*map(float, (*low, *high)))


def rectangle(whole: Box) -> Points:
    """Return (4, 2) the corners of a box with a quarter of its sides around it, clockwise from the top left."""
    box = whole.grow(_WIDE)
    return np.array([[box.x0, box.y0], [box.x1, box.y0], [box.x1, box.y1], [box.x0, box.y1]], np.float32)


def window(region: Region, rule: Rule, height: int, width: int, around: float = 0.0) -> tuple[slice, slice]:
    """Return the (rows, columns) of a height x width frame that hiding the region may touch, rim included.

    around: how much more is shown on each side, in sides of the region's box.
    """
    corners = polygon(region)
    reach = _rim(extent(region)) + 1.0 + around * region.box.side
    if corners is not None:
        hidden = Box(*corners.min(axis=0).tolist(), *corners.max(axis=0).tolist())
        reach += rule.margin * extent(region).side
    else:
        hidden = region.box.grow(rule.margin)
        if rule.shape == "oval":
            hidden = hidden.grow((_THROUGH_CORNERS - 1.0) / 2.0)
    outer = Box(hidden.x0 - reach, hidden.y0 - reach, hidden.x1 + reach, hidden.y1 + reach)
    return outer.cells(height, width)


def outline(region: Region, rule: Rule, cells: tuple[slice, slice]) -> Mask:
    """Return the mask of a region over the given cells of its frame: 1 where it must be hidden.

    Every pixel that the grown box touches is 1. An oval, |x/a|^3 + |y/b|^3 = 1, passes through the box's
    corners, so that it too covers all of it; outside, the mask falls to 0 over `FEATHER` of the side. A polygon is
    widened by the margin, in sides of its `extent`, and feathered likewise.
    """
    rows, columns = ((s.start, s.stop) for s in cells)
    around = polygon(region)
    if around is not None:
        whole, corner = _around(np.asarray(around, np.float32).tobytes(), extent(region), rule.margin)
        return _part(whole, corner, rows, columns)
    return _outline(region.box, rule.margin, rule.shape, rows, columns)


def widened(mask: Mask, own: tuple[slice, slice], cells: tuple[slice, slice]) -> Mask:
    """Return a mask over its own cells of a frame as one over others, 0 beyond its own; not writable."""
    rows, columns = ((s.start, s.stop) for s in cells)
    return _part(mask, (own[0].start, own[1].start), rows, columns)


@lru_cache(maxsize=16)
def _outline(whole: Box, margin: float, shape: str, rows: tuple[int, int], columns: tuple[int, int]) -> Mask:
    # Hiding and each check ask for the same mask within a moment; it is shared, and so not writable.
    y, x = (np.arange(*side, dtype=np.float32) + np.float32(0.5) for side in (rows, columns))
    box = whole.grow(margin)
    away = _beyond_oval(box, x, y) if shape == "oval" else _beyond_box(box, x, y)
    return _falling(away, whole)


@lru_cache(maxsize=24)
def _around(points: bytes, whole: Box, margin: float) -> tuple[Mask, tuple[int, int]]:
    # As above, and neighbours ask for parts of it. With it goes the (row, column) of its corner; beyond, all is 0.
    placed = np.frombuffer(points, np.float32).reshape(-1, 2).astype(np.float64)
    reach = margin * whole.side + 2 * _HALF_PIXEL
    room = ceil(reach + _rim(whole)) + 1
    first = np.floor(placed.min(axis=0)).astype(int) - room
    wide, tall = np.ceil(placed.max(axis=0)).astype(int) + room - first
    drawn = np.ones((tall, wide), np.uint8)
    # OpenCV takes the middle of a pixel for its coordinate.
    cv2.fillPoly(drawn, [np.round((placed - first - 0.5) * (1 << _FINE)).astype(np.int32)], 0, shift=_FINE)
    away = np.asarray(cv2.distanceTransform(drawn, cv2.DIST_L2, cv2.DIST_MASK_5), np.float32)
    away /= _TOO_FAR
    away -= np.float32(reach)
    return _falling(away, whole), (int(first[1]), int(first[0]))


def _part(whole: Mask, corner: tuple[int, int], rows: tuple[int, int], columns: tuple[int, int]) -> Mask:
    """Return a mask over other cells than its own, 0 beyond these."""
    top, left = rows[0] - corner[0], columns[0] - corner[1]
    tall, wide = max(0, rows[1] - rows[0]), max(0, columns[1] - columns[0])
    inner = whole[max(0, top) : max(0, top + tall), max(0, left) : max(0, left + wide)]
    if inner.shape == (tall, wide):
        return inner
    part = np.zeros((tall, wide), np.float32)
    y, x = max(0, -top), max(0, -left)
    part[y : y + inner.shape[0], x : x + inner.shape[1]] = inner
    part.flags.writeable = False
    return part


def _falling(away: Mask, whole: Box) -> Mask:
    """Return the mask for distances from what is hidden: 1 at 0 and inside, 0 from the rim's end on."""
    away /= np.float32(-_rim(whole))
    away += 1.0
    mask = np.clip(away, 0.0, 1.0, out=away)
    mask.flags.writeable = False
    return mask


def _rim(box: Box) -> float:
    return max(1.0, FEATHER * box.side)


def _beyond_oval(box: Box, x: Mask, y: Mask) -> Mask:
    """Distance in pixels outside the oval through the box's corners, negative inside (near the edge)."""
    (cx, cy) = box.centre
    a = np.float32(max(box.width / 2 * _THROUGH_CORNERS, 1e-3) + _HALF_PIXEL)
    b = np.float32(max(box.height / 2 * _THROUGH_CORNERS, 1e-3) + _HALF_PIXEL)
    across, down = (np.abs(x - np.float32(cx)) / a) ** 3, (np.abs(y - np.float32(cy)) / b) ** 3
    # A tenth of the time of NumPy's cube root, to seven digits.
    radius = np.asarray(cv2.pow(across[None, :] + down[:, None], 1 / 3), np.float32)
    radius -= np.float32(1.0)
    radius *= min(a, b)
    return radius


def _beyond_box(box: Box, x: Mask, y: Mask) -> Mask:
    """Distance in pixels outside the box along the worse axis; 0 or less for pixels that it touches."""
    (cx, cy) = box.centre
    dx: Mask = np.abs(x - np.float32(cx)) - np.float32(box.width / 2 + 0.5)
    dy: Mask = np.abs(y - np.float32(cy)) - np.float32(box.height / 2 + 0.5)
    return np.maximum(dx[None, :], dy[:, None])
