"""People by their pose: MoveNet, a second opinion on where people are, and where their joints are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.detect.figure import square
from visard.detect.merge import COLUMNS, SCORE, Found, merge, regions
from visard.detect.search import Effort, whole
from visard.models.pose import joints, movenet
from visard.models.runtimes import OpenCvNet
from visard.types import Box, Kind, Pixels, Points, Region

Floats = NDArray[np.float32]

_STRIDE = 4

_LARGE, _KEY, _COARSE = 256, 832, 512
"""Longest side in network pixels: for who fills the picture, for smaller people, and for one look."""

_SAME, _INSIDE = 0.55, 0.8

_AROUND, _CENTRAL = 0.15, 0.3
"""By how much of its side the square that shows joints reaches beyond a box, and how far from the box's middle, in its
sides, the person's middle may lie."""

_POSED = 0.15
"""Score from which a middle's joints are believed."""


@dataclass(frozen=True, slots=True)
class MoveNet:
    """Finds people by the middles of their bodies: `coarse` looks once, other efforts at large and small ones."""

    name: ClassVar[str] = "movenet"
    kinds: ClassVar[tuple[Kind, ...]] = ("person",)

    min_score: float = 0.3
    effort: Effort = "fine"

    def __call__(self, pixels: Pixels) -> list[Region]:
        """Return the people in (H, W, 3) uint8 RGB pixels, best first; raises ModelError."""
        height, width = pixels.shape[:2]
        if not height or not width:
            return []
        sides = (_COARSE,) if self.effort == "coarse" else (_LARGE, _COARSE, _KEY)
        found = np.concatenate([whole(movenet_glance, pixels, longest, self.min_score) for longest in sides])
        return regions(merge(found, _SAME, _INSIDE), height, width, "person", 0)


def find_large(pixels: Pixels, min_score: float) -> list[Region]:
    """Return who fills a good part of (H, W, 3) uint8 RGB pixels, at one small look, best first; raises ModelError."""
    height, width = pixels.shape[:2]
    found = merge(whole(movenet_glance, pixels, _LARGE, min_score), _SAME, _INSIDE)
    return regions(found, height, width, "person", 0)


def movenet_glance(pixels: Pixels, min_score: float) -> Found:
    """Return whom MoveNet sees in (H, W, 3) pixels whose sides are multiples of 32."""
    middle, size, offset = _seen(movenet_net(), pixels)
    heat = _sigmoid(middle)
    rows, columns = np.nonzero((heat > min_score) & (heat == cv2.dilate(heat, np.ones((3, 3), np.uint8))))
    found = np.zeros((len(rows), COLUMNS), np.float32)
    # All maps hold y before x.
    centre = np.stack([columns, rows], 1) + offset[::-1, rows, columns].T
    extent = np.maximum(size[::-1, rows, columns].T, 0.0)
    found[:, :2], found[:, 2:4] = _STRIDE * (centre - extent / 2), _STRIDE * (centre + extent / 2)
    found[:, SCORE] = heat[rows, columns]
    return found


def find_joints(pixels: Pixels, box: Box) -> Points | None:
    """Return (17, 2) the joints of the person in a box, in pixels of (H, W, 3) uint8 RGB; None where nobody is told.

    In COCO's order: nose, eyes, ears, shoulders, elbows, wrists, hips, knees, ankles, the person's left first. Joints
    that are hidden or cut off are guessed. Raises ModelError.
    """
    chip, to_square = square(pixels, box, _AROUND)
    middle, ways = _seen(_joints_net(), chip)
    heat, scale, shift = _sigmoid(middle), to_square[0, 0], to_square[:, 2]
    rows, columns = np.mgrid[: heat.shape[0], : heat.shape[1]]
    x, y = np.array(box.centre) * scale + shift
    off = np.hypot((_STRIDE * columns - x) / box.width, (_STRIDE * rows - y) / box.height) / scale
    near = np.where(off <= _CENTRAL, heat, 0)
    row, column = np.unravel_index(int(near.argmax()), near.shape)
    if near[row, column] < _POSED:
        return None
    places = _STRIDE * (ways[:, row, column].reshape(-1, 2)[:, ::-1] + (column, row))
    return np.asarray((places - shift) / scale, np.float32)


def _seen(net: OpenCvNet, pixels: Pixels) -> list[Floats]:
    """Return what MoveNet says of (H, W, 3) pixels whose sides are multiples of 32, (c, H / 4, W / 4) each."""
    blob = (pixels.astype(np.float32) / 127.5 - 1).transpose(2, 0, 1)[None]
    return [output[0] for output in net(np.ascontiguousarray(blob))]


def _sigmoid(logits: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-logits[0])), np.float32)


@cache
def movenet_net() -> OpenCvNet:
    """Return the one MoveNet of this process."""
    return OpenCvNet("movenet", ("v125", "v129", "v133"), movenet, alone=True)


@cache
def _joints_net() -> OpenCvNet:
    """Return the MoveNet that tells joints; the other one, which looks at whole pictures, is spared that."""
    return OpenCvNet("movenet", ("v125", "v129"), joints, alone=True)
