"""Signs that are nobody's: what `plate` and `text` share, a flat view of a sign and letters of no alphabet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.types import Mask, Patch, Pixels, Points

Matrix = NDArray[np.float64]
Colour = NDArray[np.float32]

TALL = 64
"""Pixels of height in which a line is drawn."""

_GLYPHS: Sequence[Sequence[Sequence[tuple[int, int]]]] = (
    (((0, 4), (0, 0), (2, 0)), ((0, 2), (2, 2), (2, 4))),
    (((0, 0), (2, 0), (2, 4)), ((0, 2), (2, 2)), ((0, 2), (0, 4))),
    (((0, 0), (0, 2), (2, 2), (2, 4)), ((1, 0), (2, 0))),
    (((2, 0), (2, 2), (0, 2), (0, 4)), ((0, 0), (0, 1)), ((2, 3), (2, 4))),
    (((0, 0), (1, 2), (0, 4)), ((2, 0), (2, 4)), ((1, 2), (2, 2))),
    (((0, 0), (2, 0), (0, 2), (2, 4)), ((0, 3), (0, 4))),
    (((0, 0), (0, 4)), ((0, 1), (2, 1)), ((0, 3), (2, 3)), ((2, 1), (2, 0))),
    (((2, 0), (2, 4)), ((0, 1), (2, 1)), ((0, 3), (2, 3)), ((0, 3), (0, 4))),
    (((1, 0), (1, 4)), ((0, 1), (2, 1)), ((0, 4), (2, 4)), ((0, 3), (0, 4))),
    (((0, 0), (2, 0)), ((1, 0), (1, 2)), ((0, 2), (2, 2)), ((0, 2), (0, 4)), ((2, 2), (2, 4))),
)
"""Strokes on a grid of three by five; none is a letter or a digit, and none becomes one in a mirror."""

_WIDER = 1.06
"""By how much a sign is drawn larger than its corners: detectors see the field of the letters."""

_LETTERS = 0.12
"""Share of a sign that its letters cover, at least."""

_SMALLEST = 5.0
"""Pixels of height or width below which a sign is seen edge-on: its colour alone is kept."""


class Sign(NamedTuple):
    """A sign seen straight on: its pixels (h, w, 3), its matrix (3, 3) from these to the patch, and its two colours."""

    pixels: Pixels
    to_patch: Matrix
    ground: Colour
    ink: Colour


def flatten(patch: Patch) -> Sign | None:
    """Return the sign of a patch, from its four corners or else what the mask encloses; None where it is edge-on."""
    corners = _corners(patch)
    if corners is None:
        return None
    wide = max(np.linalg.norm(corners[1] - corners[0]), np.linalg.norm(corners[2] - corners[3]))
    tall = max(np.linalg.norm(corners[3] - corners[0]), np.linalg.norm(corners[2] - corners[1]))
    area = float(cv2.contourArea(corners))
    if min(wide, tall) < _SMALLEST or area < 0.3 * wide * tall:
        return None
    width = int(np.clip(round(TALL * wide / tall), TALL // 4, 40 * TALL))
    flat = np.array([[0, 0], [width, 0], [width, TALL], [0, TALL]], np.float32)
    to_patch = np.asarray(cv2.getPerspectiveTransform(flat, corners), np.float64)
    seen = cv2.warpPerspective(
        patch.pixels, to_patch, (width, TALL), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    ground, ink = _two_colours(np.asarray(seen, np.uint8))
    return Sign(np.asarray(seen, np.uint8), to_patch, ground, ink)


def light(pixels: Pixels, ground: Colour) -> NDArray[np.float32]:
    """Return (h, w, 1) how bright each place of a sign is beside its ground colour, without any of its letters."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    level = max(float(ground @ np.array([0.299, 0.587, 0.114], np.float32)), 1.0)
    # The fit is a plane: it has no room for a letter.
    y, x = np.mgrid[-1 : 1 : grey.shape[0] * 1j, -1 : 1 : grey.shape[1] * 1j]
    bright = np.abs(grey - level) < 0.35 * level + 12
    if bright.sum() < 16:
        return np.ones((*grey.shape, 1), np.float32)
    basis = np.stack([np.ones_like(x), x, y], -1)
    plane = np.linalg.lstsq(basis[bright], grey[bright], rcond=None)[0]
    return np.asarray(np.clip((basis @ plane) / level, 0.5, 1.5)[..., None], np.float32)


def write(canvas: NDArray[np.float32], box: tuple[int, int, int, int], words: Sequence[int], ink: Colour,
          random: np.random.Generator) -> None:  # fmt: skip
    """Draw words of so many letters of no alphabet into a box (x0, y0, x1, y1) of a canvas (h, w, 3), in place."""
    x0, y0, x1, y1 = box
    cells = sum(words) + 0.6 * (len(words) - 1)
    pitch, tall = (x1 - x0) / cells, y1 - y0
    wide = min(0.66 * pitch, 0.62 * tall)
    thick = max(1, round(0.26 * wide))
    at = x0 + (pitch - wide) / 2
    colour = tuple(float(v) for v in ink)
    for word in words:
        for _ in range(word):
            strokes = _GLYPHS[int(random.integers(len(_GLYPHS)))]
            for stroke in strokes:
                placed = [(round(16 * (at + u * wide / 2)), round(16 * (y0 + v * tall / 4))) for u, v in stroke]
                cv2.polylines(canvas, [np.array(placed, np.int32)], False, colour, thick, cv2.LINE_AA, shift=4)
            at += pitch
        at += 0.6 * pitch


def put(patch: Patch, sign: Sign, drawn: NDArray[np.float32]) -> Pixels:
    """Return the patch with a sign that was drawn straight on, and what else was hidden continued from around."""
    new = around(patch)
    height, width = patch.mask.shape
    scale = min(1.0, 1.2 * np.sqrt(abs(np.linalg.det(sign.to_patch[:2, :2]))))
    # Drawn larger than it is seen: averaged first, or the warp would skip strokes.
    soft = cv2.GaussianBlur(drawn, (0, 0), max(0.6, 0.5 / scale))
    placed = cv2.warpPerspective(soft, sign.to_patch, (width, height), flags=cv2.INTER_LINEAR)
    whole = np.ones(drawn.shape[:2], np.float32)
    share = cv2.warpPerspective(whole, sign.to_patch, (width, height), flags=cv2.INTER_LINEAR)[..., None]
    mixed = np.where(share > 0, placed + (1 - share) * new, new)
    return np.clip(np.round(mixed), 0, 255).astype(np.uint8)


def around(patch: Patch) -> Pixels:
    """Return the patch with what is hidden continued from the pixels around it; grey where there are none."""
    hidden = (patch.mask > 0).astype(np.uint8)
    if hidden.all():
        return np.full_like(patch.pixels, 128)
    return np.asarray(cv2.inpaint(np.ascontiguousarray(patch.pixels), hidden, 3, cv2.INPAINT_TELEA), np.uint8)


def _corners(patch: Patch) -> Points | None:
    if patch.points is not None and len(patch.points) == 4 and np.isfinite(patch.points).all():
        middle = patch.points.mean(axis=0)
        return np.asarray(middle + _WIDER * (patch.points - middle), np.float32)
    return _rectangle(patch.mask)


def _rectangle(mask: Mask) -> Points | None:
    inside = np.argwhere(mask >= 1.0)
    if not len(inside):
        return None
    (y0, x0), (y1, x1) = inside.min(axis=0), inside.max(axis=0) + 1
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32)


def _two_colours(pixels: Pixels) -> tuple[Colour, Colour]:
    """Return the colour of most of a sign, and that of its letters: of the pixels farthest from it."""
    flat = pixels[TALL // 10 : -TALL // 10].reshape(-1, 3).astype(np.float32)
    ground = np.median(flat, axis=0).astype(np.float32)
    away = np.linalg.norm(flat - ground, axis=1)
    ink = np.median(flat[away >= np.quantile(away, 1 - _LETTERS)], axis=0).astype(np.float32)
    return ground, ink
