"""Kinds other than faces: drawn signs are found where they lie, and pictures of odd shapes hold nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from visard.detect import NETWORKS, figure, find_kinds, part_of_face
from visard.detect.head import head_of_face, heads
from visard.detect.objects import NanoDet
from visard.detect.plate import ClpDet, _likely, in_order
from visard.detect.text import PpOcr
from visard.models import store
from visard.policy import WORDS
from visard.types import Box, Detector, Kind, Pixels, Region

from ..signs import car, sign

KINDS: tuple[Kind, ...] = tuple(WORDS.values())


def need(kind: Kind) -> None:
    if missing := store.absent(NETWORKS[kind]):
        pytest.skip(f"networks absent: {' '.join(missing)} (visard models fetch)")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(1, 1), (2, 9000), (9000, 2), (64, 64), (0, 5)])
def test_odd_shapes_are_no_error(kind: Kind, shape: tuple[int, int]) -> None:
    need(kind)
    assert find_kinds(np.full((*shape, 3), 127, np.uint8), {kind: 0.5}) == []


@pytest.mark.parametrize("detector", [NanoDet({"person": 0.4}), ClpDet(), PpOcr()], ids=lambda d: d.name)
def test_detectors_keep_their_protocol(detector: Detector) -> None:
    assert isinstance(detector, Detector)
    assert set(detector.kinds) <= set(KINDS)


@pytest.mark.parametrize("turn", [0.0, 0.2])
def test_a_plate_is_found_with_its_corners(turn: float) -> None:
    need("plate")
    drawn = car(turn=turn)
    (plate, *more) = find_kinds(drawn.pixels, {"plate": 0.15})
    assert not more and plate.kind == "plate" and plate.points is not None
    assert np.abs(plate.points - drawn.corners).max() < 25
    low, high = drawn.corners.min(axis=0), drawn.corners.max(axis=0)
    assert plate.box.iou(Box(*low.tolist(), *high.tolist())) > 0.6


def test_text_is_found_and_its_content_is_nowhere() -> None:
    need("text")
    picture = np.full((300, 640, 3), 90, np.uint8)
    picture[100:180, 60:560] = sign("EXIT 27 MAIN STREET", (500, 80))
    (line,) = find_kinds(picture, {"text": 0.6})
    assert line.points is not None and line.points.shape == (4, 2)
    assert line.box.x0 < 110 and line.box.x1 > 510 and 90 < line.box.y0 < 130 and 150 < line.box.y1 < 190
    assert not [field for field in Region.__slots__ if isinstance(getattr(line, field), str) and field != "kind"]


def test_a_person_is_found_and_told_from_the_background(astronaut: Pixels) -> None:
    need("person")
    (person, *_) = find_kinds(astronaut, {"person": 0.35})
    assert person.box.width > 250 and person.box.height > 400
    outline = figure(astronaut, person)
    assert outline is not None and outline.shape[1] == 2 and len(outline) >= 8
    # Her face and chest are inside, the flag's upper corner is not.
    import cv2

    inside = [cv2.pointPolygonTest(outline, at, False) for at in ((225.0, 110.0), (250.0, 350.0), (20.0, 20.0))]
    assert inside[0] > 0 and inside[1] > 0 and inside[2] < 0


def test_who_fills_the_picture_is_found_though_one_network_misses_them(
    astronaut: Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two networks look for people: whom one finds is nobody else to the other, and whom it misses is still found."""
    need("person")
    both, one = find_kinds(astronaut, {"person": 0.35}), NanoDet({"person": 0.35})(astronaut)
    assert len(both) == len(one)
    monkeypatch.setattr(NanoDet, "__call__", lambda self, pixels: [])
    (alone,) = find_kinds(astronaut, {"person": 0.35})
    assert both[0].box.iou(alone.box) > 0.6
    assert find_kinds(astronaut, {"vehicle": 0.35}) == [], "nobody asked for people"


def test_a_person_is_hidden_up_to_the_crown(data: Path) -> None:
    """NanoDet's box ends below the eyes of a man who walks."""
    need("person")
    pixels = np.asarray(Image.open(data / "persons_dev/pennfudan/images/FudanPed00030.jpg").convert("RGB"))
    man = Box(*json.loads((data / "persons_dev/pennfudan.json").read_text())["FudanPed00030"]["persons"][0]["box"])
    man = Box(man.x0, man.y0, man.x0 + man.x1, man.y0 + man.y1)
    (person, *_) = find_kinds(pixels, {"person": 0.35})
    assert person.box.iou(man) > 0.7 and person.box.y0 < man.y0 + 0.05 * man.height


def test_a_man_in_plain_sight_is_found(data: Path) -> None:
    need("person")
    pixels = np.asarray(Image.open(data / "persons_dev/pennfudan/images/PennPed00062.jpg").convert("RGB"))
    people = find_kinds(pixels, {"person": 0.35}, "coarse")
    assert max(person.box.iou(Box(85, 14, 184, 301)) for person in people) > 0.6


def test_a_person_whom_the_border_cuts_is_outlined_up_to_it(astronaut: Pixels) -> None:
    need("person")
    import cv2

    part = np.concatenate([np.full((512, 400, 3), 120, np.uint8), astronaut[:, 60:200]], axis=1)
    outline = figure(part, Region("person", Box(400, 10, 540, 512), 0.8))
    assert outline is not None
    assert all(cv2.pointPolygonTest(outline, (530.0, float(y)), False) > 0 for y in range(60, 500, 10))


def test_nobody_is_told_from_a_plain_wall() -> None:
    need("person")
    assert figure(np.full((200, 200, 3), 140, np.uint8), Region("person", Box(40, 20, 160, 190), 0.9)) is None


def test_heads_come_from_faces_and_from_people_who_show_none() -> None:
    face = Region("face", Box(100, 100, 140, 150), 0.9)
    facing, turned = Region("person", Box(60, 70, 190, 460), 0.8), Region("person", Box(400, 60, 500, 360), 0.7)
    one, two = heads([face], [facing, turned])
    assert one.box.overlap(face.box) == face.box.area and one.box.y0 < face.box.y0
    assert two.kind == "head" and 400 <= two.box.x0 < two.box.x1 <= 500 and two.box.y0 == 60 and two.box.height < 100


def test_a_missed_face_becomes_what_the_policy_hides() -> None:
    face = Region("face", Box(100, 100, 140, 150), 0.9)
    assert part_of_face(face, {"face", "person"}) is face
    assert part_of_face(face, {"head"}) == head_of_face(face) or part_of_face(face, {"head"}).kind == "head"
    body = part_of_face(face, {"person"})
    assert body.kind == "person" and body.box.overlap(face.box) == face.box.area and body.box.height > 6 * 50


def test_what_fills_the_picture_is_a_plate_only_when_surely_seen() -> None:
    floor, plate = Region("plate", Box(0, 300, 900, 700), 0.52), Region("plate", Box(100, 300, 500, 400), 0.3)
    assert not _likely(floor, 1280) and _likely(replace(floor, score=0.9), 1280) and _likely(plate, 1280)


def test_corners_are_put_in_order() -> None:
    corners = np.array([[10, 10], [60, 14], [60, 30], [10, 26]], np.float32)
    for order in ([0, 1, 2, 3], [2, 3, 0, 1], [3, 1, 0, 2]):
        assert np.array_equal(in_order(corners[order]), corners)


def test_recall_on_the_development_photos(data: Path) -> None:
    """A tenth of the photos, so that a change for the worse is seen; bench/kinds.py measures all of them."""
    need("plate")
    import cv2

    folder = data / "plates_dev"
    truth = json.loads((folder / "plates_dev.json").read_text())
    hits = [
        any(region.box.iou(Box(x, y, x + w, y + h)) > 0.3 for region in find_kinds(pixels, {"plate": 0.25}))
        for name in [n for n in sorted(truth) if truth[n]["region"] != "ro"][::7]
        for pixels in [np.asarray(cv2.imread(str(folder / name), cv2.IMREAD_COLOR_RGB), np.uint8)]
        for x, y, w, h in [truth[name]["plates"][0]["box"]]
    ]
    assert sum(hits) >= len(hits) - 1
