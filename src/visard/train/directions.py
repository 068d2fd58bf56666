"""Which of SeFa's directions makes a face smile: each is tried on faces, and named by what readings then say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from visard.methods.scene import SIDE
from visard.nets.dual import Dual
from visard.nets.sefa import directions
from visard.shape.landmarks import Vertices, find_mesh
from visard.shape.mesh import canonical, mouth_opening
from visard.train.album import WIDE, Album
from visard.train.views import planes, scaled
from visard.types import Box, Pixels, Region

Floats = NDArray[np.float32]

_TRIED, _FACES = 16, 24
"""Directions that are tried, those that change most, and faces on which they are."""

_STEP = 2.0
"""Deviations of the styles along a direction that one degree moves."""

_CORNERS, _LIPS = (61, 291), (0, 17)
"""Vertices at the corners of the mouth, and in the middle of its outer edges."""

_ABOVE_LIP, _CHEEKS = (164, 167, 393, 165, 391), (50, 280, 101, 330)
"""Vertices where a moustache grows, and where none does."""

_WHOLE = Region("face", Box(0.2 * SIDE, 0.15 * SIDE, 0.8 * SIDE, 0.85 * SIDE), 1.0)


class Named(NamedTuple):
    """A direction (256,), one degree long; by how much a degree changes the reading: mean, and in its deviations."""

    direction: Floats
    change: float
    sure: float


def smiling(pixels: Pixels, vertices: Vertices) -> float:
    """Return how much higher the corners of the mouth lie than its middle, in widths of it; the head is turned back."""
    shape = canonical().fit_pose(vertices).lift(vertices)
    corners, lips = shape[list(_CORNERS)], shape[list(_LIPS)]
    return float((lips[:, 1].mean() - corners[:, 1].mean()) / max(float(np.ptp(corners[:, 0])), 1e-6))


def mouth_open(pixels: Pixels, vertices: Vertices) -> float:
    """Return the height of the mouth's opening over its width."""
    return mouth_opening(vertices)


def moustache(pixels: Pixels, vertices: Vertices) -> float:
    """Return how much darker the skin above the lips is than the cheeks, as a share."""
    grey = cv2.GaussianBlur(cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY), (0, 0), 1.0)
    height, width = grey.shape

    def light(ids: Sequence[int]) -> float:
        x, y = np.round(vertices[list(ids), :2]).astype(int).T
        return float(grey[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)].mean())

    return 1 - light(_ABOVE_LIP) / max(light(_CHEEKS), 1.0)


READINGS: Mapping[str, Callable[[Pixels, Vertices], float]] = {
    "smiling": smiling,
    "mouth-open": mouth_open,
    "moustache": moustache,
}
"""Attribute -> what reads how much of it a face (128, 128, 3) with known vertices has."""


def named(net: Dual, album: Album, side: int, told: int) -> dict[str, Named]:
    """Return the direction for each attribute whose reading moves most surely, up for a positive degree.

    told: numbers of a condition, here all 0: edits ask for no password. Raises ModelError.
    """
    picked = album.rows[np.linspace(0, len(album.rows) - 1, min(_FACES, len(album.rows))).astype(int)]
    edge = (WIDE - SIDE) // 2
    squares = [np.asarray(album.squares[i])[edge : edge + SIDE, edge : edge + SIDE, :3] for i in picked]
    faces = torch.from_numpy(np.stack([planes(scaled(np.asarray(square, np.float32), side)) for square in squares]))
    with torch.inference_mode():
        found = directions(net.decoder.affine(), _TRIED)
        code, way = net.encoder(faces), torch.zeros(len(faces), told)
        styles = net.decoder.style(torch.cat([code.who, way], dim=1))
        found = found * (_STEP * (styles @ found.T).std(0).clamp(min=1e-3))[:, None]
        plain = net.decoder(code, way)
        changes = np.full((_TRIED, len(READINGS), len(squares)), np.nan)
        for number, direction in enumerate(found):
            up, down = (net.decoder(code, way, s * direction.expand(len(faces), -1)) - plain for s in (1, -1))
            for face, square in enumerate(squares):
                changes[number, :, face] = _read(square, up[face]) - _read(square, down[face])
    return {name: _surest(changes[:, column] / 2, found) for column, name in enumerate(READINGS)}


def edited(square: Pixels, change: Tensor) -> Pixels:
    """Return a (S, S, 3) square with a change (3, s, s), in halves of the range, added."""
    more = cv2.resize(change.permute(1, 2, 0).numpy() * 127.5, square.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(np.round(square + more), 0, 255), np.uint8)


def _read(square: Pixels, change: Tensor) -> NDArray[np.float64]:
    picture = edited(square, change)
    mesh = find_mesh(picture, _WHOLE)
    if not mesh.sure:
        return np.full(len(READINGS), np.nan)
    return np.array([reading(picture, mesh.vertices) for reading in READINGS.values()])


def _surest(changes: NDArray[np.float64], found: Tensor) -> Named:
    """Return the direction whose changes (directions, faces) are largest beside their deviation."""
    seen = (~np.isnan(changes)).sum(1)
    means = np.where(seen > 1, np.nansum(changes, axis=1) / np.maximum(seen, 1), 0.0)
    spread = np.sqrt(np.nansum((changes - means[:, None]) ** 2, axis=1) / np.maximum(seen - 1, 1)) + 1e-6
    # A face that is found in half of the cases alone says little.
    sure = np.where(2 * seen >= changes.shape[1], means / spread, 0.0)
    best = int(np.abs(sure).argmax())
    sign = 1.0 if means[best] >= 0 else -1.0
    return Named(np.asarray(sign * found[best].numpy(), np.float32), sign * float(means[best]), abs(float(sure[best])))
