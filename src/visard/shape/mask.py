"""Room 4, CUT: the outline of what is hidden: it covers the whole box, and feathers outward only."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from visard.policy import Rule
from visard.types import Box, Mask, Region

FEATHER = 0.04
"""Width of the soft rim as a share of the box's side."""

_THROUGH_CORNERS = 2.0 ** (1.0 / 3.0)
"""Half-axes of the oval through a box's corners, in halves of its sides; an ellipse would need 1.41."""

_HALF_PIXEL = 0.7072
"""A pixel counts as touched when any of its corners is: half of its diagonal."""


def window(region: Region, rule: Rule, height: int, width: int, around: float = 0.0) -> tuple[slice, slice]:
    """Return the (rows, columns) of a height x width frame that hiding the region may touch, rim included.

    around: how much more is shown on each side, in sides of the region's box.
    """
    hidden = region.box.grow(rule.margin)
    if rule.shape == "oval":
        hidden = hidden.grow((_THROUGH_CORNERS - 1.0) / 2.0)
    reach = _rim(region.box) + 1.0 + around * region.box.side
    outer = Box(hidden.x0 - reach, hidden.y0 - reach, hidden.x1 + reach, hidden.y1 + reach)
    return outer.cells(height, width)


def outline(region: Region, rule: Rule, cells: tuple[slice, slice]) -> Mask:
    """Return the mask of a region over the given cells of its frame: 1 where it must be hidden.

    Every pixel that the grown box touches is 1. An oval, |x/a|^3 + |y/b|^3 = 1, passes through the box's
    corners, so that it too covers all of it; outside, the mask falls to 0 over `FEATHER` of the side.
    """
    return _outline(region.box, rule.margin, rule.shape, *((s.start, s.stop) for s in cells))


@lru_cache(maxsize=16)
def _outline(whole: Box, margin: float, shape: str, rows: tuple[int, int], columns: tuple[int, int]) -> Mask:
    # Hiding and each check ask for the same mask within a moment; it is shared, and so not writable.
    y, x = (np.arange(*side, dtype=np.float32) + np.float32(0.5) for side in (rows, columns))
    box = whole.grow(margin)
    away = _beyond_oval(box, x, y) if shape == "oval" else _beyond_box(box, x, y)
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
    radius: Mask = np.cbrt(across[None, :] + down[:, None])
    radius -= np.float32(1.0)
    radius *= min(a, b)
    return radius


def _beyond_box(box: Box, x: Mask, y: Mask) -> Mask:
    """Distance in pixels outside the box along the worse axis; 0 or less for pixels that it touches."""
    (cx, cy) = box.centre
    dx: Mask = np.abs(x - np.float32(cx)) - np.float32(box.width / 2 + 0.5)
    dy: Mask = np.abs(y - np.float32(cy)) - np.float32(box.height / 2 + 0.5)
    return np.maximum(dx[None, :], dy[:, None])
