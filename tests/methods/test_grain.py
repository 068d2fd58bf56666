"""What is new becomes as sharp and as rough as what was there, from statistics alone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from visard.methods.grain import Floats, match, measure

ALL = np.ones((160, 160), np.bool_)


def rough(seed: int, coarse: float, fine: float) -> Floats:
    """Grey with noise two octaves wide."""
    rng = np.random.default_rng(seed)
    wide = cv2.GaussianBlur(rng.standard_normal(ALL.shape, np.float32), (0, 0), 1.5)
    noise = coarse * wide / wide.std() + fine * rng.standard_normal(ALL.shape, np.float32)
    return np.asarray(np.repeat((128 + noise)[..., None], 3, axis=-1), np.float32)


@pytest.mark.parametrize(("coarse", "fine"), [(3.0, 1.0), (0.0, 3.0), (3.0, 2.0)])
def test_a_flat_face_becomes_nearly_as_rough_in_every_octave(coarse: float, fine: float) -> None:
    flat, theirs = rough(0, 0, 0.1), measure(rough(1, coarse, fine), ALL, 2)
    ours = measure(match(flat, measure(flat, ALL, 2), theirs, seed=2), ALL, 2)
    assert all(0.5 * wanted < own < 1.15 * wanted for own, wanted in zip(ours, theirs, strict=True))


def test_a_face_sharper_than_the_picture_is_softened() -> None:
    sharp, theirs = rough(0, 1, 6), measure(rough(1, 1, 2), ALL)
    (ours,) = measure(match(sharp, measure(sharp, ALL), theirs, seed=2), ALL)
    assert theirs[0] * 0.8 < ours < measure(sharp, ALL)[0] * 0.6


def test_grain_is_drawn_by_the_seed_and_not_by_the_picture() -> None:
    flat, roughs = rough(0, 0, 0), [rough(seed, 2, 2) for seed in (11, 12)]
    levels = measure(roughs[0], ALL, 2)
    one, other = (match(flat, [0.0, 0.0], levels, seed) - flat for seed in (1, 2))
    assert np.array_equal(one, match(flat, [0.0, 0.0], levels, 1) - flat)
    assert all(abs(np.corrcoef(one.ravel(), each.ravel())[0, 1]) < 0.15 for each in (other, *roughs))


def test_too_few_pixels_tell_nothing() -> None:
    few = np.zeros_like(ALL)
    few[:3, :3] = True
    flat = rough(0, 0, 0)
    assert measure(flat, few, 2) == [] and np.array_equal(match(flat, [], [1.0], 0), flat)
