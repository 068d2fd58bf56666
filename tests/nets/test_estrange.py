"""The live generator: told who somebody is, it paints and masks; what attracts and repels does so."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from visard.nets.estrange import Generator, Strokes, mix  # noqa: E402
from visard.nets.ksame_net import Generator as KSameNet  # noqa: E402
from visard.train.estrange import Recipe, edges, opened, perceived, wanted  # noqa: E402


def number(value: Any) -> float:
    return float(value.detach())


@pytest.fixture(autouse=True)
def same_chance() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)


def test_the_descriptor_decides() -> None:
    net, pictures = Generator((4, 8, 8)).eval(), torch.rand(1, 3, 32, 32)
    one, other = (net(pictures, torch.randn(1, 128)) for _ in range(2))
    assert one.raw.shape == (1, 3, 32, 32) and one.mask.shape == (1, 1, 32, 32)
    assert not torch.allclose(one.raw, other.raw)


def test_the_mask_mixes() -> None:
    x, z = torch.rand(1, 3, 8, 8), torch.rand(1, 3, 8, 8)
    m = torch.rand(1, 1, 8, 8)
    assert torch.allclose(mix(x, Strokes(z, m)), m * z + (1 - m) * x)
    assert torch.equal(mix(x, Strokes(z, torch.zeros_like(m))), x)


def test_low_levels_attract_and_the_highest_repels() -> None:
    person = torch.zeros(1, 128)
    theirs = [torch.rand(1, 4, 8, 8) + 1 for _ in range(3)]
    near = person + 0.01
    moved = (person + 1.0).requires_grad_(True)
    attract, repel = perceived(theirs, theirs, near, person, 0.9)
    assert number(attract) == 0 and number(repel) == pytest.approx(0.9 - 0.01 * 128**0.5, abs=1e-4)
    attract, repel = perceived([t + 0.5 for t in theirs], theirs, moved, person, 0.9)
    assert number(attract) > 0.2 and number(repel) == 0, "far enough is far enough"
    close = (person + 0.02).requires_grad_(True)
    perceived(theirs, theirs, close, person, 0.9)[1].backward()
    assert bool((close.grad < 0).all()), "down the loss is away from the person"


def test_the_distance_grows() -> None:
    how = Recipe()
    values = [wanted(how, grown) for grown in (0.0, 0.25, 1.0)]
    assert values == sorted(values) and 0 < values[0] < 0.3 and values[-1] == how.far


def test_the_mask_is_open_until_something_is_painted() -> None:
    """A closed one lets nothing of what is painted through, and so nothing is learnt: that came of 19,632 pictures."""
    strokes = Strokes(torch.rand(1, 3, 8, 8), torch.rand(1, 1, 8, 8))
    for grown in (0.0, 0.99):
        assert bool((opened(strokes, grown).mask == 1).all()) and opened(strokes, grown).raw is strokes.raw
    assert opened(strokes, 1.0) is strokes


def test_a_flat_mask_is_not_rough() -> None:
    assert number(edges(torch.ones(1, 1, 8, 8)).abs().sum()) == 0
    step = torch.zeros(1, 1, 8, 8)
    step[..., 4:] = 1
    assert edges(step).shape == (1, 2, 7, 7) and number(edges(step).abs().sum()) == 7


def test_k_codes_make_a_face_that_is_neither() -> None:
    net = KSameNet(6, (16, 8, 8)).eval()
    manner = torch.zeros(1, 3)
    one, other = (net(torch.eye(6)[i][None], manner) for i in (0, 1))
    both = net((torch.eye(6)[0] + torch.eye(6)[1])[None] / 2, manner)
    assert one.shape == (1, 4, 16, 16) and number(one[:, :3].abs().max()) <= 1
    assert not torch.allclose(both, one) and not torch.allclose(both, other)
    assert not torch.allclose(one, net(torch.eye(6)[0][None], manner + 1))
