"""The aligned square: it encloses what is hidden, the way back leaves no old pixel, faces lie upright on one place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visard.policy import Rule
from visard.shape.align import cut
from visard.shape.square import TEMPLATE, align, alignment, see, through_square
from visard.types import Box, Form, Frame, Goal, Patch, Pixels, Region

from ..faces import person, render


@dataclass(frozen=True, slots=True)
class Paint:
    """A method that wants a square and returns what a test gives it."""

    name: ClassVar[str] = "paint"
    size: ClassVar[int | None] = 48
    blind: ClassVar[bool] = True
    reversible: ClassVar[bool] = False
    goal: ClassVar[Goal] = "everyone"
    form: ClassVar[Form] = "transform"

    same: bool = False

    def __call__(self, patch: Patch) -> Pixels:
        assert patch.pixels.shape == (48, 48, 3) and patch.mask.shape == (48, 48)
        return patch.pixels.copy() if self.same else np.full_like(patch.pixels, 77)


@dataclass(frozen=True, slots=True)
class Asis(Paint):
    size: ClassVar[int | None] = None


@dataclass(frozen=True, slots=True)
class Wrong(Paint):
    def __call__(self, patch: Patch) -> Pixels:
        return patch.pixels[1:]


def drawn(turn: float = 0.0, side: int = 128, seed: int = 3) -> Patch:
    face = render(person(seed), side, turn=turn)
    patch = cut(Frame(face.pixels), Region("face", face.box, 0.9, face.points), Rule(), 1)
    assert patch is not None
    return patch


def test_the_face_lies_on_the_template_whatever_its_turn_and_size() -> None:
    for patch in (drawn(), drawn(0.4), drawn(-0.4, side=500), drawn(2.5)):
        square = align(patch, alignment(patch, 96), 96)
        assert square.points is not None
        eyes, wanted = square.points[:2] / 96, TEMPLATE[:2]
        assert abs(eyes[0, 1] - eyes[1, 1]) < 0.02
        assert np.abs(eyes - wanted).max() < 0.06


@given(
    st.integers(5, 90), st.integers(5, 90), st.lists(st.floats(-50, 150), min_size=10, max_size=10),
    st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(1, 60), st.integers(1, 60)),
)  # fmt: skip
@settings(max_examples=60)
def test_the_square_encloses_all_that_is_hidden(
    height: int, width: int, numbers: list[float], part: tuple[int, int, int, int]
) -> None:
    mask = np.zeros((height, width), np.float32)
    mask[part[0] : part[0] + part[2], part[1] : part[1] + part[3]] = 0.5
    points = np.array(numbers, np.float32).reshape(5, 2)
    patch = Patch(np.zeros((height, width, 3), np.uint8), mask, points=points)
    to_square = alignment(patch, 64)
    rows, columns = np.nonzero(mask > 0)
    for dy in (0, 1):
        for dx in (0, 1):
            inside = np.column_stack([columns + dx, rows + dy]) @ to_square[:, :2].T + to_square[:, 2]
            assert (inside > -1e-6).all() and (inside < 64 + 1e-6).all()


def test_no_old_pixel_comes_back() -> None:
    patch = drawn(0.3)
    assert (through_square(Paint(), patch) == 77).all()


def test_there_and_back_is_nearly_the_same() -> None:
    patch = drawn(0.2, side=60)
    change = np.abs(through_square(Paint(same=True), patch).astype(int) - patch.pixels)[patch.mask >= 1]
    assert change.mean() < 8


def test_methods_without_a_size_see_the_window() -> None:
    patch = drawn()

    class Seen(Asis):
        def __call__(self, patch: Patch) -> Pixels:
            seen.append(patch)
            return patch.pixels.copy()

    seen: list[Patch] = []
    through_square(Seen(), patch)
    assert seen == [patch]


def test_a_wrong_square_is_our_own_mistake() -> None:
    with pytest.raises(AssertionError, match="paint returned"):
        through_square(Wrong(), drawn())


@pytest.mark.parametrize("value", [np.nan, 5.0, 1e30])
def test_points_that_are_no_face_give_way_to_the_mask(value: float) -> None:
    patch = drawn()
    lost = replace(patch, points=np.full((5, 2), value, np.float32))
    assert np.allclose(alignment(lost, 64), alignment(replace(patch, points=None), 64))


def test_shrinking_averages_and_makes_no_pattern() -> None:
    board = np.indices((200, 200)).sum(axis=0) % 2 * 255
    pixels = np.repeat(board[..., None], 3, axis=2).astype(np.uint8)
    small = see(pixels, np.array([[0.2, 0, 0], [0, 0.2, 0]]), 40, 40)
    assert np.abs(small.astype(int) - 127).max() <= 6


def test_a_square_knows_its_place_in_the_frame() -> None:
    face = render(person(1), 300, turn=0.2)
    patch = cut(Frame(face.pixels), Region("face", face.box, 0.9, face.points), Rule(), 1)
    assert patch is not None
    square = align(patch, alignment(patch, 64), 64)
    assert square.points is not None
    back = square.points @ square.to_frame[:, :2].T + square.to_frame[:, 2]
    assert np.abs(back - face.points).max() < 0.05


def test_the_box_alone_places_a_face() -> None:
    patch = cut(Frame(np.zeros((90, 90, 3), np.uint8)), Region("face", Box(20, 10, 60, 70), 0.9), Rule(), 1)
    assert patch is not None
    square = align(patch, alignment(patch, 64), 64)
    rows = np.flatnonzero((square.mask > 0).any(axis=1))
    assert rows[0] <= 1 and rows[-1] >= 62
