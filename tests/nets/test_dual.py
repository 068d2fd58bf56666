"""The reversible networks: one way there and back, conditions that decide, heads apart, directions in closed form."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from visard.nets.dual import STYLE, Classifier, Discriminator, Dual, Encoder, alike  # noqa: E402
from visard.nets.sefa import directions  # noqa: E402
from visard.nets.transformer import LEVEL, OUTPUTS, Auxiliary, Heads, Transformer, classes  # noqa: E402

WIDTHS = (4, 8, 8, 8)


def number(value: Any) -> float:
    return float(value.detach())


@pytest.fixture(autouse=True)
def same_chance() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)


@pytest.mark.parametrize("bit", [0, 15])
def test_one_bit_changes_the_face(bit: int) -> None:
    pictures, bits = torch.rand(1, 3, 32, 32), torch.ones(1, 16)
    other = bits.clone()
    other[0, bit] = -1
    for net in (Dual(16, WIDTHS), Transformer(16, 4, 2)):
        net.eval()
        one, two = net(pictures, bits), net(pictures, other)
        assert one.shape == pictures.shape and number((one - two).abs().max()) > 1e-4
        assert number(one.abs().max()) <= 1


def test_who_else_is_in_the_batch_does_not_matter() -> None:
    """The transformer's trap (METHODS 11): batch statistics at test make recovery depend on the neighbours."""
    pictures, bits = torch.rand(3, 3, 32, 32), torch.randint(0, 2, (3, 16)).float() * 2 - 1
    for net in (Dual(16, WIDTHS), Transformer(16, 4, 2)):
        alone = net.train()(pictures[:1], bits[:1])
        assert torch.allclose(alone, net(pictures, bits)[:1], atol=1e-5)
        assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in net.modules())


def test_the_code_is_who_and_a_map() -> None:
    code = Encoder(WIDTHS)(torch.rand(2, 3, 64, 64))
    assert code.who.shape == (2, 256) and code.map.shape == (2, 8, 8, 8) and code.near.shape == (2, 16, 16, 16)


def test_a_password_is_channels_of_one_half() -> None:
    net = Transformer(4, 4, 1)
    seen: list[Any] = []
    net.stem.register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    net(torch.zeros(1, 3, 16, 16), torch.tensor([[1.0, -1, 1, 1]]))
    assert LEVEL == 0.5 and seen[0][0, 3:, 5, 5].tolist() == [0.5, -0.5, 0.5, 0.5]


def test_heads_are_apart_at_the_whole_side_and_shared_at_half() -> None:
    heads, pictures = Heads(4), torch.rand(1, 3, 32, 32)
    verdicts = [heads(pictures, name) for name in OUTPUTS]
    assert not torch.equal(verdicts[0][0], verdicts[1][0]) and torch.equal(verdicts[0][1], verdicts[2][1])


def test_four_bits_are_sixteen_classes() -> None:
    bits = torch.tensor([[-1.0, -1, -1, -1, 1, 1, 1, 1], [1, -1, -1, -1, -1, 1, -1, -1]])
    assert classes(bits).tolist() == [[0, 15], [1, 2]]
    assert Auxiliary(8, 4)(torch.rand(2, 3, 32, 32), torch.rand(2, 3, 32, 32)).shape == (2, 2, 16)


def test_the_discriminator_reads_what_lies_between_two_pictures() -> None:
    judge = Discriminator(5, 16, 4)
    one, two = torch.rand(2, 3, 32, 32), torch.rand(2, 3, 32, 32)
    verdict, attributes = judge(one)
    assert verdict.shape == (2, 1, 2, 2) and attributes.shape == (2, 5) and judge.read(one, two).shape == (2, 16)
    assert not torch.allclose(judge.read(one, two), judge.read(one, one))


def test_the_classifier_learns_who_is_who_and_leaves_the_unknown_out() -> None:
    net, people = Classifier(4, 16, (8, 8)), torch.randn(4, 3, 16, 16)
    memory, who = torch.optim.Adam(net.parameters(), 3e-3), torch.arange(8) % 4
    losses = []
    for _ in range(30):
        loss = net.wrong(net(people[who] + 0.3 * torch.randn(8, 3, 16, 16)), who)
        memory.zero_grad()
        loss.backward()
        memory.step()
        losses.append(number(loss))
    assert losses[-1] < 0.5 * losses[0]
    assert number(net.wrong(net(people), torch.full((4,), -1))) == 0
    with torch.no_grad():
        seen = net(people)
    assert torch.allclose(seen.norm(dim=1), torch.ones(4), atol=1e-5)
    assert number(alike(seen, seen)) == pytest.approx(1, abs=1e-5) and number(alike(seen, -seen)) == 0


def test_sefas_directions_are_eigenvectors_in_order_and_the_first_changes_most() -> None:
    affine = Dual(8, WIDTHS).decoder.affine()
    found = directions(affine, STYLE)
    assert torch.allclose(affine.norm(dim=0), torch.ones(affine.shape[1]), atol=1e-5)
    assert torch.allclose(found @ found.T, torch.eye(STYLE), atol=1e-4)
    gains = (found @ affine).norm(dim=1)
    assert bool((gains[:-1] >= gains[1:] - 1e-4).all())
    chance = torch.nn.functional.normalize(torch.randn(200, STYLE), dim=1)
    assert number((chance @ affine).norm(dim=1).max()) <= number(gains[0]) + 1e-5
    square = affine @ affine.T
    assert torch.allclose(square @ found[0], gains[0] ** 2 * found[0], atol=1e-3)
    assert torch.equal(directions(affine, 3), directions(affine.clone(), 3))
