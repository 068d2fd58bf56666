"""Search of a video: not every frame is looked at, and nothing is bare in between."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from visard import found
from visard.found import follow
from visard.media.read import Source
from visard.policy import Policy, Rule, only
from visard.track import Sighting
from visard.types import Box, Frame, Kind, Region

FPS, FRAMES = 25, 20
CLIP = Source(Path("clip.mp4"), "video", "mp4", 640, 360, FRAMES, False, 8, False)


def frames(by: float = 100.0) -> Iterator[Frame]:
    """Yield frames in which something changes by so many grey levels at one place."""
    for n in range(FRAMES):
        pixels = np.full((360, 640, 3), 80, np.uint8)
        pixels[100:110, 30 * n : 30 * n + 20] += np.uint8(by)
        yield Frame(pixels, n, n / FPS)


def place(kind: Kind, index: float) -> Box:
    """Where something is that moves by six pixels a frame."""
    x, (wide, tall) = 20 + 6 * index, (50, 20) if kind == "plate" else (60, 160)
    return Box(x, 100, x + wide, 100 + tall)


@pytest.mark.parametrize("by_both", [True, False])
def test_nobody_is_bare_between_two_looks(by_both: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even somebody whom only the second network sees, which looks more seldom."""

    def find(pixels: Any, wanted: dict[Kind, float], effort: str, second: bool) -> list[Region]:
        index = next(seen)
        return [Region(kind, place(kind, index), 0.9) for kind in wanted if by_both or second or kind != "person"]

    looks = [stride.frame.index for stride in found._strides(CLIP, frames)]
    assert np.diff(looks).max() == 2
    seen = iter(looks)
    monkeypatch.setattr(found, "find_kinds", find)
    monkeypatch.setattr(found, "side_by_side", lambda work, items: map(work, items))
    known = follow(CLIP, frames, only(Policy(), "people,plates"), lambda index: None)
    for index in range(FRAMES):
        for kind in ("person", "plate"):
            own = [r.box for r in known.at(index) if r.kind == kind]
            true = place(kind, index)
            assert len(own) == 1 and own[0].overlap(true) > 0.99 * true.area


@pytest.mark.parametrize(("method", "posed"), [("body", True), ("silhouette", False), ("blur", False)])
def test_joints_are_looked_for_where_the_method_wants_them(
    method: str, posed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    joints = np.zeros((17, 2), np.float32)
    monkeypatch.setattr(found, "figure", lambda *args: joints[:3])
    monkeypatch.setattr(found, "find_joints", lambda *args: joints)
    kinds: tuple[Kind, Kind] = ("person", "face")
    person, face = (Region(kind, Box(20, 100, 80, 260), 0.9, track=n) for n, kind in enumerate(kinds))
    policy = Policy({"person": Rule(method), "face": Rule("blur")})
    known = found.outlined(frames, found.Found({0: (person, face)}), True, policy)
    assert [r.points is joints for r in known.at(0)] == [posed, False]
    assert [r.outline is not None for r in known.at(0)] == [True, False]


@pytest.mark.parametrize("by", [0.0, 10.0])
def test_where_nothing_moves_fewer_frames_are_searched_and_the_last_one_is(by: float) -> None:
    strides = list(found._strides(CLIP, lambda: frames(by)))
    assert [stride.frame.index for stride in strides] == [0, 5, 10, 15, FRAMES - 1]
    told = [s.index for stride in strides for s in (*stride.before, Sighting(stride.frame.index, 0.0, ()))]
    assert told == list(range(FRAMES))


def test_whoever_begins_to_move_is_looked_at_at_once() -> None:
    def some() -> Iterator[Frame]:
        return (frame if frame.index < 12 else moved for frame, moved in zip(frames(0.0), frames(), strict=True))

    looks = [stride.frame.index for stride in found._strides(CLIP, some)]
    assert looks[:5] == [0, 5, 10, 12, 14]


def test_a_person_is_framed_alike_at_looks_and_between_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Boxes between two looks are wider: outlines told at their own scale trembled in every other frame."""
    seen: dict[int, Box] = {}
    narrow, wide = Box(100, 50, 200, 250), Box(85, 20, 215, 280)
    known = found.Found({n: (Region("person", wide if n % 2 else narrow, 0.9, track=1),) for n in range(6)})
    pixels = np.zeros((360, 640, 3), np.uint8)

    def figure(given: Any, region: Region, others: Any, framed: Box) -> Any:
        seen[int(given[0, 0, 0])] = framed
        return np.zeros((3, 2), np.float32)

    monkeypatch.setattr(found, "figure", figure)
    shown = [Frame(np.full_like(pixels, n), n, n / FPS) for n in range(6)]
    found.outlined(lambda: iter(shown), known, False, only(Policy(), "people"))
    assert set(seen.values()) == {wide} and len(seen) == 6
