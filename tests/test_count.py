"""Counting people: one a subject, a number a frame, shares with intervals, and nobody by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from visard.attack.score import wilson
from visard.cli.app import run
from visard.detect import NETWORKS
from visard.evaluate.count import BANDS, Counted, Subject, band, count, summary
from visard.models import store
from visard.types import Pixels

from .test_cli import film

Said = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def needed() -> None:
    if missing := store.absent(NETWORKS["person"]):
        pytest.skip(f"networks absent: {' '.join(missing)} (visard models fetch)")


@pytest.fixture
def portrait(tmp_path: Path, astronaut: Pixels) -> Path:
    """The astronaut without the corner in which a piece of her suit looks like somebody."""
    path = tmp_path / "portrait.jpg"
    Image.fromarray(astronaut[:440, :440]).save(path, quality=92)
    return path


def test_a_person_with_a_face_is_one(portrait: Path) -> None:
    counted = count(portrait)
    assert list(counted.people) == [1] and len(counted.subjects) == 1


def test_a_video_has_a_number_for_each_second(tmp_path: Path, astronaut: Pixels) -> None:
    film(tmp_path / "clip.mp4", astronaut[:440, :440], frames=5)
    counted = count(tmp_path / "clip.mp4")
    assert list(counted.people) == [1] * 5 and len(counted.subjects) == 1
    assert counted.a_second() == [(0, 1.0)]


def test_every_age_has_one_band() -> None:
    assert [band(age) for age in (-1.0, 0.0, 12.9, 13.0, 24.9, 39.9, 59.0, 60.0, 101.0)] == [
        "0-12", "0-12", "0-12", "13-24", "13-24", "25-39", "40-59", "60+", "60+",
    ]  # fmt: skip


def test_shares_add_up_and_have_wilson_intervals() -> None:
    subjects = (Subject(0.9, 30.0), Subject(0.2, 8.0), Subject(0.4, 70.0), Subject())
    scores = {score.name: score for score in summary([Counted([3, 5], [0.0, 1.0], subjects)])}
    assert scores["people a frame"].value == 4 and scores["most people"].value == 5
    assert scores["faces told"].value == 0.75 and scores["women"].n == 3
    assert (scores["women"].low, scores["women"].high) == wilson(2, 3)
    assert sum(scores[name].value or 0 for name in ("women", "men")) == pytest.approx(1)
    assert sum(scores[f"aged {name}"].value or 0 for name in BANDS) == pytest.approx(1)


def test_nobody_has_no_shares(tmp_path: Path, capsys: Said) -> None:
    Image.fromarray(np.full((200, 200, 3), 120, np.uint8)).save(tmp_path / "wall.png")
    assert run(["count", str(tmp_path / "wall.png"), "--quiet"]) == 0
    out = capsys.readouterr().out
    assert "| people a frame | 0.00 (n = 1) |" in out and "absent, women" in out


def test_one_that_cannot_be_counted_does_not_stop_the_others(tmp_path: Path, capsys: Said) -> None:
    wall = Image.new("RGB", (64, 64), "grey")
    for name in ("before/a.png", "before/c.png", "after/a.png", "after/b.png", "after/c.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        wall.save(tmp_path / name)
    (tmp_path / "before/b.png").write_text("no picture")
    assert run(["count", str(tmp_path / "before"), str(tmp_path / "after"), "--json", "--quiet"]) == 3
    out, err = capsys.readouterr()
    assert err.startswith("visard: ") and "b.png: is no picture" in err and err.count("\n") == 1
    told = json.loads(out)
    assert [[one["source"] for one in told[side]["sources"]] for side in told] == [["a.png", "c.png"]] * 2


def test_before_and_after_stand_side_by_side(portrait: Path, tmp_path: Path, capsys: Said) -> None:
    assert run(["hide", str(portrait), "--out", str(tmp_path / "hidden.jpg"), "--quiet"]) == 0
    capsys.readouterr()
    assert run(["count", str(portrait), str(tmp_path / "hidden.jpg"), "--json", "--quiet"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["before"]["sources"][0]["people_a_second"] == told["after"]["sources"][0]["people_a_second"] == [1.0]
    assert {score["name"] for score in told["after"]["shares"]} >= {"people in all", "men", "aged 25-39"}


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        (lambda folder: [folder / "absent.jpg"], 3, "absent.jpg"),
        (lambda folder: [folder / "broken.jpg"], 3, "broken.jpg"),
        (lambda folder: [folder / "two", folder / "broken.jpg"], 2, "2 and 1 files cannot be compared"),
        (lambda folder: [folder / "empty"], 2, "no picture and no video"),
    ],
)
def test_bad_input_gets_one_line(
    tmp_path: Path, photo: Path, capsys: Said, given: Callable[[Path], list[Path]], code: int, words: str
) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    (tmp_path / "empty").mkdir()
    (tmp_path / "two").mkdir()
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / "two" / name).write_bytes(photo.read_bytes())
    assert run(["count", *map(str, given(tmp_path)), "--quiet"]) == code
    said = capsys.readouterr()
    assert words in said.err and said.err.count("\n") == 1 and not said.out
