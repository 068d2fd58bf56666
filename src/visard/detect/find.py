"""Detectors: how thoroughly each network searches a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from visard.detect.face import BLAZE_SIDE, blazeface_glance, centerface_glance
from visard.detect.merge import SCORE, Found, merge, regions, stretch
from visard.detect.search import (
    Effort,
    fine_scale,
    halve,
    key_scale,
    shrink,
    single,
    sweep,
    turned,
    turned_back,
    upright,
)
from visard.detect.tiles import Tiling, plan, starts
from visard.types import Kind, Pixels, Region

_AREA, _AREA_KEY = 450_000, 310_000
"""Network pixels of a tile in pictures and key frames: CenterFace needs some 250 bytes of memory for each of them."""

_OVERLAP = 48
"""Network pixels that neighbouring tiles share; larger faces are seen whole in the look at `_LARGE`."""

_LARGE, _HUGE, _TURNED, _TURNED_KEY = 544, 320, 384, 288
"""Longest side in network pixels: for large faces, for faces that fill the picture, for turned copies."""

_TURNED_SCORE = 0.45
"""What a turned face must score: on the development photos lower values add more clutter than faces."""

_SIDEWAYS = 2
"""So many turned faces, and more than upright ones, make a picture that lies on its side and does not say so."""

_ONE = 0.3
"""Overlap (IoU) from which on two looks see one face."""


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
        found = self._upright(pixels)
        if self.effort != "coarse":
            found = np.concatenate([found, *self._turned(pixels, found)])
        return regions(merge(found), height, width)

    def _upright(self, pixels: Pixels) -> Found:
        """Return the faces that stand as the picture does, not yet merged."""
        height, width = pixels.shape[:2]
        fine, coarse = self.effort == "fine", self.effort == "coarse"
        scale = fine_scale(height, width) if fine else key_scale(height, width)
        near = pixels if coarse else halve(pixels, scale)
        small = shrink(near, _LARGE)
        # Small pictures are enlarged twice at most: their tile is as large as the look at the whole.
        whole = coarse or (fine and scale * max(height, width) > _LARGE)
        sides = [_LARGE] * whole + [_HUGE] * (not coarse)
        looks = [sweep(centerface_glance, small, single(small, side), self.min_score) for side in sides]
        parts = [stretch(seen, width / small.shape[1], height / small.shape[0]) for seen in looks]
        if not coarse:
            tall, wide = near.shape[:2]
            tiling = plan(tall, wide, scale * height / tall, _AREA if fine else _AREA_KEY, _OVERLAP)
            seen = sweep(centerface_glance, near, tiling, self.min_score)
            parts.append(stretch(seen, width / wide, height / tall))
        return np.concatenate(parts)

    def _turned(self, pixels: Pixels, found: Found) -> list[Found]:
        """Return the faces that stand otherwise, and all that are seen in a copy where most of them stand upright."""
        height, width = pixels.shape[:2]
        small = shrink(pixels, _LARGE)
        tiling = single(small, _TURNED if self.effort == "fine" else _TURNED_KEY)
        seen = turned(centerface_glance, small, tiling, max(self.min_score, _TURNED_SCORE))
        parts = [stretch(part, width / small.shape[1], height / small.shape[0]) for part in seen]
        sure = regions(merge(found[found[:, SCORE] >= _TURNED_SCORE]), height, width)
        faces = [regions(merge(part), height, width) for part in parts]
        more = [len(_better(own, sure)) - len(_better(sure, own)) for own in faces]
        turns = more.index(max(more)) + 1
        if max(more) > 0 and len(faces[turns - 1]) >= _SIDEWAYS:
            again = self._upright(np.ascontiguousarray(np.rot90(pixels, turns)))
            parts.append(turned_back(again[upright(again)], turns, height, width))
        return parts


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


def second_opinion(still: bool) -> BlazeFace:
    """Return the detector that had no part in the hiding: thorough for pictures, quick for video frames."""
    return BlazeFace(effort="fine" if still else "coarse")


def _better(faces: Sequence[Region], others: Sequence[Region]) -> list[Region]:
    """Return the faces that none of the others is, seen with a higher score."""
    return [f for f in faces if all(o.score <= f.score or o.box.iou(f.box) < _ONE for o in others)]


def _squares(pixels: Pixels, side: int) -> Tiling:
    # Squares that share a quarter with their neighbours.
    height, width = pixels.shape[:2]
    corners = tuple((x, y) for y in starts(height, side, side // 4) for x in starts(width, side, side // 4))
    return Tiling(BLAZE_SIDE, BLAZE_SIDE, side, side, corners)
