"""Whoever stands in a crowd is doubted for what is seen of them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from visard.found import Found
from visard.hider import Hider
from visard.media.read import probe, read
from visard.models import store
from visard.policy import Policy, Rule
from visard.types import Box, Pixels, Region
from visard.verify import verify
from visard.verify.originals import Originals


@pytest.mark.skipif(bool(store.absent(("nanodet", "movenet"))), reason="the networks of people were not fetched")
def test_who_stands_behind_is_not_asked_for_the_clothes_of_who_stands_before(astronaut: Pixels, tmp_path: Path) -> None:
    """A fold is little of the nearer figure's detail, and was all of the farther one's: a crowd was refused."""

    def person(track: int, box: Box) -> Region:
        corners = [[box.x0, box.y0], [box.x1, box.y0], [box.x1, box.y1], [box.x0, box.y1]]
        return Region("person", box, 0.9, track=track, outline=np.array(corners, np.float32))

    near, far = person(1, Box(40, 20, 440, 500)), person(2, Box(390, 400, 450, 500))
    before, after = astronaut.copy(), np.full_like(astronaut, 128)
    near_cells = near.box.cells(512, 512)
    after[near_cells] = cv2.GaussianBlur(astronaut, (0, 0), 20)[near_cells]
    fold = Box(390, 400, 440, 500).cells(512, 512)
    after[fold] = astronaut[fold]
    for name, pixels in (("before", before), ("after", after)):
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
    policy = Policy({"person": Rule("garment", margin=0.0), "face": Rule()})
    source, hider = probe(tmp_path / "before.png"), Hider(policy)
    for regions, passed in (((far, near), True), ((far,), False)):
        found = Found({0: regions})
        doubt = verify(tmp_path / "after.png", source, lambda: read(source, exact=False), found, hider, Originals())
        (left,) = [check for check in doubt.checks if check.name == "detail_left"]
        assert left.passed is passed, left
