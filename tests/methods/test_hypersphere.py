"""Hyperspheres: the norm is exact before clipping, and so is the invariance that makes the method weak."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from visard.methods.hypersphere import DOCUMENTED_SIDE, Hypersphere, project, rho
from visard.types import Patch

from ..faces import person, render

FACES = np.stack([render(person(seed), DOCUMENTED_SIDE, light=0.1 * seed - 0.3).pixels / 255.0 for seed in range(6)])


@pytest.mark.parametrize("centre", ["mean", "svdd"])
@pytest.mark.parametrize("radius", [0.5, 8.0, 40.0])
def test_the_norm_is_exact_before_clipping(centre: str, radius: float) -> None:
    a = Hypersphere(centre=centre).middle(DOCUMENTED_SIDE)  # type: ignore[arg-type]
    for x in FACES:
        assert abs(np.linalg.norm(project(x, a, radius) - a) - radius) < 1e-5


def test_the_radius_of_the_paper_is_that_of_strength_a_half() -> None:
    method = Hypersphere(strength=0.5)
    assert method.target(norm=17.0, side=DOCUMENTED_SIDE) == 8.0
    assert method.target(norm=17.0, side=120) == 24.0


def test_a_face_inside_goes_out_to_the_sphere_by_the_same_formula() -> None:
    a = np.full_like(FACES[0], 0.5)
    x = a + 1e-3 * (FACES[0] - a)
    assert np.isclose(np.linalg.norm(project(x, a, 8.0) - a), 8.0)
    assert np.array_equal(project(a, a, 8.0), a)


def test_whoever_compares_centred_cosines_is_not_hindered() -> None:
    a = Hypersphere().middle(DOCUMENTED_SIDE)

    def cosine(one: np.ndarray, other: np.ndarray) -> float:
        u, v = (one - a).ravel(), (other - a).ravel()
        return float(u @ v / np.linalg.norm(u) / np.linalg.norm(v))

    for x in FACES:
        for y in FACES:
            assert abs(cosine(project(x, a, 2.0), y) - cosine(x, y)) < 1e-9


def test_clipping_takes_little_of_the_norm_at_the_papers_radius() -> None:
    a = Hypersphere().middle(DOCUMENTED_SIDE)
    for x in FACES:
        norm = np.linalg.norm(np.clip(project(x, a, 8.0), 0, 1) - a)
        assert 0.9 * 8.0 < norm <= 8.0 + 1e-9


def test_rho_says_how_much_closer_faces_come() -> None:
    a = np.zeros((2, 2, 3))
    x = np.stack([a + 0.5, a + 1.0])
    assert np.isclose(rho(x, a, 1.0), 1.0 / (0.75 * np.sqrt(12)))


def test_strength_goes_from_the_face_to_the_centre() -> None:
    pixels = render(person(1), 120).pixels
    patch = Patch(pixels, np.ones((120, 120), np.float32))
    new = [Hypersphere(strength=s)(patch).astype(float) for s in (0.001, 0.2, 0.5, 0.8, 1.0)]
    change = [np.abs(picture - pixels).mean() for picture in new]
    assert change[0] < 0.6 and all(b > a for a, b in pairwise(change))
    assert np.abs(new[-1] - np.clip(Hypersphere().middle(120), 0, 1) * 255).max() <= 0.5001
