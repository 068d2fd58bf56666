"""AnonyGAN's parts, each at its least: the graph by hand, attention that is not constant, masks, critics."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from visard.nets.anonygan import (  # noqa: E402
    Bipartite,
    Generator,
    GraphBlock,
    LandmarkAttention,
    gather,
    maps,
    spread,
)
from visard.nets.patchgan import PatchCritic  # noqa: E402
from visard.train.anonygan import matched  # noqa: E402


def number(value: Any) -> float:
    return float(value.detach())


@pytest.fixture(autouse=True)
def same_chance() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)


def faces(count: int = 4, marks: int = 68) -> Any:
    """Marks of two faces each, somewhere on a square of 64."""
    middle, spread_ = torch.rand(count, 1, 2) * 20 + 22, torch.randn(1, 2 * marks, 2) * 8
    return middle + spread_


def test_states_go_to_the_others_nodes_and_back_exactly() -> None:
    """With nodes that are places, what is gathered there is spread back to the same places."""
    states = torch.randn(1, 6, 4)
    nodes = torch.eye(4)[None]
    assert torch.allclose(4 * gather(states, nodes), states)
    assert torch.allclose(spread(4 * gather(states, nodes), nodes), states)
    swapped = nodes[:, [1, 0, 3, 2]]
    assert torch.allclose(4 * gather(states, swapped), states[..., [1, 0, 3, 2]])


def test_the_graph_by_hand() -> None:
    """V_a = H(a) P(b)^T, V_b = H(b) P(a)^T; G_a(V_a) P(b), G_b(V_b) P(a): crossed both ways, and added."""
    net = Bipartite(8, 3).eval()
    code = torch.randn(1, 8, 2, 2)

    def flat(weight: Any) -> Any:
        return weight.detach().numpy().reshape(weight.shape[0], -1)

    state, project, extend = (flat(layer.weight) for layer in (net.state, net.project, net.extend))
    halves = [code[0, :4].reshape(4, 4).numpy(), code[0, 4:].reshape(4, 4).numpy()]
    hs = [state @ x + net.state.bias.detach().numpy()[:, None] for x in halves]
    ps = [project @ x + net.project.bias.detach().numpy()[:, None] for x in halves]
    wanted = []
    for own, other in ((0, 1), (1, 0)):
        v = hs[own] @ ps[other].T / 4
        mix = net.mix_nodes[own]
        v = np.maximum(v + (flat(mix.weight) @ v.T + mix.bias.detach().numpy()[:, None]).T, 0)
        back = extend @ (flat(net.mix_states[own].weight) @ v @ ps[other])
        wanted.append(halves[own] + back / np.sqrt(1 + 1e-4))
    assert np.allclose(net(code)[0].detach().numpy().reshape(8, 4), np.concatenate(wanted), atol=1e-5)


def test_each_pose_reasons_about_the_other() -> None:
    net, code = Bipartite(8, 3).eval(), torch.randn(1, 8, 4, 4)
    other = code.clone()
    other[:, 4:] += 1
    assert not torch.allclose(net(code)[:, :4], net(other)[:, :4])


def test_a_map_is_one_spot() -> None:
    spots = maps(torch.tensor([[[10.5, 40.5], [3.0, 7.0]]]), 64)
    assert spots.shape == (1, 2, 64, 64)
    assert spots[0, 0].argmax() == 40 * 64 + 10 and number(spots[0, 0].max()) == 1
    assert number(spots[0, 0, 30, 10]) < 1e-6


def test_the_plain_mean_of_a_map_says_nothing_and_ours_says_where() -> None:
    """The trap of the released code: the mean of a map with one spot is the same wherever the spot is."""
    spots = maps(faces(), 64)
    plain = torch.sigmoid(torch.nn.Conv1d(1, 1, 3, padding=1, bias=False)(spots.mean((2, 3))[:, None])[:, 0])
    assert number(plain[:, 1:-1].std(dim=1).max()) < 0.02
    weights = LandmarkAttention()(spots)
    assert weights.shape == (4, 136) and number(weights.min()) >= 0 and number(weights.max()) <= 1
    assert number(weights.std(dim=1).min()) > 0.02, "over landmarks"
    assert number(weights.std(dim=0).max()) > 0.02, "over images"


def test_attention_is_the_seeds_formula() -> None:
    """sigmoid(Conv1D_J(.)) with J = 3 and no bias, of whether, how far right and how far down each landmark is."""
    net, marks = LandmarkAttention(), faces(1) * 0 + torch.rand(1, 136, 2) * 40 + 12
    signal = torch.stack([torch.ones(1, 136), marks[..., 0] / 8 - 4, marks[..., 1] / 8 - 4], dim=1)
    wanted = torch.sigmoid(torch.nn.functional.conv1d(signal, net.mix.weight, padding=1))[:, 0]
    assert net.mix.bias is None and net.mix.weight.shape == (1, 3, 3)
    assert torch.allclose(net(maps(marks, 64)), wanted, atol=1e-3)


def test_attention_learns() -> None:
    """Taught to look at faces on the left, it weighs them otherwise than faces on the right."""
    net = LandmarkAttention()
    memory = torch.optim.Adam(net.parameters(), 0.05)
    for _ in range(40):
        marks = faces(8)
        left = (marks[..., :1].mean(1) < 32).float()
        loss = (net(maps(marks, 64)) - left).square().mean()
        memory.zero_grad()
        loss.backward()
        memory.step()
    weights = net(maps(faces(32), 64))
    assert number(weights.mean(dim=1).std()) > 0.02


def test_shape_says_what_of_appearance_counts_and_sees_what_became_of_it() -> None:
    block = GraphBlock(8, 2, first=True).eval()
    looks, poses = torch.randn(1, 8, 4, 4), torch.randn(1, 8, 4, 4)
    after, fed_back = block(looks, poses)
    assert fed_back.shape[1] == 16 and torch.equal(fed_back[:, 8:], after)
    shape = block.graph(block.poses(poses))
    assert torch.allclose(after, looks + block.looks(looks) * torch.sigmoid(shape))
    assert torch.equal(fed_back[:, :8], shape)
    later = GraphBlock(8, 2, first=False).eval()
    assert later(after, fed_back)[0].shape == looks.shape


@pytest.mark.parametrize(("count", "channels"), [(68, 136), (29, 58)])
def test_it_sees_both_faces_landmarks(count: int, channels: int) -> None:
    net = Generator(count, 4, 2).eval()
    assert (
        net.poses[1].in_channels == channels and net.looks[1].in_channels == 6 and len(Generator(count, 4).blocks) == 6
    )
    pictures, marks = torch.rand(1, 6, 32, 32) * 2 - 1, torch.rand(1, 2 * count, 2) * 32
    result = net(pictures, marks)
    for change in range(2):
        other = marks.clone()
        other[:, change * count : (change + 1) * count] += 3
        assert not torch.equal(result, net(pictures, other))


def test_the_output_mask_mixes_with_the_surroundings() -> None:
    net, pictures, marks = Generator(29, 4, 1).eval(), torch.rand(1, 6, 32, 32) * 2 - 1, torch.rand(1, 58, 2) * 32
    painted, mask = net.strokes(pictures, marks)
    assert torch.allclose(net(pictures, marks), painted * mask + pictures[:, 3:] * (1 - mask), atol=1e-6)
    torch.nn.init.zeros_(net.veil[-1].weight)
    torch.nn.init.constant_(net.veil[-1].bias, -40.0)
    assert torch.allclose(net(pictures, marks), pictures[:, 3:])


def test_without_attention_there_is_none() -> None:
    assert Generator(29, 4, 1, attention=False).attention is None


def test_critics_judge_by_what_they_are_told() -> None:
    """One by the condition, one by the landmarks; each has five hidden layers whose results can be compared."""
    picture, condition = torch.rand(1, 3, 64, 64), torch.rand(1, 3, 64, 64)
    looks, poses = PatchCritic(6, 4).eval(), PatchCritic(3 + 29, 4).eval()
    verdict = looks(picture, condition)
    assert len(verdict.seen) == 5 and verdict.logits.shape == (1, 1, 2, 2)
    assert not torch.allclose(verdict.logits, looks(picture, 1 - condition).logits)
    one, other = (maps(torch.rand(1, 29, 2) * 64, 64) for _ in range(2))
    assert not torch.allclose(poses(picture, one).logits, poses(picture, other).logits)


def test_context_matching_compares_the_deepest_layers_alone() -> None:
    critic = PatchCritic(6, 4).eval()
    ours, theirs = (critic(torch.rand(1, 6, 64, 64)) for _ in range(2))
    changed = theirs._replace(seen=[theirs.seen[0] + 9, theirs.seen[1] + 9, *theirs.seen[2:]])
    assert torch.equal(matched(ours, theirs, 3), matched(ours, changed, 3))
    assert number(matched(ours, changed, 5)) > number(matched(ours, theirs, 5)) + 1
    wanted = torch.stack([(a - b).abs().mean() for a, b in zip(ours.seen[2:], theirs.seen[2:], strict=True)]).mean()
    assert torch.allclose(matched(ours, theirs, 3), wanted)
    assert number(matched(ours, ours, 3)) == 0
