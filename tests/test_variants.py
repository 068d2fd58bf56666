"""Several results of one source: each with other new faces, plainly numbered, and refused where there are none."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from visard.cli.app import run
from visard.policy import Policy, from_dict
from visard.sources import numbered
from visard.types import Pixels

from .conftest import ASTRONAUT_FACE


def face(file: Path) -> Pixels:
    x0, y0, x1, y1 = (int(v) for v in ASTRONAUT_FACE)
    return np.asarray(Image.open(file).convert("RGB"))[y0:y1, x0:x1]


def test_each_variant_has_another_face_and_the_first_is_the_usual_one(
    photo: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run(["hide", str(photo), "--out", str(out), "--variants", "3"]) == 0
    files = [out / f"astronaut-{number}.jpg" for number in (1, 2, 3)]
    assert capfd.readouterr().out.split() == [str(file) for file in files]
    assert sorted(f.name for f in out.iterdir()) == sorted(
        [*(f.name for f in files), *(f"report-{n}.{kind}" for n in (1, 2, 3) for kind in ("html", "json"))]
    )
    faces = [face(file).astype(int) for file in files]
    assert all(np.abs(a - b).mean() > 3 for a, b in pairwise([*faces, faces[0]]))
    assert run(["hide", str(photo), "--out", str(tmp_path / "usual"), "--quiet"]) == 0
    assert (tmp_path / "usual" / photo.name).read_bytes() == files[0].read_bytes()


def test_a_named_file_bears_the_number_and_finished_variants_are_skipped(
    photo: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    command = ["hide", str(photo), "--out", str(tmp_path / "new.jpg"), "--method", "pca", "--variants"]
    assert run([*command, "1", "--quiet"]) == 0
    assert run([*command, "2", "--json"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert [report["files"][0]["status"] for report in told] == ["skipped", "done"]
    assert {f.name for f in tmp_path.glob("new-*.jpg")} == {"new-1.jpg", "new-2.jpg"}
    assert (tmp_path / "new-2.jpg.report.json").is_file()


@pytest.mark.parametrize(("options", "words"), [
    (["--method", "blur"], "blur: no new identities, so no variants"),
    (["--method", "ksame-pixel"], "ksame-pixel: no new identities"),
    (["--hide", "plates,text"], "plate, text: no new identities"),
    (["--variants", "0"], "0 is not in the range"),
])  # fmt: skip
def test_what_gives_no_identities_is_refused_in_one_line(
    options: list[str], words: str, photo: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["hide", str(photo), "--out", str(tmp_path / "out"), "--variants", "2", *options]) == 2
    assert words in capfd.readouterr().err and not (tmp_path / "out").exists()


def test_a_policy_knows_its_variant() -> None:
    assert "variant" not in Policy().to_dict()
    assert from_dict(Policy(variant=2).to_dict()) == Policy(variant=2)
    assert numbered(Path("a/b.c.jpg"), 2) == Path("a/b.c-2.jpg") and numbered(Path("a"), 0) == Path("a")
