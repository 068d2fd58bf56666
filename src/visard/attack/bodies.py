"""The body attacker: who somebody is by the colours of their clothes and the shape of their body, without a face.

Two descriptions from before networks: colours in stripes (as Gray and Tao 2008) and gradients in cells (Dalal and
Triggs 2005). A taught network would know more; what these know, anybody can.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.attack.score import Score, rate
from visard.types import Box, Pixels

Floats = NDArray[np.float32]

_SIZE = (48, 128)
"""Width and height in pixels at which a body is looked at."""

_STRIPES, _BINS = 6, 8
"""Stripes from head to feet, and bins of each channel's histogram in them."""

_CELL = 16
"""Side in pixels of a cell whose gradients are counted by direction."""

_WAYS = 8

_FAINT = 2000.0
"""Strength of a cell's edges, summed, from which on they count whatever their contrast: grain counts for little."""


def colours(pixels: Pixels, box: Box) -> Floats:
    """Return (144,) how often each lightness and colour occurs in stripes of a body in (H, W, 3) uint8 RGB pixels.

    The middle of the box counts most: at its sides is background. Length 1.
    """
    lab = cv2.cvtColor(_seen(pixels, box), cv2.COLOR_RGB2LAB)
    middle = np.exp(-(((np.arange(_SIZE[0]) + 0.5) / _SIZE[0] - 0.5) ** 2) / 0.04).astype(np.float32)
    weight = np.broadcast_to(middle, lab.shape[:2])
    # Colours lie near the middle of their range, so their bins are narrower.
    reach = ((0, 256), (88, 168), (88, 168))
    parts = [
        np.histogram(stripe[..., channel], _BINS, reach[channel], weights=own)[0]
        for stripe, own in zip(np.array_split(lab, _STRIPES), np.array_split(weight, _STRIPES), strict=True)
        for channel in range(3)
    ]
    # Roots, so that the cosine is the Bhattacharyya coefficient.
    return _unit(np.sqrt(np.concatenate(parts)))


def shape(pixels: Pixels, box: Box) -> Floats:
    """Return (192,) how strong the edges of each direction are in cells of a body in (H, W, 3) uint8 RGB pixels."""
    grey = cv2.GaussianBlur(cv2.cvtColor(_seen(pixels, box), cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), 1.5)
    across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    strength, way = cv2.cartToPolar(across, down)
    number = np.minimum((way % np.pi) / np.pi * _WAYS, _WAYS - 1).astype(int)
    rows, columns = _SIZE[1] // _CELL, _SIZE[0] // _CELL
    cell = (np.arange(_SIZE[1]) // _CELL)[:, None] * columns + (np.arange(_SIZE[0]) // _CELL)[None, :]
    counts = np.bincount((cell * _WAYS + number).ravel(), strength.ravel(), rows * columns * _WAYS)
    cells = counts.reshape(-1, _WAYS)
    return _unit((cells / (np.linalg.norm(cells, axis=1, keepdims=True) + _FAINT)).ravel())


def known_by(name: str, gallery: Sequence[tuple[int, Floats]], probes: Sequence[tuple[int, Floats]]) -> Score:
    """Return the share of the probes whose nearest in the gallery, by cosine, is of the same (number, vector) person.

    Vectors are seen from the mean of their own side: what a method does to everybody tells nobody apart.
    """
    if not gallery or not probes:
        return rate(name, 0, 0, "nobody to compare")
    ours, theirs = (_centred(np.stack([vector for _, vector in side])) for side in (gallery, probes))
    nearest = (theirs @ ours.T).argmax(axis=1)
    hits = sum(gallery[k][0] == number for k, (number, _) in zip(nearest, probes, strict=True))
    return rate(name, hits, len(probes))


def _seen(pixels: Pixels, box: Box) -> Pixels:
    cells = box.cells(*pixels.shape[:2])
    piece = pixels[cells]
    if not piece.size:
        return np.zeros((*_SIZE[::-1], 3), np.uint8)
    return np.asarray(cv2.resize(piece, _SIZE, interpolation=cv2.INTER_AREA), np.uint8)


def _unit(vector: NDArray[np.floating]) -> Floats:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), np.float32)


def _centred(vectors: Floats) -> Floats:
    away = vectors - vectors.mean(axis=0)
    return np.asarray(away / np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-9), np.float32)
