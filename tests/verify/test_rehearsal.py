"""New faces are tried on before a video is written: whoever would be known, or seen as none, wears another at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from visard import hide, pipeline
from visard.methods.surrogate import Surrogate
from visard.shape.landmarks import Vertices
from visard.types import Patch, Pixels

from ..media.making import film


@pytest.mark.parametrize("bad", ["known", "no face"])
def test_a_video_whose_first_face_will_not_do_is_written_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, astronaut: Pixels, bad: str
) -> None:
    paint, write, written = Surrogate._paint, vars(pipeline)["write"], []

    def spoilt(self: Surrogate, patch: Patch, vertices: Vertices, role: list[int]) -> Pixels:
        if patch.variant:
            return paint(self, patch, vertices, role)
        return patch.pixels if bad == "known" else np.zeros_like(patch.pixels)

    def counted(*given: object) -> None:
        written.append(given)
        write(*given)

    monkeypatch.setattr(Surrogate, "_paint", spoilt)
    monkeypatch.setattr(pipeline, "write", counted)
    clip = film(tmp_path / "clip.mp4", [np.roll(astronaut, 2 * i, axis=1) for i in range(8)])
    report = hide([clip], tmp_path / "out").reports[0]
    assert report.status == "done" and len(written) == 1
    assert not any("haze" in note for note in report.notes)
