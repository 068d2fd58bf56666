"""The outline of a person, or of a head with its hair: a network tells it from the background."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.detect.hair import head_outline
from visard.detect.head import moved
from visard.models.runtimes import LiteNet
from visard.types import Box, Pixels, Points, Region

_SIDE = 256
_AROUND = {"person": 0.06, "head": 0.6}
"""By how much of its longer side the square that the network sees reaches beyond a box: it knows heads by shoulders."""

_PERSON = 0.3
"""Score from which a pixel is a person's; on 20 street photos 98 % of people's pixels reach it."""

_LOOSE = 0.05
"""By how much of a box's sides an outline may leave it: detectors cut off feet and hands."""

_LEAST, _TALL = 0.25, 0.8
"""Share of a box that an outline fills, and of its height that it spans, at least: else nobody was told apart."""

_STEP = 0.004
"""By how much of the box's side an outline is simplified; margins are several times wider."""


def figure(pixels: Pixels, region: Region, others: Sequence[Region] = (), framed: Box | None = None) -> Points | None:
    """Return (K, 2) the outline in frame pixels of the person or head of a region in (H, W, 3) uint8 RGB pixels.

    others: heads of the same frame, whose pixels are theirs. framed: what of a person the network is shown, by default
    the region's box. None where the network tells no person from the background, and for tiny ones; then the whole box
    is to be hidden. Raises ModelError.
    Source: MediaPipe Selfie Segmentation, on a square around the box.
    """
    if region.kind == "head":
        return _head(pixels, region, others)
    rows, columns = cells = region.box.grow(_LOOSE).cells(*pixels.shape[:2])
    height, width = rows.stop - rows.start, columns.stop - columns.start
    if min(height, width) < 8:
        return None
    mask = np.asarray(scores(pixels, framed or region.box, _AROUND["person"], cells) > _PERSON, np.uint8)
    share, spans = mask.mean(), np.ptp(np.flatnonzero(mask.any(axis=1))) if mask.any() else 0
    if share < _LEAST or spans < _TALL * height:
        return None
    return outline_of(mask, cells, region.box.side)


def outline_of(mask: NDArray[np.uint8], cells: tuple[slice, slice], side: float) -> Points:
    """Return (K, 2) the outline of all that is not 0 in a mask over cells of a frame, in frame pixels.

    side: of the whole subject, in pixels, by which the outline is simplified. Parts are joined, specks left out.
    """
    outline = max(_joined(mask), key=cv2.contourArea)
    simple = cv2.approxPolyDP(outline, _STEP * side, closed=True)[:, 0]
    return np.asarray(simple + np.array([cells[1].start + 0.5, cells[0].start + 0.5]), np.float32)


def _head(pixels: Pixels, region: Region, others: Sequence[Region]) -> Points | None:
    rows, columns = cells = region.box.grow(_AROUND["head"]).cells(*pixels.shape[:2])
    if min(rows.stop - rows.start, columns.stop - columns.start) < 8:
        return None
    shift = -columns.start, -rows.start
    near = [moved(other, *shift) for other in (region, *others)]
    seen = scores(pixels, region.box, _AROUND["head"], cells)
    found = head_outline(pixels[cells], seen, near[0], near[1:])
    return np.asarray(found - np.array(shift), np.float32)


def scores(pixels: Pixels, box: Box, around: float, cells: tuple[slice, slice]) -> NDArray[np.float32]:
    """Return over cells of (H, W, 3) uint8 RGB pixels how surely a person is there, 0 to 1.

    around: by how much of its longer side the square that the network sees reaches beyond a box. Raises ModelError.
    """
    chip, to_square = square(pixels, box, around)
    score = _network()(chip[None].astype(np.float32) / np.float32(255))[0][0, ..., 0]
    back = to_square.copy()
    back[:, 2] += to_square[:, :2] @ (cells[1].start, cells[0].start)
    size = cells[1].stop - cells[1].start, cells[0].stop - cells[0].start
    seen = cv2.warpAffine(score, back, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    return np.asarray(seen, np.float32)


def square(pixels: Pixels, box: Box, around: float) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return what networks see of a person: (256, 256, 3), and the way from (H, W, 3) RGB pixels to it, (2, 3).

    around: by how much of its longer side it reaches beyond a box.
    """
    side = max(box.width, box.height) * (1 + 2 * around)
    # Beyond the picture there is nobody to see: at its border the square is moved inward, and shows more of the scene.
    cx, cy = (_inward(c, side, length) for c, length in zip(box.centre, pixels.shape[1::-1], strict=True))
    scale = _SIDE / side
    to_square = np.array([[scale, 0, _SIDE / 2 - scale * cx], [0, scale, _SIDE / 2 - scale * cy]])
    near = Box(cx - side / 2, cy - side / 2, cx + side / 2, cy + side / 2).cells(*pixels.shape[:2])
    return _reduced(pixels[near], scale, to_square, near), to_square


def _inward(centre: float, side: float, length: int) -> float:
    """Return the middle of a side that lies within a length, or as much of it as there is room for."""
    return length / 2 if side >= length else min(max(centre, side / 2), length - side / 2)


def _reduced(
    piece: Pixels, scale: float, to_square: NDArray[np.float64], near: tuple[slice, slice]
) -> NDArray[np.uint8]:
    """Return the square that the network sees; a large piece is reduced first, by its areas."""
    factor = min(1.0, 1.5 * scale)
    size = max(1, round(piece.shape[1] * factor)), max(1, round(piece.shape[0] * factor))
    small = cv2.resize(piece, size, interpolation=cv2.INTER_AREA) if factor < 1 else piece
    matrix = to_square.copy()
    matrix[:, 2] += to_square[:, :2] @ (near[1].start, near[0].start)
    matrix[:, :2] *= (piece.shape[1] / small.shape[1], piece.shape[0] / small.shape[0])
    chip = cv2.warpAffine(small, matrix, (_SIDE, _SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(chip, np.uint8)


def _joined(mask: NDArray[np.uint8]) -> list[NDArray[np.int32]]:
    """Return the outlines of a mask's parts, closed over gaps until the largest holds nearly all that was marked."""
    side = max(mask.shape)
    for reach in (1, side // 60, side // 20, side // 8):
        kernel = np.ones((2 * reach + 1,) * 2, np.uint8)
        padded = cv2.copyMakeBorder(mask, reach, reach, reach, reach, cv2.BORDER_CONSTANT, value=0)
        closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, kernel)[reach : -reach or None, reach : -reach or None]
        outlines = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
        areas = [cv2.contourArea(outline) for outline in outlines]
        if max(areas) >= 0.97 * sum(areas):
            break
    return [np.asarray(outline, np.int32) for outline in outlines]


@cache
def _network() -> LiteNet:
    return LiteNet("selfie")
