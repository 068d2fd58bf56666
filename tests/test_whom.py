"""Subjects by number, point or box: only these are hidden, and whoever is not there is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from visard.cli.app import run
from visard.errors import UsageError
from visard.found import Found
from visard.types import Box, Frame, Region
from visard.whom import Whom, parse_whom, single_out

FOUND = Found({
    0: (Region("face", Box(10, 10, 30, 30), 0.9, track=1), Region("face", Box(60, 10, 80, 30), 0.9, track=2)),
    1: (Region("face", Box(12, 10, 32, 30), 0.9, track=1), Region("face", Box(5, 5, 45, 45), 0.9, track=3)),
})  # fmt: skip
FRAMES = [Frame(np.zeros((60, 100, 3), np.uint8), i) for i in range(3)]


def meant(whom: Whom) -> dict[int, set[int]]:
    found = single_out(lambda: iter(FRAMES), FOUND, whom, "face", Path("x"))
    return {i: {r.track for r in found.at(i) if r.hide} for i in range(3)}


def test_a_track_or_a_point_singles_out_one_subject_everywhere() -> None:
    assert meant(Whom(tracks=(1,))) == {0: {1}, 1: {1}, 2: set()}
    assert meant(Whom(points=((61, 11),))) == {0: {2}, 1: set(), 2: set()}
    assert meant(Whom(points=((11, 11),), tracks=(3,))) == {0: {1}, 1: {1, 3}, 2: set()}


def test_a_point_means_whose_middle_is_nearest() -> None:
    """What a detector takes for somebody between two people may be smaller than either."""
    woman, between = Box(44, 308, 239, 540), Box(130, 370, 269, 555)
    found = Found({0: (Region("person", woman, 0.8, track=1), Region("person", between, 0.4, track=2))})
    for point, track in (((140.0, 430.0), 1), ((215.0, 480.0), 2)):
        one = single_out(lambda: iter(()), found, Whom(points=(point,)), "person", Path("clip.mp4"))
        assert {r.track for r in one.all() if r.hide} == {track}


def test_a_box_is_hidden_in_every_frame_with_who_is_in_it() -> None:
    assert meant(Whom(boxes=(Box(55, 5, 85, 35),))) == {0: {2, 4}, 1: {4}, 2: {4}}


@pytest.mark.parametrize(
    ("whom", "what"),
    [
        (Whom(tracks=(9,)), "there is no track 9"),
        (Whom(points=((99, 59),)), "nobody is at 99,59"),
        (Whom(boxes=(Box(100, 0, 120, 20),)), "lies outside the 100 x 60 picture"),
    ],
)
def test_whoever_is_not_there_is_told(whom: Whom, what: str) -> None:
    with pytest.raises(UsageError, match=what):
        meant(whom)


@pytest.mark.parametrize("text", ["1", "1,2,3", "a,b", "nan,1", "inf,2"])
def test_points_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not 2 numbers"):
        parse_whom((), (text,), ())


def test_an_empty_box_is_refused() -> None:
    with pytest.raises(UsageError, match="is empty"):
        parse_whom((), (), ("10,10,10,20",))


def test_the_command_takes_somebody_out(photo: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert run(["hide", str(photo), "--method", "cancel", "--point", "225,130", "--out", str(out)]) == 0
    assert "face: background predicted by background" in capfd.readouterr().err
    assert "background predicted by background" in (out / "report.json").read_text("utf-8")
    assert run(["hide", str(photo), "--method", "cancel", "--point", "3,3", "--out", str(tmp_path / "o2")]) == 2
    assert "nobody is at 3,3" in capfd.readouterr().err
    assert not (tmp_path / "o2" / photo.name).exists()
