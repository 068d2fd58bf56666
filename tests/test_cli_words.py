"""What the command tells people: the right path, the right name, and no more than it should."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.media.making import film as shoot
from visard import pipeline
from visard.media.read import probe
from visard.sources import listing
from visard.types import Frame, Pixels

from .conftest import ASTRONAUT_FACE
from .test_cli import Say, film, hidden_face, visard  # noqa: F401  # a fixture

Row = dict[str, object]

FILL = ("--method", "fill", "--offline")


def test_without_a_verb_there_is_help_and_nothing_else(visard: Say) -> None:  # noqa: F811
    code, out, err = visard()
    assert code == 2 and not out
    assert err.startswith("Usage: visard") and err.rstrip().endswith("photos.")


def test_the_printed_paths_are_those_of_the_results(visard: Say, photo: Path) -> None:  # noqa: F811
    code, out, _ = visard("hide", photo, "--out", "one.jpg", "--variants", 2, "--offline")
    assert code == 0 and [Path(line).is_file() for line in out.splitlines()] == [True, True]


@pytest.mark.parametrize("name", ["one.png", "one.mp4", "one.webp"])
def test_no_name_promises_another_format(visard: Say, photo: Path, name: str) -> None:  # noqa: F811
    code, _, err = visard("hide", photo, "--out", name, *FILL)
    assert code == 2 and err.startswith(f"visard: {name}: should end in .jpg")
    assert not Path(name).exists()


def test_a_video_is_named_as_what_it_becomes(visard: Say, astronaut: Pixels) -> None:  # noqa: F811
    clip = film(Path("a.mkv"), astronaut, 4)
    assert visard("hide", clip, "--out", "b.mkv", *FILL)[0] == 2
    assert visard("hide", clip, "--out", "b.mov", *FILL)[0] == 0


def test_a_wrong_name_of_ones_own_is_kept(visard: Say, photo: Path) -> None:  # noqa: F811
    Path("wrong.png").write_bytes(photo.read_bytes())
    assert visard("hide", "wrong.png", "--out", "o", *FILL)[0] == 0
    with Image.open("o/wrong.png") as written:
        assert written.format == "JPEG"


def test_a_wrong_command_in_between_loses_no_result(visard: Say, photo: Path) -> None:  # noqa: F811
    first = ("hide", photo, "--out", "o", *FILL)
    assert visard(*first)[0] == 0
    assert visard("hide", photo, "--out", "o", "--method", "blur", "--offline")[0] == 4
    code, _, err = visard(*first)
    assert code == 0 and "1 skipped" in err


def test_reports_name_no_folder_of_this_machine(visard: Say, tmp_path: Path, photo: Path) -> None:  # noqa: F811
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(photo.read_bytes()[:2000])
    (tmp_path / "o").mkdir()
    (tmp_path / "o" / photo.name).write_bytes(b"in the way")
    visard("hide", broken, tmp_path / "absent.jpg", photo, "--out", tmp_path / "o", *FILL)
    report = (tmp_path / "o/report.json").read_text("utf-8")
    assert [file["status"] for file in json.loads(report)["files"]] == ["failed"] * 3
    assert "exists already" in report and "cut off" in report
    for text in (report, (tmp_path / "o/report.html").read_text("utf-8")):
        assert str(tmp_path) not in text


def test_nothing_that_could_be_read_is_no_list_of_regions(visard: Say) -> None:  # noqa: F811
    code, out, _ = visard("find", "absent.jpg", "--offline")
    assert code == 3 and not out
    assert visard("find", "absent.jpg", "--out", "regions.json", "--offline")[0] == 3
    assert not Path("regions.json").exists()


def test_regions_of_other_pictures_leave_nobody_bare(visard: Say, photo: Path) -> None:  # noqa: F811
    """A misspelt source, or another folder's picture of the same name, is searched."""
    for name in ("a/x.jpg", "b/x.jpg", "other.jpg"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_bytes(photo.read_bytes())
    elsewhere = {"frame": 0, "kind": "face", "x0": 400, "y0": 400, "x1": 440, "y1": 440, "score": 1, "track": 1}
    Path("r.json").write_text(json.dumps({"regions": [elsewhere | {"source": "x.jpg", "hide": True}]}))
    for sources in (["other.jpg"], ["a", "b"]):
        assert visard("hide", *sources, "--regions", "r.json", "--out", "o", *FILL)[0] == 0
    for result in ("o/other.jpg", "o/a/x.jpg", "o/b/x.jpg"):
        assert hidden_face(Path(result)), result
    files = json.loads(Path("o/report.json").read_text())["files"]
    assert all(file["regions"] == 1 and file["models"].get("centerface") for file in files)


def test_an_earlier_result_in_which_nothing_was_found_is_strictly_one(visard: Say) -> None:  # noqa: F811
    Image.new("RGB", (64, 64), "grey").save("wall.png")
    assert visard("hide", "wall.png", "--out", "o", *FILL)[0] == 0
    code, _, err = visard("hide", "wall.png", "--out", "o", "--strict", *FILL)
    assert code == 7 and "nothing found to hide" in err


def test_it_is_said_where_everybody_is_spared(visard: Say, photo: Path) -> None:  # noqa: F811
    code, _, err = visard("hide", photo, "--keep-person", photo, "--out", "o", *FILL)
    assert code == 0 and "1 with everybody spared" in err


def test_whoever_got_something_else_than_was_asked_for_is_told_of(visard: Say, photo: Path) -> None:  # noqa: F811
    boxes = (ASTRONAUT_FACE, (400, 400, 440, 440))
    rows = [
        {"source": photo.name, "frame": 0, "kind": "face", "score": 1, "hide": True, "track": track}
        | dict(zip(("x0", "y0", "x1", "y1"), map(float, box), strict=True))
        for track, box in enumerate(boxes, 1)
    ]
    Path("r.json").write_text(json.dumps({"regions": rows}))
    code, _, err = visard("hide", photo, "--regions", "r.json", "--out", "o", "--offline")
    assert code == 0 and "1 hidden with haze: no face could be exchanged there" in err


@pytest.mark.parametrize("broken", [True, False])
def test_what_became_of_an_earlier_result_is_not_shown(visard: Say, photo: Path, broken: bool) -> None:  # noqa: F811
    """Its place may hold an original by now, or nothing that can be read: neither stops the report."""
    Path("b.jpg").write_bytes(photo.read_bytes())
    assert visard("hide", photo, "--out", "o", *FILL)[0] == 0
    Path("o", photo.name).write_bytes(b"no picture" if broken else photo.read_bytes())
    code, _, err = visard("hide", "b.jpg", "--out", "o", *FILL)
    assert code == 0, err
    page = Path("o/report.html").read_text("utf-8")
    assert photo.name in page and page.count("<img") == 1
    assert not list(Path("o").glob(".*"))


def test_regions_of_one_source_do_not_go_to_another_of_its_name(visard: Say, photo: Path) -> None:  # noqa: F811
    Path("other").mkdir()
    Image.new("RGB", (64, 64)).save(Path("other", photo.name))
    code, out, err = visard("find", photo, f"other/{photo.name}", "--offline")
    assert code == 3 and f"other/{photo.name}: another source is called {photo.name}" in err
    assert len(json.loads(out)["regions"]) == 1


@pytest.mark.parametrize("name", ["report.json", "report.html"])
def test_a_report_replaces_reports_alone(visard: Say, photo: Path, name: str) -> None:  # noqa: F811
    Path("o").mkdir()
    Path("o", name).write_text("<html>of somebody else</html>")
    code, _, err = visard("hide", photo, "--out", "o", *FILL)
    assert code == 4 and f"o/{name}: exists already, and is no report" in err
    assert [path.name for path in Path("o").iterdir()] == [name]
    assert visard("hide", photo, "--out", "o", *FILL, "--overwrite")[0] == 0
    assert visard("hide", photo, "--out", "o", *FILL)[0] == 0


def test_no_result_appears_whose_report_could_not(visard: Say, photo: Path) -> None:  # noqa: F811
    code, _, err = visard("hide", photo, "--out", f"o/{'x' * 246}.jpg", *FILL)
    assert code == 4 and "File name too long" in err and err.count("visard: ") == 1
    assert not list(Path("o").iterdir())


def test_a_run_with_regions_goes_on_where_it_stopped(visard: Say, photo: Path) -> None:  # noqa: F811
    assert visard("find", photo, "--out", "r.json", "--offline")[0] == 0
    regions = ("--regions", "r.json", "--out", "o", *FILL)
    assert visard("hide", photo, *regions)[0] == 0
    code, _, err = visard("hide", photo, *regions)
    assert code == 0 and "1 skipped" in err
    assert visard("hide", photo, "--out", "o", *FILL)[0] == 4, "nobody gave these regions"
    Path("r.json").write_text(Path("r.json").read_text().replace("true", "false"))
    assert visard("hide", photo, *regions)[0] == 4, "these are others"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the names of files are text")
def test_a_name_that_is_no_text_stops_nobody(photo: Path, tmp_path: Path) -> None:
    odd = Path(os.fsdecode(b"odd-\xff.jpg"))
    (tmp_path / "in").mkdir()
    for name in (odd, photo.name):
        (tmp_path / "in" / name).write_bytes(photo.read_bytes())
    command = [sys.executable, "-m", "visard", "hide", "in", "--out", "o", *FILL]
    strict = os.environ | {"PYTHONIOENCODING": "utf-8:strict"}
    done = subprocess.run(command, cwd=tmp_path, env=strict, capture_output=True, check=False)
    assert done.returncode == 0 and b"o/odd-\xff.jpg\n" in done.stdout, done.stderr
    assert "odd-?.jpg" in (tmp_path / "o" / "report.html").read_text("utf-8")


def test_what_a_library_warns_of_is_no_line_of_ours(photo: Path, tmp_path: Path) -> None:
    whole = tmp_path / "a.tif"
    Image.open(photo).save(whole)
    (tmp_path / "cut.tif").write_bytes(whole.read_bytes()[:1000])
    command = [sys.executable, "-m", "visard", "hide", "cut.tif", *FILL, "--quiet"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 3 and done.stderr.count("\n") == 1, done.stderr


def test_the_report_counts_a_videos_frames(visard: Say, astronaut: Pixels) -> None:  # noqa: F811
    """Where frames come slower and slower, the container's rate promises more of them than there are."""
    shoot(
        Path("slow.mkv"), [astronaut[20:260, 60 + i : 380 + i] for i in range(8)], times=[40 * i * i for i in range(8)]
    )
    assert (probe(Path("slow.mkv")).frames or 0) > 8
    code, out, err = visard("hide", "slow.mkv", "--out", "o", *FILL, "--json")
    assert code == 0 and json.loads(out)["files"][0]["frames"] == 8, err


def test_regions_do_not_replace_what_they_were_found_in(visard: Say, photo: Path) -> None:  # noqa: F811
    before = photo.read_bytes()
    code, _, err = visard("find", photo, "--out", photo, "--overwrite", "--offline")
    assert code == 4 and "would replace its source" in err and photo.read_bytes() == before


@pytest.mark.parametrize(
    ("wrong", "words"),
    [({"kind": "plate"}, "hold a plate; give --hide faces,plates"), ({"frame": 1}, "a frame that it does not have")],
)
def test_regions_out_of_place_are_refused(visard: Say, photo: Path, wrong: Row, words: str) -> None:  # noqa: F811
    row = {"source": photo.name, "frame": 0, "kind": "face", "x0": 9, "y0": 9, "x1": 50, "y1": 50} | wrong
    Path("r.json").write_text(json.dumps({"regions": [row]}))
    for command in (("hide", photo, "--out", "o", *FILL), ("check", photo, photo, "--offline")):
        code, _, err = visard(*command, "--regions", "r.json")
        assert code == 2 and words in err, err
    assert not Path("o", photo.name).exists()


def test_a_fault_of_ours_is_a_line_that_says_where(visard: Say, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    def stumble(*_: object) -> None:
        raise KeyError("no such thing")

    monkeypatch.setattr("visard.sources.listing", stumble)
    code, out, err = visard("find", "a.jpg", "--offline")
    assert code == 1 and not out and err.count("\n") == 1
    assert err.startswith("visard: test_cli_words.py:") and "unexpected KeyError" in err


def test_drafts_that_somebody_left_are_no_sources(tmp_path: Path) -> None:
    for name in ("a.jpg", ".visard-0123456789ab.jpg"):
        (tmp_path / name).touch()
    assert [entry.name.name for entry in listing([str(tmp_path)])] == ["a.jpg"]


def test_whoever_made_it_need_not_have_drawn_a_face(visard: Say, photo: Path) -> None:  # noqa: F811
    assert visard("hide", photo, "--out", "o", *FILL)[0] == 0
    code, out, _ = visard("check", photo, f"o/{photo.name}", "--offline")
    assert code == 0 and "face_lost" not in out
    code, _, err = visard("check", photo, f"o/{photo.name}", "--method", "surrogate", "--offline")
    assert code == 5 and "did not pass: face_lost" in err and "not written" not in err


def _piped(data: bytes, *arguments: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "visard", "hide", "-", *FILL, *arguments]
    done = subprocess.run(command, input=data, capture_output=True, check=False)
    return done.returncode, done.stderr.decode()


def test_standard_input_is_named_so(photo: Path) -> None:
    code, err = _piped(photo.read_bytes()[:2000])
    assert code == 3 and err.startswith("visard: standard input: is cut off")


@pytest.mark.parametrize("option", [("--json",), ("--regions", "r.json")])
def test_what_standard_input_cannot_have_is_refused(photo: Path, option: tuple[str, ...]) -> None:
    code, err = _piped(photo.read_bytes(), *option)
    assert code == 2 and "hide a file" in err


def test_a_draft_that_was_written_wrongly_is_no_matter_of_margins(
    visard: Say,  # noqa: F811
    photo: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write = vars(pipeline)["write"]

    def smeared(draft: Path, frames: Iterator[Frame], *rest: Any) -> None:
        def spoilt() -> Iterator[Frame]:
            for frame in frames:
                frame.pixels[:40, :40] = (255, 0, 255)
                yield frame

        write(draft, spoilt(), *rest)

    monkeypatch.setattr(pipeline, "write", smeared)
    code, _, err = visard("hide", photo, "--out", "o", *FILL)
    assert code == 5 and "untouched" in err and "written wrongly" in err and "--margin" not in err
