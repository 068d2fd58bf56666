"""Eigenfaces: all components are the face itself, the residual policy is what it says, one subject one disguise."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from visard.methods.pca import Floats, Pca, lighting, reconstruct
from visard.models.eigenfaces import Eigenfaces, eigenfaces
from visard.types import Patch, Pixels

from ..faces import person, render


@pytest.fixture(scope="module")
def patch() -> Patch:
    return Patch(render(person(4), 64, noise=2).pixels, np.ones((64, 64), np.float32), seed=5)


def values(pixels: Pixels) -> Floats:
    return pixels.astype(np.float32) / np.float32(255)


def all_components(side: int = 6) -> Eigenfaces:
    """A basis of as many directions as there are values."""
    d = side * side * 3
    turn, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((d, d)))
    mean = np.random.default_rng(1).random((side, side, 3), np.float32)
    basis = turn.T.reshape(d, side, side, 3).astype(np.float32)
    return Eigenfaces(mean, basis, np.ones(d, np.float32), mean)


def test_all_components_are_the_face_itself() -> None:
    faces = all_components()
    x = np.random.default_rng(2).random((6, 6, 3), np.float32)
    assert np.abs(faces.picture(faces.coefficients(x)) - x).max() < 1e-6 * 3


def test_more_components_leave_less_error(patch: Patch) -> None:
    faces, x = eigenfaces(), values(patch.pixels)
    errors = []
    for q in (1, 5, 20, 80, 140):
        some = replace(faces, basis=faces.basis[:q], variance=faces.variance[:q])
        errors.append(float(np.linalg.norm(some.picture(some.coefficients(x)) - x)))
    assert all(b < a for a, b in pairwise(errors))


def test_the_residual_is_what_its_policy_says(patch: Patch) -> None:
    faces, x = eigenfaces(), values(patch.pixels)
    c = faces.coefficients(x)
    assert np.abs(reconstruct(faces, x, c, c, "keep") - x).max() < 1e-5
    dropped = reconstruct(faces, x, c, c, "drop")
    assert np.abs(faces.coefficients(dropped) - c).max() < 0.05, "the basis is orthonormal, to half precision"
    assert np.linalg.norm(dropped - x) > 1


def test_dropping_loses_fine_structure_and_keeping_brings_it_back(patch: Patch) -> None:
    noisy = np.random.default_rng(3).integers(0, 256, patch.pixels.shape, dtype=np.uint8)
    fine = replace(patch, pixels=noisy)
    x = noisy.astype(float) - noisy.mean()

    def left(residual: str) -> float:
        new = Pca(residual=residual)(fine).astype(float)  # type: ignore[arg-type]
        return float(((new - new.mean()) * x).sum() / (x * x).sum())

    assert left("drop") < 0.1 < 0.5 < left("keep")


def test_one_subject_has_one_disguise_and_another_another(patch: Patch) -> None:
    assert np.array_equal(Pca()(patch), Pca()(patch))
    assert not np.array_equal(Pca()(patch), Pca()(replace(patch, seed=6)))


def test_at_full_strength_only_the_leading_coefficients_are_the_faces_own(patch: Patch) -> None:
    other = replace(patch, pixels=render(person(11), 64).pixels)

    def lit(pixels: Pixels, like: Patch) -> Floats:
        gain, offset = lighting(eigenfaces(), values(like.pixels))
        return eigenfaces().coefficients(values(pixels) * gain + offset)

    new = [lit(Pca(strength=1.0)(p), p) for p in (patch, other)]
    own = [lit(p.pixels, p) for p in (patch, other)]
    assert np.linalg.norm((new[0] - new[1])[8:]) < 0.3 * np.linalg.norm((own[0] - own[1])[8:])


def test_vanishing_strength_changes_nothing_that_eigenfaces_can_say(patch: Patch) -> None:
    faces, x = eigenfaces(), values(patch.pixels)
    gain, offset = lighting(faces, x)
    plain = np.clip((faces.picture(faces.coefficients(x * gain + offset)) - offset) / gain, 0, 1) * 255
    assert np.abs(Pca(strength=0.001)(patch) - plain).max() < 3


def test_a_dark_face_stays_dark_and_a_pale_one_pale(patch: Patch) -> None:
    for gain, offset in ((0.15, 4), (0.3, 170)):
        dim = replace(patch, pixels=np.asarray(patch.pixels * gain + offset, np.uint8))
        new = Pca(strength=1.0)(dim)
        assert abs(new.mean() - dim.pixels.mean()) < 12
        assert new.std() < 2 * dim.pixels.std() + 2
