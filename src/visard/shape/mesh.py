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
            place[cells, axis] = (weight * vertices[:, axis][corners]).sum(axis=0)
        return np.asarray(sample(pixels, place.reshape(TEXTURE, TEXTURE, 2)), np.uint8)

    def project(self, vertices: Vertices, height: int, width: int) -> Floats:
        """Return for each of (height, width) pixels the texel (u, v) that shows there, far outside where none does.

        Of surfaces that hide each other the nearer one shows; those seen from behind never do.
        """
        triangle, weight = rasterise(vertices[:, :2], vertices[:, 2], self.triangles, height, width)
        cells = np.flatnonzero(triangle.ravel() >= 0)
        corners, share = self.triangles[triangle.ravel()[cells]].T, weight.reshape(-1, 3)[cells].T
        texel = np.full((height * width, 2), -1e4, np.float32)
        for axis in range(2):
            texel[cells, axis] = (share * self.uv[:, axis][corners]).sum(axis=0)
        return texel.reshape(height, width, 2)


def rasterise(
    points: Points, depth: Floats | None, triangles: NDArray[np.int32], height: int, width: int
) -> tuple[NDArray[np.int32], Floats]:
    """Return for each pixel the triangle that covers its centre, -1 for none, and its barycentric coordinates.

    points: (N, 2) x, y in pixels; depth: (N,), smaller is nearer, None where nothing overlaps; triangles: (T, 3).
    All triangles are drawn at once: every pixel of every bounding box is tried. Those that face away are left out.
    """
    found = np.full(height * width, -1, np.int32)
    weights = np.zeros((height * width, 3), np.float32)
    a, b, c = (points[triangles[:, k]].astype(np.float32) for k in range(3))
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    corners = np.stack([a, b, c])
    low = np.maximum(np.ceil(corners.min(axis=0) - 1e-3), 0).astype(np.int32)
    high = np.minimum(np.floor(corners.max(axis=0) + 1e-3), (width - 1, height - 1)).astype(np.int32)
    wide, tall = np.maximum(high - low + 1, 0).T
    count = np.where(area > 1e-6, wide * tall, 0)
    owner = np.repeat(np.arange(len(triangles), dtype=np.int32), count)
    if not len(owner):
        return found.reshape(height, width), weights.reshape(height, width, 3)
    step = np.arange(len(owner), dtype=np.int32) - (np.cumsum(count) - count).astype(np.int32)[owner]
    y, x = np.divmod(step, wide[owner])
    # Two of the coordinates at a bounding box's first pixel, and how they grow from pixel to pixel.
    start, whole = low - a, np.where(area > 1e-6, area, 1)
    two, three = (
        ((start * slope).sum(axis=1)[owner] + x * slope[:, 0][owner] + y * slope[:, 1][owner]).astype(np.float32)
        for slope in (
            np.stack([c[:, 1] - a[:, 1], a[:, 0] - c[:, 0]], axis=1) / whole[:, None],
            np.stack([a[:, 1] - b[:, 1], b[:, 0] - a[:, 0]], axis=1) / whole[:, None],
        )
    )
    one = 1 - two - three
    hit = np.flatnonzero((one > -1e-4) & (two > -1e-4) & (three > -1e-4))
    weight = np.stack([one[hit], two[hit], three[hit]], axis=1)
    owner, x, y = owner[hit], x[hit], y[hit]
    cell = (low[:, 1][owner] + y) * width + low[:, 0][owner] + x
    found[cell] = 0
    if depth is not None and np.count_nonzero(found == 0) < _ALONE * len(cell):
        far = (depth[triangles[owner]] * weight).sum(axis=1)
        order = np.argsort(-far, kind="stable")  # the nearest is drawn last
        owner, weight, cell = owner[order], weight[order], cell[order]
    found[cell] = owner
    weights[cell] = weight
    return found.reshape(height, width), weights.reshape(height, width, 3)


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
