"""SVDD: the centre and radius meet the conditions of an optimum (KKT), and known spheres are found."""

from __future__ import annotations

import numpy as np
import pytest

from visard.train.svdd import svdd


@pytest.mark.parametrize("outside", [0.053, 0.21, 0.61])
def test_the_solution_meets_kkt(outside: float) -> None:
    # Shares of 80 that are no whole numbers, so that some point has a part of the weight it may have.
    x = np.random.default_rng(1).standard_normal((80, 6)) * [3, 1, 1, 0.5, 1, 2]
    limit = 1 / (outside * len(x))
    alpha, centre, radius = svdd(x, outside, tolerance=1e-7)
    assert np.isclose(alpha.sum(), 1) and (alpha >= -1e-12).all() and (alpha <= limit * (1 + 1e-9)).all()
    assert np.allclose(centre, alpha @ x)
    away = np.linalg.norm(x - centre, axis=1)
    assert (away[alpha < 1e-9] <= radius + 1e-4).all(), "no weight: inside"
    assert (away[alpha > limit * (1 - 1e-9)] >= radius - 1e-4).all(), "all the weight it may have: outside"
    free = (alpha > 1e-9) & (alpha < limit * (1 - 1e-9))
    assert free.any() and np.abs(away[free] - radius).max() < 1e-4, "in between: on the sphere"
    assert (away > radius + 1e-4).sum() <= outside * len(x)


def test_no_small_change_of_the_centre_is_better() -> None:
    x = np.random.default_rng(2).standard_normal((40, 3)) ** 3
    outside = 0.1
    _, centre, radius = svdd(x, outside, tolerance=1e-9)

    def cost(a: np.ndarray, squared: float) -> float:
        slack = np.maximum(((x - a) ** 2).sum(axis=1) - squared, 0)
        return float(squared + slack.sum() / (outside * len(x)))

    best = cost(centre, radius**2)
    r = np.random.default_rng(3)
    for _ in range(200):
        assert cost(centre + 0.05 * r.standard_normal(3), radius**2 * r.uniform(0.9, 1.1)) >= best - 1e-6


def test_the_smallest_ball_of_a_cube_is_known() -> None:
    cube = np.array([[a, b, c] for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)], np.float64) + 5
    _, centre, radius = svdd(cube, outside=1e-9)
    assert np.allclose(centre, 5, atol=1e-6) and np.isclose(radius, np.sqrt(3), atol=1e-4)


def test_a_solution_that_is_not_reached_is_no_solution() -> None:
    with pytest.raises(RuntimeError, match="did not converge"):
        svdd(np.random.default_rng(0).standard_normal((50, 4)), 0.1, tolerance=1e-12, steps=3)
