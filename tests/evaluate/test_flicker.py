"""Flicker by its oracles: still is 0, what moves with its source is the source's, a new face in each frame is high."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from visard.evaluate.flicker import flicker
from visard.types import Mask, Pixels

FRAMES = 6


def film(astronaut: Pixels, step: int) -> list[Pixels]:
    """The astronaut as a camera sees her that moves by so many pixels a frame."""
    return [np.ascontiguousarray(astronaut[20:276, 100 + step * t : 356 + step * t]) for t in range(FRAMES)]


def masks() -> list[Mask]:
    mask = np.zeros((256, 256), np.float32)
    mask[40:160, 80:180] = 1
    return [mask] * FRAMES


def test_a_still_video_does_not_flicker(astronaut: Pixels) -> None:
    still = film(astronaut, 0)
    flat = [np.full_like(frame, 90) for frame in still]
    for result in (still, flat):
        ours, theirs = flicker(still, result, masks())
        assert ours.value == theirs.value == 0 and ours.n == FRAMES - 1


def test_what_moves_with_its_source_flickers_as_little(astronaut: Pixels) -> None:
    moving = film(astronaut, 2)
    inverted = [255 - frame for frame in moving]
    ours, theirs = flicker(moving, inverted, masks())
    assert ours.value == pytest.approx(theirs.value, rel=0.01)
    assert theirs.value is not None and theirs.value < 4
    raw = np.mean([np.abs(a.astype(int) - b)[40:160, 80:180].mean() for a, b in pairwise(moving)])
    assert theirs.value < raw / 2, "motion is followed"


def test_a_new_face_in_each_frame_flickers(astronaut: Pixels) -> None:
    still, random = film(astronaut, 0), np.random.default_rng(0)
    faces = []
    for frame in still:
        face = frame.copy()
        face[40:160, 80:180] = np.kron(random.integers(0, 256, (6, 5, 3)), np.ones((20, 20, 1))).astype(np.uint8)
        faces.append(face)
    ours, theirs = flicker(still, faces, masks())
    assert ours.value is not None and ours.value > 60 and theirs.value == 0


def test_a_pattern_that_stands_while_the_face_moves_flickers(astronaut: Pixels) -> None:
    moving = film(astronaut, 3)
    stuck = [moving[0]] * FRAMES
    ours, theirs = flicker(moving, stuck, masks())
    assert ours.value is not None and theirs.value is not None and ours.value > 2 * theirs.value


def test_nothing_hidden_twice_in_a_row_is_a_reason(astronaut: Pixels) -> None:
    still, empty = film(astronaut, 0), np.zeros((256, 256), np.float32)
    for hidden in ([empty] * FRAMES, [masks()[0], empty] * (FRAMES // 2)):
        ours, _ = flicker(still, still, hidden)
        assert ours.value is None and "no two frames" in ours.reason
    assert flicker(still[:1], still[:1], masks()[:1])[0].value is None
