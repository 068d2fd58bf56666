"""The inpainter's recipe at its least: it learns, resumes to the bit, and is exported with a card."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")

from visard.cli.app import run  # noqa: E402
from visard.errors import UsageError  # noqa: E402
from visard.models.inpainter import inpainter  # noqa: E402
from visard.nets.features import DlibResNet, chips  # noqa: E402
from visard.shape.identity import look  # noqa: E402
from visard.shape.landmarks import five_points  # noqa: E402
from visard.train import export as exporting  # noqa: E402
from visard.train.album import Album  # noqa: E402
from visard.train.checkpoint import read  # noqa: E402
from visard.train.export import export  # noqa: E402
from visard.train.inpaint import Inpaint, Recipe  # noqa: E402
from visard.train.loop import CHECKPOINT, train  # noqa: E402
from visard.train.samples import place_of  # noqa: E402

from .people import _vertices, portrait, strangers  # noqa: E402
from .test_samples import album, silent  # noqa: E402, F401

TINY = Recipe(widths=(8, 8, 8, 8), rate=2e-3, warming=1, face_every=3, steep_every=3)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def test_an_interrupted_training_equals_an_uninterrupted_one(album: Album, tmp_path: Path) -> None:  # noqa: F811
    train(Inpaint(album, TINY, 2), tmp_path / "whole", 1, steps=4)
    train(Inpaint(album, TINY, 2), tmp_path / "parts", 1, steps=3)
    train(Inpaint(album, TINY, 2), tmp_path / "parts", 1, resume=True, steps=1)
    one, other = (read(tmp_path / name / CHECKPOINT)[1] for name in ("whole", "parts"))
    assert one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def test_it_learns_the_colours_of_what_it_sees(album: Album) -> None:  # noqa: F811
    lesson = Inpaint(album, TINY, 4)
    batches = [torch.utils.data.default_collate([lesson.samples[n] for n in range(4)])]
    losses = [lesson.learn(type(lesson.samples[0])(*batches[0]), step)["colour"].item() for step in range(12)]
    assert np.mean(losses[-3:]) < 0.97 * np.mean(losses[:3])


def test_dlibs_network_in_torch_is_dlibs(album: Album) -> None:  # noqa: F811
    """The same face gives the same numbers in torch and OpenCV, and its place in the square is the right one."""
    from visard.shape.landmarks import region_of
    from visard.shape.similarity import warp

    vertices = _vertices(3, 0.1, 0.0)
    to_square = np.array([[0.5, 0, 0], [0, 0.5, 0]])
    small = warp(portrait(3, 0.1), to_square, 128, 128)
    there = vertices * np.float32(0.5)
    seen = look(region_of(there), small)
    assert seen is not None and len(five_points(there)) == 5
    picture = torch.from_numpy(small.transpose(2, 0, 1)[None].astype(np.float32) / 127.5 - 1)
    with torch.inference_mode():
        _, who = DlibResNet()(chips(picture, torch.from_numpy(place_of(there))[None]))
    assert np.linalg.norm(who[0].numpy() - seen.embedding) < 0.1


def test_what_was_hardly_taught_is_not_exported_and_what_was_runs(
    album: Album, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,  # noqa: F811
) -> None:  # fmt: skip
    train(Inpaint(album, TINY, 2), tmp_path, 1, steps=1)
    (tmp_path / "album").symlink_to(Path(str(album.squares.filename)).parent)  # type: ignore[attr-defined]
    with pytest.raises(UsageError, match="has seen 2 pictures"):
        export(tmp_path, tmp_path / "out")
    monkeypatch.setattr(exporting, "_LEAST", 2)
    monkeypatch.setattr(exporting, "_PAINTED", 2)
    file = export(tmp_path, tmp_path / "out", terms="Drawn; free.")
    card = file.with_suffix(".md").read_text("utf-8")
    assert "8 photos of 4 people" in card and "2 samples, 1 steps" in card and "Drawn; free." in card
    light, paint, alpha, _ = inpainter(file)(np.zeros((13, 128, 128), np.float32))
    assert (light.shape, paint.shape, alpha.shape) == ((32, 32, 3), (128, 128, 3), (128, 128))


def test_the_verb_trains_and_goes_on(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for who in strangers()[:2]:
        (tmp_path / "people" / str(who)).mkdir(parents=True)
        Image.fromarray(portrait(int(who))).save(tmp_path / "people" / str(who) / "a.png")
    command = ["train", "inpaint", "--data", str(tmp_path / "people"), "--out", str(tmp_path / "run")]
    assert run([*command, "--minutes", "0.0001"]) == 0
    assert run([*command, "--minutes", "0.0001"]) == 4
    assert run([*command, "--minutes", "0.0001", "--resume"]) == 0
    assert "16 pictures in 2 steps" in capfd.readouterr().err
    assert (tmp_path / "run" / "checkpoint.safetensors").is_file()


def test_the_verb_refuses_in_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    where = ["--out", str(tmp_path / "out"), "--minutes", "0.01"]
    assert run(["train", "inpaint", "--data", str(tmp_path / "none"), *where]) == 2
    assert "is no folder" in capfd.readouterr().err
    assert run(["train", "export", "--from", str(tmp_path), "--out", str(tmp_path / "w")]) == 2
    assert "there is no checkpoint" in capfd.readouterr().err
    assert not (tmp_path / "w").exists()
