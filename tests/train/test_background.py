"""The background's recipe at its least: it learns, resumes to the bit, and what ships runs without torch, the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")

from visard.errors import ModelError, UsageError  # noqa: E402
from visard.methods.background import Background as Engine  # noqa: E402
from visard.methods.cancel import Cancel  # noqa: E402
from visard.models.taught import shipped, taught  # noqa: E402
from visard.nets.background import Background  # noqa: E402
from visard.train import background as teaching  # noqa: E402
from visard.train import export as exporting  # noqa: E402
from visard.train.background import Lesson, Recipe  # noqa: E402
from visard.train.checkpoint import read  # noqa: E402
from visard.train.export import export  # noqa: E402
from visard.train.loop import CHECKPOINT, train  # noqa: E402
from visard.train.scenes import Hole, Holes, gather  # noqa: E402
from visard.types import Pixels  # noqa: E402

TINY = Recipe(widths=(4, 4, 8), rate=2e-3, warming=1)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.set_num_threads(1)
    monkeypatch.setattr(teaching, "_SHOWN", 2)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty public pictures, more or less."""
    from skimage import data

    folder = tmp_path_factory.mktemp("scenes")
    for number in range(20):
        Image.fromarray(data.coffee()[:, 10 * number : 10 * number + 200]).save(folder / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def squares(scenes: Path) -> Pixels:
    return gather(scenes)


def test_some_photos_are_kept_for_judging(scenes: Path, squares: Pixels, tmp_path: Path) -> None:
    held = gather(scenes, held=True)
    assert len(held) + len(squares) == 20 and 0 < len(held) < 6
    with pytest.raises(UsageError, match="no photo of a scene"):
        gather(tmp_path)


def test_a_hole_is_always_the_same_and_says_nothing_of_what_it_hides(squares: Pixels) -> None:
    one, again = Holes(squares)[7], Holes(squares)[7]
    assert all(np.array_equal(a, b) for a, b in zip(one, again, strict=True))
    assert np.array_equal(one.inputs[6], 1 - one.hidden[0]) and 0.01 < one.hidden.mean() < 0.6
    known = one.hidden[0] == 0
    assert np.allclose(one.inputs[:3, known], one.target[:, known], atol=1e-5)


def test_an_interrupted_training_equals_an_uninterrupted_one(squares: Pixels, tmp_path: Path) -> None:
    train(Lesson(squares, TINY, 2), tmp_path / "whole", 1, steps=3)
    train(Lesson(squares, TINY, 2), tmp_path / "parts", 1, steps=2)
    train(Lesson(squares, TINY, 2), tmp_path / "parts", 1, resume=True, steps=1)
    one, other = (read(tmp_path / name / CHECKPOINT)[1] for name in ("whole", "parts"))
    assert one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def test_it_learns_what_lies_in_a_hole(squares: Pixels) -> None:
    lesson = Lesson(squares, TINY, 2)
    batch = Hole(*torch.utils.data.default_collate([lesson.samples[n] for n in range(2)]))
    losses = [lesson.learn(batch, step)["colour"] for step in range(20)]
    assert np.mean(losses[-3:]) < 0.97 * losses[0]


def test_what_ships_is_the_average_and_runs_as_an_engine(
    squares: Pixels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(Lesson(squares, TINY, 2), tmp_path, 1, steps=3)
    with pytest.raises(UsageError, match="has seen 6 pictures"):
        export(tmp_path, tmp_path / "out")
    monkeypatch.setattr(exporting, "_LEAST", 2)
    file = export(tmp_path, tmp_path / "out", terms="Public.")
    assert "Public." in file.with_suffix(".md").read_text("utf-8")
    net = Background(TINY.widths).requires_grad_(False)
    average = {k[8:]: v for k, v in read(tmp_path / CHECKPOINT)[1].items() if k.startswith("average.")}
    net.load_state_dict(average)
    hole = Holes(squares)[3]
    theirs = net(torch.from_numpy(hole.inputs)[None]).numpy()
    assert np.abs(taught("background", str(file))(hole.inputs[None])[0] - theirs).max() < 1e-3
    assert Cancel(weights=str(file)).told() == ["background predicted by background"]
    large = np.random.default_rng(0).uniform(-1, 1, (1, 7, 160, 112)).astype(np.float32)
    wide = net(torch.from_numpy(large)).numpy()
    assert np.abs(taught("background", str(file))(large)[0] - wide).max() < 1e-3, "of any size"

    picture, hidden = squares[0, :96, :96], hole.hidden[0] > 0
    noise = np.random.default_rng(0).integers(0, 256, picture.shape, np.uint8)
    one, other = (
        Engine(str(file))(pixels, hidden, ~hidden, 1)
        for pixels in (picture, np.where(hidden[..., None], noise, picture))
    )
    assert one is not None and other is not None
    assert np.array_equal(one[hidden], other[hidden]) and np.array_equal(one[~hidden], picture[~hidden])


def test_without_weights_nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shipped("background")
    monkeypatch.setattr("visard.models.taught.FOLDER", tmp_path)
    assert not shipped("background")
    with pytest.raises(ModelError, match="without weights and card does not run"):
        Engine()
