"""Detectors: how thoroughly each network searches a picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt
from typing import ClassVar, Literal

import cv2
import numpy as np

from visard.detect.face import BLAZE_SIDE, blazeface_glance, blazeface_net, centerface_glance, centerface_net
from visard.detect.merge import Found, merge, regions, stretch
from visard.detect.search import sweep, turned
from visard.detect.tiles import Tiling, plan, starts
from visard.types import Kind, Pixels, Region

Effort = Literal["coarse", "key", "fine"]

_AREA, _AREA_KEY = 450_000, 310_000
"""Network pixels of a tile in pictures and key frames: CenterFace needs some 250 bytes of memory for each of them."""

_OVERLAP = 48
"""Network pixels that neighbouring tiles share; larger faces are seen whole in the look at `_LARGE`."""

_LARGE, _HUGE, _TURNED, _TURNED_KEY = 544, 320, 384, 288
"""Longest side in network pixels: for large faces, for faces that fill the picture, for turned copies."""

_TURNED_SCORE = 0.45
"""What a turned face must score: on the development photos lower values add more clutter than faces."""


@dataclass(frozen=True, slots=True)
class CenterFace:
    """Finds faces with CenterFace: `coarse` looks once, `fine` also for small, huge and turned faces.

    `key` does so too, at no more than the picture's own scale: a video brings the next key frame soon.
    """

    name: ClassVar[str] = "centerface"
    kinds: ClassVar[tuple[Kind, ...]] = ("face",)

    min_score: float = 0.3
    effort: Effort = "fine"

    def __call__(self, pixels: Pixels) -> list[Region]:
        """Return the faces in (H, W, 3) uint8 RGB pixels, best first, each with five points.

        Raises ModelError if the network is missing or altered.
        """
        height, width = pixels.shape[:2]
        if not height or not width:
            return []
        fine = self.effort == "fine"
        scale = fine_scale(height, width) if fine else key_scale(height, width)
        near = pixels if self.effort == "coarse" else _halve(pixels, scale)
        small = shrink(near, _LARGE)
        looks = [self._whole(small, _LARGE)] if self.effort == "coarse" else list(self._fine(small))
        parts = [stretch(seen, width / small.shape[1], height / small.shape[0]) for seen in looks]
        if self.effort != "coarse":
            tall, wide = near.shape[:2]
            tiling = plan(tall, wide, scale * height / tall, _AREA if fine else _AREA_KEY, _OVERLAP)
            seen = sweep(centerface_glance, near, tiling, self.min_score)
            parts.append(stretch(seen, width / wide, height / tall))
        return regions(merge(np.concatenate(parts)), height, width)

    def _fine(self, small: Pixels) -> Iterator[Found]:
        if self.effort == "fine":
            yield self._whole(small, _LARGE)
        yield self._whole(small, _HUGE)
        score = max(self.min_score, _TURNED_SCORE)
        longest = _TURNED if self.effort == "fine" else _TURNED_KEY
        yield turned(centerface_glance, small, single(small, longest), score)

    def _whole(self, small: Pixels, longest: int) -> Found:
        return sweep(centerface_glance, small, single(small, longest), self.min_score)


@dataclass(frozen=True, slots=True)
class BlazeFace:
    """Finds faces with BlazeFace (full range): `coarse` looks at the whole, `fine` also at tiles of it.

    Its mouth corners are estimated from the mouth's centre.
    """

    name: ClassVar[str] = "blazeface"
    kinds: ClassVar[tuple[Kind, ...]] = ("face",)

    min_score: float = 0.6
    effort: Effort = "fine"

    def __call__(self, pixels: Pixels) -> list[Region]:
        """Return the faces in (H, W, 3) uint8 RGB pixels, best first, each with five points.

        Raises ModelError if the network is missing or altered.
        """
        height, width = pixels.shape[:2]
        if not height or not width:
            return []
        sides = [max(height, width)]
        if self.effort == "fine":
            # Tiles of half and of a quarter of the picture, but none so small that it is only magnified.
            sides += [side for part in (2, 4) if (side := sides[0] // part) >= BLAZE_SIDE // 2]
        # The picture is scaled once for all tiles of a side, and for larger sides from that.
        parts, small = [], pixels
        for side in reversed(sides):
            small = shrink(small, max(BLAZE_SIDE, round(sides[0] * BLAZE_SIDE / side)))
            tiling = _squares(small, round(side * max(small.shape[:2]) / sides[0]))
            seen = sweep(blazeface_glance, small, tiling, self.min_score)
            parts.append(stretch(seen, width / small.shape[1], height / small.shape[0]))
        return regions(merge(np.concatenate(parts)), height, width)


def find_faces(pixels: Pixels, min_score: float = 0.3, effort: Effort = "fine") -> list[Region]:
    """Return the faces in (H, W, 3) uint8 RGB pixels, best first, each with five points.

    effort: `fine` for pictures, `key` for key frames of a video, `coarse` for frames between them. Raises
    ModelError.
    """
    return CenterFace(min_score, effort)(pixels)


def load() -> None:
    """Load the networks now, if they are not; raises ModelError."""
    centerface_net().load()
    blazeface_net().load()


def second_opinion(still: bool) -> BlazeFace:
    """Return the detector that had no part in the hiding: thorough for pictures, quick for video frames."""
    return BlazeFace(effort="fine" if still else "coarse")


def fine_scale(height: int, width: int) -> float:
    """Return network pixels per picture pixel of the fine search for a picture of that size in pixels.

    Small pictures are enlarged, up to twice; up to 1.6 MP they stay; larger ones shrink, at most to 0.36.
    """
    return max(0.36, min(2.0, sqrt(1.6e6 / (height * width))))


def key_scale(height: int, width: int) -> float:
    """Return network pixels per picture pixel of the search of a key frame: its own up to 0.6 MP, then less."""
    return min(1.0, sqrt(0.6e6 / (height * width)))


def shrink(pixels: Pixels, longest: int) -> Pixels:
    """Return the pixels with their longest side reduced to that length; smaller ones as they are."""
    height, width = pixels.shape[:2]
    factor = longest / max(height, width)
    if factor >= 1:
        return pixels
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    small: Pixels = cv2.resize(_halve(pixels, factor), size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    return small


def _halve(pixels: Pixels, factor: float) -> Pixels:
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


def _squares(pixels: Pixels, side: int) -> Tiling:
    # Squares that share a quarter with their neighbours.
    height, width = pixels.shape[:2]
    corners = tuple((x, y) for y in starts(height, side, side // 4) for x in starts(width, side, side // 4))
    return Tiling(BLAZE_SIDE, BLAZE_SIDE, side, side, corners)
