"""Hiding a folder of people in groups: what works, what is refused in one line, and what is never mixed up."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from visard import gallery
from visard.types import Pixels, Region

from .faces import person, render
from .test_cli import Say, film, one_line
from .test_cli import visard as visard

PEOPLE = 8


@pytest.fixture
def drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Drawn people in two folders, and a file that says where their faces are: detectors do not see drawings."""
    rows = []
    for seed in range(PEOPLE):
        face = render(person(seed), 160, turn=0.05 * (seed - 4), noise=seed)
        name = f"{'men' if seed % 2 else 'women'}/{seed}.png"
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(face.pixels).save(tmp_path / "in" / name)
        box = dict(zip(("x0", "y0", "x1", "y1"), map(float, face.box), strict=True))
        rows.append({"source": name, "frame": 0, "kind": "face", "points": face.points.tolist(), **box})
    (tmp_path / "faces.json").write_text(json.dumps({"regions": rows}))
    monkeypatch.setattr(gallery, "look", somebody)
    return tmp_path / "in"


def somebody(region: Region, pixels: Pixels) -> Any:
    """Recognise drawings exactly, as dlib does not."""
    random = np.random.default_rng(int(pixels.sum()))
    return SimpleNamespace(embedding=random.standard_normal(128).astype(np.float32))


def reports(folder: str = "out") -> list[dict[str, Any]]:
    files: list[dict[str, Any]] = json.loads(Path(folder, "report.json").read_text())["files"]
    return files


def test_a_folder_is_hidden_in_groups(visard: Say, drawn: Path) -> None:
    one = ("hide", drawn, "--regions", "faces.json", "--method", "ksame-eigen", "--k", 8, "--out", "out")
    code, out, err = visard(*one)
    assert code == 0, err
    assert len(out.splitlines()) == PEOPLE
    for report in reports():
        assert report["methods"] == {"face": "ksame-eigen"} and report["policy"]["face"]["k"] == 8
        assert any("second release" in note for note in report["notes"])
        assert all(check["passed"] for check in report["checks"])


@pytest.mark.data
def test_people_of_lfw_are_hidden_and_a_finished_folder_is_skipped(visard: Say, data: Path, tmp_path: Path) -> None:
    with tarfile.open(data / "lfw_dev.tar") as archive:
        first = [n for n in archive.getnames() if n.endswith("_0001.jpg")][:14]
        for name in first:
            archive.extract(name, tmp_path / "in", filter="data")
    one = ("hide", "in", "--method", "ksame-pixel", "--k", 10, "--out", "out")
    code, out, err = visard(*one)
    assert len(out.splitlines()) >= 10, err
    assert code in (0, 3), "some show another face in the background"
    again, _, err = visard(*one)
    assert again == code and f"{len(out.splitlines())} skipped" in err


def test_folders_are_kept_apart_on_request_and_each_needs_k(visard: Say, drawn: Path) -> None:
    one = ("hide", drawn, "--regions", "faces.json", "--method", "ksame-eigen", "--set", "select=folder")
    code, _, err = visard(*one, "--k", 4, "--out", "out")
    assert code in (0, 5), err  # four drawings are so alike that a check may take their mean for one of them
    code, _, err = visard(*one, "--k", 5, "--out", "other")
    assert code == 2 and not Path("other").exists()
    one_line(err, "men: 4 people are too few for groups of 5")


def test_a_gallery_that_changed_is_another_release(visard: Say, drawn: Path) -> None:
    one = ("hide", drawn, "--method", "ksame-eigen", "--k", 7, "--out", "out", "--regions", "faces.json")
    assert visard(*one)[0] == 0
    (drawn / "men/1.png").unlink()
    code, _, err = visard(*one)
    assert code == 4 and "exists" in err


def test_two_pictures_of_one_person_are_named(visard: Say, astronaut: Pixels, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    Image.fromarray(astronaut[:330, 60:390]).save("in/one.png")
    Image.fromarray(astronaut[:330, 380:70:-1]).save("in/two.png")
    code, _, err = visard("hide", "in", "--method", "ksame-pixel", "--k", 2, "--out", "out")
    assert code == 2 and not Path("out").exists()
    one_line(err, "one.png and two.png seem to show one person", "keep one picture")


def test_who_cannot_take_part_is_said(visard: Say, astronaut: Pixels, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    Image.fromarray(np.hstack([astronaut[:330, 60:390]] * 2)).save("in/both.png")
    film(tmp_path / "in" / "clip.mp4", astronaut, frames=3)
    code, _, err = visard("hide", "in", "--method", "ksame-pixel", "--k", 2, "--out", "out")
    assert code == 2
    one_line(err, "nobody is too few for groups of 2", "both.png", "shows 2 faces", "1 more")


def test_a_picture_that_cannot_take_part_does_not_stop_the_others(visard: Say, drawn: Path) -> None:
    Image.fromarray(np.zeros((50, 50, 3), np.uint8)).save(drawn / "nobody.png")
    (drawn / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n, and no more")
    code, out, err = visard(
        "hide", drawn, "--regions", "faces.json", "--method", "ksame-eigen", "--k", 8, "--out", "out"
    )
    assert code == 3 and len(out.splitlines()) == PEOPLE
    assert "nobody.png: shows no face" in err and "torn.png" in err
    assert not Path("out/nobody.png").exists() and not Path("out/torn.png").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--k", "2"], ["1 person is too few for groups of 2"]),
        (["--k", "1"], ["k is 1", "2 or more"]),
        (["--set", "select=age"], ["select is 'age'"]),
        (["--strength", "0.5"], ["'ksame-pixel' has no setting 'strength'"]),
        (["--k", "two"], ["'two' is not a valid integer"]),
        (["--method", "svd", "--k", "3"], ["'svd' has no setting 'k'"]),
        (["--method", "svd", "--set", "variant=none"], ["variant is 'none'"]),
        (["--method", "pca", "--set", "leading=0"], ["leading is 0"]),
        (["--method", "hypersphere", "--set", "radius=-8"], ["radius is -8"]),
    ],
)
def test_wrong_usage_is_one_line(visard: Say, photo: Path, arguments: list[str], words: list[str]) -> None:
    code, _, err = visard("hide", photo, "--method", "ksame-pixel", *arguments, "--out", "out")
    assert code == 2, err
    one_line(err, *words)
    assert not Path("out").exists()


def test_nobody_is_spared_from_groups(visard: Say, drawn: Path, photo: Path) -> None:
    code, _, err = visard(
        "hide", drawn, "--regions", "faces.json", "--method", "ksame-pixel", "--k", 4, "--keep-person", photo,
        "--out", "out",
    )  # fmt: skip
    assert code == 2
    one_line(err, "nobody can be spared from groups")


def test_one_picture_alone_is_no_gallery(photo: Path, tmp_path: Path) -> None:
    """The library's corridor, without the first pass, hides nothing rather than the wrong thing."""
    from visard.errors import UsageError
    from visard.pipeline import Task, deidentify
    from visard.policy import Policy, Rule

    with pytest.raises(UsageError, match="in groups"):
        deidentify(photo, tmp_path / "result.jpg", Task(Policy({"face": Rule("ksame-pixel")})))
    assert not (tmp_path / "result.jpg").exists()
