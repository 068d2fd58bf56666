"""The autoencoders' recipes at their least: what they learn, where codes go, what stays, and that they are exported."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from visard.cli.app import run  # noqa: E402
from visard.errors import UsageError  # noqa: E402
from visard.methods import make  # noqa: E402
from visard.methods.pca import mixture  # noqa: E402
from visard.models.taught import taught  # noqa: E402
from visard.nets.autoencoder import Autoencoder  # noqa: E402
from visard.shape.landmarks import five_points  # noqa: E402
from visard.shape.square import TEMPLATE  # noqa: E402
from visard.train import autoencoder, sapae  # noqa: E402
from visard.train import export as exporting  # noqa: E402
from visard.train.album import Album  # noqa: E402
from visard.train.autoencoder import Face, Lesson, Recipe, aligned, codes  # noqa: E402
from visard.train.checkpoint import read  # noqa: E402
from visard.train.export import export  # noqa: E402
from visard.train.loop import CHECKPOINT, SHEET, train  # noqa: E402
from visard.train.sapae import attributes, targets  # noqa: E402
from visard.train.views import planes  # noqa: E402
from visard.types import Patch, Pixels  # noqa: E402

from .people import portrait, strangers  # noqa: E402
from .test_samples import album, silent  # noqa: E402, F401

TINY = Recipe(widths=(4, 4, 8, 8), code=12, rate=3e-3)
MOVED = sapae.Recipe(widths=(4, 4, 8, 8), code=12, rate=3e-3, supervised=False, neighbours=2, among=4)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.set_num_threads(1)
    monkeypatch.setattr(autoencoder, "absent", lambda names: names)  # without MobileNetV2, which is slow


def first(seed: int = 0) -> Autoencoder:
    torch.manual_seed(seed)
    return Autoencoder(TINY.widths, TINY.code)


def drawn(square: Pixels, seed: int = 1) -> Patch:
    return Patch(square, np.ones(square.shape[:2], np.float32), seed=seed)


def test_faces_are_aligned_as_methods_see_them(album: Album) -> None:  # noqa: F811
    face = aligned(album, 0, 64)
    marked = replace(album, squares=np.zeros_like(album.squares))
    for x, y in five_points(np.asarray(album.vertices[0])):
        cv2.circle(marked.squares[0], (round(float(x)), round(float(y))), 2, (255, 255, 255, 255), -1)
    spots = aligned(marked, 0, 64)[..., 0]
    assert face.shape == (64, 64, 3) and face.std() > 20
    for x, y in TEMPLATE * 64:
        assert spots[int(y - 2) : int(y + 4), int(x - 2) : int(x + 4)].max() > 60
    mirrored = aligned(album, 0, 64, mirror=True)
    assert np.abs(mirrored[:, ::-1] - face).mean() < 6 < np.abs(mirrored - face).mean() + 6


def test_it_learns_to_tell_faces_again_and_looks_at_heads_most(album: Album) -> None:  # noqa: F811
    lesson = Lesson(album, TINY, 8)
    batch = Face(*torch.utils.data.default_collate([lesson.samples[n] for n in range(8)]))
    losses = [lesson.learn(batch, step)["picture"].item() for step in range(40)]
    assert losses[-1] < 0.6 * losses[0]
    weight = autoencoder._within(64, 0.1)
    assert weight[32, 32] == 1 and weight[0, 0] == pytest.approx(0.1) and weight.mean() < 0.6


@pytest.mark.parametrize("name", ["autoencoder", "sapae"])
def test_an_interrupted_training_equals_an_uninterrupted_one(name: str, album: Album, tmp_path: Path) -> None:  # noqa: F811
    def lesson() -> Lesson | sapae.Lesson:
        return Lesson(album, TINY, 2) if name == "autoencoder" else sapae.Lesson(album, first(), MOVED, 2)

    train(lesson(), tmp_path / "whole", 1, steps=3)
    train(lesson(), tmp_path / "parts", 1, steps=2)
    train(lesson(), tmp_path / "parts", 1, resume=True, steps=1)
    one, other = (read(tmp_path / part / CHECKPOINT)[1] for part in ("whole", "parts"))
    assert one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)
    picture = np.asarray(cv2.imread(str(tmp_path / "whole" / SHEET)))
    assert picture.shape == ((8 * 64, 2 * 64, 3) if name == "autoencoder" else (3 * 64, 8 * 64, 3)), "the seed's figure"


def test_the_encoder_moves_towards_its_targets_and_the_decoder_stays(album: Album) -> None:  # noqa: F811
    begun = Lesson(album, TINY, 8)
    faces = Face(*torch.utils.data.default_collate([begun.samples[n] for n in range(8)]))
    for step in range(40):
        begun.learn(faces, step)
    start = deepcopy(begun.net("average"))
    lesson = sapae.Lesson(album, begun.net("average"), replace(MOVED, rate=1e-3), 8)
    batch = type(lesson.samples[0])(*torch.utils.data.default_collate([lesson.samples[n] for n in range(8)]))
    losses = [lesson.learn(batch, step)["shift"].item() for step in range(60)]
    assert losses[-1] < 0.7 * losses[0]
    for part in ("generator", "average"):
        for name, weight in start.decoder.state_dict().items():
            assert torch.equal(lesson.net(part).decoder.state_dict()[name], weight)
    assert not torch.equal(lesson.net("average").encoder.stem.weight, start.encoder.stem.weight)


def crowd() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Codes of 20 people with three photos each, of two sorts."""
    rng = np.random.default_rng(0)
    people = np.repeat([f"p{n}" for n in range(20)], 3)
    known = np.repeat(rng.normal(0, 1, (20, 5)), 3, axis=0) + rng.normal(0, 0.05, (60, 5))
    return known.astype(np.float32), people, np.repeat(np.arange(20) % 2, 3)


def test_supervised_targets_are_means_of_others_of_the_same_sort() -> None:
    known, people, kept = crowd()
    how = replace(MOVED, supervised=True, neighbours=8, away=0.0)
    new = targets(known, people, kept, how)
    for i in (0, 17, 59):
        able = np.flatnonzero((kept == kept[i]) & (people != people[i]))
        nearest: dict[str, int] = {}
        for j in able[np.argsort(np.square(known[able] - known[i]).sum(axis=1))]:
            nearest.setdefault(people[j], int(j))
        assert np.allclose(new[i], known[list(nearest.values())[:8]].mean(axis=0), atol=1e-5)
        own = people == people[i]
        further = targets(known, people, kept, replace(how, away=0.5))[i] - new[i]
        assert np.allclose(further, 0.5 * (known[i] - known[own].mean(axis=0)), atol=1e-5)
    assert np.array_equal(targets(known, people, kept, replace(how, towards=0.0)), known)
    with pytest.raises(UsageError, match="somebody has 9 neighbours, not 10"):
        targets(known, people, kept, replace(how, neighbours=10))


def test_unsupervised_targets_are_means_of_the_far_end_of_a_neighbourhood() -> None:
    known, people, kept = crowd()
    how = replace(MOVED, neighbours=3, among=12)
    new = targets(known, people, kept, how)
    assert np.array_equal(new, targets(known, people[::-1], kept * 0, how)), "no label has a say"
    order = np.argsort(np.square(known - known[4]).sum(axis=1))
    assert np.allclose(new[4], known[order[10:13]].mean(axis=0), atol=1e-6)
    assert all(people[j] != people[4] for j in order[10:13]), "one's own photos are nearer"


def test_attributes_are_numbers_of_sorts(album: Album) -> None:  # noqa: F811
    told = attributes(album)
    assert told.shape == (8,) and set(told) <= set(range(8))
    older = replace(album, traits=np.asarray(album.traits) + np.array([0, 9, *[0] * 8], np.float32))
    assert ((attributes(older) & 2) == 2).all() and np.array_equal(attributes(older) & 5, told & 5)


def test_codes_are_changed_along_their_own_axes(album: Album) -> None:  # noqa: F811
    net, known = first(), torch.randn(200, 12) @ torch.randn(12, 12)
    net.fit(known)
    own = (known - net.mean) @ (net.axes.T / net.deviation)
    assert torch.allclose(own.T @ own / 199, torch.eye(12), atol=1e-3)
    assert (net.deviation.diff() <= 1e-6).all()
    faces = torch.from_numpy(np.stack([planes(aligned(album, row, 64)) for row in range(3)]))
    keep, give = (torch.from_numpy(v)[None] for v in mixture(12, 4, 0.8, 7))
    with torch.inference_mode():
        assert torch.allclose(net(faces, torch.ones(1, 12), torch.zeros(1, 12)), net(faces), atol=1e-4)
        assert not torch.allclose(net(faces, keep, give), net(faces), atol=1e-3)
    assert (keep[0, :4] == 1).all() and (give[0, :4] == 0).all()
    assert torch.allclose(keep[0, 4:] ** 2, torch.tensor(0.36), atol=1e-5)


def test_both_are_exported_and_run_without_torch(
    album: Album, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,  # noqa: F811
) -> None:  # fmt: skip
    pytest.importorskip("onnx")
    folder = tmp_path / "first"
    train(Lesson(album, TINY, 2), folder, 1, steps=1)
    (folder / "album").symlink_to(Path(str(album.squares.filename)).parent)  # type: ignore[attr-defined]
    with pytest.raises(UsageError, match="has seen 2 pictures"):
        export(folder, tmp_path / "out")
    monkeypatch.setattr(exporting, "_LEAST", 2)
    monkeypatch.setattr(exporting, "_PAINTED", 3)
    plain = export(folder, tmp_path / "out", terms="Drawn; free.")
    sapae.train(folder, tmp_path / "second", 1e-6, settings={"supervised": False, "neighbours": 2, "among": 4})
    moved = export(tmp_path / "second", tmp_path / "out")
    for file in (plain, moved):
        card = file.with_suffix(".md").read_text("utf-8")
        assert "8 photos of 4 people" in card and "training faces, told as others" in card
    assert taught("sapae", str(moved)).facts["supervised"] is False
    average = read(tmp_path / "second" / CHECKPOINT)[1]
    net = first()
    net.load_state_dict({k[8:]: v for k, v in average.items() if k.startswith("average.")})
    face = planes(aligned(album, 0, 64))[None]
    with torch.inference_mode():
        assert np.abs(taught("sapae", str(moved))(face)[0] - net(torch.from_numpy(face)).numpy()).max() < 1e-3
    told, square = codes(album, net, TINY), np.clip(aligned(album, 0, 64), 0, 255).astype(np.uint8)
    assert told.shape == (16, 12)
    one, other = (
        taught("autoencoder", str(plain))(face, *(v[None] for v in mixture(12, 8, 0.8, n)))[0] for n in (1, 2)
    )
    assert not np.array_equal(one, other), "another key, another person"
    assert make("autoencoder", {"weights": str(plain)})(drawn(square)).shape == (64, 64, 3)
    same = make("sapae", {"weights": str(moved)})
    assert np.array_equal(same(drawn(square, 1)), same(drawn(square, 2)))


def test_the_verbs_refuse_in_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    where = ["--out", str(tmp_path / "out"), "--minutes", "0.01"]
    assert run(["train", "autoencoder", "--data", str(tmp_path / "none"), *where]) == 2
    assert "is no folder" in capfd.readouterr().err
    assert run(["train", "sapae", "--from", str(tmp_path), *where]) == 2
    assert "there is no checkpoint" in capfd.readouterr().err
    (tmp_path / "one" / "only").mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "one" / "only" / "a.png"), portrait(int(strangers()[0]))[..., ::-1])
    assert run(["train", "autoencoder", "--data", str(tmp_path / "one"), *where]) == 2
    assert "one person is too few" in capfd.readouterr().err
    photo = str(tmp_path / "one" / "only" / "a.png")
    monkeypatch.setattr("visard.models.taught.FOLDER", tmp_path)
    assert run(["hide", photo, "--method", "sapae", "--out", str(tmp_path / "x")]) == 6
    said = capfd.readouterr().err.strip().splitlines()
    assert len(said) == 1 and "visard train sapae" in said[0]


def test_what_ships_tells_people_apart_by_their_keys(astronaut: Pixels) -> None:
    method, patch = make("autoencoder"), drawn(np.asarray(cv2.resize(astronaut[20:276, 100:356], (64, 64)), np.uint8))
    one, again, other = (method(replace(patch, seed=seed)).astype(int) for seed in (1, 1, 2))
    assert np.array_equal(one, again) and np.abs(one - other).mean() > 4 and np.abs(one - patch.pixels).mean() > 12
