"""People and vehicles: NanoDet searches for both in one look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.detect.merge import COLUMNS, SCORE, Found, merge, regions
from visard.detect.search import Effort, fine_scale, planes, tiled, whole
from visard.models.nanodet import BINS, CLASSES, STRIDES, to_onnx
from visard.models.runtimes import OpenCvNet
from visard.types import Box, Kind, Pixels, Region

_CLASSES: Mapping[Kind, tuple[int, ...]] = {"person": (0,), "vehicle": (2, 3, 5, 7)}
"""COCO's numbers: person; car, motorcycle, bus and truck."""

_CARRIED = (1, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 67, 73)
"""COCO's numbers: bicycle, backpack, umbrella, handbag, tie, suitcase, frisbee, skis, snowboard, ball, kite, bat,
glove, skateboard, surfboard, racket, bottle, glass, cup, telephone, book."""

_SURELY_CARRIED = 0.4
"""Score from which something is carried."""

_KIND = COLUMNS
"""A further column of the rows that are found: which of the two it is."""

_LARGE, _KEY, _COARSE = 448, 832, 608
"""Longest side in network pixels: for what fills the picture, for key frames, and for frames between them."""

_SAME, _INSIDE = 0.55, 0.8
"""People stand closer than faces: only boxes that overlap by so much are one, or lie in one another by so much."""

_MEAN, _DEVIATION = (103.53, 116.28, 123.675), (57.375, 57.12, 58.395)


@dataclass(frozen=True, slots=True)
class NanoDet:
    """Finds people and vehicles: `coarse` looks once, `key` also for large ones, `fine` for small ones too."""

    name: ClassVar[str] = "nanodet"
    kinds: ClassVar[tuple[Kind, ...]] = ("person", "vehicle")

    min_scores: Mapping[Kind, float]
    effort: Effort = "fine"

    def __call__(self, pixels: Pixels) -> list[Region]:
        """Return what `min_scores` names in (H, W, 3) uint8 RGB pixels, best first of each kind.

        Raises ModelError if the network is missing or altered.
        """
        height, width = pixels.shape[:2]
        if not height or not width:
            return []
        parts = [whole(self._glance, pixels, longest, 0.0) for longest in self._sides(max(height, width))]
        scale = min(1.0, fine_scale(height, width))
        if self.effort == "fine" and max(height, width) * scale > _KEY:
            parts.append(tiled(self._glance, pixels, scale, 0.0))
        found = np.concatenate(parts)
        return [
            region
            for number, kind in enumerate(self.min_scores)
            for region in regions(merge(found[found[:, _KIND] == number], _SAME, _INSIDE), height, width, kind, 0)
        ]

    def _sides(self, longest: int) -> tuple[int, ...]:
        if self.effort == "coarse":
            return (_COARSE,)
        return (_LARGE, _KEY) if longest > _LARGE else (_LARGE,)

    def _glance(self, pixels: Pixels, _: float) -> Found:
        """Return what one look sees in (H, W, 3) pixels whose sides are multiples of 32, each score its kind's best."""
        return _look(pixels, [(_CLASSES[kind], least) for kind, least in self.min_scores.items()])


def find_carried(pixels: Pixels) -> list[Box]:
    """Return the boxes of what people carry, hold or ride on in (H, W, 3) uint8 RGB pixels; raises ModelError."""
    if not all(pixels.shape[:2]):
        return []
    found = whole(lambda small, _: _look(small, [(_CARRIED, _SURELY_CARRIED)]), pixels, _KEY, 0.0)
    return [Box(*(float(v) for v in row[:4])) for row in merge(found, _SAME, _INSIDE)]


def _look(pixels: Pixels, wanted: Sequence[tuple[tuple[int, ...], float]]) -> Found:
    """Return what one look sees; wanted: classes, of which each row has the best score, and their least score."""
    outputs = nanodet_net()(planes(pixels, _MEAN, _DEVIATION))
    levels = sorted(outputs, key=lambda out: -out.shape[2])
    parts = [
        _decode(level[0], stride, classes, least, number)
        for level, stride in zip(levels, STRIDES, strict=True)
        for number, (classes, least) in enumerate(wanted)
    ]
    return _best(np.concatenate(parts))


def _decode(level: NDArray[np.float32], stride: int, classes: tuple[int, ...], least: float, number: int) -> Found:
    """Return the rows of one level: each side's distance is the mean of what its bins hold (generalised focal loss)."""
    logits = level[list(classes)].max(axis=0)
    rows, columns = np.nonzero(logits > np.log(least / (1 - least)))
    bins = level[CLASSES:, rows, columns].reshape(4, BINS, -1)
    weights = np.exp(bins - bins.max(axis=1, keepdims=True))
    away = stride * np.einsum("sbn,b->ns", weights / weights.sum(axis=1, keepdims=True), np.arange(BINS))
    centre = (np.stack([columns, rows], 1) + 0.5) * stride
    found = np.zeros((len(rows), COLUMNS + 1), np.float32)
    found[:, :2], found[:, 2:4] = centre - away[:, :2], centre + away[:, 2:]
    found[:, SCORE] = 1 / (1 + np.exp(-logits[rows, columns]))
    found[:, _KIND] = number
    return found


def _best(found: Found) -> Found:
    """Return the rows that no better one of their kind covers: every place near an object's middle gives one."""
    if not len(found):
        return found
    boxes = np.concatenate([found[:, :2], found[:, 2:4] - found[:, :2]], 1)
    kept = cv2.dnn.NMSBoxesBatched(
        boxes.tolist(), found[:, SCORE].tolist(), found[:, _KIND].astype(int).tolist(), 0.0, _SAME
    )
    best: Found = found[np.asarray(kept, int).ravel()]
    return best


@cache
def nanodet_net() -> OpenCvNet:
    """Return the one NanoDet of this process."""
    return OpenCvNet("nanodet", ("v80", "v83", "v86"), to_onnx)
