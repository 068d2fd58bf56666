"""Background by visard's own network: it sees a hole's surroundings on a square, and carries their lines across."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.methods.patches import refine
from visard.methods.scene import fill_in
from visard.models.taught import taught
from visard.types import Pixels

Flags = NDArray[np.bool_]
Floats = NDArray[np.float32]

SIDE = 192
"""Side in pixels of the square that the network sees."""

_AROUND = 0.6
"""How much around a hole the network sees, in sides of its box."""


class Background:
    """The network's picture of a hole, as coarse as its square, and over it patches that are as fine as the picture."""

    name: ClassVar[str] = "background"

    def __init__(self, weights: str = "") -> None:
        self._net = taught("background", weights)

    def __call__(self, pixels: Pixels, wanted: Flags, known: Flags, seed: int) -> Pixels | None:
        """Return the picture with its hole painted by the network, and made of known patches that look like that."""
        if not known.any() or not wanted.any():
            return None
        rows, columns = _window(wanted)
        share = _fit(known[rows, columns].astype(np.float32))
        colour = _fit(np.where(known[rows, columns, None], pixels[rows, columns], 0).astype(np.float32))
        painted = self._net(inputs(colour, share)[None])[0][0].transpose(1, 2, 0)
        whole = pixels.astype(np.float32)
        size = whole[rows, columns].shape[1::-1]
        large = cv2.resize(painted, size, interpolation=cv2.INTER_CUBIC) * np.float32(127.5) + np.float32(127.5)
        whole[rows, columns][wanted[rows, columns]] = large[wanted[rows, columns]]
        guess = np.clip(np.round(whole), 0, 255).astype(np.uint8)
        return refine(guess, wanted, known, max(size) / SIDE, seed)


def inputs(colour: Floats, share: Floats) -> Floats:
    """Return (4, S, S) what the network sees of (S, S, 3) colours, 0 to 255 times the known (S, S) share of a pixel."""
    known = (share > 0.999).astype(np.float32)
    filled = fill_in(colour, known) / np.float32(127.5) - 1
    return np.ascontiguousarray(np.dstack([filled, known]).transpose(2, 0, 1), np.float32)


def _fit(values: Floats) -> Floats:
    how = cv2.INTER_AREA if max(values.shape[:2]) > SIDE else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(values, (SIDE, SIDE), interpolation=how), np.float32)


def _window(wanted: Flags) -> tuple[slice, slice]:
    """Return the (rows, columns) around what is wanted that the network sees."""
    spans = []
    for axis in (1, 0):
        at = np.flatnonzero(wanted.any(axis=axis))
        reach = round(_AROUND * (at[-1] - at[0] + 1))
        spans.append(slice(max(0, int(at[0]) - reach), min(wanted.shape[1 - axis], int(at[-1]) + 1 + reach)))
    return spans[0], spans[1]
