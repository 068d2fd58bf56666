"""Number plates: a RetinaFace-like network gives boxes and corners."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.detect.merge import COLUMNS, SCORE, Found, merge, regions
from visard.detect.search import Effort, fine_scale, planes, tiled, whole
from visard.models.runtimes import OpenCvNet
from visard.types import Box, Kind, Pixels, Points, Region

_LEVELS = ((8, (24, 48)), (16, (96, 192)), (32, (384, 768)))
"""Stride of each output, and the sides of the squares from which plates are told."""

_SIDES, _COARSE = (384, 640, 1024), (640,)
"""Longest sides in network pixels: large plates are seen best in small copies."""

_WIDE, _SURE = 0.5, 0.7
"""Share of a picture's width beyond which a plate must have that score: wooden floors have half of it. Of 63 plates in
60 photos the widest takes 0.4."""

_MEAN = (104.0, 117.0, 123.0)


@dataclass(frozen=True, slots=True)
class ClpDet:
    """Finds plates: `coarse` looks once, `key` at three sizes, `fine` also at the picture's own, in tiles."""

    name: ClassVar[str] = "clpdet"
    kinds: ClassVar[tuple[Kind, ...]] = ("plate",)

    min_score: float = 0.25
    effort: Effort = "fine"

    def __call__(self, pixels: Pixels) -> list[Region]:
        """Return the plates in (H, W, 3) uint8 RGB pixels, best first, each with its four corners.

        Raises ModelError if the network is missing or altered.
        """
        height, width = pixels.shape[:2]
        if not height or not width:
            return []
        sides = _COARSE if self.effort == "coarse" else _SIDES
        parts = [whole(_glance, pixels, longest, self.min_score) for longest in sides]
        scale = fine_scale(height, width)
        if self.effort == "fine" and max(height, width) * scale > _SIDES[-1]:
            parts.append(tiled(_glance, pixels, scale, self.min_score))
        found = regions(merge(np.concatenate(parts)), height, width, "plate", 4)
        return [enclosed(region, height, width) for region in found if _likely(region, width)]


def _likely(region: Region, width: int) -> bool:
    """Return whether a region may be a plate: one that fills much of a picture of that width is surely seen."""
    return region.score >= _SURE or region.box.width <= _WIDE * width


def enclosed(region: Region, height: int, width: int) -> Region:
    """Return the region with corners in order, clockwise from the top left, and a box that holds them too."""
    assert region.points is not None, "only kinds with corners are enclosed"
    points = in_order(region.points)
    own = Box(*points.min(axis=0).tolist(), *points.max(axis=0).tolist()).union(region.box)
    box = Box(max(0.0, own.x0), max(0.0, own.y0), min(float(width), own.x1), min(float(height), own.y1))
    return Region(region.kind, box, region.score, points)


def in_order(points: Points) -> Points:
    """Return four corners (4, 2), clockwise in the picture, beginning with the one nearest to the top left."""
    hull = np.asarray(cv2.convexHull(points.astype(np.float32))[:, 0], np.float32)
    if len(hull) != 4:
        hull = np.asarray(cv2.boxPoints(cv2.minAreaRect(points.astype(np.float32))), np.float32)
    middle = hull.mean(axis=0)
    turn = np.argsort(np.arctan2(hull[:, 1] - middle[1], hull[:, 0] - middle[0]))
    ordered = hull[turn]
    # Of a plate, which is wide, the first corner is the left end of the upper long side.
    return np.asarray(np.roll(ordered, -int(np.argmin(ordered @ (1.0, 2.0))), axis=0), np.float32)


def _glance(pixels: Pixels, min_score: float) -> Found:
    """Return what one look sees in (H, W, 3) pixels whose sides are multiples of 32."""
    boxes, scores, corners = clpdet_net()(planes(pixels, _MEAN))
    seen = np.nonzero(scores[0, :, 1] > min_score)[0]
    squares = _squares(*pixels.shape[:2])[seen]
    centre, side = squares[:, :2], squares[:, 2:]
    middle, extent = centre + 0.1 * boxes[0, seen, :2] * side, side * np.exp(0.2 * boxes[0, seen, 2:])
    found = np.ones((len(seen), COLUMNS), np.float32)
    found[:, :2], found[:, 2:4] = middle - extent / 2, middle + extent / 2
    found[:, SCORE] = scores[0, seen, 1]
    found[:, 5:13] = (centre[:, None] + 0.1 * corners[0, seen].reshape(-1, 4, 2) * side[:, None]).reshape(-1, 8)
    return found


@cache
def _squares(height: int, width: int) -> NDArray[np.float32]:
    """Return (N, 3) centre and side of the squares of a picture, in the order of the network's outputs."""
    parts = []
    for stride, sides in _LEVELS:
        y, x = np.mgrid[: -(-height // stride), : -(-width // stride)]
        centres = (np.stack([x, y], -1) + 0.5) * stride
        parts.append(np.stack([np.dstack([centres, np.full(x.shape, side)]) for side in sides], 2).reshape(-1, 3))
    return np.concatenate(parts).astype(np.float32)


@cache
def clpdet_net() -> OpenCvNet:
    """Return the one plate detector of this process."""
    return OpenCvNet("clpdet", ("loc", "conf", "landms"))
