"""Background by visard's own network: it sees a hole's surroundings on a square, and carries their lines across."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.errors import UsageError
from visard.methods.patches import complete
from visard.methods.scene import fill_in
from visard.models.taught import taught
from visard.types import Pixels

Flags = NDArray[np.bool_]
Floats = NDArray[np.float32]

SIDE = 96
"""Side in pixels of the squares that the network learns from."""

STEP = 16
"""The network's sides are multiples of this."""

_DEPTH = 28.0
"""How deep in its pixels the network sees a hole at most: what it has learnt from was hardly deeper."""

_LARGEST = 320
"""Longest side in pixels that the network sees: its work grows with the square."""

_OCTAVES = 6
"""Widths of the Gaussians by which known pixels are weighed, each twice the one before: the last is the square's."""

_AROUND = 0.6
"""How much around a hole the network sees at least, in sides of its box."""

_FINE = 1.0
"""Pixels of the network's square below which it has no say: what is finer is detail, and the patches' own."""

_SHARE, _DETAIL, _DEEP = 0.5, 0.75, 2.0
"""How much the network has to say beside the patches deep in a hole, how much of their detail is kept there, and the
pixels of its own over which that comes about.

Beside the rim patches continue what is there, and are sharp; deep inside they are a guess as well, and two guesses that
err in different ways err less in their middle.
"""


class Background:
    """Patches of the picture, and mixed with them what a network expects: they are sharp, and it errs less."""

    name: ClassVar[str] = "background"

    def __init__(self, weights: str = "", share: float = _SHARE, detail: float = _DETAIL, deep: float = _DEEP) -> None:
        self._net = taught("background", weights)
        if self._net.facts.get("step") != STEP:
            raise UsageError("sees squares of one size alone", where=weights, hint="teach it with this version")
        self._share, self._detail, self._deep = share, detail, deep

    def __call__(self, pixels: Pixels, wanted: Flags, known: Flags, seed: int) -> Pixels | None:
        """Return the picture with its hole made of known patches, drawn to what the network paints there."""
        if not known.any() or not wanted.any():
            return None
        cells = _window(wanted)
        hole = wanted[cells]
        depth = cv2.distanceTransform(np.pad(hole, 1, mode="edge").astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
        scale = _scale(hole.shape, float(depth.max()))
        painted = self._paint(pixels[cells], known[cells], scale)
        new = _large(painted, hole)
        expected = pixels.astype(np.float32)
        expected[cells][hole] = np.clip(new[hole], 0, 255)
        made = complete(pixels, wanted, known, seed, expected)
        if made is not None:
            own = made[cells].astype(np.float32)
            low = _low(own, known[cells] | hole, painted.shape[:2])
            drawn = self._share * _large(painted - low, hole) - (1 - self._detail) * (own - _large(low, hole))
            new = own + self._say(depth * scale)[..., None] * drawn
        result = pixels.copy()
        result[cells][hole] = np.clip(np.round(new[hole]), 0, 255).astype(np.uint8)
        return result

    def _say(self, depth: Floats) -> Floats:
        """Return (h, w) how much of its say the network has at a depth in its pixels: from 0 at the rim to 1."""
        return np.asarray(1 - np.exp(-depth / self._deep), np.float32) if self._deep else np.ones_like(depth)

    def _paint(self, pixels: Pixels, known: Flags, scale: float) -> Floats:
        """Return (H, W, 3) what the network makes of a window, 0 to 255; scale: its pixels for one of the window's."""
        height, width = (max(STEP, STEP * round(length * scale / STEP)) for length in known.shape)
        share = _fit(known.astype(np.float32), (height, width))
        colour = _fit(np.where(known[..., None], pixels, 0).astype(np.float32), (height, width))
        painted = self._net(inputs(colour, share)[None])[0][0].transpose(1, 2, 0)
        return np.asarray(painted * np.float32(127.5) + np.float32(127.5), np.float32)


def inputs(colour: Floats, share: Floats) -> Floats:
    """Return (7, H, W) what the network sees of (H, W, 3) colours, 0 to 255 times the known (H, W) share of a pixel."""
    known = (share > 0.999).astype(np.float32)
    both = np.dstack([_weighed(colour, known), fill_in(colour, known)]) / np.float32(127.5) - 1
    return np.ascontiguousarray(np.dstack([both, known]).transpose(2, 0, 1), np.float32)


def _weighed(colour: Floats, known: Floats) -> Floats:
    """Return (H, W, 3) colours where known is 1, else the mean of all that is known, the nearer the more by far.

    The weights fall with the sixth power of the distance, or so: a sum of Gaussians, each of them twice as wide.
    """
    if not known.any():
        return np.full_like(colour, 127.0)
    level = np.dstack([colour * known[..., None], known])
    total, size = np.zeros_like(level), known.shape[::-1]
    for number in range(_OCTAVES):
        smooth = cv2.GaussianBlur(level, (0, 0), 1.2)
        total += cv2.resize(smooth, size, interpolation=cv2.INTER_LINEAR) * np.float32(0.0625**number)
        half = max(1, level.shape[1] // 2), max(1, level.shape[0] // 2)
        level = cv2.resize(level, half, interpolation=cv2.INTER_AREA)
    mean = total[..., :3] / np.maximum(total[..., 3:], 1e-12)
    return np.asarray(np.where(known[..., None] > 0, colour, mean), np.float32)


def _low(pixels: Floats, there: Flags, size: tuple[int, ...]) -> Floats:
    """Return (H, W, 3) a window of that size without its detail; what is not there has no say."""
    weight = there.astype(np.float32)
    both = cv2.GaussianBlur(_fit(np.dstack([pixels * weight[..., None], weight]), size), (0, 0), _FINE)
    return np.asarray(both[..., :3] / np.maximum(both[..., 3:], 1e-6), np.float32)


def _scale(shape: tuple[int, ...], depth: float) -> float:
    """Return how large the network sees a window of that shape, whose hole is so deep: never larger than it is."""
    return min(1.0, _DEPTH / max(depth, 1.0), _LARGEST / max(shape))


def _fit(values: Floats, size: tuple[int, ...]) -> Floats:
    how = cv2.INTER_AREA if max(values.shape[:2]) > max(size) else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(values, (size[1], size[0]), interpolation=how), np.float32)


def _large(values: Floats, hole: Flags) -> Floats:
    return np.asarray(cv2.resize(values, hole.shape[::-1], interpolation=cv2.INTER_CUBIC), np.float32)


def _window(wanted: Flags) -> tuple[slice, slice]:
    """Return the (rows, columns) around what is wanted that the network sees: a square, if the picture is large enough.

    It is not seen larger than it is: what the network has learnt from was sharp.
    """
    spans = [np.flatnonzero(wanted.any(axis=axis)) for axis in (1, 0)]
    need = [(1 + 2 * _AROUND) * (at[-1] - at[0] + 1) for at in spans]
    side = round(max(*need, SIDE))
    slices = []
    for at, limit in zip(spans, wanted.shape, strict=True):
        start = min(max(0, int(at[0] + at[-1] + 1 - side) // 2), max(0, limit - side))
        slices.append(slice(start, min(limit, start + side)))
    return slices[0], slices[1]
