"""Editing by degrees: nothing at 0, more at 2 than at 1, the other way below 0; one line for failures."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from visard.cli.app import run  # noqa: E402
from visard.methods import make  # noqa: E402
from visard.methods.ways import length  # noqa: E402
from visard.models import taught  # noqa: E402
from visard.nets.dual import Dual  # noqa: E402
from visard.nets.sefa import directions  # noqa: E402
from visard.shape.landmarks import find_mesh  # noqa: E402
from visard.train.album import Album  # noqa: E402
from visard.train.directions import READINGS, named  # noqa: E402
from visard.train.plans import plan, to_onnx  # noqa: E402
from visard.types import Box, Pixels, Region  # noqa: E402

from .train.people import portrait  # noqa: E402
from .train.test_samples import album  # noqa: E402, F401
from .untaught import TINY  # noqa: E402

FACE = Region("face", Box(60, 30, 200, 220), 1.0)


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    torch.manual_seed(0)
    drawn = plan("sdn", TINY["sdn"])
    net: Any = drawn.net
    shift = 4 * directions(net.decoder.affine(), 1)[0]
    content = to_onnx("sdn", drawn._replace(facts=dict(drawn.facts) | {"directions": {"smiling": shift.tolist()}}))
    (tmp_path / "taught").mkdir()
    file = tmp_path / "taught" / "sdn.onnx"
    file.write_bytes(content)
    file.with_suffix(".md").write_text(hashlib.sha256(content).hexdigest(), "utf-8")
    monkeypatch.setattr(taught, "FOLDER", file.parent)
    return file


def edited(photo: Path, out: Path, degree: str) -> Pixels:
    common = ["edit", str(photo), "--attribute", "smiling", "--overwrite"]
    assert run([*common, "--degree", degree, "--out", str(out)]) == 0
    return np.asarray(Image.open(out).convert("RGB"))


@pytest.mark.usefixtures("weights")
def test_degrees_are_degrees(astronaut: Pixels, tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    Image.fromarray(astronaut).save(photo)
    out = tmp_path / "edited.png"
    results = {degree: edited(photo, out, degree).astype(int) for degree in ("-1", "0", "1", "2")}
    assert np.array_equal(results["0"], astronaut)
    change = {degree: np.abs(result - astronaut).mean() for degree, result in results.items()}
    assert 0 < change["1"] < change["2"]
    up, down = results["1"] - astronaut, results["-1"] - astronaut
    moved = np.abs(up) + np.abs(down) > 4
    assert moved.any() and (np.sign(up[moved]) == -np.sign(down[moved])).mean() > 0.5
    assert np.array_equal(results["2"][400:], astronaut[400:].astype(int)), "nothing but the face"


@pytest.mark.usefixtures("weights")
def test_bad_input_is_one_line(photo: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "edited.png")
    for arguments, code, words in (
        ([str(photo), "--attribute", "smilling", "--degree", "1"], 2, "knows no 'smilling'; did you mean 'smiling'?"),
        ([str(photo), "--attribute", "smiling", "--degree", "3"], 2, "degree is 3; give a number from -2 to 2"),
        ([str(tmp_path / "none.png"), "--attribute", "smiling", "--degree", "1"], 3, "none.png"),
    ):
        assert run(["edit", *arguments, "--out", out]) == code
        (line,) = capfd.readouterr().err.strip().splitlines()
        assert words in line and not Path(out).exists()
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(tmp_path / "black.png")
    assert run(["edit", str(tmp_path / "black.png"), "--attribute", "smiling", "--degree", "1", "--out", out]) == 7
    assert "no face is found in it" in capfd.readouterr().err


def test_untaught_weights_name_no_direction(untaught: Path) -> None:
    assert make("sdn", {"weights": str(untaught / "sdn.onnx")}).directions == {}  # type: ignore[attr-defined]


def test_readings_know_a_smile_an_open_mouth_and_a_moustache() -> None:
    faces = {name: portrait(5, smile=smile) for name, smile in (("still", 0.0), ("smiling", 0.12))}
    vertices = {name: find_mesh(face, FACE).vertices for name, face in faces.items()}
    assert READINGS["smiling"](faces["smiling"], vertices["smiling"]) > READINGS["smiling"](
        faces["still"], vertices["still"]
    )
    there = vertices["still"]
    opened = there.copy()
    opened[14, 1] += 8
    assert READINGS["mouth-open"](faces["still"], opened) > READINGS["mouth-open"](faces["still"], there)
    bearded = faces["still"].copy()
    low, high = there[[0, 2, 57, 287], :2].min(0).astype(int), there[[0, 2, 57, 287], :2].max(0).astype(int)
    bearded[low[1] : high[1], low[0] : high[0]] //= 3
    assert READINGS["moustache"](bearded, there) > READINGS["moustache"](faces["still"], there) + 0.2


def test_directions_are_named_by_what_moves_most_surely(album: Album) -> None:  # noqa: F811
    torch.manual_seed(0)
    net = Dual(length("sdn", 16), (4, 8, 8, 8)).eval()
    found = named(net, album, 64, length("sdn", 16))
    assert found.keys() == READINGS.keys()
    for one in found.values():
        assert one.direction.shape == (256,) and one.change >= 0 and np.isfinite([one.change, one.sure]).all()
    again = named(net, album, 64, length("sdn", 16))
    assert all(np.array_equal(found[name].direction, again[name].direction) for name in found)
