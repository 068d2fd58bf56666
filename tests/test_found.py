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


@pytest.mark.parametrize("by_both", [True, False])
def test_nobody_is_bare_between_two_looks(by_both: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even somebody whom only the second network sees, which looks more seldom."""

    def find(pixels: Any, wanted: dict[Kind, float], effort: str, second: bool) -> list[Region]:
        index = next(seen)
        return [Region(kind, place(kind, index), 0.9) for kind in wanted if by_both or second or kind != "person"]

    looks = [frame.index for frame, _, effort, _ in found._chosen(CLIP, frames) if effort]
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
