"""Stores: fetched, hidden, sent whole, recognised again; and nothing half-written or unasked."""

from __future__ import annotations

import io
import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from visard.cli.app import run
from visard.types import Pixels

needs_stores = pytest.mark.skipif(find_spec("upath") is None, reason="no stores: pip install 'visard[ray]'")


@pytest.fixture
def bucket(astronaut: Pixels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A store in memory with two photos, a note, and a broken photo."""
    from upath import UPath

    # Journals of stores lie beside the models; the models themselves stay where they are.
    monkeypatch.setattr("visard.stores.diary", lambda folder: tmp_path / "journals" / "one")
    monkeypatch.setattr("visard.run.diary", lambda folder: tmp_path / "journals" / "one")
    root = UPath(f"memory://{tmp_path.name}")
    for i, name in enumerate(("a.png", "more/b.png")):
        file = io.BytesIO()
        Image.fromarray(astronaut[8 * i : 8 * i + 300, 100:420]).save(file, "PNG")
        (root / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "in" / name).write_bytes(file.getvalue())
    (root / "in" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    (root / "in" / "notes.txt").write_bytes(b"no picture")
    yield root
    root.fs.rm(root.path, recursive=True)


@needs_stores
def test_a_prefix_becomes_a_prefix_with_the_bytes_that_a_folder_gives(
    bucket: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--method", "fill", "--offline"]
    assert run(["hide", f"{bucket}/in", "--out", f"{bucket}/out", *arguments]) == 3
    out, err = capsys.readouterr()
    assert sorted(out.split()) == [f"{bucket}/out/a.png", f"{bucket}/out/more/b.png"]
    assert f"{bucket}/in/broken.jpg: is" in err and "2 done, 1 failed" in err
    for name in ("a.png", "more/b.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((bucket / "in" / name).read_bytes())
        assert run(["hide", str(tmp_path / name), "--out", str(tmp_path / "local" / name), *arguments]) == 0
        assert (bucket / "out" / name).read_bytes() == (tmp_path / "local" / name).read_bytes()
    report = json.loads((bucket / "out" / "report.json").read_text())
    assert {f["output"] for f in report["files"]} == {"a.png", "more/b.png", ""}
    assert (bucket / "out" / "report.html").exists()
    held = {p.path.removeprefix(bucket.path) for p in (bucket / "out").rglob("*") if p.is_file()}
    assert held == {"/out/a.png", "/out/more/b.png", "/out/report.json", "/out/report.html"}
    # What is finished is recognised, what is gone is made again.
    capsys.readouterr()
    (bucket / "out" / "a.png").unlink()
    assert run(["hide", f"{bucket}/in", "--out", f"{bucket}/out", *arguments]) == 3
    assert "1 done, 1 skipped, 1 failed" in capsys.readouterr().err


@needs_stores
@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["{}/none", "--out", "{}/out"], 3, "does not exist"),
        (["{}/in/a.png", "--out", "{}/in"], 4, "would replace its source"),
        (["{}/in/a.png", "--out", "{}/taken"], 4, "exists already"),
        (["{}/in", "--out", "{}/out", "--prove"], 2, "do not go with --prove"),
        (["{}/in", "--out", "{}/out", "--method", "ksame-pixel"], 2, "do not go with hide in groups"),
        (["gopher://x/y", "--out", "{}/out"], 2, "store"),
    ],
)
def test_what_a_store_cannot_do_is_one_line(
    arguments: list[str], code: int, words: str, bucket: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    (bucket / "taken" / "a.png").write_bytes(b"mine")
    assert run(["hide", *(a.format(bucket) for a in arguments), "--offline", "--quiet"]) == code
    err = capsys.readouterr().err
    assert words in err and len(err.splitlines()) == 1, err
    assert (bucket / "taken" / "a.png").read_bytes() == b"mine"
    assert not (bucket / "out" / "a.png").exists()
