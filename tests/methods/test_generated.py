"""What taught generators share: they refuse to run untaught, a subject keeps its role, and nothing hidden is seen."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from visard.cli.app import run
from visard.errors import ModelError, Unfit, UsageError
from visard.methods import make, runs
from visard.methods.cast import Cast
from visard.methods.condition import condition, portray
from visard.methods.donors import bank
from visard.methods.generated import Generated
from visard.models import taught
from visard.models.onnx import facts_of, with_facts
from visard.policy import Rule
from visard.shape.align import cut
from visard.shape.landmarks import find_mesh
from visard.shape.marks import marks
from visard.shape.mesh import canonical
from visard.types import Frame, Patch, Pixels, Region

from ..conftest import ASTRONAUT_FACE

NAMES = ("anonygan", "ciagan", "estrange")


@pytest.fixture
def weights(untaught: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(taught, "FOLDER", untaught)
    return untaught


def role(method: Cast, seed: int = 1) -> Any:
    assert method._roles is not None
    return method._roles[seed]


def patch_of(pixels: Pixels, seed: int = 1, shift: int = 0) -> Patch:
    region = Region("face", ASTRONAUT_FACE.shift(shift, 0), 0.9)
    region = replace(region, mesh=canonical().encode(find_mesh(pixels, region).vertices))
    patch = cut(Frame(pixels), region, Rule(), seed, Generated.around)
    assert patch is not None
    return patch


@pytest.mark.parametrize("name", [*NAMES, "ksame-net"])
def test_what_was_never_taught_does_not_run(
    name: str, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(taught, "FOLDER", tmp_path / "none")
    with pytest.raises(ModelError, match=f"{name}.onnx is missing: a network without weights and card does not run"):
        make(name)
    assert run(["hide", str(photo), "--out", str(tmp_path / "out"), "--method", name, "--quiet"]) == 6
    said = capfd.readouterr().err.strip().splitlines()
    assert len(said) == 1 and f"visard train {name}" in said[0]
    assert not (tmp_path / "out" / photo.name).exists()


@pytest.mark.parametrize(("change", "words"), [
    ("no card", "anonygan.md is missing"),
    ("other weights", "speaks of other weights"),
    ("another's", "holds 'ciagan'"),
    ("another version's", "holds 'anonygan', format 2"),
    ("no network", "does not say what it is"),
])  # fmt: skip
def test_no_card_no_run(untaught: Path, tmp_path: Path, change: str, words: str) -> None:
    import hashlib

    file, content = tmp_path / "anonygan.onnx", (untaught / "anonygan.onnx").read_bytes()
    other = (untaught / "ciagan.onnx").read_bytes()
    later = with_facts(b"", facts_of(content) | {"format": 2})
    changed = {"other weights": content[:-1] + b" ", "another's": other, "another version's": later}
    content = (changed | {"no network": b"\3no"}).get(change, content)
    file.write_bytes(content)
    if change == "other weights":
        shutil.copy(untaught / "anonygan.md", tmp_path)
    elif change != "no card":
        file.with_suffix(".md").write_text(hashlib.sha256(content).hexdigest(), "utf-8")
    with pytest.raises(UsageError, match=words):
        make("anonygan", {"weights": str(file)})


def test_weights_of_ones_own_are_used(untaught: Path) -> None:
    method = make("anonygan", {"weights": str(untaught / "anonygan.onnx")})
    assert isinstance(method, Generated) and method._net.facts["marks"] == 68


def test_the_verb_takes_weights_of_ones_own(
    untaught: Path, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(taught, "FOLDER", tmp_path / "none")
    weights = f"weights={untaught / 'anonygan.onnx'}"
    assert run(["hide", str(photo), "--method", "anonygan", "--set", weights, "--dry-run"]) == 0
    assert "anonygan.onnx" in capfd.readouterr().out


def test_facts_are_read_where_they_were_written(untaught: Path) -> None:
    content = (untaught / "estrange.onnx").read_bytes()
    assert facts_of(content)["side"] == 64
    with pytest.raises(ValueError, match="does not say"):
        facts_of(b"\x08\x08")
    assert facts_of(with_facts(b"\x08\x08", {"a": "ü"})) == {"a": "ü"}


@pytest.mark.parametrize("name", NAMES)
def test_a_track_keeps_its_role(name: str, weights: Path, astronaut: Pixels) -> None:
    """In another frame, moved and in another light, the subject becomes whom it became in its clearest patch."""
    method, first = make(name), patch_of(astronaut)
    assert isinstance(method, Generated)
    cast = method.cast([first])
    dark = np.asarray(np.roll(astronaut, 20, axis=1) * 0.6, np.uint8)
    later = cast.cast([patch_of(dark, shift=20), patch_of(astronaut, seed=2)])
    assert cast.fits(1) and not cast.fits(2) and later.fits(2) and not method.fits(1)
    assert np.array_equal(role(later), role(cast))
    with pytest.raises(Unfit):
        cast(patch_of(astronaut, seed=2))


@pytest.mark.parametrize("name", ["surrogate", "inpaint", *NAMES])
def test_who_was_given_no_role_gets_none_in_passing(name: str, weights: Path, astronaut: Pixels) -> None:
    """Where subjects are cast aside, as live, a frame waits for nobody's role."""
    nobody = make(name)
    assert isinstance(nobody, Cast)
    with pytest.raises(Unfit):
        nobody.cast([])(patch_of(astronaut))


@pytest.mark.parametrize("name", NAMES)
def test_without_landmarks_it_is_unfit(name: str, weights: Path, astronaut: Pixels) -> None:
    with pytest.raises(Unfit, match="no face can be made out"):
        make(name)(replace(patch_of(astronaut), mesh=None))


def test_another_key_another_disguise(weights: Path, astronaut: Pixels) -> None:
    method = make("ciagan")
    assert isinstance(method, Generated)
    roles = [role(method.cast([patch_of(astronaut, seed=seed)]), seed) for seed in range(6)]
    assert len(set(roles)) > 2 and all(0 <= role < 40 for role in roles)


def test_the_condition_is_a_donor_looking_ahead() -> None:
    face, vertices = condition(bank(), 7, 128)
    assert face.shape == (3, 128, 128) and 0.1 < (face != 0).any(axis=0).mean() < 0.6
    assert max(abs(a) for a in canonical().fit_pose(vertices).angles) < 5
    points = marks(vertices)
    assert ((points > 0) & (points < 128)).all()
    texture = np.full((128, 128, 3), 200, np.float32)
    turned, _ = portray(texture, canonical().shape, 64)
    assert abs(float(turned[turned != 0].max()) - (200 / 127.5 - 1)) < 0.02


def test_another_bank_is_not_mistaken_for_that_of_the_list(
    weights: Path, astronaut: Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    from visard.methods import ciagan

    monkeypatch.setattr(ciagan, "bank", lambda: type("Other", (), {"sha256": "another"}))
    with pytest.raises(ModelError, match="another bank of donors"):
        ciagan.listed(taught.taught("ciagan"))


def test_what_waits_for_weights_is_known(untaught: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taught, "FOLDER", tmp_path)
    assert runs("surrogate") and not any(runs(name) for name in (*NAMES, "ksame-net"))
    monkeypatch.setattr(taught, "FOLDER", untaught)
    assert all(runs(name) for name in (*NAMES, "ksame-net"))
