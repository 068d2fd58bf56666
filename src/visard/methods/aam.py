"""Active Appearance Models (Cootes, Edwards and Taylor 2001): shape, texture, and what they have in common."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visard.shape.piecewise import frame, grid, triangulate
from visard.shape.similarity import fit as nearest

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

_KEPT = 0.99
"""Share of the variance that each of the three bases keeps."""


@dataclass(frozen=True, slots=True, eq=False)
class Basis:
    """A mean (d,) and orthonormal directions (q, d)."""

    mean: Doubles
    directions: Doubles

    def coefficients(self, x: NDArray[np.floating]) -> Doubles:
        """Return (N, q) for rows (N, d)."""
        return np.asarray((x - self.mean) @ self.directions.T)

    def rows(self, b: Doubles) -> Doubles:
        """Return the rows (N, d), or one (d,), that coefficients stand for."""
        return np.asarray(self.mean + b @ self.directions)


@dataclass(frozen=True, slots=True, eq=False)
class Aam:
    """A model of aligned faces: s = s0 + Ps bs, g = g0 + Pg bg, and c of (Ws bs, bg); METHODS 3, k-Same-M.

    shape: over (2 K,) coordinates in pixels of the square. texture: over (s s 3,) values of the square warped to
    the mean shape. weight: Ws = weight I, which makes a pixel of shape and a level of texture vary alike.
    """

    size: int
    shape: Basis
    texture: Basis
    common: Basis
    weight: float
    triangles: NDArray[np.intp]

    def parameters(self, shapes: Doubles, textures: NDArray[np.floating]) -> Doubles:
        """Return c (N, q) of Procrustes-aligned shapes (N, K, 2) and shape-free textures (N, s, s, 3)."""
        number = len(shapes)
        b_s = self.shape.coefficients(shapes.reshape(number, -1))
        b_g = self.texture.coefficients(textures.reshape(number, -1))
        return self.common.coefficients(np.concatenate([self.weight * b_s, b_g], axis=1))

    def synthesise(self, c: Doubles) -> Floats:
        """Return the face (s, s, 3) of parameters (q,): its texture, warped from the mean shape to its own."""
        both, split = self.common.rows(c), len(self.shape.directions)
        texture = self.texture.rows(both[split:]).reshape(self.size, self.size, 3).astype(np.float32)
        own = framed(self.shape.rows(both[:split] / self.weight).reshape(-1, 2), self.size)
        mean = framed(self.shape.mean.reshape(-1, 2), self.size)
        return grid(own, self.triangles, self.size).pull(texture, mean)


def fit(pictures: Floats, landmarks: Doubles) -> tuple[Aam, Doubles]:
    """Return the model of aligned pictures (N, s, s, 3) with landmarks (N, K, 2) in pixels, and their c (N, q)."""
    size = pictures.shape[1]
    shapes = procrustes(landmarks)
    shape = basis(shapes.reshape(len(shapes), -1))
    mean = framed(shape.mean.reshape(-1, 2), size)
    triangles = triangulate(mean, size)
    to_mean = grid(mean, triangles, size)
    textures = np.stack([to_mean.pull(x, framed(s, size)) for x, s in zip(pictures, landmarks, strict=True)])
    texture = basis(textures.reshape(len(textures), -1))
    b_s = shape.coefficients(shapes.reshape(len(shapes), -1))
    b_g = texture.coefficients(textures.reshape(len(textures), -1))
    spread = float(np.square(b_s).sum())
    weight = float(np.sqrt(np.square(b_g).sum() / spread)) if spread > 1e-12 else 1.0
    common = basis(np.concatenate([weight * b_s, b_g], axis=1))
    model = Aam(size, shape, texture, common, weight or 1.0, triangles)
    return model, model.parameters(shapes, textures)


def procrustes(landmarks: Doubles, rounds: int = 5) -> Doubles:
    """Return shapes (N, K, 2) turned, scaled and moved onto their common mean, which keeps the first mean's place."""
    mean = landmarks.mean(axis=0)
    shapes = landmarks
    for _ in range(rounds):
        shapes = np.stack([_onto(shape, mean) for shape in landmarks])
        mean = _onto(shapes.mean(axis=0), landmarks.mean(axis=0))
    return shapes


def basis(x: NDArray[np.floating]) -> Basis:
    """Return the principal directions of rows (N, d) that keep `_KEPT` of their variance.

    Found from the rows' products with each other, or the columns', whichever are fewer: a square of many pixels has
    far too many columns for a decomposition of them all (Turk and Pentland 1991).
    """
    mean = x.mean(axis=0, dtype=np.float64)
    centred = x - mean.astype(x.dtype)
    wide = len(centred) < centred.shape[1]
    variance, vectors = np.linalg.eigh(np.asarray(centred @ centred.T if wide else centred.T @ centred, np.float64))
    variance, vectors = np.maximum(variance[::-1], 0.0), vectors[:, ::-1]
    total = float(variance.sum())
    q = int(np.searchsorted(np.cumsum(variance), _KEPT * total)) + 1 if total > 1e-12 else 1
    kept = np.asarray(vectors[:, :q].T.astype(x.dtype) @ centred if wide else vectors[:, :q].T, np.float64)
    length = np.linalg.norm(kept, axis=1, keepdims=True)
    return Basis(mean, kept / np.maximum(length, 1e-12))


def framed(shape: NDArray[np.floating], size: int) -> Floats:
    """Return landmarks (K, 2) followed by the square's frame, as one set of points (K + 8, 2) inside the square."""
    return np.concatenate([np.clip(shape, 0.5, size - 0.5), frame(size)]).astype(np.float32)


def _onto(shape: Doubles, mean: Doubles) -> Doubles:
    matrix = nearest(shape, mean)
    return np.asarray(shape @ matrix[:, :2].T + matrix[:, 2])
