"""Whoever is taken out goes with what is theirs: what they carry, and the shadow at their feet."""

from __future__ import annotations

import cv2
import numpy as np

from visard.detect.belongings import with_belongings
from visard.types import Box, Pixels, Points, Region

BODY = np.array([[90, 40], [120, 40], [125, 200], [85, 200]], np.float32)
PERSON = Region("person", Box(85, 40, 125, 200), 0.9, outline=BODY)


def street(shadow: bool = True) -> Pixels:
    """Somebody in blue on light ground."""
    picture = np.full((240, 240, 3), (170, 168, 160), np.uint8)
    if shadow:
        cv2.ellipse(picture, (140, 200), (35, 7), 0, 0, 360, (100, 99, 94), -1)
    cv2.fillPoly(picture, [BODY.astype(np.int32)], (40, 60, 140))
    return picture


def holds(outline: Points, x: float, y: float) -> bool:
    return cv2.pointPolygonTest(outline, (x, y), False) > 0


def test_everything_of_the_person_stays_inside() -> None:
    outline = with_belongings(street(), PERSON, [])
    assert all(holds(outline, *corner.tolist()) for corner in BODY)


def test_the_shadow_goes_with_them_and_the_ground_stays() -> None:
    outline = with_belongings(street(), PERSON, [])
    assert holds(outline, 160, 200) and not holds(outline, 60, 200) and not holds(outline, 200, 120)
    assert not holds(with_belongings(street(shadow=False), PERSON, []), 160, 200)


def test_a_bag_at_the_hand_is_theirs_and_a_parked_car_is_not() -> None:
    bag, car = Box(118, 110, 150, 150), Box(120, 60, 239, 190)
    outline = with_belongings(street(False), PERSON, [bag, car])
    assert holds(outline, 145, 130) and not holds(outline, 200, 100)
    assert not holds(with_belongings(street(False), PERSON, [Box(180, 110, 210, 150)]), 195, 130)


def test_without_an_outline_the_box_is_the_person() -> None:
    outline = with_belongings(street(False), Region("person", PERSON.box, 0.9), [])
    assert holds(outline, 86, 41) and holds(outline, 124, 199)


def test_people_at_every_border_and_of_any_size_are_no_error() -> None:
    for box in (Box(0, 0, 240, 240), Box(-20, -10, 30, 50), Box(230, 230, 260, 300), Box(100, 100, 102, 104)):
        assert len(with_belongings(street(), Region("person", box, 0.9), [])) >= 3
