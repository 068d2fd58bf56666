"""The reversible recipes at their least: what they are told, what each loss is for; nothing pre-trained helps SDN."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from visard.cli.app import run  # noqa: E402
from visard.errors import UsageError  # noqa: E402
from visard.methods.donors import bank  # noqa: E402
from visard.methods.factors import CODE  # noqa: E402
from visard.methods.ways import WAYS, bits_of, length  # noqa: E402
from visard.models import store  # noqa: E402
from visard.models.taught import taught  # noqa: E402
from visard.train import mfm, sdn, transformer  # noqa: E402
from visard.train.album import Album  # noqa: E402
from visard.train.checkpoint import Progress, read  # noqa: E402
from visard.train.directions import READINGS  # noqa: E402
from visard.train.export import export  # noqa: E402
from visard.train.loop import CHECKPOINT, train  # noqa: E402
from visard.train.plans import Plan, cost  # noqa: E402
from visard.train.samples import Practice  # noqa: E402
from visard.train.turns import Turns, rubbed, worn, wrong  # noqa: E402

from .test_generators import batch_of, one_thread, tiny  # noqa: E402, F401
from .test_samples import album  # noqa: E402, F401

NAMES = ("sdn", "mfm", "transformer")


def test_the_way_back_is_told_the_complement() -> None:
    bits, factors = bits_of(bytes(range(8)) + bytes(24), 64), np.ones(CODE, np.float32)
    assert set(bits) == {-1, 1} and bits.shape == (64,) and bits[15] == 1 and bits[:14].max() == -1
    for name, way in WAYS.items():
        there, back = way(bits, factors, False), way(bits, factors, True)
        assert np.array_equal(there[:64], bits) and np.array_equal(back[:64], -bits), "its bits, all turned"
        assert there.shape == back.shape == (length(name, 64),)
    assert WAYS["sdn"](bits, factors, False)[-1] == 1 and WAYS["sdn"](bits, factors, True)[-1] == -1
    other = -bits
    looks = [WAYS["mfm"](b, factors, False)[69:] for b in (bits, other)]
    assert not np.array_equal(looks[0], looks[1])
    assert all((np.abs(bank().embeddings * 4 - v).sum(1) < 1e-4).any() for v in looks)
    assert not WAYS["mfm"](bits, factors, True)[69:].any(), "nobody's look on the way back"


def test_samples_hold_right_and_wrong_keys_and_factors(album: Album) -> None:  # noqa: F811
    samples = Turns("sdn", Practice(album), sdn.Recipe())
    flips, strangers, wanted = [], 0, 0
    for n in range(40):
        turn = samples[n]
        assert np.array_equal(turn.bits[0], turn.bits[2]) and not np.array_equal(turn.bits[0], turn.bits[1])
        assert np.array_equal(turn.ways[2][:64], -turn.bits[0])
        for place in (3, 4):
            flipped = int((turn.bits[place] != turn.bits[0]).sum())
            flips.append(flipped)
            assert flipped or not np.array_equal(turn.ways[place], turn.ways[2]), "wrong in one of the two"
        strangers += not (turn.bits[3] != turn.bits[0]).any()
        wanted += not np.array_equal(turn.factors[0], turn.factors[1])
        again = samples[n]
        assert all(np.array_equal(a, b) for a, b in zip(turn, again, strict=True))
        assert turn.who in range(4)
    assert {1, 2, 3, 4} & set(flips) and max(flips) > 20, "near misses, and far ones"
    assert 2 < strangers < 30 and 5 < wanted < 35
    alone = Turns("transformer", Practice(album), transformer.Recipe())
    assert all((alone[n].bits[place] != alone[n].bits[0]).any() for n in range(20) for place in (3, 4))


def test_a_wrong_password_is_never_the_right_one() -> None:
    rng, right = np.random.default_rng(0), np.ones(16, np.float32)
    assert all((wrong(right, rng) != right).any() for _ in range(200))


def test_nobody_seen_twice_is_refused(album: Album) -> None:  # noqa: F811
    from dataclasses import replace

    singles = replace(album, people=tuple(map(str, range(len(album)))))
    with pytest.raises(UsageError, match="nobody is seen twice"):
        tiny("sdn", singles)


def test_what_is_not_hidden_stays_and_the_last_bit_carries_nothing(album: Album) -> None:  # noqa: F811
    made = tiny("sdn", album)
    batch = batch_of(made, 0, 1)
    painted = worn(batch, torch.zeros_like(batch.source))
    known = (batch.known > 0).expand_as(painted)
    assert torch.equal(painted[known], batch.source[known]) and not painted[~known].any()
    fine = (torch.arange(64) % 2 * 2 - 1.0).expand(2, 3, 64, 64) / 127.5
    still = rubbed(batch.source, torch.zeros_like(fine), 0.01)
    spoilt = rubbed(batch.source + fine, torch.randn_like(fine), 0.01) - still
    assert float((spoilt - fine).square().mean()) > float(fine.square().mean())


@pytest.fixture
def nothing_pretrained(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def refuse(name: str, *rest: Any) -> bytes:
        raise AssertionError(f"the network {name} was taught by others")

    monkeypatch.setattr(store, "read", refuse)
    monkeypatch.setattr("visard.models.dlib_resnet.read", refuse, raising=False)
    monkeypatch.setattr("visard.models.runtimes.store.read", refuse, raising=False)
    yield


@pytest.mark.usefixtures("nothing_pretrained")
def test_sdns_training_graph_holds_no_pretrained_network(album: Album) -> None:  # noqa: F811
    """Two steps read no model; all parts come from the seed, all learn, and no other module is in the graph."""
    one, other = tiny("sdn", album), tiny("sdn", album)
    nets = {name: part for name, part in one.parts().items() if isinstance(part, torch.nn.Module)}
    assert set(nets) == {"generator", "judge", "classifier", "guess", "average"}
    for name, net in nets.items():
        state = other.parts()[name].state_dict()
        assert all(torch.equal(value, state[key]) for key, value in net.state_dict().items()), "from the seed alone"
    before = {name: [p.detach().clone() for p in net.parameters()] for name, net in nets.items()}
    seen: set[int] = set()
    hook = torch.nn.modules.module.register_module_forward_hook(lambda module, *_: seen.add(id(module)))
    for step in range(2):
        one.learn(batch_of(one, 2 * step, 2 * step + 1), step)
    hook.remove()
    own = {id(module) for net in nets.values() for module in net.modules()}
    assert seen <= own, "whatever calculated is one of the four, or the bound's guess"
    for name, net in nets.items():
        assert any(not torch.equal(a, b) for a, b in zip(before[name], net.parameters(), strict=True)), name


@pytest.mark.parametrize(("name", "loss"), [(n, loss) for n, m in
    (("sdn", sdn), ("mfm", mfm), ("transformer", transformer)) for loss in m.LOSSES])  # fmt: skip
def test_each_loss_moves_the_generator_and_can_be_left_out(name: str, loss: str, album: Album) -> None:  # noqa: F811
    """With one loss alone the generator moves; with none it stays."""
    losses = {"sdn": sdn, "mfm": mfm, "transformer": transformer}[name].LOSSES
    none = dict.fromkeys(losses, 0.0)
    moved = []
    for weights in (none | {loss: 1.0}, none):
        made = tiny(name, album, approach=1, **weights)
        if loss == "leak":
            # Untaught, the guess sees no leak, and there is none to lower.
            with torch.no_grad():
                made.net("guess").mean[-1].weight.mul_(20)
        before = [p.detach().clone() for p in made.net("generator").parameters()]
        told = made.learn(batch_of(made, 0, 1), 1)
        assert set(losses) <= told.keys()
        after = made.net("generator").parameters()
        moved.append(any(not torch.equal(a, b) for a, b in zip(before, after, strict=True)))
    assert moved == [True, False] or (loss == "leak" and not float(told["leak"]))


def test_the_password_becomes_readable_and_the_bound_says_so(album: Album) -> None:  # noqa: F811
    """Barber and Agakov's bound, in nats, rises from nothing to much of what the passwords of two samples hold."""
    made = tiny("sdn", album, bits=8, rate=3e-3, critic_rate=3e-3, recover=0.0, keep=0.0, critic=0.0)
    batch = batch_of(made, 0, 1)
    nats = [float(made.learn(batch, step)["nats"]) for step in range(60)]
    assert nats[0] < 1 and np.mean(nats[-10:]) > 2 and max(nats) <= 8 * math.log(2) + 1e-3


@pytest.mark.parametrize("name", NAMES)
def test_what_was_taught_is_exported_with_card_and_directions_and_does_the_same(
    name: str,
    album: Album,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("onnx")
    train(tiny(name, album), tmp_path, 1, steps=1)
    (tmp_path / "album").symlink_to(Path(str(album.squares.filename)).parent)  # type: ignore[attr-defined]
    monkeypatch.setattr("visard.train.export._LEAST", 2)
    monkeypatch.setattr("visard.train.export._PAINTED", 2)
    file = export(tmp_path, tmp_path / "out")
    card = file.with_suffix(".md").read_text("utf-8")
    assert "2 samples, 1 steps" in card and "multiply-accumulates" in card and "faces painted in training" in card
    own, net = tiny(name, album), taught(name, str(file))
    average = read(tmp_path / CHECKPOINT)[1]
    own.net("average").load_state_dict({k[8:]: v for k, v in average.items() if k.startswith("average.")})
    batch = batch_of(own, 3)
    still = [np.zeros((1, 256), np.float32)] if name != "transformer" else []
    (drawn,) = net(batch.source.numpy(), batch.ways[:, 0].numpy(), *still)
    wanted = own.net("average")(batch.source, batch.ways[:, 0]).detach().numpy()
    assert np.abs(drawn - wanted).max() < 1e-3
    if name != "transformer":
        assert net.facts["directions"].keys() == READINGS.keys() and "smiling: one degree changes" in card
        assert len(net.facts["directions"]["smiling"]) == 256


def test_costs_are_those_counted_by_hand() -> None:
    layers = torch.nn.Sequential(
        torch.nn.Conv2d(3, 5, 3, stride=2, padding=1), torch.nn.Flatten(), torch.nn.Linear(80, 7)
    )
    found = cost(Plan(layers, {"x": torch.zeros(1, 3, 8, 8)}, (), {}))
    assert found == (5 * 27 + 5 + 80 * 7 + 7, 16 * 5 * 27 + 80 * 7)


@pytest.mark.parametrize("name", NAMES)
def test_it_learns_to_come_back(name: str, album: Album) -> None:  # noqa: F811
    made = tiny(name, album, rate=3e-3)
    batch = batch_of(made, 0, 1)
    losses = [float(made.learn(batch, step)["recover"]) for step in range(15)]
    assert np.mean(losses[-3:]) < 0.8 * np.mean(losses[:2])


def test_the_verbs_flags_reach_the_recipes(
    album: Album,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    met: list[Any] = []
    (tmp_path / "album").symlink_to(Path(str(album.squares.filename)).parent)  # type: ignore[attr-defined]
    where = ["--data", str(tmp_path), "--out", str(tmp_path), "--minutes", "1"]
    for module, kind in ((sdn, "Sdn"), (mfm, "Mfm"), (transformer, "Identity")):
        monkeypatch.setattr(module, kind, lambda faces, how: met.append(how))
        monkeypatch.setattr(module, "learn", lambda *given, **more: Progress(1, 2, 3.0))
        assert run(["train", module.NAME, *where, "--without", "critic", "--without", "keep"]) == 0
        assert (met[-1].critic, met[-1].keep, met[-1].recover) == (0.0, 0.0, 100.0)
    capfd.readouterr()
    assert run(["train", "sdn", *where, "--without", "leek"]) == 2
    assert "unknown loss 'leek'; did you mean 'leak'?" in capfd.readouterr().err.replace(":", ";")
    assert (met[1].leak, sdn.Recipe().leak) == (0.0, 0.05)
