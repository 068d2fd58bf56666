"""Projection on a hypersphere. Whoever centres on a and compares by cosine is not hindered at all: exact invariance.

x_p = a + R (x - a) / ||x - a|| keeps the direction of x - a, so that only matchers that look at its length, or that
lose what clipping and eight bits take from a small R, are hurt.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.methods.strength import check_above, check_name, check_share
from visard.models.eigenfaces import eigenfaces
from visard.types import Form, Goal, Patch, Pixels

Floats = NDArray[np.float64]
Centre = Literal["mean", "svdd"]

DOCUMENTED_SIDE = 40
"""Side in pixels of the colour face in whose norm radii are given; for a face n times as wide they are n times it."""


@dataclass(frozen=True, slots=True)
class Hypersphere:
    """Project the face on a sphere around a centre (Chriskos et al. 2015; METHODS 2.3).

    radius: that of the sphere at strength 0.5, the norm of a 40 x 40 colour face in [0, 1]. Below 0.5 the
    face goes only part of the way; above, the sphere shrinks, to its centre at 1. centre: `mean` of the
    training faces, or the `svdd` solution for them.
    """

    name: ClassVar[str] = "hypersphere"
    size: ClassVar[int | None] = 120
    blind: ClassVar[bool] = False
    reversible: ClassVar[bool] = False
    goal: ClassVar[Goal] = "machines"
    form: ClassVar[Form] = "transform"

    strength: float = 0.85
    radius: float = 8.0
    centre: Centre = "mean"

    def __post_init__(self) -> None:
        check_share("strength", self.strength)
        check_above("radius", self.radius)
        check_name("centre", self.centre, get_args(Centre))

    def __call__(self, patch: Patch) -> Pixels:
        """Return the projected square."""
        x, a = patch.pixels / 255.0, self.middle(len(patch.pixels))
        new = project(x, a, self.target(float(np.linalg.norm(x - a)), len(x)))
        return np.round(np.clip(new, 0.0, 1.0) * 255.0).astype(np.uint8)

    def middle(self, side: int) -> Floats:
        """Return the centre a as a (side, side, 3) face in [0, 1]."""
        faces = eigenfaces()
        a = faces.mean if self.centre == "mean" else faces.svdd_centre
        return np.asarray(cv2.resize(a, (side, side), interpolation=cv2.INTER_CUBIC), np.float64)

    def target(self, norm: float, side: int) -> float:
        """Return R, in the norm of a face of that side, for a face whose ||x - a|| is given."""
        radius = self.radius * side / DOCUMENTED_SIDE
        if self.strength >= 0.5:
            return 2.0 * (1.0 - self.strength) * radius
        return norm + 2.0 * self.strength * (radius - norm)


def project(x: Floats, a: Floats, radius: float) -> Floats:
    """Return a + R (x - a) / ||x - a||, not clipped; a itself where x is a, which has no direction."""
    norm = float(np.linalg.norm(x - a))
    return a + (x - a) * (radius / norm) if norm > 0 else a.copy()


def rho(x: Floats, a: Floats, radius: float) -> float:
    """Return R / mean ||x - a|| of faces (N, s, s, 3): below 1 faces come closer to the centre, and to each other."""
    return radius / float(np.mean([np.linalg.norm(face - a) for face in x]))
