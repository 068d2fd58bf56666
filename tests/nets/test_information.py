"""Bounds of mutual information hold where it is known: for correlated Gaussians it is -size / 2 log(1 - rho^2)."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")

from visard.nets.information import (  # noqa: E402
    Gaussian,
    bits_likelihood,
    correlated,
    gaussian_entropy,
    laplace_likelihood,
    lower_bound,
    upper_bound,
)

SIZE = 4


@pytest.fixture(autouse=True)
def same_chance() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)


def known(rho: float) -> float:
    return -SIZE / 2 * math.log(1 - rho**2)


def fitted(rho: float, steps: int = 400) -> Gaussian:
    """Return q(v | u) of greatest likelihood."""
    q = Gaussian(SIZE, SIZE, 32)
    memory = torch.optim.Adam(q.parameters(), 5e-3)
    for step in range(steps):
        loss = -q(*correlated(256, SIZE, rho, step)).mean()
        memory.zero_grad()
        loss.backward()
        memory.step()
    return q


@pytest.mark.parametrize("rho", [0.0, 0.4, 0.7])
def test_the_truth_lies_between_the_bounds_and_near_both(rho: float) -> None:
    q, (u, v) = fitted(rho), correlated(4000, SIZE, rho, 10_000)
    with torch.no_grad():
        low, high = float(lower_bound(gaussian_entropy(SIZE), q(u, v))), float(upper_bound(q, u, v))
    # 4000 pairs tell the means within some hundredths.
    assert low <= known(rho) + 0.06 and high >= known(rho) - 0.06
    assert low >= known(rho) - 0.15
    assert high <= 2 * known(rho) + 0.1 + known(rho) ** 2, "CLUB is loose, and not without bounds"


def test_whatever_q_is_the_lower_bound_holds_and_a_better_one_is_nearer() -> None:
    u, v = correlated(4000, SIZE, 0.7, 1)
    poor, good = (float(lower_bound(gaussian_entropy(SIZE), fitted(0.7, n)(u, v)).detach()) for n in (20, 400))
    assert poor < good <= known(0.7) + 0.06


def test_less_of_the_upper_bound_is_less_information() -> None:
    """What descends on CLUB forgets: noise that is learnt hides u in v."""
    u, v = correlated(2000, SIZE, 0.9, 2)
    share = torch.tensor(1.0, requires_grad=True)
    q = fitted(0.9, 150)
    upper_bound(q.requires_grad_(False), u, v * share).backward()
    assert share.grad is not None and float(share.grad) > 0, "down the bound, v keeps less of u"


def test_bits_that_can_be_read_are_all_of_the_password_and_others_none_of_it() -> None:
    bits = torch.randint(0, 2, (500, 16)).float() * 2 - 1
    entropy = 16 * math.log(2)
    assert float(lower_bound(entropy, bits_likelihood(20 * bits, bits))) == pytest.approx(entropy, abs=1e-3)
    assert float(lower_bound(entropy, bits_likelihood(0 * bits, bits))) == pytest.approx(0, abs=1e-4)
    assert float(lower_bound(entropy, bits_likelihood(-3 * bits, bits))) < 0


def test_less_absolute_difference_is_a_higher_bound() -> None:
    picture = torch.rand(2, 3, 8, 8)
    near, far = (laplace_likelihood(picture + d, picture, 0.1).mean() for d in (0.01, 0.2))
    change = float(near - far)
    assert change == pytest.approx((0.2 - 0.01) / 0.1 * 192, rel=1e-3)
