"""Detectors on a real photo: upright, turned, small, huge, and on pictures of odd shapes."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visard.detect import BlazeFace, CenterFace, CutFinder, find_faces
from visard.detect.tiles import plan, starts
from visard.types import Box, Detector, Pixels

from ..conftest import ASTRONAUT_FACE

DETECTORS: list[Detector] = [CenterFace(), BlazeFace()]


@pytest.fixture(params=DETECTORS, ids=lambda d: d.name)
def detector(request: pytest.FixtureRequest) -> Detector:
    found: Detector = request.param
    return found


def test_contract(detector: Detector, astronaut: Pixels) -> None:
    assert isinstance(detector, Detector)
    regions = detector(astronaut)
    assert regions == sorted(regions, key=lambda r: -r.score)
    best = regions[0]
    assert best.kind in detector.kinds and best.box.iou(ASTRONAUT_FACE) > 0.4
    assert best.points is not None and best.points.shape == (5, 2)
    left, right, nose, mouth, _ = best.points
    assert left[0] < nose[0] < right[0] and left[1] < nose[1] < mouth[1]
    assert np.array_equal(astronaut, astronaut.copy())
    again = detector(astronaut)
    assert [r.box for r in again] == [r.box for r in regions]


@pytest.mark.parametrize("shape", [(1, 1), (2, 30_000), (30_000, 2), (1, 500), (64, 64), (0, 5)])
def test_odd_shapes_are_no_error(detector: Detector, shape: tuple[int, int]) -> None:
    assert detector(np.full((*shape, 3), 127, np.uint8)) == []


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_turned_faces_are_found(astronaut: Pixels, turns: int) -> None:
    found = find_faces(np.ascontiguousarray(np.rot90(astronaut, turns)))
    assert found and found[0].score > 0.5
    back = {0: (0, 0), 1: (512, 1), 2: (512, 512), 3: (1, 512)}[turns]
    assert back is not None
    cx, cy = found[0].box.centre
    x, y = {0: (225, 118), 1: (118, 287), 2: (287, 394), 3: (394, 225)}[turns]
    assert abs(cx - x) < 25 and abs(cy - y) < 25


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_in_a_crowd_that_lies_on_its_side_small_faces_are_found_as_well(astronaut: Pixels, turns: int) -> None:
    """Two of them fill enough of it to be seen in small turned copies, and tell which way is up."""
    crowd = np.full((1000, 1600, 3), 120, np.uint8)
    places = [(40, 60, 420), (60, 620, 380)] + [(560 + 200 * (k // 6), 40 + 250 * (k % 6), 110) for k in range(12)]
    for y, x, side in places:
        crowd[y : y + side, x : x + side] = cv2.resize(astronaut, (side, side), interpolation=cv2.INTER_AREA)
    assert len(find_faces(np.ascontiguousarray(np.rot90(crowd, turns)))) >= len(find_faces(crowd)) - 1 >= 12


def test_a_small_face_in_a_large_picture_and_a_face_that_fills_it(astronaut: Pixels) -> None:
    large = np.full((3000, 4000, 3), 120, np.uint8)
    small = np.asarray(cv2.resize(astronaut, (205, 205), interpolation=cv2.INTER_AREA), np.uint8)
    large[2200:2405, 3100:3305] = small
    place = ASTRONAUT_FACE.scale(0.4).shift(3100, 2200)
    assert any(r.box.iou(place) > 0.4 for r in find_faces(large))
    close = np.asarray(cv2.resize(astronaut[55:205, 150:300], (2400, 2400), interpolation=cv2.INTER_CUBIC), np.uint8)
    assert any(r.box.area > 0.2 * 2400**2 for r in find_faces(close))


@given(st.integers(1, 5000), st.integers(10, 900), st.integers(0, 9))
def test_tiles_cover_all_and_share_their_overlap(length: int, size: int, overlap: int) -> None:
    begins = starts(length, size, overlap)
    assert begins[0] == 0
    if size >= length:
        assert begins == (0,)
        return
    assert begins[-1] + size == length
    for one, two in pairwise(begins):
        assert one < two <= one + size - overlap


@given(st.integers(1, 6000), st.integers(1, 6000), st.floats(0.2, 2.0))
def test_tiles_stay_affordable(height: int, width: int, scale: float) -> None:
    tiling = plan(height, width, scale, 310_000, 48)
    assert tiling.height * tiling.width <= 310_000 and tiling.height % 32 == 0 == tiling.width % 32
    covered = {Box(x, y, x + tiling.wide, y + tiling.tall) for x, y in tiling.corners}
    assert max(b.x1 for b in covered) >= width and max(b.y1 for b in covered) >= height


def test_cuts_are_found_and_pans_are_none(astronaut: Pixels) -> None:
    other = np.ascontiguousarray(255 - astronaut[::-1])
    is_cut = CutFinder()
    pan = [is_cut(np.ascontiguousarray(astronaut[:, i : i + 400])) for i in range(0, 80, 8)]
    assert not any(pan)
    assert is_cut(other[:, :400]) and not is_cut(other[:, 4:404])


def test_cuts_between_scenes_of_one_brightness_are_found_and_flashes_are_none(astronaut: Pixels) -> None:
    """Two shots of one dark hall have the same greys, and so tracks of one lay over the other."""
    dark = astronaut // 4
    upside_down = np.ascontiguousarray(dark[::-1, ::-1])
    is_cut = CutFinder()
    assert not any(is_cut(frame) for frame in (dark, dark, dark))
    assert is_cut(upside_down) and not is_cut(upside_down)
    flash = np.clip(upside_down.astype(int) * 3 + 60, 0, 255).astype(np.uint8)
    assert not is_cut(flash) and not is_cut(upside_down)


@pytest.mark.data
def test_recall_on_group_photos(data: Path) -> None:
    """A fifth of the development photos: at least nine faces of ten from 20 px on are found."""
    import json

    truth = json.loads((data / "groups_dev" / "groups_dev.json").read_text())
    hits = total = 0
    for name in sorted(truth)[::5]:
        pixels = np.asarray(cv2.imread(str(data / "groups_dev" / name), cv2.IMREAD_COLOR_RGB), np.uint8)
        found = find_faces(pixels)
        for one in truth[name]["faces"]:
            x, y, w, h = one["box"]
            if min(w, h) >= 20:
                total += 1
                hits += any(r.box.iou(Box(x, y, x + w, y + h)) >= 0.5 for r in found)
    assert total > 50 and hits / total >= 0.9, f"{hits} of {total} (VISARD_DATA={os.environ.get('VISARD_DATA')})"
