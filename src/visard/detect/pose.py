"""People by their pose: MoveNet, a second opinion on where people are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import cv2
import numpy as np

from visard.detect.merge import COLUMNS, SCORE, Found, merge, regions
from visard.detect.search import Effort, whole
from visard.models.pose import movenet
from visard.models.runtimes import OpenCvNet
from visard.types import Kind, Pixels, Region

_STRIDE = 4

_LARGE, _KEY, _COARSE = 256, 832, 512
"""Longest side in network pixels: for who fills the picture, for smaller people, and for one look."""

_SAME, _INSIDE = 0.55, 0.8


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
    blob = (pixels.astype(np.float32) / 127.5 - 1).transpose(2, 0, 1)[None]
    middle, size, offset = movenet_net()(np.ascontiguousarray(blob))
    heat = 1 / (1 + np.exp(-middle[0, 0]))
    rows, columns = np.nonzero((heat > min_score) & (heat == cv2.dilate(heat, np.ones((3, 3), np.uint8))))
    found = np.zeros((len(rows), COLUMNS), np.float32)
    # All maps hold y before x.
    centre = np.stack([columns, rows], 1) + offset[0, ::-1, rows, columns]
    extent = np.maximum(size[0, ::-1, rows, columns], 0.0)
    found[:, :2], found[:, 2:4] = _STRIDE * (centre - extent / 2), _STRIDE * (centre + extent / 2)
    found[:, SCORE] = heat[rows, columns]
    return found


@cache
def movenet_net() -> OpenCvNet:
    """Return the one MoveNet of this process."""
    return OpenCvNet("movenet", ("v125", "v129", "v133"), movenet, alone=True)
