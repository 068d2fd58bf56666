"""The fine-tuned parrot: it learns to tell people apart whom the network never saw, from their own pictures alone."""

from __future__ import annotations

import numpy as np
import pytest

from visard.attack import tuned as room
from visard.attack.looks import Look
from visard.attack.recognisers import make
from visard.errors import ModelError
from visard.types import Box, Pixels

POINTS = np.array([[203, 101], [248, 104], [224, 125], [205, 143], [243, 145]], np.float32)


def looks(astronaut: Pixels) -> list[Look]:
    """Three people who are the astronaut with a cover of one colour each, in two lights: no network knows covers."""
    found = []
    for number, colour in enumerate(((200, 40, 40), (40, 200, 40), (40, 40, 200))):
        for light in (1.0, 0.8, 0.9):
            hidden = astronaut.copy()
            hidden[60:200, 165:290] = (np.array(colour) * light).astype(np.uint8)
            found.append(Look(str(number), astronaut, hidden, Box(175, 65, 275, 195), POINTS))
    return found


def test_covers_of_ones_own_colour_are_learnt(astronaut: Pixels, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch", reason="needs torch")
    try:
        make("mobileface")
    except ModelError as error:
        pytest.skip(str(error))
    steps: list[tuple[int, int]] = []
    score = room.tuned(looks(astronaut), lambda done, total: steps.append((done, total)))
    assert score.value == 1 and score.n == 3 and score.name == "parrot rank-1"
    assert steps[-1] == (6, 6), "six rounds of one batch"
    assert room.tuned(looks(astronaut)).value == score.value
