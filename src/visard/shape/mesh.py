"""Room 4, CUT: the canonical face, poses, and the piecewise-affine map between a face and its flat texture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load

from visard.shape.landmarks import Vertices
from visard.shape.similarity import Matrix, scale_of
from visard.types import Pixels, Points

Floats = NDArray[np.float32]

POSE = 7
"""Numbers of a face's code that tell its pose: scale, turn and shift; those after them tell its shape."""

TEXTURE = 256
"""Side in texels of the flat square into which a face is unrolled."""

_ALONE = 0.97
"""Share of the drawn pixels that no second triangle touches from which on nothing hides anything: edges are shared."""

_EDGE = 1e-4
"""Barycentric coordinate, and share of a pixel, by which edges reach further, so that none is left between two."""

OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
"""Vertices of the face's outline, clockwise from the top of the forehead."""

INNER_LIPS = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)
"""Vertices around the mouth's opening."""

EYES = (
    (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246),
    (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466),
)
"""Vertices around the opening of the eye on the image's left, and of the other."""

_LIPS = (13, 14, 78, 308)
_LIDS = ((159, 145, 33, 133), (386, 374, 263, 362))


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """Where a head is: canonical (468, 3) -> frame as scale x rotation x canonical + shift (weak perspective)."""

    scale: float
    rotation: NDArray[np.float64]
    shift: NDArray[np.float64]

    def place(self, canonical: Floats) -> Vertices:
        """Return canonical (N, 3) points in the frame."""
        return np.asarray(self.scale * canonical @ self.rotation.T + self.shift, np.float32)

    def lift(self, vertices: Vertices) -> Floats:
        """Return the frame's (N, 3) points in the canonical frame: upright, frontal, at unit distance of the eyes."""
        return np.asarray((vertices - self.shift) @ self.rotation / self.scale, np.float32)

    @property
    def angles(self) -> tuple[float, float, float]:
        """Yaw, pitch and roll in degrees; yaw is positive where the nose points to the image's right."""
        r = self.rotation
        yaw, pitch = np.arcsin(np.clip(-r[0, 2], -1, 1)), np.arctan2(r[1, 2], r[2, 2])
        return float(np.degrees(yaw)), float(np.degrees(pitch)), float(np.degrees(np.arctan2(r[1, 0], r[0, 0])))


@dataclass(frozen=True)
class Canonical:
    """The mean face: shape (468, 3) with the outer eye corners 1 apart, uv (468, 2) in texels, triangles (T, 3).

    basis: (60, 1404) directions in which shapes differ from shape + offset (468, 3); they hold 99.99 % of it.
    """

    shape: Floats
    uv: Floats
    triangles: NDArray[np.int32]
    basis: Floats
    offset: Floats

    @cached_property
    def texels(self) -> tuple[NDArray[np.int32], Floats]:
        """Triangle of each texel (-1 outside) and its barycentric coordinates: the map that unwraps any face."""
        return rasterise(self.uv, None, self.triangles, TEXTURE, TEXTURE)

    @cached_property
    def _inner(self) -> tuple[NDArray[np.intp], NDArray[np.int32], Floats]:
        """Cells of the texels inside, the three vertices (3, n) around each, and their weights (3, n)."""
        triangle, weight = self.texels
        cells = np.flatnonzero(triangle.ravel() >= 0)
        corners = self.triangles[triangle.ravel()[cells]].T
        return cells, np.ascontiguousarray(corners), np.ascontiguousarray(weight.reshape(-1, 3)[cells].T)

    @cached_property
    def inside(self) -> NDArray[np.bool_]:
        """(256, 256) texels that belong to the face."""
        return self.texels[0] >= 0

    def fit_pose(self, vertices: Vertices) -> Pose:
        """Return the pose in which the mean face lies nearest to a face's vertices (Umeyama 1991)."""
        ours, theirs = self.shape.astype(np.float64), vertices.astype(np.float64)
        a, b = ours - ours.mean(axis=0), theirs - theirs.mean(axis=0)
        u, stretch, vt = np.linalg.svd(b.T @ a)
        flip = np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
        rotation = u @ flip @ vt
        scale = float((stretch * np.diag(flip)).sum() / (a * a).sum())
        return Pose(scale, rotation, theirs.mean(axis=0) - scale * rotation @ ours.mean(axis=0))

    def encode(self, vertices: Vertices) -> Floats:
        """Return (67,) scale, turn, shift and shape of a face: what a track remembers of it, and smooths."""
        pose = self.fit_pose(vertices)
        turn = np.asarray(cv2.Rodrigues(pose.rotation)[0]).ravel()
        shape = self.basis @ (pose.lift(vertices) - self.shape - self.offset).ravel()
        return np.concatenate([[pose.scale], turn, pose.shift, shape]).astype(np.float32)

    def decode(self, code: Floats) -> Vertices:
        """Return the (468, 3) vertices of what `encode` gave."""
        rotation = np.asarray(cv2.Rodrigues(code[1:4].astype(np.float64))[0], np.float64)
        pose = Pose(float(code[0]), rotation, code[4:7].astype(np.float64))
        return pose.place(self.shape + self.offset + (code[POSE:] @ self.basis).reshape(-1, 3))

    def carry(self, code: Floats, way: Matrix) -> Floats:
        """Return the code of a face after a similarity (2, 3) in the picture's plane; its shape stays."""
        grown, angle = scale_of(way), np.arctan2(way[1, 0], way[0, 0])
        turn = np.asarray(cv2.Rodrigues(np.array([0.0, 0.0, angle]))[0], np.float64)
        rotation = turn @ np.asarray(cv2.Rodrigues(code[1:4].astype(np.float64))[0], np.float64)
        carried = code.copy()
        carried[0], carried[6] = grown * code[0], grown * code[6]
        carried[1:4] = np.asarray(cv2.Rodrigues(rotation)[0]).ravel()
        carried[4:6] = way @ (*code[4:6], 1.0)
        return carried

    def unwrap(self, pixels: Pixels, vertices: Vertices) -> Pixels:
        """Return the (256, 256, 3) texture of the face in (H, W, 3) pixels; black outside the face."""
        cells, corners, weight = self._inner
        place = np.full((TEXTURE * TEXTURE, 2), -1e4, np.float32)
        for axis in range(2):
            place[cells, axis] = np.einsum("kn,kn->n", weight, vertices[:, axis].take(corners))
        return np.asarray(sample(pixels, place.reshape(TEXTURE, TEXTURE, 2)), np.uint8)

    def project(self, vertices: Vertices, height: int, width: int) -> Floats:
        """Return for each of (height, width) pixels the texel (u, v) that shows there, far outside where none does.

        Of surfaces that hide each other the nearer one shows; those seen from behind never do.
        """
        triangle = cover(vertices[:, :2], vertices[:, 2], self.triangles, height, width).ravel()
        cells = np.flatnonzero(triangle >= 0)
        y, x = np.divmod(cells.astype(np.int32), np.int32(width))
        slopes = np.einsum("tka,jkt->ajt", self.uv[self.triangles], _barycentric(vertices[:, :2], self.triangles))
        slopes = slopes.astype(np.float32).take(triangle[cells], axis=2, mode="clip")
        texel = np.full((height * width, 2), -1e4, np.float32)
        for axis, (along, down, start) in enumerate(slopes):
            texel[cells, axis] = along * x + down * y + start
        return texel.reshape(height, width, 2)


def rasterise(
    points: Points, depth: Floats | None, triangles: NDArray[np.int32], height: int, width: int
) -> tuple[NDArray[np.int32], Floats]:
    """Return `cover`, and each pixel's barycentric coordinates in its triangle (height, width, 3), 0 where none is."""
    found = cover(points, depth, triangles, height, width)
    y, x = np.nonzero(found >= 0)
    weights = np.zeros((height, width, 3), np.float32)
    along, down, start = _barycentric(points, triangles).take(found[y, x], axis=2)
    weights[y, x] = (along * x + down * y + start).T
    return found, weights


def cover(
    points: Points, depth: Floats | None, triangles: NDArray[np.int32], height: int, width: int
) -> NDArray[np.int32]:
    """Return (height, width) the triangle that covers each pixel's centre, -1 for none.

    points: (N, 2) x, y in pixels; depth: (N,), smaller is nearer, None where nothing overlaps; triangles: (T, 3).
    All triangles are drawn at once, row by row of each. Those that face away are left out.
    """
    found = np.full(height * width, -1, np.int32)
    slopes, rows = _barycentric(points, triangles), points[:, 1][triangles.T]
    low = np.maximum(np.ceil(rows.min(axis=0) - _EDGE), 0).astype(np.int32)
    high = np.minimum(np.floor(rows.max(axis=0) + _EDGE), height - 1).astype(np.int32)
    tall = np.where(np.isfinite(slopes[0, 0]), np.maximum(high - low + 1, 0), 0)
    owner, y = _ramps(np.arange(len(triangles), dtype=np.int32), low, tall)
    # A pixel of a row lies inside where no barycentric coordinate, linear along the row, is negative.
    along, down, start = slopes.take(owner, axis=2)
    with np.errstate(divide="ignore", invalid="ignore"):
        zero = -(_EDGE + start + down * y) / along
    left = np.where(along > 0, zero, 0).max(axis=0, initial=0)
    right = np.where(along < 0, zero, width).min(axis=0, initial=width - 1)
    first, last = np.ceil(left).astype(np.int32), np.floor(right).astype(np.int32)
    row, x = _ramps(np.arange(len(owner), dtype=np.int32), first, np.maximum(last - first + 1, 0))
    owner, y = owner[row], y[row]
    cell = y * np.int32(width) + x
    found[cell] = owner
    if depth is not None and np.count_nonzero(found >= 0) < _ALONE * len(cell):
        along, down, start = np.einsum("tk,jkt->jt", depth[triangles], slopes).take(owner, axis=1)
        order = np.argsort(-(along * x + down * y + start), kind="stable")  # the nearest is drawn last
        found[cell[order]] = owner[order]
    return found.reshape(height, width)


def _barycentric(points: Points, triangles: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return (3, 3, T): how much the barycentric coordinates grow along x and y, and what they are at the origin.

    Not a number for triangles that face away.
    """
    (ax, bx, cx), (ay, by, cy) = (points[:, axis].astype(np.float64)[triangles.T] for axis in (0, 1))
    area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    area[area <= 1e-6] = np.nan
    two = np.array([cy - ay, ax - cx, ay * cx - ax * cy]) / area
    three = np.array([ay - by, bx - ax, ax * by - ay * bx]) / area
    return np.stack([np.array([[0.0], [0.0], [1.0]]) - two - three, two, three], axis=1)


def _ramps(
    of: NDArray[np.int32], first: NDArray[np.int32], count: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return whom each step belongs to, and the step: of each, so many from its first on, one after the other."""
    begun = (np.cumsum(count) - count - first).astype(np.int32)
    owner = np.repeat(of, count)
    return owner, np.arange(len(owner), dtype=np.int32) - np.repeat(begun, count)


def sample(values: Any, places: Floats, border: int = cv2.BORDER_CONSTANT) -> Any:
    """Return the values (H, W, ...) at places (h, w, 2) x, y, between pixels linearly."""
    return cv2.remap(values, places[..., 0], places[..., 1], cv2.INTER_LINEAR, borderMode=border)


def mouth_opening(shape: Floats) -> float:
    """Return the height of the mouth's opening over its width, from (468, 2 or 3) points of one frame."""
    top, bottom, left, right = (shape[i] for i in _LIPS)
    return float(np.linalg.norm(top - bottom) / max(float(np.linalg.norm(left - right)), 1e-6))


def eye_openings(shape: Floats) -> tuple[float, float]:
    """Return the height of each eye's opening over its width, the eye on the image's left first."""
    openings = []
    for ids in _LIDS:
        top, bottom, outer, inner = (shape[i] for i in ids)
        openings.append(float(np.linalg.norm(top - bottom) / max(float(np.linalg.norm(outer - inner)), 1e-6)))
    return openings[0], openings[1]


@cache
def shape_file() -> dict[str, NDArray[Any]]:
    """Return the tensors of weights/face_shape.safetensors, see the card beside it."""
    return load(files("visard.models").joinpath("weights", "face_shape.safetensors").read_bytes())


@cache
def canonical() -> Canonical:
    """Return the mean face that visard ships."""
    tensors = shape_file()
    wide = (tensors[name].astype(np.float32) for name in ("basis", "offset"))
    return Canonical(tensors["shape"], tensors["uv"], tensors["triangles"], *wide)
