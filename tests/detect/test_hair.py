"""Outlines of heads: hair and face are inside, shoulders and neighbours are not, at any size and turn."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from visard.detect import NETWORKS, face_of, figure
from visard.detect.hair import head_outline
from visard.detect.head import head_of_face, heads
from visard.models import store
from visard.types import Box, Pixels, Points, Region

from ..conftest import ASTRONAUT_FACE

FACE = Region(
    "face", ASTRONAUT_FACE, 0.9, np.array([[203, 115], [248, 112], [227, 140], [209, 161], [245, 159]], np.float32)
)


def within(outline: Points, *at: tuple[float, float]) -> list[bool]:
    return [cv2.pointPolygonTest(outline, spot, False) > 0 for spot in at]


@pytest.fixture
def outline(astronaut: Pixels) -> Points:
    if missing := store.absent(NETWORKS["head"]):
        pytest.skip(f"networks absent: {' '.join(missing)} (visard models fetch)")
    found = figure(astronaut, head_of_face(FACE))
    assert found is not None
    return found


def test_a_head_is_face_and_hair_without_shoulders(outline: Points) -> None:
    assert within(outline, (225, 130), (225, 45), (270, 90), (180, 60)) == [True] * 4
    assert within(outline, (120, 330), (300, 300), (225, 300), (400, 120)) == [False] * 4


def test_an_outline_is_smooth(outline: Points) -> None:
    steps = np.diff(outline, axis=0, append=outline[:1])
    ways = np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))
    assert np.abs(np.diff(ways)).max() < 1.2


def test_where_nobody_is_told_apart_a_head_has_its_usual_shape() -> None:
    region = head_of_face(Region("face", Box(80, 80, 120, 130), 0.9))
    pixels, nobody = np.full((200, 200, 3), 90, np.uint8), np.zeros((200, 200), np.float32)
    outline = head_outline(pixels, nobody, region)
    assert within(outline, (100, 105), (100, 65)) == [True, True]
    assert cv2.contourArea(outline) < region.box.area


def test_a_turned_face_has_a_turned_outline() -> None:
    pixels, nobody = np.full((200, 200, 3), 90, np.uint8), np.zeros((200, 200), np.float32)
    lying = np.array([[115, 90], [115, 115], [100, 105], [85, 92], [85, 113]], np.float32)
    region = head_of_face(Region("face", Box(75, 80, 125, 130), 0.9, lying))
    low, high = (f(head_outline(pixels, nobody, region), axis=0) for f in (np.min, np.max))
    assert high[0] - 100 > 100 - low[0] + 5, "the top of the head lies to the right"


def test_neighbours_keep_their_own() -> None:
    one, two = (head_of_face(Region("face", Box(x, 80, x + 40, 130), 0.9)) for x in (60, 100))
    pixels, everybody = np.full((200, 200, 3), 90, np.uint8), np.ones((200, 200), np.float32)
    alone, beside = head_outline(pixels, everybody, one), head_outline(pixels, everybody, one, [two])
    assert within(alone, (120, 90)) == [True] and within(beside, (120, 90), (80, 105)) == [False, True]


def test_a_piece_of_a_sure_head_is_no_head() -> None:
    sure, piece = Region("face", Box(100, 100, 140, 150), 0.9), Region("face", Box(85, 100, 115, 140), 0.35)
    assert [head.box for head in heads([sure, piece], [])] == [head_of_face(sure).box]
    assert len(heads([sure, replace(piece, score=0.7)], [])) == 2


def test_a_person_cut_too_low_has_no_second_head() -> None:
    """In a box that begins at the forehead a face lies lower than its own would."""
    face, low = Region("face", Box(100, 100, 160, 180), 0.9), Region("person", Box(90, 70, 170, 160), 0.7)
    assert [head.box for head in heads([face], [low])] == [head_of_face(face).box]
    assert (
        len(heads([replace(face, score=0.4)], [low]))
        == len(heads([face], [replace(low, box=Box(20, 90, 90, 180))]))
        == 2
    )


def test_a_head_in_profile_reaches_further_back() -> None:
    pixels, nobody = np.full((200, 200, 3), 90, np.uint8), np.zeros((200, 200), np.float32)
    box = Box(80, 70, 120, 130)
    level = np.array([[90, 90], [110, 90], [100, 103], [92, 116], [108, 116]], np.float32)
    right = np.array([[106, 90], [113, 90], [119, 103], [106, 116], [112, 116]], np.float32)
    left = (200, 0) + right * (-1, 1)
    ends = []
    for points in (level, right, left):
        outline = head_outline(pixels, nobody, head_of_face(Region("face", box, 0.9, points=points.astype(np.float32))))
        ends.append((100 - outline[:, 0].min(), outline[:, 0].max() - 100))
    (a, b), (behind, before), (ahead, back) = ends
    assert abs(a - b) < 3 and behind > a + 20 and abs(before - b) < 6
    assert abs(back - behind) < 3 and abs(ahead - before) < 3


def test_who_is_taken_for_two_has_one_head() -> None:
    """Of somebody who fills the picture the detector of people sees an upper and a lower half."""
    face = Region("face", Box(250, 133, 426, 381), 0.94)
    upper, lower = Box(0, 57, 608, 803), Box(16, 336, 576, 1080)
    halves = [Region("person", box, 0.8) for box in (upper, lower)]
    assert [head.box for head in heads([face], halves)] == [head_of_face(face).box]
    nearer = Region("person", Box(16, 560, 1200, 3000), 0.8)
    assert len(heads([face], [nearer])) == 2, "who turns their back before somebody is larger"
    aside = Region("person", Box(500, 420, 600, 900), 0.8)
    assert len(heads([face], [aside])) == 2, "beside a body others may stand farther away"
    unsure = replace(face, score=0.4)
    assert len(heads([unsure], halves)) == 2


def test_the_face_of_a_head_is_where_it_was() -> None:
    assert np.allclose(face_of(head_of_face(FACE)), FACE.box)
