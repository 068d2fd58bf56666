"""From pictures to evidence: the main face, its place in the hidden picture, and what is remembered."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from visard.attack.cache import Cache
from visard.attack.context import blank
from visard.attack.looks import at_place, look, main_face, vectors
from visard.attack.recognisers.recogniser import Card, Vectors
from visard.errors import TargetError
from visard.policy import Policy, Rule
from visard.shape.framing import Framing
from visard.shape.mask import window
from visard.types import Box, Frame, Pixels, Region

from ..conftest import ASTRONAUT_FACE


class Thumbnail:
    """A recogniser that knows a face by its smallest thumbnail."""

    name: ClassVar[str] = "thumbnail"
    framing: ClassVar[Framing] = Framing(32, 0.3, 0.4)
    card: ClassVar[Card] = Card("nothing", 0.5, 0, "none", ())

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, faces: Pixels) -> Vectors:
        self.asked += len(faces)
        small: Vectors = faces[:, ::8, ::8].reshape(len(faces), -1).astype(np.float32)
        return small


def face(x0: float, y0: float, x1: float, y1: float) -> Region:
    return Region("face", Box(x0, y0, x1, y1), 0.9, np.zeros((5, 2), np.float32))


def test_the_main_face_is_large_and_central(astronaut: Pixels) -> None:
    central, large, small = face(200, 200, 300, 300), face(0, 0, 150, 150), face(250, 250, 260, 260)
    assert main_face([small, large, central], astronaut) is central
    assert main_face([], astronaut) is None


def test_a_face_is_found_again_only_in_its_place() -> None:
    near, far = face(10, 10, 110, 110), face(300, 300, 400, 400)
    assert at_place(Box(0, 0, 100, 100), [far, near]) is near
    assert at_place(Box(0, 0, 100, 100), [far]) is None


def test_a_look_knows_the_face_before_and_after(astronaut: Pixels) -> None:
    seen = look("a", astronaut, astronaut)
    assert seen is not None and seen.found is not None
    assert seen.box.iou(ASTRONAUT_FACE) > 0.5
    assert np.abs(seen.found - seen.points).max() < 8
    filled = look("a", astronaut, np.zeros_like(astronaut))
    assert filled is not None and filled.found is None
    assert look("a", np.zeros_like(astronaut), astronaut) is None


def test_a_blank_leaves_what_the_policy_leaves(astronaut: Pixels) -> None:
    regions = [Region("face", ASTRONAUT_FACE, 0.9, track=0)]
    policy = Policy({"face": Rule("blur", {"strength": 0.2}, margin=0.3)})
    grey = blank(Frame(astronaut), regions, policy).pixels
    rows, columns = ASTRONAUT_FACE.grow(0.3).cells(512, 512)
    assert (grey[rows, columns] == 128).all()
    beyond = np.ones((512, 512), bool)
    beyond[window(regions[0], policy.rules["face"], 512, 512)] = False
    assert np.array_equal(grey[beyond], astronaut[beyond])


def test_vectors_are_remembered_by_the_pixels(astronaut: Pixels, tmp_path: Path) -> None:
    points = np.array([[203, 101], [248, 104], [224, 125], [205, 143], [243, 145]], np.float32)
    recogniser, cache = Thumbnail(), Cache(tmp_path / "kept" / "x.sqlite")
    pictures = [astronaut, np.ascontiguousarray(astronaut[:, ::-1])]
    first = vectors(recogniser, pictures, [points, points], cache)
    again = vectors(recogniser, pictures, [points, points], Cache(cache.file))
    assert recogniser.asked == 2 and np.array_equal(first, again)
    assert np.allclose(np.linalg.norm(first, axis=1), 1, atol=1e-5)
    vectors(recogniser, pictures, [points + 9, points], cache)
    assert recogniser.asked == 3


def test_a_cache_that_cannot_be_written_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("VISARD_MODELS", str(tmp_path / "file" / "models"))
    with pytest.raises(TargetError) as caught:
        Cache()
    assert "\n" not in str(caught.value)


def test_nothing_is_kept_unless_asked(astronaut: Pixels, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("biometric data would be kept")

    monkeypatch.setattr(Cache, "__init__", refuse)
    assert look("a", astronaut, astronaut) is not None
