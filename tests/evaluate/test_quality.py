"""Quality by its oracles: equal pictures, known Gaussians, other implementations."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest

from visard.errors import ModelError
from visard.evaluate.quality import bangs, frechet, gaussian_distance, outside_change, psnr, seam, ssim
from visard.types import Pixels


def noisy(pixels: Pixels) -> Pixels:
    noise = np.random.default_rng(0).normal(0, 12, pixels.shape)
    return np.clip(pixels + noise, 0, 255).round().astype(np.uint8)


def test_equal_pictures_are_equal(astronaut: Pixels) -> None:
    assert psnr(astronaut, astronaut) == inf
    assert ssim(astronaut, astronaut) == pytest.approx(1)
    assert seam(astronaut, astronaut, np.full((512, 512), 0.5, np.float32)) == 0


def test_likeness_agrees_with_another_implementation(astronaut: Pixels) -> None:
    from skimage.metrics import peak_signal_noise_ratio, structural_similarity

    other = noisy(astronaut)
    settings = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
    theirs = structural_similarity(astronaut, other, channel_axis=2, **settings)
    assert ssim(astronaut, other) == pytest.approx(theirs, abs=1e-3)
    assert psnr(astronaut, other) == pytest.approx(peak_signal_noise_ratio(astronaut, other))


def test_frechet_distance_of_known_gaussians() -> None:
    """Diagonal covariances: squared distance of the means plus that of the standard deviations."""
    m1, m2, d1, d2 = np.array([0.0, 1]), np.array([3.0, 1]), np.array([4.0, 9]), np.array([1.0, 25])
    expected = 9 + (2 - 1) ** 2 + (3 - 5) ** 2
    assert gaussian_distance(m1, np.diag(d1), m2, np.diag(d2)) == pytest.approx(expected, abs=1e-10)
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    turned = [turn @ np.diag(d) @ turn.T for d in (d1, d2)]
    assert gaussian_distance(turn @ m1, turned[0], turn @ m2, turned[1]) == pytest.approx(expected, abs=1e-10)


def test_frechet_distance_does_not_commute_by_accident() -> None:
    """Covariances that do not commute, against the eigenvalues of their product itself."""
    random = np.random.default_rng(0)
    s1, s2 = (a @ a.T for a in random.normal(size=(2, 5, 5)))
    zero = np.zeros(5)
    expected = np.trace(s1 + s2) - 2 * np.sqrt(np.linalg.eigvals(s1 @ s2).real).sum()
    assert gaussian_distance(zero, s1, zero, s2) == pytest.approx(expected, rel=1e-6)


def test_equal_samples_have_no_distance_and_a_shift_has_its_square() -> None:
    rows = np.random.default_rng(0).normal(size=(50, 8))
    assert frechet(rows, rows) == pytest.approx(0, abs=1e-9)
    assert frechet(rows, rows + 2) == pytest.approx(8 * 4)
    assert frechet(rows[:4], rows[:4] + 1) == pytest.approx(8)  # fewer samples than dimensions


def test_few_rows_have_the_distance_of_their_covariances() -> None:
    random = np.random.default_rng(2)
    one, other = random.normal(size=(6, 30)), random.normal(1, 2, size=(9, 30))
    whole = gaussian_distance(one.mean(0), np.cov(one, rowvar=False), other.mean(0), np.cov(other, rowvar=False))
    assert frechet(one, other) == pytest.approx(whole, rel=1e-6)


def test_a_visible_edge_is_a_seam(astronaut: Pixels) -> None:
    mask = np.zeros((512, 512), np.float32)
    mask[100:200, 100:200] = 1
    mask[98:202, 98:202] = np.maximum(mask[98:202, 98:202], 0.5)
    after = astronaut.copy()
    after[100:200, 100:200] = 255
    assert seam(astronaut, after, mask) > 10
    assert seam(astronaut, after, np.zeros_like(mask)) == 0


def test_what_runs_along_the_rim_is_no_seam() -> None:
    """A rim that falls from left to right: stripes across it are a seam, stripes along its fall are none."""
    before = np.full((40, 40, 3), 128, np.uint8)
    mask = np.repeat(np.clip((30 - np.arange(40)) / 20, 0, 1)[None], 40, 0).astype(np.float32)
    along, across = before.copy(), before.copy()
    along[::4] = 200
    across[:, ::4] = 200
    assert seam(before, along, mask) == pytest.approx(0, abs=1e-6)
    assert seam(before, across, mask) > 10
    step = before.copy()
    step[:, 20:] = 148
    assert seam(before, step, mask) == pytest.approx(20 / 19, rel=0.1), "a step of 20 levels over a ring of 19 columns"


def test_bangs_are_what_lies_over_the_forehead() -> None:
    before = np.full((100, 100, 3), 100, np.uint8)
    forehead = np.array([[30, 40], [50, 35], [70, 40]], np.float32)
    cut = before.copy()
    cut[:30] = 160
    shorn = before.copy()
    shorn[25:50] = 160
    assert bangs(before, before, forehead, 40) == 0
    assert bangs(before, cut, forehead, 40) < bangs(before, shorn, forehead, 40) <= 60


def test_changes_outside_are_seen(astronaut: Pixels) -> None:
    mask = np.zeros((512, 512), np.float32)
    mask[:10] = 1
    after = astronaut.copy()
    after[:10] = 0
    assert outside_change(astronaut, after, mask) == 0
    after[20, 20] = 255 - astronaut[20, 20]
    assert outside_change(astronaut, after, mask) > 0
    assert outside_change(astronaut, after, np.ones_like(mask)) == 0


def test_features_know_a_cat() -> None:
    from skimage import data

    from visard.evaluate.features import MobileNetV2

    try:
        network = MobileNetV2()
    except ModelError as error:
        pytest.skip(str(error))
    cat, coffee = (network(picture()) for picture in (data.chelsea, data.coffee))
    assert cat.shape == (1280,) and cat.min() >= 0
    flipped = network(np.ascontiguousarray(data.chelsea()[:, ::-1]))
    assert np.linalg.norm(cat - flipped) < 0.6 * np.linalg.norm(cat - coffee)
