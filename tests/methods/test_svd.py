"""SVD-DID: nothing taken, nothing changed; the more is taken, the less is left."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from visard.methods.svd import Svd, attenuate, circular_mean, discard, remap, smooth, swap
from visard.types import Patch

from ..faces import person, render


@pytest.fixture(scope="module")
def x() -> Any:
    return render(person(2), 64, noise=1).pixels[..., 0] / 255.0


def test_nothing_taken_is_the_picture_itself(x: Any) -> None:
    for same in (discard(x, 0), attenuate(x, 4, 1.0), smooth(x, 64, 1), swap(x, x.T, 0.0), remap(x, x)):
        assert np.abs(same - x).max() < 1e-6


def test_energy_falls_by_the_values_that_are_taken(x: Any) -> None:
    s = np.linalg.svd(x, compute_uv=False)
    for k in range(5):
        assert np.isclose(np.linalg.norm(discard(x, k)) ** 2, (s[k:] ** 2).sum())
        assert np.isclose(np.linalg.norm(x - smooth(x, k + 1, 1)) ** 2, (s[k + 1 :] ** 2).sum())
    left = [np.linalg.norm(discard(x, k)) for k in np.linspace(0, 8, 33)]
    assert all(b < a for a, b in pairwise(left))


def test_attenuation_scales_the_leading_values_alone(x: Any) -> None:
    s = np.linalg.svd(x, compute_uv=False)
    wanted = np.sort(np.concatenate([0.2 * s[:3], s[3:]]))[::-1]
    assert np.allclose(np.linalg.svd(attenuate(x, 3, 0.2), compute_uv=False), wanted)


def test_swap_has_the_other_faces_values(x: Any) -> None:
    other = render(person(9), 64).pixels[..., 0] / 255.0
    wanted = np.linalg.svd(other, compute_uv=False)
    assert np.allclose(np.linalg.svd(swap(x, other, 1.0), compute_uv=False), wanted)


def test_the_mean_over_a_window_is_circular() -> None:
    column = np.array([[9.0], [0], [0], [0], [3]])
    assert np.allclose(circular_mean(column, 3)[:, 0], [4, 3, 0, 1, 4])


def test_discarding_gives_brightness_back(x: Any) -> None:
    assert np.isclose(remap(discard(x, 3), x).mean(), x.mean())


@pytest.mark.parametrize("variant", ["discard", "attenuate", "smooth", "swap"])
def test_more_strength_means_more_change(variant: Any) -> None:
    pixels = render(person(2), 128, light=0.3).pixels
    patch = Patch(pixels, np.ones((128, 128), np.float32))
    change = [
        np.abs(Svd(variant, strength)(patch).astype(float) - pixels).mean() for strength in (0.001, 0.1, 0.4, 0.7, 1.0)
    ]
    assert change[0] < 2.0
    assert all(b > a - 0.3 for a, b in pairwise(change)), change
    assert change[-1] > 5
