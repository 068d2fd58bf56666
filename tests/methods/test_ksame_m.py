"""k-Same-M on drawn people, whose landmarks are exact: the model is an AAM, the bound holds, nothing ghosts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from visard.detect import find_faces
from visard.methods.aam import basis, fit, procrustes
from visard.methods.groups import Group, KSame, Vectors, digest
from visard.methods.ksame_m import appearance, face_landmarks
from visard.methods.ksame_pixel import KSamePixel
from visard.policy import Rule
from visard.shape.align import cut
from visard.shape.square import align, alignment
from visard.types import Frame, Patch, Pixels, Points, Region

from ..faces import person, render

PEOPLE = 40
SIZE = 96


@cache
def drawn() -> tuple[tuple[Patch, ...], NDArray[np.float64]]:
    """Return aligned patches and their exact landmarks (N, K, 2) in the square."""
    patches, shapes = [], []
    for seed in range(PEOPLE):
        face = render(person(seed), 96, turn=0.02 * (seed % 9 - 4), noise=seed)
        window = cut(Frame(face.pixels), Region("face", face.box, 0.9, face.points), Rule(), seed)
        assert window is not None
        to_square = alignment(window, SIZE)
        places = (face.landmarks - window.to_frame[:, 2]) @ to_square[:, :2].T + to_square[:, 2]
        patches.append(align(window, to_square, SIZE))
        shapes.append(places)
    return tuple(patches), np.stack(shapes)


def exact(pixels: Pixels, points: Points | None) -> Points:
    patches, shapes = drawn()
    return np.asarray(shapes[[digest(p) for p in patches].index(digest(Patch(pixels, patches[0].mask)))], np.float32)


@dataclass(frozen=True, slots=True)
class Drawn(KSame):
    """k-Same-M with landmarks that need no network."""

    name: ClassVar[str] = "ksame-m"
    size: ClassVar[int | None] = SIZE

    def _space(self, patches: Sequence[Patch]) -> tuple[Vectors, Callable[[Group], Pixels]]:
        return appearance(patches, exact)


def test_procrustes_leaves_shape_alone() -> None:
    shape = np.random.default_rng(0).uniform(0, 50, (9, 2))
    turns = [(0.0, 1.0, 0), (0.5, 1.4, 9), (-1.0, 0.6, -4)]
    shapes = [s * shape @ np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) + d for a, s, d in turns]
    same = procrustes(np.stack(shapes))
    assert np.abs(same - same[0]).max() < 1e-6


def test_a_basis_that_keeps_all_is_exact_and_one_that_does_not_keeps_most() -> None:
    x = np.random.default_rng(1).standard_normal((12, 30)) * np.linspace(5, 0.1, 30)
    own = basis(x)
    assert np.allclose(own.directions @ own.directions.T, np.eye(len(own.directions)))
    left = np.square(own.rows(own.coefficients(x)) - x).sum() / np.square(x - x.mean(axis=0)).sum()
    assert left <= 0.01


def test_people_are_synthesised_from_their_own_parameters() -> None:
    patches, shapes = drawn()
    pictures = np.stack([patch.pixels for patch in patches]).astype(np.float32)
    model, c = fit(pictures, shapes)
    assert len(c.T) < PEOPLE
    for row in range(0, PEOPLE, 7):
        core = patches[row].mask >= 1
        own, anybody = (
            np.abs(face - pictures[row])[core].mean() for face in (model.synthesise(c[row]), pictures.mean(0))
        )
        assert own < 0.6 * anybody, "close, but for the pose that Procrustes took"


def test_shape_and_texture_weigh_alike() -> None:
    patches, shapes = drawn()
    model, _ = fit(np.stack([patch.pixels for patch in patches]).astype(np.float32), shapes)
    aligned = procrustes(shapes).reshape(PEOPLE, -1)
    b_s = model.weight * model.shape.coefficients(aligned)
    mixed = model.common.directions[:, : b_s.shape[1]]
    assert model.weight > 0 and 0.05 < np.square(mixed).sum() / np.square(model.common.directions).sum() < 0.95


@pytest.mark.parametrize("k", [2, 5, 10])
def test_a_group_has_one_face_and_nobody_is_named(k: int) -> None:
    patches, _ = drawn()
    method = Drawn(k=k).prepare(patches)
    hidden = [method(patch) for patch in patches]
    assert all(k <= number < 2 * k for number in Counter(face.tobytes() for face in hidden).values())
    own, shown = (np.stack(p).reshape(PEOPLE, -1).astype(float) for p in ([x.pixels for x in patches], hidden))
    right = [np.square(own - face).sum(axis=1).argmin() == i for i, face in enumerate(shown)]
    assert np.mean(right) <= 1 / k


def test_nothing_ghosts() -> None:
    """The outline of the shared face is sharper than that of the mean of pixels."""
    patches, _ = drawn()

    def sharpness(method: KSame) -> float:
        prepared = method.prepare(patches)
        cheeks = [prepared(patch)[SIZE // 2 : 2 * SIZE // 3].astype(float).mean(axis=2) for patch in patches]
        return float(np.mean([np.abs(np.diff(rows[:, : SIZE // 3], axis=1)).max(axis=1).mean() for rows in cheeks]))

    assert sharpness(Drawn(k=10)) > 1.3 * sharpness(KSamePixel(k=10))


def test_the_mesh_finds_the_astronauts_face(astronaut: Pixels) -> None:
    window = cut(Frame(astronaut), find_faces(astronaut, 0.5)[0], Rule(), 1)
    assert window is not None
    square = align(window, alignment(window, 128), 128)
    assert square.points is not None
    for given in (square.points, None):
        mesh = face_landmarks(square.pixels, given)
        assert mesh.shape == (468, 2)
        assert np.abs(mesh[1] - square.points[2]).max() < 8, "the nose's tip"
        assert np.abs(mesh[[33, 133]].mean(axis=0) - square.points[0]).max() < 5, "the eye on the image's left"
