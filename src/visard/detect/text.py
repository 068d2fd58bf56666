"""Lines of text: a network marks the pixels that letters stand on; what they say is never read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.detect.merge import COLUMNS, SCORE, Found, merge, regions
from visard.detect.plate import enclosed
from visard.detect.search import Effort, fine_scale, tiled, whole
from visard.models.runtimes import OpenCvNet
from visard.types import Kind, Pixels, Region

_LARGE, _COARSE = 736, 640
"""Longest sides in network pixels: for large letters, and for frames between key frames of a video."""

_MARKED = 0.3
"""What a pixel must score to belong to a line."""

_WIDENED = 1.8
"""The network marks the inner part of a line; the whole is wider by so many areas per length of its rim (DBNet)."""

_BULKY, _LONG = 0.15, 2.0
"""What is higher than that share of the picture's longest side must be so many times as wide, to be a line."""

_SMALLEST = 4
"""Network pixels below which the shorter side of a line is a speck."""


@dataclass(frozen=True, slots=True)
class PpOcr:
    """Finds lines of text: `coarse` looks once, `key` and `fine` also at the picture's own size, in tiles."""

    name: ClassVar[str] = "ppocr_det"
    kinds: ClassVar[tuple[Kind, ...]] = ("text",)

    min_score: float = 0.6
    effort: Effort = "fine"

    def __call__(self, pixels: Pixels) -> list[Region]:
        """Return the lines in (H, W, 3) uint8 RGB pixels, best first, each with the four corners around it.

        Raises ModelError if the network is missing or altered.
        """
        height, width = pixels.shape[:2]
        if not height or not width:
            return []
        longest = _COARSE if self.effort == "coarse" else _LARGE
        parts = [whole(_glance, pixels, longest, self.min_score)]
        scale = min(1.0, fine_scale(height, width))
        if self.effort != "coarse" and max(height, width) * scale > 1.25 * longest:
            parts.append(tiled(_glance, pixels, scale, self.min_score))
        found = regions(merge(np.concatenate(parts)), height, width, "text", 4)
        lines = [enclosed(region, height, width) for region in found]
        return [line for line in lines if _is_line(line, max(height, width))]


def _is_line(region: Region, longest: int) -> bool:
    """Return whether a region can be a line: clouds, groups of people and furniture are hardly wider than tall."""
    assert region.points is not None, "lines have corners"
    sides = np.linalg.norm(region.points - np.roll(region.points, 1, axis=0), axis=1)[:2]
    return bool(sides.min() < _BULKY * longest or sides.max() > _LONG * sides.min())


def _glance(pixels: Pixels, min_score: float) -> Found:
    """Return the lines that one look sees in (H, W, 3) pixels whose sides are multiples of 32."""
    blob = pixels[..., ::-1].astype(np.float32) / np.float32(127.5) - 1
    (marked,) = ppocr_net()(np.ascontiguousarray(blob.transpose(2, 0, 1)[None]))
    score = marked[0, 0]
    number, labels, boxes, _ = cv2.connectedComponentsWithStats((score > _MARKED).astype(np.uint8))
    rows = []
    for line in range(1, number):
        x, y, w, h, area = (int(v) for v in boxes[line])
        inside = labels[y : y + h, x : x + w] == line
        sure = float(score[y : y + h, x : x + w][inside].mean())
        if sure > min_score and area >= _SMALLEST**2:
            rows.append(_row(inside, x, y, sure))
    return np.stack(rows) if rows else np.zeros((0, COLUMNS), np.float32)


def _row(inside: NDArray[np.bool_], x: int, y: int, score: float) -> Found:
    """Return the row of a line; inside: its pixels in a window whose corner lies at x, y."""
    down, across = np.nonzero(inside)
    (cx, cy), (wide, tall), turn = cv2.minAreaRect(np.column_stack([across, down]).astype(np.float32))
    wide, tall = wide + 1, tall + 1
    more = _WIDENED * wide * tall / (2 * (wide + tall))
    middle = (cx + x + 0.5, cy + y + 0.5)
    corners = np.asarray(cv2.boxPoints((middle, (wide + 2 * more, tall + 2 * more), turn)), np.float32)
    row = np.ones(COLUMNS, np.float32)
    row[:2], row[2:4], row[SCORE] = corners.min(axis=0), corners.max(axis=0), score
    row[5:13] = corners.ravel()
    return row


@cache
def ppocr_net() -> OpenCvNet:
    """Return the one text detector of this process."""
    return OpenCvNet("ppocr_det")
