"""The generators' recipes at their least: they resume to the bit, see nothing hidden, and are exported with cards."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from visard.cli.app import run  # noqa: E402
from visard.errors import UsageError  # noqa: E402
from visard.methods.donors import bank  # noqa: E402
from visard.methods.sketch import sketch  # noqa: E402
from visard.models.taught import taught  # noqa: E402
from visard.shape.marks import front  # noqa: E402
from visard.shape.mesh import EYES  # noqa: E402
from visard.train import anonygan, body, ciagan, estrange, ksame_net  # noqa: E402
from visard.train import export as exporting  # noqa: E402
from visard.train.album import Album  # noqa: E402
from visard.train.checkpoint import Progress, read  # noqa: E402
from visard.train.export import LESSONS, export, lesson  # noqa: E402
from visard.train.loop import CHECKPOINT, SHEET, train  # noqa: E402
from visard.train.samples import Practice  # noqa: E402
from visard.train.studio import Studio  # noqa: E402
from visard.train.views import disguised, view  # noqa: E402

from ..untaught import TINY  # noqa: E402
from .test_samples import album, silent  # noqa: E402, F401


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def somebody() -> list[body.Person]:
    """Two people in red and blue, drawn."""
    people = []
    for colour in ((200, 40, 40), (40, 60, 190)):
        square, inside = np.full((64, 64, 3), 150, np.uint8), np.zeros((64, 64), np.uint8)
        inside[8:58, 24:40] = 1
        square[inside > 0] = colour
        people.append(body.Person(square, inside, np.asarray(cv2.dilate(inside, np.ones((7, 7))), np.uint8), None))
    return people


def tiny(name: str, faces: Album, **settings: Any) -> Studio:
    if name == "body":
        return body.Lesson(somebody(), body.Recipe(**(TINY[name] | settings)), 2)
    made = lesson(name, TINY[name] | settings, faces)
    made.batch = 2
    return made


def batch_of(made: Studio, *numbers: int) -> Any:
    return type(made.samples[0])(*torch.utils.data.default_collate([made.samples[n] for n in numbers]))


@pytest.mark.parametrize("name", LESSONS)
def test_an_interrupted_training_equals_an_uninterrupted_one(name: str, album: Album, tmp_path: Path) -> None:  # noqa: F811
    train(tiny(name, album), tmp_path / "whole", 1, steps=3)
    train(tiny(name, album), tmp_path / "parts", 1, steps=2)
    train(tiny(name, album), tmp_path / "parts", 1, resume=True, steps=1)
    one, other = (read(tmp_path / part / CHECKPOINT)[1] for part in ("whole", "parts"))
    assert one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)
    assert (tmp_path / "whole" / SHEET).read_bytes().startswith(b"\x89PNG")
    moved = [key for key in one if key.startswith("generator.") and not torch.equal(one[key], one[f"average{key[9:]}"])]
    assert moved, "the average follows, and is not the same"


@pytest.mark.parametrize("module", [anonygan, ciagan])
def test_no_hidden_pixel_reaches_the_network(module: Any, album: Album) -> None:  # noqa: F811
    made = tiny(module.NAME, album)
    batch = batch_of(made, *range(6))
    noise = torch.rand_like(batch.source) * 2 - 1
    other = batch._replace(source=torch.where(batch.known > 0, batch.source, noise))
    seen, again = (module.inputs(b)[0] if module is anonygan else module.inputs(b) for b in (batch, other))
    assert not torch.equal(batch.source, other.source) and torch.equal(seen, again)
    for n in range(6):
        shot = view(made.samples.practice, 64, np.random.default_rng(n))
        hidden = shot.known == 0
        assert hidden[front(shot.vertices, 64) > 0].all() and 0.1 < hidden.mean() < 0.9


def test_pairs_and_others_are_mixed_as_the_recipe_says(album: Album) -> None:  # noqa: F811
    samples = anonygan.Swaps(Practice(album), anonygan.Recipe(paired=0.75, side=32))
    shares = [float(samples[n].paired[0]) for n in range(60)]
    assert 0.55 < np.mean(shares) < 0.92 and set(shares) == {0.0, 1.0}


def test_conditions_in_others_are_nobody(album: Album) -> None:  # noqa: F811
    """Whatever the photos show, the condition is drawn of a donor."""
    black = replace(album, squares=np.zeros_like(album.squares) + np.array([0, 0, 0, 255], np.uint8))
    how = replace(anonygan.Recipe(), paired=0.0, side=64)
    for n in range(3):
        one, other = (anonygan.Swaps(Practice(faces), how)[n] for faces in (album, black))
        assert np.array_equal(one.condition, other.condition) and np.ptp(one.condition) > 0.5
        assert not np.array_equal(one.source, other.source)


def test_a_pair_shows_the_face_itself_turned_to_the_front(album: Album) -> None:  # noqa: F811
    how = replace(anonygan.Recipe(), paired=1.0)
    sample = anonygan.Swaps(Practice(album), how)[0]
    face = np.abs(sample.condition).sum(axis=0) > 0
    skin = [picture[:, 60:90, 50:78].mean((1, 2)) for picture in (sample.condition, sample.source)]
    assert 0.1 < face.mean() < 0.7 and np.abs(skin[0] - skin[1]).max() < 0.35


def test_landmarks_jitter_and_never_by_much(album: Album) -> None:  # noqa: F811
    still, loose = (
        anonygan.Swaps(Practice(album), replace(anonygan.Recipe(), jitter=jitter, side=64)) for jitter in (0.0, 0.012)
    )
    apart = np.abs([loose[n].ours - still[n].ours for n in range(4)])
    assert 0 < apart.mean() < 0.02 * 64


def test_every_row_of_the_seeds_table_has_its_switch(album: Album) -> None:  # noqa: F811
    for marks, attention, context in ((68, False, 0.0), (29, False, 0.0), (68, True, 0.0), (68, True, 1.0)):
        made = tiny("anonygan", album, marks=marks, attention=attention, context=context)
        losses = made.learn(batch_of(made, 0, 1), 0)
        assert ("context" in losses) == (context > 0) and "paired" in losses
        assert (made.net("generator").attention is not None) == attention
        assert batch_of(made, 0).ours.shape == (1, marks, 2)


def test_attention_differs_between_landmarks_and_images_after_training(album: Album) -> None:  # noqa: F811
    from visard.nets.anonygan import maps

    made = tiny("anonygan", album)
    for step in range(3):
        made.learn(batch_of(made, 2 * step, 2 * step + 1), step)
    batch = batch_of(made, *range(4))
    net = made.net("generator")
    weights = net.attention(maps(anonygan.inputs(batch)[1], 64)).detach()
    assert weights.std(dim=1).min().item() > 0.02 and weights.std(dim=0).max().item() > 0.02


def test_ciagans_sketch_knows_no_eyes_and_its_people_are_donors(album: Album) -> None:  # noqa: F811
    made = tiny("ciagan", album)
    shot = view(made.samples.practice, 64, np.random.default_rng(0))
    winking = shot.vertices.copy()
    winking[[v for eye in EYES for v in eye]] += (2, 2, 0)
    assert np.array_equal(sketch(shot.vertices, 64), sketch(winking, 64))
    open_mouthed = shot.vertices + np.array((0, 4, 0), np.float32) * np.isin(np.arange(468), (14, 17, 87, 317))[:, None]
    assert not np.array_equal(sketch(shot.vertices, 64), sketch(open_mouthed.astype(np.float32), 64))
    batch = batch_of(made, *range(8))
    assert batch.who.shape == (8, 40) and torch.equal(batch.who.sum(1), torch.ones(8))
    assert 0 < batch.same.sum().item() < 8
    assert np.abs(disguised(shot, 3) - disguised(shot, 30)).max() > 20
    outside = shot.scene.staged.drawn == 0
    assert outside.any() and made.how.side == 64


def test_ksame_net_draws_donors_and_needs_no_photo() -> None:
    how = ksame_net.Recipe(**TINY["ksame-net"] | {"rate": 3e-3})
    made = ksame_net.KSameNet(how, 4)
    batch = batch_of(made, *range(4))
    assert batch.who.shape == (4, 60) and batch.picture.shape == (4, 3, 32, 32)
    losses = [made.learn(batch, step)["picture"].item() for step in range(25)]
    assert losses[-1] < 0.8 * losses[0]
    ahead, aside = (ksame_net.portrait(5, np.array(m, np.float32), 64)[0] for m in ((0, 0, 0), (1, 0, 0)))
    smiling = ksame_net.portrait(5, np.array((0, 0, 1), np.float32), 64)[0]
    assert np.abs(ahead - aside).mean() > 0.01 and 0.002 < np.abs(ahead - smiling).mean() < 0.05


def test_the_live_generator_is_told_who_it_is_by_another_photo(album: Album) -> None:  # noqa: F811
    made = tiny("estrange", album)
    batch = batch_of(made, *range(6))
    known = np.asarray(album.embeddings)
    assert all(np.abs(known - who.numpy()).sum(axis=1).min() < 1e-5 for who in batch.who)
    assert (batch.spoilt - batch.source).abs().mean().item() > 0.005
    losses = made.learn(batch_of(made, 0, 1), 0)
    assert {"critic", "attract", "repel", "size", "rough", "edges", "wanted"} <= losses.keys()
    assert losses["size"] == 1, "at first all that is painted is shown"


def test_what_is_painted_is_repelled_where_the_mask_hides_it(album: Album) -> None:  # noqa: F811
    made = tiny("estrange", album)
    assert isinstance(made, estrange.Estrange)
    batch = batch_of(made, 0, 1)
    raw = batch.source.clone().requires_grad_(True)
    made._perceive(batch, (raw, batch.source), 5.0)[1].backward()
    assert raw.grad is not None and raw.grad.abs().sum() > 0


@pytest.mark.parametrize("name", ["anonygan", "ksame-net"])
def test_what_was_hardly_taught_is_not_exported_and_what_was_runs(
    name: str, album: Album, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,  # noqa: F811
) -> None:  # fmt: skip
    pytest.importorskip("onnx")
    train(tiny(name, album), tmp_path, 1, steps=1)
    if name != "ksame-net":
        (tmp_path / "album").symlink_to(Path(str(album.squares.filename)).parent)  # type: ignore[attr-defined]
    with pytest.raises(UsageError, match="has seen 2 pictures"):
        export(tmp_path, tmp_path / "out")
    monkeypatch.setattr(exporting, "_LEAST", 2)
    monkeypatch.setattr(exporting, "_PAINTED", 2)
    file = export(tmp_path, tmp_path / "out", terms="Drawn; free.")
    card = file.with_suffix(".md").read_text("utf-8")
    assert "2 samples, 1 steps" in card and f"side {TINY[name]['side']}" in card if name == "anonygan" else card
    assert ("8 photos of 4 people" in card) == (name == "anonygan")
    net = taught(name, str(file))
    average = read(tmp_path / CHECKPOINT)[1]
    if name == "anonygan":
        batch = batch_of(tiny(name, album), 3)
        (square,) = net(*(v.numpy() for v in anonygan.inputs(batch)))
        own = tiny(name, album)
        own.net("average").load_state_dict({k[8:]: v for k, v in average.items() if k.startswith("average.")})
        wanted = own.net("average")(*anonygan.inputs(batch)).detach().numpy()
        assert np.abs(square - wanted).max() < 1e-3
    else:
        assert net.facts["people"] == 60 and net.facts["bank"] == bank().sha256 and net.side == 32


def test_the_verbs_flags_reach_the_recipe(
    album: Album, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,  # noqa: F811
) -> None:  # fmt: skip
    met: list[Any] = []
    monkeypatch.setattr(anonygan, "AnonyGan", lambda faces, how: met.append(how))
    (tmp_path / "album").symlink_to(Path(str(album.squares.filename)).parent)  # type: ignore[attr-defined]
    where = ["--data", str(tmp_path), "--out", str(tmp_path), "--minutes", "1"]
    monkeypatch.setattr(anonygan, "learn", lambda *given, **more: Progress(1, 2, 3.0))
    assert run(["train", "anonygan", *where, "--landmarks", "29", "--no-attention", "--no-context"]) == 0
    assert run(["train", "anonygan", *where]) == 0
    assert (met[0].marks, met[0].attention, met[0].context) == (29, False, 0.0)
    assert met[1] == anonygan.Recipe()


def test_the_verbs_refuse_in_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    where = ["--out", str(tmp_path / "out"), "--minutes", "0.01"]
    for verb in ("anonygan", "ciagan", "estrange", "body"):
        assert run(["train", verb, "--data", str(tmp_path / "none"), *where]) == 2
        assert "is no folder" in capfd.readouterr().err
    assert run(["train", "ksame-net", *where, "--resume"]) == 2
    assert "there is no checkpoint" in capfd.readouterr().err
    assert not (tmp_path / "out").exists()


def test_another_bank_is_another_training(album: Album, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """Donors are known by number: with others, the numbers would mean others."""
    pytest.importorskip("onnx")
    train(tiny("ciagan", album), tmp_path, 1, steps=1)
    monkeypatch.setattr(exporting, "_LEAST", 2)
    monkeypatch.setattr(exporting, "bank", lambda: type("Other", (), {"sha256": "another"}))
    with pytest.raises(UsageError, match="another bank of donors"):
        export(tmp_path, tmp_path / "out")


@pytest.mark.parametrize(("name", "loss", "settings"), [
    ("anonygan", "colour", {"paired": 1.0, "rate": 2e-3}),
    ("estrange", "colour", {"rate": 2e-3}),
    ("ciagan", "real", {"critic_rate": 1e-3}),
    ("body", "colour", {"rate": 2e-3}),
])  # fmt: skip
def test_it_learns(name: str, loss: str, settings: dict[str, Any], album: Album) -> None:  # noqa: F811
    made = tiny(name, album, **settings)
    batch = batch_of(made, 0, 1)
    losses = [made.learn(batch, step)[loss].item() for step in range(12)]
    assert np.mean(losses[-3:]) < 0.9 * np.mean(losses[:2])
