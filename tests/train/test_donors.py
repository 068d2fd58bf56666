"""The donors' recipe: enough different people in each, never the same few twice, and the shipped card."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from visard.errors import UsageError
from visard.methods.donors import bank
from visard.shape.mesh import canonical
from visard.train.blend import LEAST, blend
from visard.train.casting import SHARED, Candidates, cast
from visard.train.donors import _make, train
from visard.train.faces import Faces
from visard.train.likeness import TOO_NEAR


def crowd(number: int) -> Candidates:
    r = np.random.default_rng(3)
    looks, who = (r.normal(size=(number, d)).astype(np.float32) for d in (20, 128))
    ages = r.uniform(0, 80, number).astype(np.float32)
    return Candidates([f"p{i // 2}" for i in range(number)], looks, who, ages, r.random(number) > 0.5,
                      r.integers(0, 5, number).astype(np.intp))  # fmt: skip


def test_people_are_many_different_and_never_the_same_few() -> None:
    them = crowd(1500)
    found = cast(them, 80, seed=1)
    people = [{them.people[i] for i in chosen} for chosen in found]
    assert len(found) == 80
    assert all(len(who) == len(chosen) >= LEAST for who, chosen in zip(people, found, strict=True))
    assert max(len(a & b) for a, b in combinations(people, 2)) <= SHARED <= LEAST / 4
    again = cast(them, 80, seed=1)
    assert all((a == b).all() for a, b in zip(found, again, strict=True))


def test_too_few_people_make_no_donor() -> None:
    assert cast(crowd(14), 5, seed=0) == []
    with pytest.raises(ValueError, match="8 people"):
        blend([bank().texture(0)] * 7, [0.0] * 7)


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no pictures"):
        train(tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_blend_is_a_face_like_those_it_is_made_of() -> None:
    textures = [bank().texture(i) for i in range(8)]
    made = blend(textures, [0.0] * 8).astype(np.float32)
    assert np.abs(made - np.mean(textures, axis=0)).mean() < 40
    assert (blend(textures, [0.0] * 8) == made).all()


def test_a_donor_that_resembles_somebody_is_dropped() -> None:
    none = np.zeros((9, 3), np.float32)
    textures = np.stack([bank().texture(i) for i in range(9)])
    shapes = np.stack([canonical().shape] * 9)
    names = [str(i) for i in range(9)]
    apart = np.full((9, 128), 9, np.float32)
    faces = Faces(names, names, [None] * 9, textures, none, shapes, none, none, apart)
    (donor,), dropped = _make(faces, [np.arange(8)], 1, lambda *told: None)
    assert dropped == 0
    apart[8] = donor.embedding + np.float32(TOO_NEAR / 12)  # a bystander: dlib's distance is 0.34
    assert _make(faces, [np.arange(8)], 1, lambda *told: None) == ([], 1)
