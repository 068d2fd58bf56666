"""What belongs to somebody who is taken out of a picture: what they carry or ride, and the shadow at their feet."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.types import Box, Pixels, Points, Region

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]

_LONG = 320
"""Longest side in pixels at which belongings are looked for."""

_AROUND = 0.6
"""How far around somebody they are looked for, in sides of their box."""

_TOUCHES, _LARGEST = 0.15, 1.2
"""Share of a thing's box that lies in somebody's from which on it is theirs, and its area in theirs, at most."""

_FEET = 0.16
"""Height of the band in which a shadow begins, at the lower end of the box, in its heights."""

_DARK, _SHADE = 0.82, 9.0
"""Light in a shadow over that of the ground beside it, at most, and by how much their colours may differ (CIELAB)."""

_RIM = 0.02
"""By how much of the box's side an outline is widened: the last of a sleeve, and a codec's halo."""


def with_belongings(pixels: Pixels, region: Region, things: Sequence[Box]) -> Points:
    """Return (K, 2) the outline in frame pixels of a person with what is theirs, in (H, W, 3) uint8 RGB pixels.

    things: boxes of what people carry, in the same pixels.
    """
    box, (height, width) = region.box, pixels.shape[:2]
    corners = np.array(region.outline if region.outline is not None else _corners(box), np.float64)
    own = [t for t in things if t.overlap(box) > _TOUCHES * t.area and t.area < _LARGEST * box.area]
    around = box.grow(0.02)
    for thing in own:
        around = around.union(thing)
    reach = _AROUND * box.side
    near = Box(around.x0 - reach, around.y0 - 0.1 * reach, around.x1 + reach, around.y1 + 0.5 * reach)
    rows, columns = near.cells(height, width)
    scale = min(1.0, _LONG / max(rows.stop - rows.start, columns.stop - columns.start, 1))
    size = max(1, round((columns.stop - columns.start) * scale)), max(1, round((rows.stop - rows.start) * scale))
    small = np.asarray(cv2.resize(pixels[rows, columns], size, interpolation=cv2.INTER_AREA), np.uint8)
    corner = np.array([columns.start, rows.start])
    mask = np.zeros(size[::-1], np.uint8)
    cv2.fillPoly(mask, [np.round((corners - corner) * scale).astype(np.int32)], 1)
    for thing in own:
        mask[thing.shift(*-corner.astype(float)).scale(scale).cells(*mask.shape)] = 1
    mask |= _shadow(small, mask > 0, box.shift(*-corner.astype(float)).scale(scale)).view(np.uint8)
    wide = max(1, round(_RIM * box.side * scale))
    mask = cv2.dilate(np.pad(mask, wide), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * wide + 1,) * 2))
    outlines = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
    largest = max(outlines, key=cv2.contourArea)[:, 0]
    return np.asarray((largest - wide + 0.5) / scale + corner, np.float32)


def _corners(box: Box) -> list[tuple[float, float]]:
    return [(box.x0, box.y0), (box.x1, box.y0), (box.x1, box.y1), (box.x0, box.y1)]


def _shadow(pixels: Pixels, person: Flags, box: Box) -> Flags:
    """Return (h, w) the ground that is darker than the same ground beside it, and hangs together with the feet."""
    nobody = np.zeros_like(person)
    top, low = box.y1 - _FEET * box.height, box.y1 + 0.6 * _FEET * box.height
    band = Box(0, top, person.shape[1], low).cells(*person.shape)
    if band[0].stop - band[0].start < 4:
        return nobody
    lab = cv2.cvtColor(cv2.GaussianBlur(pixels, (0, 0), 1).astype(np.float32) / np.float32(255), cv2.COLOR_RGB2LAB)
    ground, bare = lab[band], ~person[band]
    if bare.sum() < 40:
        return nobody
    # The brighter part of what lies around the feet is the ground in the light.
    light = float(np.percentile(ground[..., 0][bare], 65))
    lit = bare & (ground[..., 0] > 0.9 * light)
    hue = np.median(ground[lit][:, 1:], axis=0)
    alike = np.linalg.norm(ground[..., 1:] - hue, axis=2) < _SHADE
    dark = bare & alike & (ground[..., 0] < _DARK * light) & (ground[..., 0] > 0.25 * light)
    # Where most of the ground is dark, it is no shadow.
    if not lit.any() or dark.sum() > 0.4 * bare.sum():
        return nobody
    found = nobody.copy()
    found[band] = dark
    found = np.asarray(cv2.morphologyEx(found.view(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3))) > 0)
    feet = person.copy()
    feet[: int(max(0, top))] = False
    _, parts = cv2.connectedComponents((found | feet).astype(np.uint8), connectivity=8)
    return np.asarray(found & np.isin(parts, np.unique(parts[feet])))
