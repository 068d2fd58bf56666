"""The mathematics of diffusion, with denoisers that are known exactly: of a constant picture, and of Gaussian ones."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from visard.methods.diffuse import paint
from visard.methods.diffusion import STEPS, cleaned, ddim, levels, noised, path, repaint, sample, sdedit, stepped

Floats = NDArray[np.float64]
SHAPE = (1, 3, 16, 16)


def fresh(seed: int = 0, shape: tuple[int, ...] = SHAPE) -> Any:
    rng = np.random.default_rng(seed)
    return lambda: rng.standard_normal(shape)


def knows(picture: Floats) -> Any:
    """The denoiser of a world that holds one picture."""
    return lambda noisy, level: (noisy - np.sqrt(level) * picture) / np.sqrt(1 - level) if level < 1 else 0 * noisy


def gaussian(mean: float, spread: float) -> Any:
    """The best denoiser of pictures whose pixels are independent and normal."""

    def denoise(noisy: Floats, level: float) -> Floats:
        share = spread**2 * np.sqrt(level) / (level * spread**2 + 1 - level)
        clean = mean + share * (noisy - np.sqrt(level) * mean)
        return np.asarray((noisy - np.sqrt(level) * clean) / np.sqrt(max(1 - level, 1e-12)))

    return denoise


def test_the_chain_falls_from_the_picture_to_noise() -> None:
    chain = levels()
    assert len(chain) == STEPS + 1 and chain[0] == 1.0 and chain[-1] == pytest.approx(4.04e-5, rel=0.01)
    assert all(b < a for a, b in pairwise(chain)) and chain[1] == pytest.approx(1 - 1e-4)
    way = path(50, 0.4)
    assert way[0] == chain[400] and way[-1] == 1.0 and all(a < b for a, b in pairwise(way)) and len(way) == 51


@pytest.mark.parametrize("step", [1, 100, 500, 1000])
def test_forward_moments(step: int) -> None:
    """Of many noisy pictures of one, the mean is sqrt(level) times it, and the variance 1 - level."""
    level, draw = levels()[step], fresh(1, (200_000,))
    noisy = noised(np.full(200_000, 0.7), draw(), level)
    assert noisy.mean() == pytest.approx(np.sqrt(level) * 0.7, abs=0.01)
    assert noisy.var() == pytest.approx(1 - level, rel=0.02)


def test_steps_of_the_chain_make_what_one_leap_makes() -> None:
    """Equations 6 and 7: stepping back from x_t, given the picture, is distributed as x_s."""
    level, to, draw = levels()[600], levels()[400], fresh(2, (200_000,))
    picture = np.full(200_000, -0.4)
    there = stepped(noised(picture, draw(), level), picture, level, to, draw())
    assert there.mean() == pytest.approx(np.sqrt(to) * -0.4, abs=0.01)
    assert there.var() == pytest.approx(1 - to, rel=0.02)
    noise = draw()
    assert np.allclose(cleaned(noised(picture, noise, to), noise, to), picture)


def test_ddim_goes_to_noise_and_comes_back() -> None:
    picture = np.random.default_rng(3).normal(0.1, 0.3, SHAPE)
    way, denoise = path(200), gaussian(0.1, 0.3)
    noise = ddim(denoise, picture, way[::-1])
    back = ddim(denoise, noise, way)
    assert noise.std() == pytest.approx(1, abs=0.1), "all the way it is noise"
    assert np.abs(back - picture).max() < 0.05
    coarse = ddim(denoise, ddim(denoise, picture, path(20)[::-1]), path(20))
    assert np.abs(back - picture).mean() < np.abs(coarse - picture).mean(), "finer steps come back nearer"


def test_sampling_draws_from_what_the_denoiser_knows() -> None:
    draw = fresh(4, (1, 3, 64, 64))
    drawn = sample(gaussian(0.2, 0.25), draw(), path(250), draw)
    assert drawn.mean() == pytest.approx(0.2, abs=0.02) and drawn.std() == pytest.approx(0.25, abs=0.03)


def test_repaint_keeps_what_is_known_and_changes_what_is_hidden() -> None:
    """To the bit, and the mask is never inverted."""
    rng = np.random.default_rng(5)
    known, world = rng.uniform(-1, 1, SHAPE), np.full(SHAPE, 0.5)
    hidden = np.zeros((1, 1, 16, 16))
    hidden[..., 4:12, 4:12] = 1
    new = repaint(knows(world), known, hidden, path(20), fresh(6), jump=5, times=3)
    out = np.broadcast_to(hidden, SHAPE) == 0
    assert np.array_equal(new[out], known[out])
    assert np.allclose(new[~out], 0.5, atol=1e-6)


def test_repaint_is_blind_without_a_guide() -> None:
    one, other = np.random.default_rng(7).uniform(-1, 1, (2, *SHAPE))
    hidden = np.zeros((1, 1, 16, 16))
    hidden[..., :8] = 1
    mixed = hidden * other + (1 - hidden) * one
    a, b = (repaint(gaussian(0, 0.5), known, hidden, path(20), fresh(8)) for known in (one, mixed))
    assert np.array_equal(a, b)


def test_the_guide_is_kept_less_the_later_it_starts() -> None:
    guide = np.random.default_rng(9).normal(0, 0.3, SHAPE)
    likeness = []
    for start in (0.1, 0.3, 0.6, 1.0):
        new = sdedit(gaussian(0, 0.3), guide, path(40, start), fresh(10))
        likeness.append(float(np.corrcoef(new.ravel(), guide.ravel())[0, 1]))
    assert all(b < a for a, b in pairwise(likeness)) and likeness[0] > 0.4 and abs(likeness[-1]) < 0.15


def test_a_square_is_painted_around_what_is_known() -> None:
    rng = np.random.default_rng(11)
    filled = rng.uniform(0, 255, (64, 64, 3)).astype(np.float32)
    known = np.ones((64, 64), np.float32)
    known[16:48, 16:48] = 0
    same = [paint(gaussian(0, 0.2), filled, known, None, 1.0, seed) for seed in (1, 1, 2)]
    assert np.array_equal(same[0][known > 0], filled[known > 0])
    assert np.array_equal(same[0], same[1]) and not np.array_equal(same[0], same[2])
    was = filled[known == 0].ravel()
    near, far = (paint(gaussian(0, 0.5), filled, known, filled, s, 1)[known == 0].ravel() for s in (0.1, 0.9))
    assert np.corrcoef(near, was)[0, 1] > np.corrcoef(far, was)[0, 1] + 0.3
