"""Proof on one's own pictures: groups by known distances, words that claim no more than the numbers, and whole runs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from visard.attack import prove as room
from visard.attack.prove import group, probes
from visard.attack.score import wilson
from visard.cli.app import run
from visard.evaluate.people import load
from visard.report.proof import Attempt, Proof, in_words
from visard.types import Pixels

from ..test_cli import film


@pytest.fixture(autouse=True)
def two_recognisers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The two that need nothing beside what hiding needs."""
    monkeypatch.setattr(room, "available", lambda: ("dlib", "pixels"))


def at(place: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.array([place, 0], np.float32)


def test_near_faces_are_one_person_and_chains_join_them() -> None:
    faces = [("a", at(0)), ("b", at(0.4)), ("c", at(0.8)), ("d", at(2)), ("e", at(2.5))]
    assert group(faces) == [0, 0, 0, 1, 2]
    assert group([]) == []


def test_nobody_is_twice_in_a_picture() -> None:
    assert group([("a", at(0)), ("a", at(0.1)), ("b", at(0.08))]) == [0, 1, 1], "the nearer one is the same"


def test_only_who_is_elsewhere_too_can_be_looked_for() -> None:
    assert probes(["a", "b", "c"], [0, 0, 1]).tolist() == [True, True, False]
    assert probes(["a", "b"], [0, 0]).tolist() == [False, False], "nobody to take for another"
    assert probes(["a", "a", "b"], [0, 1, 1]).tolist() == [False, False, True], "who is beside a face is no candidate"


def attempt(hits: int, n: int, chance: float, ceiling: int, context: int = 0) -> Attempt:
    return Attempt("dlib", hits, n, *wilson(hits, n), chance, context, ceiling, ("beach.jpg",) if hits else ())


@pytest.mark.parametrize(
    ("tried", "first", "words"),
    [
        (attempt(9, 10, 0.1, 10), "Yes: dlib", "people can still be recognised"),
        (attempt(9, 10, 0.1, 10, context=9), "Yes: dlib", "by what surrounds their faces"),
        (attempt(1, 10, 0.2, 10), "No sign of it: dlib", "guessing explains it"),
        (attempt(1, 10, 0.2, 3), "It cannot be said", "tells nothing"),
    ],
)
def test_words_say_what_the_numbers_allow(tried: Attempt, first: str, words: str) -> None:
    lines = in_words(Proof(5, 10, 4, (tried,)))
    told = " ".join(lines)
    assert lines[0].startswith(first) and words in told and "beach.jpg" in told and "(95 %)" in told
    assert ("perhaps by luck" in told) == (tried.low <= tried.chance)


def test_a_parrot_names_whom_it_saw_hidden_before() -> None:
    """Hidden faces lie elsewhere than clear ones, each person's in one place: only a parrot sees it."""
    random = np.random.default_rng(0)
    groups = np.repeat(np.arange(4), 4)
    names = [f"{i}.jpg" for i in range(16)]
    own, shown = random.normal(size=(2, 4, 32))
    hull = random.normal(size=(16, 32))
    sides = np.stack([own[groups], shown[groups], hull]) + 0.05 * random.normal(size=(3, 16, 32))
    (found,) = room._learnt("dlib", sides.astype(np.float32), names, groups.tolist())
    assert found.learnt and found.hits == found.n == found.ceiling == 16 and found.chance == 0.25
    assert found.context < 12 and len(found.named) == 16
    told = " ".join(in_words(Proof(16, 16, 4, (attempt(4, 16, 0.25, 16), found))))
    assert told.startswith("Yes: dlib, trained on the hidden faces of the others, recognised")
    assert "16 faces of people who are in three pictures or more" in told


def test_a_parrot_needs_two_people_in_three_pictures() -> None:
    sides = np.ones((3, 5, 8), np.float32)
    assert room._learnt("dlib", sides, list("abcde"), [0, 0, 0, 1, 1]) == []
    assert "Nobody learnt from hidden pictures" in " ".join(in_words(Proof(5, 5, 2, (attempt(1, 5, 0.5, 5),))))


def test_the_library_proves_with_the_same_burglar(photo: Path, tmp_path: Path) -> None:
    import visard

    finished = visard.hide(photo, tmp_path, visard.Policy({"face": visard.Rule("fill")}), prove=room.prove)
    assert finished.proof is not None and "one picture at most" in finished.proof.reason
    assert proof_of(tmp_path)["attempts"] == []


def proof_of(folder: Path) -> dict[str, object]:
    found = json.loads((folder / "report.json").read_text("utf-8"))["proof"]
    assert isinstance(found, dict)
    return found


def test_one_picture_proves_nothing(photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert run(["hide", str(photo), "--out", str(out), "--method", "fill", "--prove"]) == 0
    assert "Nothing can be proved" in capsys.readouterr().err
    assert proof_of(out)["attempts"] == []
    assert "Nothing can be proved" in (out / "report.html").read_text("utf-8")
    assert run(["hide", str(photo), "--out", str(out), "--method", "fill", "--quiet"]) == 0
    assert "proof" not in json.loads((out / "report.json").read_text("utf-8")), "it is of one run alone"


def test_one_person_proves_nothing_and_videos_are_left_out_aloud(tmp_path: Path, astronaut: Pixels) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for name, pixels in (("a.png", astronaut), ("b.png", astronaut[8:, :-9])):
        Image.fromarray(pixels).save(source / name)
    film(source / "c.mp4", astronaut, frames=3)
    assert run(["hide", str(source), "--out", str(out), "--method", "fill", "--prove", "--quiet"]) == 0
    proof = proof_of(out)
    assert proof["people"] == 1 and "nobody to tell that person from" in str(proof["reason"])
    assert proof["left_out"] == ["c.mp4 was left out: videos and animations are not attacked."]
    assert {p.name for p in out.rglob("*")} == {"a.png", "b.png", "c.mp4", "report.json", "report.html"}


def test_whom_the_user_spared_is_no_failure(photo: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = ["hide", str(photo), "--out", str(out), "--keep-person", str(photo), "--prove", "--quiet"]
    assert run(command) == 0
    assert proof_of(out)["faces"] == 0


def test_standard_input_cannot_be_proved(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["hide", "-", "--out", "x.png", "--prove"]) == 2
    assert "cannot be proved" in capsys.readouterr().err


@pytest.mark.data
def test_real_people_are_named_in_the_clear_and_not_when_filled(data: Path, tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for number, picture in enumerate(load(data / "lfw_dev.tar", 4, 2, "tune")):
        Image.fromarray(picture.pixels).save(source / f"{number}.png")
    assert run(["hide", str(source), "--out", str(out), "--method", "fill", "--prove", "--quiet"]) == 0
    attempts = proof_of(out)["attempts"]
    assert isinstance(attempts, list)
    dlib = next(each for each in attempts if each["attacker"] == "dlib")
    assert dlib["n"] >= 4 and dlib["ceiling"] == dlib["n"] and dlib["hits"] <= dlib["n"] / 2
    assert dlib["low"] <= dlib["hits"] / dlib["n"] <= dlib["high"]
