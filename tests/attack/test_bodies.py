"""The body attacker knows clothes and build again, and knows nobody under a cover."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from visard.attack.bodies import colours, known_by, shape
from visard.types import Box, Pixels

BOX = Box(20, 10, 68, 138)
SHIRTS = ((180, 40, 40), (40, 60, 160), (230, 220, 90), (30, 120, 60), (120, 40, 130))


def body(shirt: tuple[int, int, int], noise: int, wide: int = 14) -> Pixels:
    picture = np.full((150, 90, 3), (150, 150, 145), np.uint8)
    cv2.ellipse(picture, (44, 22), (7, 9), 0, 0, 360, (200, 160, 130), -1)
    cv2.rectangle(picture, (44 - wide, 32), (44 + wide, 80), shirt, -1)
    cv2.rectangle(picture, (36, 80), (52, 136), (40, 44, 70), -1)
    grain = np.random.default_rng(noise).integers(-12, 13, picture.shape)
    return np.asarray(np.clip(picture + grain, 0, 255), np.uint8)


def test_clothes_are_known_again_and_covers_are_not() -> None:
    gallery = [(k, colours(body(shirt, k), BOX)) for k, shirt in enumerate(SHIRTS)]
    probes = [(k, colours(body(shirt, 50 + k), BOX)) for k, shirt in enumerate(SHIRTS)]
    covered = [(k, colours(np.full((150, 90, 3), 90, np.uint8), BOX)) for k in range(len(SHIRTS))]
    assert known_by("colour", gallery, probes).value == 1.0
    assert (known_by("colour", gallery, covered).value or 0) <= 1 / len(SHIRTS)


def test_build_is_known_whatever_is_worn() -> None:
    gallery = [(k, shape(body(SHIRTS[0], k, wide), BOX)) for k, wide in enumerate((9, 15, 21))]
    probes = [(k, shape(body(SHIRTS[1], 9 + k, wide), BOX)) for k, wide in enumerate((9, 15, 21))]
    assert known_by("shape", gallery, probes).value == 1.0


@pytest.mark.parametrize("box", [BOX, Box(-20, -20, -5, -5), Box(0, 0, 1, 1)])
def test_vectors_have_length_one_or_nothing_to_show(box: Box) -> None:
    picture = body(SHIRTS[0], 0)
    assert colours(picture, box).shape == (144,) and shape(picture, box).shape == (192,)
    assert np.linalg.norm(colours(picture, box)) == pytest.approx(1, abs=1e-5)


def test_nobody_is_no_error() -> None:
    assert known_by("colour", [], []).value is None
