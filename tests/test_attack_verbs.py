"""The verbs attack and evaluate: tables on standard output, faults in one line with the right exit code."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from visard.cli.app import run
from visard.cli.progress import Steps
from visard.types import Pixels

from .test_cli import film


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory, astronaut: Pixels) -> Path:
    """Two people, both of whom are the astronaut, with two pictures each."""
    folder = tmp_path_factory.mktemp("album")
    for number, person in enumerate("ab"):
        (folder / person).mkdir()
        for shot in range(2):
            view = astronaut[: 330 + number, 60 : 400 + shot]
            Image.fromarray(np.ascontiguousarray(view[:, ::-1] if shot else view)).save(folder / person / f"{shot}.png")
    return folder


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is measured is kept in a file of the test's own."""
    from visard.attack import cache

    real = cache.Cache.__init__
    monkeypatch.setattr(cache.Cache, "__init__", lambda self: real(self, tmp_path / "kept.sqlite"))


def test_attack_prints_the_ceiling_and_the_hidden(
    album: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["hide", str(album), "--out", str(tmp_path / "hidden"), "--quiet"]) == 0
    capsys.readouterr()
    assert run(["attack", str(album), str(tmp_path / "hidden")]) == 0
    out = capsys.readouterr().out
    assert "4 pictures of 2 people, chance 50.0 %" in out
    assert "| clear (ceiling) | dlib |" in out and "| hidden | dlib |" in out
    assert "absent, TAR@0.001: 8 pairs" in out
    assert not (tmp_path / "kept.sqlite").exists(), "an attack keeps nothing about faces"


def test_attack_refuses_what_does_not_match(album: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other"
    shutil.copytree(album, other)
    (other / "a" / "0.png").unlink()
    alone = tmp_path / "alone"
    shutil.copytree(other, alone)
    small = tmp_path / "small"
    shutil.copytree(album, small)
    Image.new("RGB", (30, 40)).save(small / "b" / "0.png")
    dark = tmp_path / "dark"
    for file in sorted(album.glob("*/*")):
        (dark / file.parent.name).mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (64, 64)).save(dark / file.parent.name / file.name)
    (tmp_path / "empty").mkdir()
    for clean, hidden, words in [
        (album, other, "1 of 4 pictures have no counterpart, such as a/0"),
        (other, album, "1 of 4 pictures have no counterpart"),
        (alone, other, "one picture only, such as a"),
        (album, small, "30 x 40"),
        (dark, dark, "no face in any of 4 pictures"),
        (tmp_path / "empty", album, "no pictures"),
        (tmp_path / "absent", album, "not a folder"),
    ]:
        assert run(["attack", str(clean), str(hidden)]) == 2
        err = capsys.readouterr().err
        assert words in err and err.count("\n") == 1


def test_unknown_and_absent_recognisers_are_one_line(
    album: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["attack", str(album), str(album), "--recognisers", "dlip"]) == 2
    assert "did you mean 'dlib'" in capsys.readouterr().err
    monkeypatch.setenv("VISARD_MODELS", str(tmp_path / "none"))
    assert run(["attack", str(album), str(album), "--recognisers", "facenet"]) == 6
    assert "visard models fetch facenet" in capsys.readouterr().err


def test_evaluate_takes_up_where_it_stopped(album: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["evaluate", "--data", str(album), "--methods", "fill", "--people", "2", "--pictures", "2"]
    command += ["--out", str(tmp_path / "out")]
    assert run(command) == 0
    first = capsys.readouterr().out
    assert "chance 50.0 %" in first and "| clear (ceiling) | dlib |" in first and "| grey hull (context) |" in first
    assert first.splitlines()[0] == (tmp_path / "out" / "table.md").read_text("utf-8").splitlines()[0]
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "| ms a face |" in first
    assert page.count("<svg") >= 3 and page.count("data:image/jpeg") == 3 * 2, "three rows of hidden faces, two people"
    assert not re.search(r"""(?:src|href)=["'](?!data:)|url\(|@import|<script""", page), "it reaches for nothing"
    file = tmp_path / "out" / "results.jsonl"
    lines = file.read_text("utf-8").splitlines()
    assert len(lines) == 4 * 5, "pictures, cost, recovery and two recognisers, for three references and a method"
    assert "Nobody learnt to undo the methods: " in first and "exactly recovered" in first
    file.write_text("\n".join(lines[:-1]) + "\n", "utf-8")
    assert run(command) == 0
    assert capsys.readouterr().out == first
    assert sorted(file.read_text("utf-8").splitlines()) == sorted(lines)


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"--methods": "fil"}, 2), ({"--methods": ","}, 2), ({"--people": "3"}, 2), ({"--data": "absent"}, 3),
     ({"--recognisers": "x"}, 2), ({"--video": "absent.mp4"}, 3), ({"--recognisers": "absent.onnx"}, 3)],
)  # fmt: skip
def test_evaluate_refuses_in_one_line(
    album: Path, tmp_path: Path, changes: dict[str, str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    options = {"--data": str(album), "--methods": "fill", "--people": "2", "--pictures": "2", "--out": str(tmp_path)}
    assert run(["evaluate", *(word for pair in (options | changes).items() for word in pair)]) == code
    assert capsys.readouterr().err.count("\n") == 1


def test_evaluate_tells_how_much_a_video_flickers(
    tmp_path: Path, astronaut: Pixels, album: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = film(tmp_path / "clip.mp4", astronaut, frames=4)
    command = ["evaluate", "--video", str(clip), "--methods", "fill,noise", "--out", str(tmp_path / "out")]
    assert run(command) == 0
    first = capsys.readouterr().out
    assert "| clip.mp4 | fill | 0.00 (n = 3) |" in first and "| clip.mp4 | noise |" in first
    assert (tmp_path / "out" / "table.md").exists() and not (tmp_path / "out" / "report.html").exists()
    assert run(command) == 0 and capsys.readouterr().out == first
    assert run(["evaluate", "--methods", "fill"]) == 2
    assert "--data, --video, or both" in capsys.readouterr().err
    assert run([*command[:2], str(album / "a" / "0.png"), *command[3:]]) == 2
    assert "not a video" in capsys.readouterr().err


def test_steps_are_shown_where_somebody_looks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def go(quiet: bool) -> str:
        with Steps(quiet) as steps:
            for done in range(3):
                steps("blur", "hide", done, 3)
            steps("blur", "dlib", 0, 1)
        return capsys.readouterr().err

    assert go(quiet=False) == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    shown = go(quiet=False)
    assert "blur hide: " in shown and "blur dlib: 0/1" in shown
    assert go(quiet=True) == ""
