"""A forehead with a hat is nobody; who is half hidden behind another is somebody."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from visard.detect import is_remnant
from visard.types import Box, Pixels, Region

FACE = Region("face", Box(175, 54, 275, 180), 0.94, track=1)


@pytest.mark.parametrize(("dx", "dy"), [(0, -60), (50, 0), (50, 50), (-60, -60)])
def test_a_part_of_a_surer_face_with_what_is_beside_it_is_a_remnant(astronaut: Pixels, dx: int, dy: int) -> None:
    part = replace(FACE, box=FACE.box.shift(dx, dy), score=0.5, track=2)
    assert is_remnant(astronaut, part, [FACE, part])
    assert not is_remnant(astronaut, replace(part, score=0.7), [FACE]), "of whom the detector is sure"
    assert not is_remnant(astronaut, part, [replace(FACE, score=0.55), part]), "of a face that is not sure itself"
    assert not is_remnant(astronaut, replace(part, box=FACE.box.shift(200, 0)), [FACE]), "of a face far away"


def test_who_is_half_hidden_behind_another_is_seen_still(astronaut: Pixels) -> None:
    x0, y0, x1, y1 = map(int, FACE.box)
    face, oval = astronaut[y0:y1, x0:x1], np.zeros((y1 - y0, x1 - x0), np.uint8)
    cv2.ellipse(oval, ((x1 - x0) // 2, (y1 - y0) // 2), ((x1 - x0) // 2, (y1 - y0) // 2), 0, 0, 360, (1,), -1)
    for dx, dy in ((45, 0), (-45, 0), (0, 55)):
        both = astronaut.copy()
        both[y0 + dy : y1 + dy, x0 + dx : x1 + dx][oval > 0] = face[oval > 0]
        before, behind = replace(FACE, box=FACE.box.shift(dx, dy)), replace(FACE, score=0.4, track=2)
        assert not is_remnant(both, behind, [before, behind]), (dx, dy)
