"""Eyes and mouths of new faces: what no average of faces has, and what must follow the source."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.shape.expression import TALL, WIDE, between_lips, expressions
from visard.shape.landmarks import Vertices
from visard.shape.mesh import EYES, INNER_LIPS, TEXTURE, canonical, eye_openings, mouth_opening, sample
from visard.types import Box, Mask, Pixels, Points

CLOSED = 0.15
"""Height over width of an eye's opening below which its gaze is nobody's business."""

_IRIS, _PUPIL = 6.0, 2.6
"""Radii in texels of an iris and of its pupil."""

_NEAR = 2 * int(_IRIS)
"""Texels from the middle of an eye within which an iris is painted."""

_ASIDE = 8
"""Texels by which a gaze moves an iris to either side, at most."""

_PARTED = 0.06
"""Height over width of the gap between lips from which on something is seen in it."""

_AROUND = 4 * int(_IRIS / 2)
"""Texels around the middles of irises that have a say in where they are."""


@cache
def _opening(eye: int) -> Mask:
    """Return the opening of an eye in the texture, 1 inside, soft at the lids."""
    opening = np.zeros((TEXTURE, TEXTURE), np.float32)
    cv2.fillPoly(opening, [np.round(canonical().uv[list(EYES[eye])]).astype(np.int32)], (1.0,))
    return np.asarray(cv2.GaussianBlur(opening, (0, 0), 1.2), np.float32)


def _centre(eye: int) -> NDArray[np.float32]:
    return np.asarray(canonical().uv[list(EYES[eye])].mean(axis=0), np.float32)


@cache
def _place(eye: int) -> tuple[tuple[slice, slice], Mask, Mask]:
    """Return the cells in which an eye's gaze is sought, its opening there, and how much of it lies around each."""
    u, v = np.round(_centre(eye)).astype(int)
    cells = slice(v - 2 - _AROUND, v + 3 + _AROUND), slice(u - _ASIDE - _AROUND, u + _ASIDE + 1 + _AROUND)
    opening = np.ascontiguousarray(_opening(eye)[cells])
    return cells, opening, np.asarray(cv2.GaussianBlur(opening, (0, 0), _IRIS / 2) + np.float32(0.05), np.float32)


def gaze(source: Pixels, eye: int) -> NDArray[np.float32]:
    """Return how far an eye's iris lies from the middle of its opening, (u, v) in texels: the darkest disc there."""
    cells, opening, around = _place(eye)
    dark = 255 - source[cells].max(axis=-1).astype(np.float32)
    disc = cv2.GaussianBlur(dark * opening, (0, 0), _IRIS / 2) / around
    near = disc[_AROUND:-_AROUND, _AROUND:-_AROUND] * np.cos(np.linspace(-0.6, 0.6, 2 * _ASIDE + 1))
    row, column = np.unravel_index(int(near.argmax()), near.shape)
    return np.array([column - _ASIDE, row - 2], np.float32)


def with_irises(texture: Pixels) -> Pixels:
    """Return a donor's texture with an iris, a pupil and a glint in each eye, which no average of eyes still has."""
    whole = texture.astype(np.float32)
    for eye in range(len(EYES)):
        u, v = _centre(eye)
        rows, columns = (slice(int(middle) - _NEAR, int(middle) + _NEAR + 2) for middle in (v, u))
        y, x = np.mgrid[rows, columns].astype(np.float32)
        new = whole[rows, columns]
        away, opening = np.hypot(x - u, y - v), _opening(eye)[rows, columns, None]
        colour = np.median(new[away < _IRIS / 2], axis=0)
        iris = np.exp(-((away / _IRIS) ** 8))[..., None] * opening
        ring = (0.9 - 0.35 * np.exp(-(((away - _IRIS) / 1.4) ** 2)))[..., None]
        new += 0.75 * iris * (colour * ring - new)
        new *= 1 - 0.75 * np.exp(-((away / _PUPIL) ** 4))[..., None] * opening
        glint = np.exp(-(((x - u + 1.8) ** 2 + (y - v + 1.8) ** 2) / 1.6))[..., None]
        new += 0.75 * glint * opening * (240 - new)
    return np.asarray(np.clip(whole, 0, 255), np.uint8)


def turn_eyes(texel: NDArray[np.float32], source: Pixels, vertices: Vertices) -> None:
    """Shift the eyes in place so that they look where the source's looked; closed ones stay closed.

    Both look the same way: in 240 photos one eye's place tells a sixth of the other's variance, and each followed alone
    made faces squint.
    """
    watching = [eye for eye, opening in enumerate(eye_openings(vertices)) if opening >= CLOSED]
    if not watching:
        return
    aside = np.mean([gaze(source, eye) for eye in watching], axis=0)
    u, v = texel[..., 0], texel[..., 1]
    for eye in watching:
        middle = _centre(eye) + aside
        near = (np.abs(u - middle[0]) < 3 * _IRIS) & (np.abs(v - middle[1]) < 3 * _IRIS)
        part = np.exp(-((u[near] - middle[0]) ** 2 + (v[near] - middle[1]) ** 2) / (2 * (1.3 * _IRIS) ** 2))
        u[near] -= (part * aside[0]).astype(np.float32)
        v[near] -= (part * aside[1]).astype(np.float32)


def open_mouth(
    new: NDArray[np.float32], small: NDArray[np.float32], theirs: NDArray[np.float32], ours: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Draw what is between open lips: a mouth of the source's kind, none of its teeth.

    new, small: (h, w, 3), the new face and the source; theirs, ours: (468, 3) vertices of the source and of the new
    face there.
    """
    if mouth_opening(theirs) < _PARTED:
        return np.asarray(new, np.float32)
    inner = expressions().plausible(sample(small, between_lips(theirs), cv2.BORDER_REPLICATE))
    lips = ours[list(INNER_LIPS), :2]
    across = float(np.linalg.norm(lips[0] - lips[10]))
    soft = max(0.6, 0.012 * across)
    low, high = np.floor(lips.min(axis=0) - 4 * soft), np.ceil(lips.max(axis=0) + 4 * soft)
    rows, columns = Box(*low.tolist(), *high.tolist()).cells(*new.shape[:2])
    if rows.start >= rows.stop or columns.start >= columns.stop:  # the picture ends above the mouth
        return np.asarray(new, np.float32)
    corner = np.array([columns.start, rows.start], np.float32)
    part = new[rows, columns]
    gap = np.zeros(part.shape[:2], np.uint8)
    cv2.fillPoly(gap, [np.round((lips - corner) * 16).astype(np.int32)], (255,), lineType=cv2.LINE_AA, shift=4)
    weight = np.asarray(cv2.GaussianBlur(gap, (0, 0), soft), np.float32)[..., None] / 255
    seen = sample(inner, _unrolled(ours[:, :2] - corner, *part.shape[:2]), cv2.BORDER_REPLICATE)
    result = np.array(new, np.float32)
    result[rows, columns] = weight * seen + (1 - weight) * part
    return result


def _unrolled(points: Points, height: int, width: int) -> NDArray[np.float32]:
    """Return for each of (height, width) pixels the column and row of `between_lips` that show there."""
    edges = between_lips(points)[[0, -1]]
    right, left = edges[0, 0], edges[0, -1]
    along = (left - right) / max(float(np.linalg.norm(left - right)), 1e-6)
    turn = np.stack([along, (-along[1], along[0])])
    upper, lower = ((edge - right) @ turn.T for edge in edges)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    across, down = (turn @ np.stack([x.ravel() - right[0], y.ravel() - right[1]])).reshape(2, height, width)
    top, bottom = (np.interp(across, np.maximum.accumulate(edge[:, 0]), edge[:, 1]) for edge in (upper, lower))
    column = np.interp(across, np.maximum.accumulate((upper + lower)[:, 0] / 2), np.arange(WIDE))
    row = (TALL - 1) * (down - top) / np.maximum(bottom - top, 1e-3)
    return np.stack([column, np.clip(row, 0, TALL - 1)], axis=-1).astype(np.float32)
