"""The window vouches for a frame only where its shot was searched at it or soon after."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from visard.live import window
from visard.live.window import Window
from visard.types import Box, Frame, Pixels, Region

RATE = 30
FACE = Region("face", Box(20, 20, 60, 60), 0.9)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Efforts of the looks; a detector that sees one face in every bright picture."""
    efforts: list[str] = []

    def find(pixels: Pixels, min_score: float, effort: str) -> list[Region]:
        efforts.append(effort)
        return [FACE] if pixels.mean() > 100 else []

    monkeypatch.setattr(window, "find_faces", find)
    return efforts


def frames(bright: range, number: int = 60) -> list[Frame]:
    views = [np.full((90, 120, 3), 200 if i in bright else 10, np.uint8) for i in range(number)]
    return [Frame(view, i, i / RATE) for i, view in enumerate(views)]


def test_frames_are_looked_at_as_often_as_in_the_corridor(seen: list[str]) -> None:
    room = Window(0.3, 0.8)
    for frame in frames(range(60)):
        room.see([frame])
    assert len(seen) == pytest.approx(2 * 15, abs=2) and seen.count("key") == 3


def test_frames_behind_a_slow_look_are_not_vouched_for(seen: list[str]) -> None:
    room, all_frames = Window(0.3, 0.8), frames(range(60))
    room.see(all_frames[:1])
    room.see(all_frames[1:31])  # a second went by
    vouched = [i for i in range(31) if room.vouches(all_frames[i])]
    assert vouched == [0, *range(26, 31)]
    assert all(room.found.at(i) for i in vouched)


def test_both_sides_of_a_cut_are_searched(seen: list[str]) -> None:
    room, all_frames = Window(0.3, 0.8), frames(range(10, 60))
    room.see(all_frames[:20])
    assert len(seen) == 3  # the last dark frame, the first bright one, the newest
    assert not any(room.found.at(i) for i in range(10)) and all(room.found.at(i) for i in range(10, 20))
    assert [i for i in range(20) if room.vouches(all_frames[i])] == [*range(5, 11), *range(15, 20)]


def test_the_last_frame_is_searched_and_nobody_waits_any_more(seen: list[str]) -> None:
    room, all_frames = Window(0.3, 0.8), frames(range(60), 4)
    for frame in all_frames:
        room.see([frame])
    room.see([], last=True)
    assert all(room.vouches(frame) for frame in all_frames)
    room.wait(all_frames[-1], 100)


def test_small_faces_are_looked_for_by_a_slow_machine_too_or_nothing_is_vouched_for(seen: list[str]) -> None:
    room, all_frames = Window(0.3, 0.8), frames(range(600), 600)
    for i in range(0, 600, 6):  # a look every 0.2 s
        room.see(all_frames[i : i + 6])
    assert seen.count("key") == pytest.approx(20 / 0.8, abs=2)
    slow = Window(0.3, 0.8)
    for i in range(0, 600, 30):
        slow.see(all_frames[i : i + 30])
    assert all(one != other for one, other in pairwise(seen[-20:]))


def test_memory_does_not_grow(seen: list[str]) -> None:
    room = Window(0.3, 0.5)
    for frame in frames(range(600), 600):
        room.see([frame])
    assert len(room.found.regions) <= 3.2 * RATE
