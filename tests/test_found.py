"""Search of a video: large things are looked for less often than faces and plates, and nothing is bare in between."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from visard import found
from visard.found import follow
from visard.media.read import Source
from visard.policy import Policy, only
from visard.types import Box, Frame, Kind, Region

FPS, FRAMES = 25, 20
CLIP = Source(Path("clip.mp4"), "video", "mp4", 640, 360, FRAMES, False, 8, False)


def frames() -> Iterator[Frame]:
    return (Frame(np.zeros((36, 64, 3), np.uint8), n, n / FPS) for n in range(FRAMES))


def place(kind: Kind, index: float) -> Box:
    """Where something is that moves by six pixels a frame."""
    x, (wide, tall) = 20 + 6 * index, (50, 20) if kind == "plate" else (60, 160)
    return Box(x, 100, x + wide, 100 + tall)


def searched(monkeypatch: pytest.MonkeyPatch, words: str) -> tuple[dict[Kind, list[int]], found.Found]:
    looks: dict[Kind, list[int]] = {}

    def find(pixels: Any, wanted: dict[Kind, float], effort: str) -> list[Region]:
        index = next(seen)
        for kind in wanted:
            looks.setdefault(kind, []).append(index)
        return [Region(kind, place(kind, index), 0.9) for kind in wanted]

    chosen = list(found._chosen(CLIP, frames, dict.fromkeys(only(Policy(), words).rules, 0.3)))
    seen = iter([frame.index for frame, _, wanted, _ in chosen if wanted])
    monkeypatch.setattr(found, "find_kinds", find)
    monkeypatch.setattr(found, "side_by_side", lambda work, items: map(work, items))
    return looks, follow(CLIP, frames, only(Policy(), words), lambda index: None)


def test_people_are_looked_for_less_often_than_plates_and_nobody_is_bare_in_between(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks, known = searched(monkeypatch, "people,plates")
    assert np.diff(looks["plate"]).max() == 2 and np.diff(looks["person"]).max() == 3
    for index in range(FRAMES):
        for kind in ("person", "plate"):
            own = [r.box for r in known.at(index) if r.kind == kind]
            true = place(kind, index)
            assert len(own) == 1 and own[0].overlap(true) > 0.99 * true.area


def test_heads_need_people_as_often(monkeypatch: pytest.MonkeyPatch) -> None:
    looks, _ = searched(monkeypatch, "heads,people")
    assert looks["person"] == looks["head"]
