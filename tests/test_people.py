"""Who is meant by a photo: in doubt one too many is hidden, but not whoever stands beside the one who is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visard.people import People, select
from visard.shape.identity import Embedding, Look
from visard.types import Box, Frame, Pixels, Region

ME = np.zeros(128, np.float32)


def away(distance: float) -> Embedding:
    """Return somebody so far from me."""
    return np.asarray(np.eye(1, 128)[0] * distance, np.float32)


@pytest.mark.parametrize(
    ("mine", "others", "hidden"),
    [
        (0.3, (), True),
        (0.6, (), True),  # perhaps
        (0.7, (), False),
        (0.6, (0.5,), True),  # either could be
        (0.6, (0.3,), False),  # the other one is
        (0.44, (0.1,), True),  # a mirror: surely, both
        (0.6, (0.7, 0.9), True),
    ],
)
def test_of_those_who_are_seen_together_the_likeliest_is_singled_out(
    mine: float, others: tuple[float, ...], hidden: bool
) -> None:
    assert People(only=(ME,)).hides([away(mine)], [away(other) for other in others]) is hidden


@given(st.lists(st.floats(0.1, 1.2), min_size=1, max_size=6))
def test_somebody_is_hidden_wherever_anybody_may_be_meant_and_the_nearest_always(apart: list[float]) -> None:
    everyone = [away(one) for one in apart]
    hides = [People(only=(ME,)).hides([own], [o for o in everyone if o is not own]) for own in everyone]
    assert hides[apart.index(min(apart))] is (min(apart) <= 0.65)
    assert all(own <= 0.65 for own, hidden in zip(apart, hides, strict=True) if hidden)


def test_nobody_is_spared_for_being_beside_somebody() -> None:
    keep = People(keep=(ME,))
    assert keep.hides([away(0.5)], [away(0.9)]) and not keep.hides([away(0.4)], [away(0.1)])
    assert keep.hides([]) and People(only=(ME,)).hides([], [away(0.1)]), "without a look, yes"


def test_of_whom_there_is_no_look_is_hidden_but_apart_from_whoever_is_surely_meant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Bodies and faces that nobody can tell: the one who is meant is there already, somewhere else."""

    def look(region: Region, pixels: Pixels) -> Look | None:
        return None if region.score < 0.5 else Look(away(region.score - 0.5), np.s_[0:1, 0:1], np.eye(2, 3))

    monkeypatch.setattr("visard.people.look", look)
    mine, body = Region("face", Box(20, 10, 40, 40), 0.7, track=1), Region("person", Box(0, 0, 60, 200), 0.9, track=1)
    before, far = Box(40, 20, 120, 200), Box(200, 20, 260, 200)
    frames = [Frame(np.zeros((300, 300, 3), np.uint8), i) for i in range(2)]

    def hidden(*doubtful: Box, again: bool = True, one: Region = mine) -> list[bool]:
        unknown = [Region("person", box, 0.4, track=n) for n, box in enumerate(doubtful, 2)]
        regions = {0: (one, body, *unknown), 1: (one, body, *unknown) if again else (*unknown,)}
        return [r.hide for r in select(lambda: iter(frames), regions, People(only=(ME,)))[0][1:]]

    assert hidden(before, far) == [True, True, False]
    plate = Region("plate", far, 0.4, track=9)
    assert select(lambda: iter(frames), {0: (mine, body, plate)}, People(only=(ME,)))[0][2].hide, "plates are nobody's"
    assert hidden(far, again=False) == [True, True], "in one of the frames it could be anybody"
    assert hidden(far, one=replace(mine, score=1.1)) == [True, True], "perhaps, but not surely"
