"""Where and at what scale a network looks: sweeps over tiles, and looks at turned copies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.detect.merge import POINTS, WHOLE, Found, nothing, stretch
from visard.detect.tiles import Tiling, plan
from visard.types import Pixels

Glance = Callable[[Pixels, float], Found]
"""Looks once at (h, w, 3) pixels of a size that the network takes; returns what scores above the number."""

Effort = Literal["coarse", "key", "fine"]

_AREA, _OVERLAP = 450_000, 96
"""Network pixels of a tile, and those that neighbours share, where what is larger is seen in a look at the whole."""

_RIM = 2.0
"""A box that ends within so many network pixels of an inner border is cut by it."""


def sweep(glance: Glance, pixels: Pixels, tiling: Tiling, min_score: float) -> Found:
    """Return what is seen in every tile of (H, W, 3) pixels, in their coordinates, not yet merged.

    Each tile is scaled by itself: the scaled picture never exists as a whole.
    """
    parts = [_look(glance, pixels, tiling, corner, min_score) for corner in tiling.corners]
    return np.concatenate(parts) if parts else nothing()


def turned(glance: Glance, pixels: Pixels, tiling: Tiling, min_score: float) -> list[Found]:
    """Return faces turned by 90, 180 and 270 degrees, in the pixels' coordinates, by their turn, not yet merged.

    Only those count whose points stand as in an upright face once turned back: rotated copies of clutter
    give a network three more chances to be wrong.
    """
    parts = []
    for turns in (1, 2, 3):
        swapped = tiling if turns == 2 else _transpose(tiling)
        seen = sweep(glance, np.ascontiguousarray(np.rot90(pixels, turns)), swapped, min_score)
        parts.append(turned_back(seen[upright(seen)], turns, *pixels.shape[:2]))
    return parts


def whole(glance: Glance, pixels: Pixels, longest: int, min_score: float) -> Found:
    """Return what one look at all of (H, W, 3) pixels sees, in their coordinates; longest: side in network pixels."""
    small = shrink(pixels, longest)
    seen = sweep(glance, small, single(small, longest), min_score)
    return stretch(seen, pixels.shape[1] / small.shape[1], pixels.shape[0] / small.shape[0])


def tiled(glance: Glance, pixels: Pixels, scale: float, min_score: float) -> Found:
    """Return what looks at tiles of (H, W, 3) pixels see, not yet merged; scale: network pixels per pixel."""
    height, width = pixels.shape[:2]
    return sweep(glance, pixels, plan(height, width, scale, _AREA, _OVERLAP), min_score)


def fine_scale(height: int, width: int) -> float:
    """Return network pixels per picture pixel of the fine search for a picture of that size in pixels.

    Small pictures are enlarged, up to twice; up to 1.6 MP they stay; larger ones shrink, at most to 0.36.
    """
    return max(0.36, min(2.0, sqrt(1.6e6 / (height * width))))


def key_scale(height: int, width: int) -> float:
    """Return network pixels per picture pixel of the search of a key frame: its own up to 0.6 MP, then less."""
    return min(1.0, sqrt(0.6e6 / (height * width)))


def planes(pixels: Pixels, mean: Sequence[float], deviation: Sequence[float] = (1.0, 1.0, 1.0)) -> NDArray[np.float32]:
    """Return (1, 3, H, W) what a network taught on BGR sees of (H, W, 3) RGB pixels: less a mean, over a deviation."""
    values = np.arange(256, dtype=np.float32)
    seen = np.empty((1, 3, *pixels.shape[:2]), np.float32)
    # Of 256 values each plane has, a table costs a tenth of the arithmetic.
    for plane, channel in enumerate(cv2.split(pixels)[::-1]):
        table = (values - np.float32(mean[plane])) / np.float32(deviation[plane])
        cv2.LUT(channel, table, seen[0, plane])
    return seen


def shrink(pixels: Pixels, longest: int) -> Pixels:
    """Return the pixels with their longest side reduced to that length; smaller ones as they are."""
    height, width = pixels.shape[:2]
    factor = longest / max(height, width)
    if factor >= 1:
        return pixels
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    small: Pixels = cv2.resize(halve(pixels, factor), size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    return small


def halve(pixels: Pixels, factor: float) -> Pixels:
    """Return the pixels halved as often as a reduction by the factor allows: far quicker than an uneven reduction."""
    while factor <= 0.5 and min(pixels.shape[:2]) > 1:
        height, width = pixels.shape[0] // 2, pixels.shape[1] // 2
        even = pixels[: 2 * height, : 2 * width]
        pixels = cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        factor *= 2
    return pixels


def single(pixels: Pixels, longest: int) -> Tiling:
    """Return one tile over all of the pixels; small pictures are enlarged, up to twice."""
    height, width = pixels.shape[:2]
    return plan(height, width, min(2.0, longest / max(height, width)), (longest + 32) ** 2, _OVERLAP)


def upright(found: Found) -> NDArray[np.bool_]:
    """Return which rows have points as an upright face: eyes over nose over mouth, left ones on the left.

    Nor is a face much wider than it is tall.
    """
    points = found[:, POINTS].reshape(-1, 5, 2)
    width, height = (found[:, 2] - found[:, 0]), (found[:, 3] - found[:, 1])
    eyes, mouth = points[:, :2].mean(1), points[:, 3:].mean(1)
    nose = points[:, 2, 1]
    below = (mouth[:, 1] - eyes[:, 1] > 0.2 * height) & (nose > eyes[:, 1]) & (nose < mouth[:, 1])
    sides = (points[:, 1, 0] - points[:, 0, 0] > 0.1 * width) & (points[:, 4, 0] > points[:, 3, 0])
    plausible: NDArray[np.bool_] = below & sides & (width < 1.2 * height)
    return plausible


def _look(glance: Glance, pixels: Pixels, tiling: Tiling, corner: tuple[int, int], min_score: float) -> Found:
    x, y = corner
    piece = pixels[y : y + tiling.tall, x : x + tiling.wide]
    tall, wide = piece.shape[:2]
    height = min(tiling.height, max(1, round(tall * tiling.height / tiling.tall)))
    width = min(tiling.width, max(1, round(wide * tiling.width / tiling.wide)))
    method = cv2.INTER_AREA if height < tall else cv2.INTER_LINEAR
    canvas = np.zeros((tiling.height, tiling.width, 3), np.uint8)
    canvas[:height, :width] = cv2.resize(piece, (width, height), interpolation=method)
    found = glance(canvas, min_score)
    inner = (x > 0, y > 0, x + wide < pixels.shape[1], y + tall < pixels.shape[0])
    found[:, WHOLE] = ~_cut(found, width, height, inner)
    return stretch(found, wide / width, tall / height, x, y)


def _cut(found: Found, width: int, height: int, inner: tuple[bool, bool, bool, bool]) -> NDArray[np.bool_]:
    left, top, right, bottom = inner
    cut: NDArray[np.bool_] = (
        (left & (found[:, 0] < _RIM))
        | (top & (found[:, 1] < _RIM))
        | (right & (found[:, 2] > width - _RIM))
        | (bottom & (found[:, 3] > height - _RIM))
    )
    return cut


def _transpose(tiling: Tiling) -> Tiling:
    corners = tuple((y, x) for x, y in tiling.corners)
    return Tiling(tiling.width, tiling.height, tiling.wide, tiling.tall, corners)


def turned_back(found: Found, turns: int, height: int, width: int) -> Found:
    """Return what was seen in a picture (height, width) that np.rot90 had turned so often, in its own coordinates."""

    def back(x: Found, y: Found) -> tuple[Found, Found]:
        if turns == 1:
            return width - y, x
        if turns == 2:
            return width - x, height - y
        return y, height - x

    result = found.copy()
    ax, ay = back(found[:, 0], found[:, 1])
    bx, by = back(found[:, 2], found[:, 3])
    result[:, 0], result[:, 2] = np.minimum(ax, bx), np.maximum(ax, bx)
    result[:, 1], result[:, 3] = np.minimum(ay, by), np.maximum(ay, by)
    result[:, 5:15:2], result[:, 6:15:2] = back(found[:, 5:15:2], found[:, 6:15:2])
    return result
