"""A bank of one's own: made from a folder of photos, named in a setting, and worn; a wrong one is one line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from visard.cli.app import run
from visard.errors import UsageError
from visard.methods.donors import bank
from visard.methods.surrogate import Surrogate
from visard.policy import Policy, Rule, load_policy
from visard.train.card import terms_row
from visard.train.donors import train
from visard.types import Pixels

from ..methods.test_surrogate import patch_of
from .people import album


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bank of two donors, of 24 people."""
    folder = tmp_path_factory.mktemp("album")
    counts = train(album(folder, 24), folder / "bank", donors=2, terms="Drawn for this test; free.")
    assert counts["photos"] == 24 and counts["donors"] == 2
    return folder / "bank" / "donors.safetensors"


def test_a_face_of_ones_own_bank_is_worn(own: Path, astronaut: Pixels) -> None:
    mine = bank(str(own))
    assert len(mine) == 2 and mine.texture(1).shape == (256, 256, 3)
    assert np.linalg.norm(mine.embeddings[0] - mine.embeddings[1]) > 0
    patch = patch_of(astronaut)
    new = Surrogate(bank=str(own))(patch)
    assert not np.array_equal(new, Surrogate()(patch)) and not np.array_equal(new, patch.pixels)
    assert np.array_equal(new, Surrogate(bank=str(own))(patch))


def test_its_card_says_what_it_is_made_of(own: Path) -> None:
    card = own.with_suffix(".md").read_text("utf-8")
    for words in (
        "2 donors: faces of nobody",
        "24 photos, 24 with a face",
        "| Drawn for this test; free. |",
        "no two donors share more than 2",
        "0 donors have a mean age under 13",
        "the shipped one: too few faces came with labels",
        "pairs of a donor with a face of its own people",
        f"{own.stat().st_size:,} bytes",
    ):
        assert words in card, words


def test_terms_that_nobody_states_are_said_to_be_unstated() -> None:
    assert "not stated" in terms_row("")[1] and "not stated" in terms_row(" \n")[1]


def test_the_command_wears_it_names_it_and_knows_what_is_finished(own: Path, photo: Path, tmp_path: Path) -> None:
    command = ["hide", str(photo), "--out", str(tmp_path / "out"), "--offline", "--quiet"]

    def again(*more: str) -> dict[str, object]:
        assert run([*command, *more]) == 0
        (entry,) = json.loads((tmp_path / "out" / "report.json").read_text())["files"]
        return dict(entry)

    first = again("--set", f"bank={own}")
    assert first["policy"]["face"]["bank"] == str(own)  # type: ignore[index]
    assert again("--set", f"bank={own}")["status"] == "skipped"
    other = again("--overwrite")
    assert other["output_sha256"] != first["output_sha256"]
    assert run([*command, "--set", f"bank={own}"]) == 4, "finished with another bank is not finished with this one"


def test_a_policy_with_a_bank_survives_its_file(own: Path, tmp_path: Path) -> None:
    policy = Policy({"face": Rule(settings={"bank": str(own), "strength": 0.5})})
    (tmp_path / "policy.toml").write_text(policy.to_toml(), "utf-8")
    assert load_policy(tmp_path / "policy.toml") == policy


def change(own: Path, target: Path, name: str) -> None:
    """Write a bank in which one tensor is not what it should be."""
    tensors = load_file(str(own))
    tensors[name] = {
        "format": np.array([99], np.int32),
        "starts": tensors["starts"][:-1],
        "embeddings": tensors["embeddings"] * np.float16(np.nan),
        "textures": tensors["textures"][1:],
        "reader": tensors["reader"][:7],
    }[name]
    save_file(tensors, str(target))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("format", "another version"),
        ("starts", "attributes is not"),
        ("embeddings", "embeddings is not"),
        ("textures", "textures are not"),
        ("reader", "reader is not"),
    ],
)
def test_a_bank_that_was_tampered_with_is_refused(own: Path, tmp_path: Path, name: str, words: str) -> None:
    change(own, tmp_path / "donors.safetensors", name)
    with pytest.raises(UsageError, match=words) as caught:
        Surrogate(bank=str(tmp_path / "donors.safetensors"))
    assert str(tmp_path) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(("file", "words"), [("none", "missing"), ("photo", "is no bank"), ("other", "is no bank")])
def test_what_is_no_bank_is_one_line(
    file: str, words: str, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_file({"shape": np.zeros((468, 3), np.float32)}, str(tmp_path / "other"))
    path = photo if file == "photo" else tmp_path / file
    (tmp_path / "policy.toml").write_text(f"[face]\nbank = '{path}'\n", "utf-8")
    for how in (["--set", f"bank={path}"], ["--policy", str(tmp_path / "policy.toml")]):
        assert run(["hide", str(photo), "--out", str(tmp_path / "out"), *how, "--quiet"]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert words in line and str(path) in line
        assert ("policy.toml" in line) == (how[0] == "--policy")
    assert not (tmp_path / "out").exists()


def test_a_bank_is_a_path() -> None:
    with pytest.raises(UsageError, match="bank is 7"):
        Surrogate(bank=7)  # type: ignore[arg-type]
