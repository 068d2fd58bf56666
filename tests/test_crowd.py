"""Figures of people who overlap are each their own, and nothing that was hidden is bare."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visard.crowd import parted
from visard.found import Found
from visard.hider import Hider
from visard.policy import Policy, Rule
from visard.shape.mask import outline, window
from visard.types import Box, Points, Region

SHAPE = 240, 320


def body(box: Box) -> Points:
    """A head on shoulders, with elbows as wide as the box."""
    x = box.x0 + box.width * np.array([0.4, 0.6, 0.6, 0.75, 1, 0.75, 0.75, 0.25, 0.25, 0, 0.25, 0.4])
    y = box.y0 + box.height * np.array([0, 0, 0.2, 0.2, 0.5, 0.5, 1, 1, 0.5, 0.5, 0.2, 0.2])
    return np.stack([x, y], axis=1).astype(np.float32)


def filled(points: Points) -> np.ndarray:
    mask = np.zeros(SHAPE, np.uint8)
    cv2.fillPoly(mask, [np.round(16 * (points - 0.5)).astype(np.int32)], 1, shift=4)
    return mask > 0


def crowd(boxes: list[Box]) -> tuple[Region, ...]:
    """People of whom each one's outline holds whatever of all is in their box."""
    everybody = np.any([filled(body(box)) for box in boxes], axis=0)
    people = []
    for n, box in enumerate(boxes):
        cells = box.cells(*SHAPE)
        inside = np.zeros(SHAPE, np.uint8)
        inside[cells] = everybody[cells]
        told = max(cv2.findContours(inside, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0], key=cv2.contourArea)
        people.append(Region("person", box, 0.9, track=n, outline=told[:, 0].astype(np.float32) + 0.5))
    return tuple(people)


def test_two_side_by_side_get_their_own_shoulders() -> None:
    boxes = [Box(40, 40, 140, 220), Box(110, 45, 210, 220)]
    before = crowd(boxes)
    after = parted(Found({0: before}), lambda region: True).at(0)
    for one, other, box in zip(before, after, boxes, strict=True):
        true = filled(body(box))
        assert one.outline is not None and other.outline is not None
        was, now = ((filled(o) & true).sum() / (filled(o) | true).sum() for o in (one.outline, other.outline))
        assert now > max(was, 0.9)


def test_who_stands_before_others_is_whole() -> None:
    near, far = Box(80, 40, 200, 230), Box(60, 60, 120, 150)
    after = parted(Found({0: crowd([near, far])}), lambda region: True).at(0)
    assert after[0].outline is not None and after[1].outline is not None
    assert filled(after[0].outline)[150, 115:165].all(), "all of the trunk"
    assert filled(after[1].outline)[66:76, 86:94].all(), "the head beside the shoulder"


boxes = st.builds(
    lambda x, y, w, h: Box(x, y, x + w, y + h),
    st.integers(5, 180), st.integers(5, 90), st.integers(30, 120), st.integers(60, 140),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(boxes, min_size=2, max_size=5))
def test_whatever_was_hidden_is_hidden_still(placed: list[Box]) -> None:
    rule = Rule("silhouette", margin=0.04)

    def hidden(regions: tuple[Region, ...]) -> np.ndarray:
        cover = np.zeros(SHAPE, bool)
        for region in regions:
            cells = window(region, rule, *SHAPE)
            cover[cells] |= outline(region, rule, cells) >= 1
        return cover

    before = crowd(placed)
    inside = np.any([filled(r.outline) for r in before if r.outline is not None], axis=0)
    assert not (inside & ~hidden(parted(Found({0: before}), lambda region: True).at(0))).any()


@pytest.mark.parametrize(
    ("method", "parts"), [("silhouette", True), ("garment", True), ("blur", False), ("cancel", False)]
)
def test_only_figures_are_parted(method: str, parts: bool) -> None:
    before = crowd([Box(40, 40, 140, 220), Box(110, 45, 210, 220)])
    hider = Hider(Policy({"person": Rule(method), "face": Rule("fill")}))
    after = hider.shaped(Found({0: before})).at(0)
    assert any(a is not b for a, b in zip(before, after, strict=True)) == parts


def test_a_head_is_not_parted_from_its_own_body_and_nobody_from_who_is_spared() -> None:
    one, other = crowd([Box(40, 40, 140, 220), Box(110, 45, 210, 220)])
    found = Found({0: (one, replace(other, track=one.track))})
    assert all(a is b for a, b in zip(found.at(0), parted(found, lambda region: True).at(0), strict=True))
    found = Found({0: (one, other)})
    assert all(a is b for a, b in zip(found.at(0), parted(found, lambda r: r is one).at(0), strict=True))
