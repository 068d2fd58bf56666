"""Methods under a password: bits decide, factors decide, the way back is turned round, and words are honest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from visard.cli.app import run
from visard.errors import UsageError
from visard.hider import Hider
from visard.methods import make
from visard.methods.factors import FACTORS, Factors, lightness, parse, told
from visard.methods.keyed import Keyed, needs_password
from visard.methods.learned import Learned
from visard.models import taught
from visard.policy import Policy, Rule
from visard.shape.landmarks import find_mesh
from visard.types import Pixels, Region

from ..conftest import ASTRONAUT_FACE
from .test_generated import patch_of

NAMES = ("sdn", "mfm", "transformer")
SECRET = bytes(range(7, 39))


@pytest.fixture(autouse=True)
def weights(untaught: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taught, "FOLDER", untaught)


def keyed(name: str, secret: bytes = SECRET, **settings: str) -> Learned:
    method = make(name, settings)
    assert isinstance(method, Learned) and isinstance(method, Keyed)
    return method.keyed(secret)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("bit", [0, 15])
def test_one_bit_is_another_face(name: str, bit: int, astronaut: Pixels) -> None:
    changed = bytearray(SECRET)
    changed[bit // 8] ^= 1 << (7 - bit % 8)
    one, other = (keyed(name, bytes(s))(patch_of(astronaut)) for s in (SECRET, changed))
    assert not np.array_equal(one, other)
    assert np.array_equal(one, keyed(name)(patch_of(astronaut))), "and the same bits the same one"


@pytest.mark.parametrize("name", NAMES)
def test_back_is_another_way_than_there_and_a_secret_outlives_casting(name: str, astronaut: Pixels) -> None:
    patch = patch_of(astronaut)
    cast = keyed(name).cast([patch])
    assert cast.fits(patch.seed) and np.array_equal(cast(patch), keyed(name)(patch))
    assert not np.array_equal(cast(patch), cast.backwards({})(patch))
    again = cast.keyed(bytes(32))
    assert again.fits(patch.seed) and not np.array_equal(again(patch), cast(patch))
    assert "secret" not in repr(cast) and cast == make(name)


@pytest.mark.parametrize("name", ["sdn", "mfm"])
def test_factors_decide_as_well(name: str, astronaut: Pixels) -> None:
    patch = patch_of(astronaut)
    cast = keyed(name).cast([patch])
    own = (cast._roles or {})[patch.seed]
    assert isinstance(own, Factors) and own.sex == "female" and own.age in ("young", "middle")
    right, wrong = cast.backwards({"sex": own.sex})(patch), cast.backwards({"sex": "male"})(patch)
    assert np.array_equal(right, cast.backwards({})(patch)) and not np.array_equal(right, wrong)
    looked = keyed(name, look="male,old").cast([patch])
    assert not np.array_equal(looked(patch), cast(patch)) and np.array_equal(looked.backwards({})(patch), right)
    assert any(str(own) in line for line in cast.told()) and any("no encryption" in line for line in cast.told())


def test_a_policy_that_needs_a_password_is_known_and_its_hider_is_keyed(astronaut: Pixels) -> None:
    policy = Policy({"face": Rule("sdn")})
    assert needs_password(policy) == "sdn" and needs_password(Policy()) == ""
    assert Hider(policy, secret=SECRET).methods["face"]._secret == SECRET  # type: ignore[attr-defined]
    with pytest.raises(UsageError, match="sdn hides under a password"):
        Hider(policy).cast("face", {1: [patch_of(astronaut)]})


@pytest.mark.parametrize("name", NAMES)
def test_without_weights_nothing_is_hidden_and_the_line_says_how_to_get_them(
    name: str, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(taught, "FOLDER", tmp_path / "none")
    monkeypatch.setenv("WORDS", "correct horse battery")
    out = tmp_path / "out"
    assert run(["hide", str(photo), "--out", str(out), "--method", name, "--password-env", "WORDS"]) == 6
    (line,) = capfd.readouterr().err.strip().splitlines()
    assert f"{name}.onnx is missing" in line and f"visard train {name}" in line and not out.exists()


@pytest.mark.parametrize("text", ["tall", "male,female", "old,young"])
def test_unknown_and_contradicting_factors_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"unknown factor|contradict"):
        parse(text)
    with pytest.raises(UsageError):
        make("sdn", {"look": text})


def test_factors_are_words_in_any_order_and_a_code() -> None:
    assert parse(" old , female") == {"age": "old", "sex": "female"} and parse("") == {}
    codes = {
        tuple(Factors(sex, age, hair).code())
        for sex in FACTORS["sex"] for age in FACTORS["age"] for hair in FACTORS["hair"]
    }  # fmt: skip
    assert len(codes) == 12 and all(set(code) == {-1, 1} for code in codes)
    assert told(np.array([0.9, 5.0]), 200.0) == Factors("male", "old", "light")
    assert Factors("male", "old", "light").but({"age": "young"}) == Factors("male", "young", "light")


def test_hair_is_seen_above_the_face(astronaut: Pixels) -> None:
    vertices = find_mesh(astronaut, Region("face", ASTRONAUT_FACE, 0.9)).vertices
    dark, light = astronaut.copy(), astronaut.copy()
    top = int(vertices[:, 1].min())
    dark[:top], light[:top] = 20, 220
    assert lightness(dark, vertices) < 60 < 180 < lightness(light, vertices)
    beyond = replace(patch_of(astronaut), pixels=astronaut[top + 5 :])
    assert lightness(beyond.pixels, vertices - np.array([0, top + 5, 0], np.float32)) >= 0, "no hair in the picture"
