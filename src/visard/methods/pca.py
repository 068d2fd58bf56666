"""Eigenfaces: exchange a face's coefficients for random ones. Blurred; light, pose and hair tone stay, and may tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from visard.methods.strength import check_count, check_name, check_share, drawn_by
from visard.models.eigenfaces import Eigenfaces, eigenfaces
from visard.types import Form, Goal, Patch, Pixels

Floats = NDArray[np.float32]
Residual = Literal["drop", "keep"]


@dataclass(frozen=True, slots=True)
class Pca:
    """Project on eigenfaces, mix each coefficient with a random one of its variance, reconstruct (METHODS 2.2).

    c'_i = sqrt(1 - strength^2) c_i + strength sqrt(lambda_i) n_i; the first `leading` ones, light and pose
    more than identity, stay. residual: `drop` loses what eigenfaces cannot say, which blurs; `keep` adds
    it back, which leaks identity.
    """

    name: ClassVar[str] = "pca"
    size: ClassVar[int | None] = 64
    blind: ClassVar[bool] = False
    reversible: ClassVar[bool] = False
    goal: ClassVar[Goal] = "machines"
    form: ClassVar[Form] = "transform"
    identities: ClassVar[bool] = True

    strength: float = 0.8
    leading: int = 8
    residual: Residual = "drop"

    def __post_init__(self) -> None:
        check_share("strength", self.strength)
        check_count("leading", self.leading)
        check_name("residual", self.residual, get_args(Residual))

    def __call__(self, patch: Patch) -> Pixels:
        """Return the square of somebody else in the same light; one subject, one somebody."""
        x, faces = patch.pixels.astype(np.float32) / np.float32(255), eigenfaces()
        gain, offset = lighting(faces, x)
        lit = x * gain + offset
        c = faces.coefficients(lit)
        keep, give = mixture(len(c), self.leading, self.strength, drawn_by(patch))
        mixed = (c * keep + np.sqrt(faces.variance) * give).astype(np.float32)
        new = (reconstruct(faces, lit, c, mixed, self.residual) - offset) / gain
        return np.asarray(np.round(np.clip(new, 0.0, 1.0) * 255.0), np.uint8)


def mixture(count: int, leading: int, strength: float, seed: int) -> tuple[Floats, Floats]:
    """Return how much of each of so many coefficients is kept, and what is added, in deviations: a random person's, who
    is the seed's; nothing to the first `leading`."""
    ours = np.arange(count) < leading
    n = np.random.default_rng(seed).standard_normal(count, np.float32)
    keep = np.where(ours, 1.0, np.sqrt(1.0 - strength**2))
    return keep.astype(np.float32), np.where(ours, 0.0, strength * n).astype(np.float32)


def lighting(faces: Eigenfaces, x: Floats) -> tuple[np.float32, Floats]:
    """Return the gain, and the offset (3,), that give a face (s, s, 3) the colour and contrast of the trained ones.

    Without them somebody else's face would shine in a dark picture.
    """
    trained = np.sqrt(np.square(faces.mean - _colour(faces.mean)).mean() + faces.variance.sum() / faces.mean.size)
    own = np.sqrt(np.square(x - _colour(x)).mean())
    gain = np.float32(trained / max(float(own), 1e-3))
    return gain, _colour(faces.mean) - _colour(x) * gain


def _colour(x: Floats) -> Floats:
    return np.asarray(x.mean(axis=(0, 1)), np.float32)


def reconstruct(faces: Eigenfaces, x: Floats, c: Floats, new: Floats, residual: Residual) -> Floats:
    """Return the face (s, s, 3), not clipped, of new coefficients (q,), where c are those of x.

    residual: `keep` adds x - mean - E c, the part of x beyond the eigenfaces; `drop` does not.
    """
    picture = faces.picture(new)
    return picture + (x - faces.picture(c)) if residual == "keep" else picture
