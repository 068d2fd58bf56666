"""CIAGAN's parts: identities that differ, bounded layers, a critic of identity, and no look at what is hidden."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from visard.nets.ciagan import Critic, Generator  # noqa: E402
from visard.nets.residual import Residual, settle  # noqa: E402
from visard.nets.siamese import MARGIN, Siamese, contrast  # noqa: E402

WIDTHS = (4, 8, 8, 8, 8)


def number(value: Any) -> float:
    return float(value.detach())


@pytest.fixture(autouse=True)
def same_chance() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)


def test_another_number_is_another_embedding_and_another_face() -> None:
    net = Generator(10, 64, WIDTHS).eval()
    who, pictures = torch.eye(10), torch.rand(1, 6, 64, 64).expand(10, -1, -1, -1)
    codes, faces = net.embed(who), net(pictures, who)
    apart = [(codes[i] - codes[j]).abs().max() for i in range(10) for j in range(i)]
    assert number(min(apart)) > 1e-3
    assert number((faces[0] - faces[1]).abs().max()) > 1e-4
    assert faces.shape == (10, 3, 64, 64) and number(faces.abs().max()) <= 1


def test_layers_are_bounded() -> None:
    """Spectral norm: no layer stretches by more than 1, once its norm is known; settled, it says the same."""
    block = Residual(6, 8, "down")
    with torch.no_grad():
        for _ in range(60):
            block(torch.rand(2, 6, 16, 16))
    block.eval()
    for layer in (block.one, block.two, block.skip):
        assert number(torch.linalg.matrix_norm(layer.weight.flatten(1), 2)) == pytest.approx(1, abs=0.02)
    x = torch.rand(1, 6, 16, 16)
    before = block(x)
    settle(block)
    assert torch.allclose(before, block(x), atol=1e-6) and isinstance(block.one.weight, torch.nn.Parameter)


def test_generator_and_critic_are_bounded_throughout() -> None:
    from torch.nn.utils.parametrize import is_parametrized

    net, critic = Generator(10, 64, WIDTHS), Critic(64, WIDTHS)
    blocks = [m for part in (net, critic) for m in part.modules() if isinstance(m, Residual)]
    assert len(blocks) == 5 + 4 + 5 + 5
    assert all(is_parametrized(layer, "weight") for b in blocks for layer in (b.one, b.two, b.skip))


def test_the_critic_judges_by_the_sketch_too() -> None:
    critic, picture, sketch = Critic(64, WIDTHS).eval(), torch.rand(1, 3, 64, 64), torch.rand(1, 3, 64, 64)
    assert not torch.allclose(critic(picture, sketch), critic(picture, 1 - sketch))


def test_contrast_is_the_papers() -> None:
    one = torch.zeros(3, 4)
    other = torch.tensor([[2.0, 0, 0, 0], [2.0, 0, 0, 0], [5.0, 0, 0, 0]])
    same = torch.tensor([1.0, 0.0, 0.0])
    assert MARGIN == 3
    assert number(contrast(one, other, same)) == pytest.approx((4 + 1 + 0) / 2 / 3, abs=1e-5)


def test_the_identity_critic_learns_who_is_who() -> None:
    """Of four people, seen with noise, each comes to lie nearer to itself than to the others."""
    net, people = Siamese(8, (4, 8)), torch.randn(4, 3, 16, 16)
    memory = torch.optim.Adam(net.parameters(), 3e-3)

    def seen(order: Any) -> Any:
        return people[order] + 0.3 * torch.randn(len(order), 3, 16, 16)

    everybody = torch.arange(8) % 4
    for step in range(40):
        other = everybody if step % 2 else (everybody + 1 + step // 2 % 3) % 4
        loss = contrast(net(seen(everybody)), net(seen(other)), (other == everybody).float())
        memory.zero_grad()
        loss.backward()
        memory.step()
    with torch.no_grad():
        one, again = net(seen(everybody)), net(seen(everybody))
    near, far = (one - again).norm(dim=1).mean(), (one - again.roll(1, 0)).norm(dim=1).mean()
    assert number(far) > 1.5 * number(near)
