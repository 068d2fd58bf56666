"""Geometry rounds outward: what the box touches is hidden, whatever the shape, wherever it lies."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from visard.paste import paste
from visard.policy import Rule, Shape
from visard.shape.align import cut
from visard.shape.mask import FEATHER, outline, polygon, window
from visard.types import Box, Frame, Region

sides = st.integers(1, 60)
places = st.floats(-30, 80, allow_nan=False)
lengths = st.floats(0.1, 90, allow_nan=False)
shapes: st.SearchStrategy[Shape] = st.sampled_from(["oval", "box"])
boxes = st.builds(lambda x, y, w, h: Box(x, y, x + w, y + h), places, places, lengths, lengths)


@given(boxes, sides, sides)
def test_cells_cover_every_pixel_that_the_box_touches(box: Box, height: int, width: int) -> None:
    rows, columns = box.cells(height, width)
    for y in range(height):
        for x in range(width):
            touches = box.x0 < x + 1 and x < box.x1 and box.y0 < y + 1 and y < box.y1
            inside = rows.start <= y < rows.stop and columns.start <= x < columns.stop
            assert inside or not touches


@given(boxes, sides, sides, shapes, st.floats(0, 0.5))
def test_the_mask_is_one_wherever_the_box_touches(
    box: Box, height: int, width: int, shape: Shape, margin: float
) -> None:
    rule, region = Rule(margin=margin, shape=shape), Region("face", box, 1.0)
    cells = window(region, rule, height, width)
    full = np.zeros((height, width), np.float32)
    full[cells] = outline(region, rule, cells)
    assert ((full >= 0) & (full <= 1)).all()
    assert (full[box.cells(height, width)] == 1).all()


@given(boxes, shapes)
def test_the_window_holds_the_whole_rim(box: Box, shape: Shape) -> None:
    """Nothing of the mask is cut off: in a frame that is large enough its border is 0."""
    box = box.shift(200, 200)
    rule, region = Rule(shape=shape), Region("face", box, 1.0)
    mask = outline(region, rule, window(region, rule, 500, 500))
    rim = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    assert (rim < 1).all()


@given(boxes, sides, sides, shapes, st.integers(0, 2**32))
def test_cut_and_paste_are_inverse_and_touch_nothing_else(
    box: Box, height: int, width: int, shape: Shape, seed: int
) -> None:
    random = np.random.default_rng(seed)
    frame = Frame(
        random.integers(0, 256, (height, width, 3), dtype=np.uint8),
        deep=random.integers(0, 65536, (height, width, 3), dtype=np.uint16),
    )
    patch = cut(frame, Region("face", box, 1.0), Rule(shape=shape), 0)
    if patch is None:
        return
    back = copy_of(frame)
    paste(back, patch, patch.pixels)
    assert np.array_equal(back.pixels, frame.pixels)

    new = 255 - patch.pixels
    hidden = copy_of(frame)
    paste(hidden, patch, new)
    mask = np.zeros((height, width), np.float32)
    x, y = (int(v) for v in patch.to_frame[:, 2])
    mask[y : y + patch.mask.shape[0], x : x + patch.mask.shape[1]] = patch.mask
    assert np.array_equal(hidden.pixels[mask == 0], frame.pixels[mask == 0])
    assert np.array_equal(hidden.pixels[mask == 1], 255 - frame.pixels[mask == 1])
    assert hidden.deep is not None and frame.deep is not None
    assert np.array_equal(hidden.deep[mask == 0], frame.deep[mask == 0])
    assert np.array_equal(hidden.deep[mask == 1], hidden.pixels[mask == 1].astype(np.uint16) * 257)


def copy_of(frame: Frame) -> Frame:
    return replace(frame, pixels=frame.pixels.copy(), deep=None if frame.deep is None else frame.deep.copy())


def test_a_later_piece_never_brings_an_original_back() -> None:
    """Two people side by side: the soft rim of one mask lies over the other's core."""
    secret = np.full((60, 90, 3), 200, np.uint8)
    frame = Frame(secret)
    left, right = (cut(frame, Region("face", Box(x, 10, x + 30, 50), 1.0), Rule(), 0) for x in (10, 35))
    assert left is not None and right is not None
    hidden = copy_of(frame)
    for piece in (left, right):
        paste(hidden, piece, np.zeros_like(piece.pixels))
    x, y = (int(v) for v in left.to_frame[:, 2])
    core = hidden.pixels[y : y + left.mask.shape[0], x : x + left.mask.shape[1]][left.mask == 1]
    assert (core == 0).all()


def test_a_region_outside_the_frame_has_no_patch() -> None:
    assert cut(Frame(np.zeros((9, 9, 3), np.uint8)), Region("face", Box(50, 50, 60, 60), 1.0), Rule(), 0) is None


corners = st.lists(st.tuples(places, places), min_size=4, max_size=4)


@given(corners, sides, sides, st.floats(0, 0.3))
def test_a_polygon_is_hidden_wherever_it_touches(
    points: list[tuple[float, float]], height: int, width: int, margin: float
) -> None:
    """A person's outline: every pixel whose middle lies in it is 1, and far away the mask is 0.

    Where an outline leaves the picture, the drawing may take in a few more pixels at the border.
    """
    hull = cv2.convexHull(np.array(points, np.float32))
    assume(hull is not None and len(hull) >= 3)
    outlined = np.asarray(hull[:, 0], np.float32)
    low, high = outlined.min(axis=0), outlined.max(axis=0) + 0.1
    region = Region("person", Box(*low.tolist(), *high.tolist()), 1.0, outline=outlined)
    rule = Rule(margin=margin)
    cells = window(region, rule, height, width)
    full = np.zeros((height, width), np.float32)
    full[cells] = outline(region, rule, cells)
    reach = 4.5 + margin * region.box.side + 2 * max(1.0, FEATHER * region.box.side)
    inside = (low >= 0).all() and high[0] <= width and high[1] <= height
    for y in range(0, height, 3):
        for x in range(0, width, 3):
            away = -cv2.pointPolygonTest(outlined, (x + 0.5, y + 0.5), True)
            assert full[y, x] == 1 or away > 0
            assert full[y, x] == 0 or away < reach or not inside


def test_a_told_outline_is_widened_alike_whatever_box_it_was_told_in() -> None:
    """Boxes are wider between two looks than at them; margins that were shares of them trembled."""
    corners = np.array([[40, 30], [80, 30], [80, 120], [40, 120]], np.float32)
    tight, wide = (
        Region("person", box, 0.9, track=1, outline=corners) for box in (Box(40, 30, 80, 120), Box(25, 20, 95, 130))
    )
    cells, rule = (slice(0, 160), slice(0, 120)), Rule(margin=0.1)
    assert np.array_equal(outline(tight, rule, cells), outline(wide, rule, cells))
    assert window(tight, rule, 160, 120) == window(wide, rule, 160, 120)


def test_corners_of_a_sign_are_stretched_to_its_box() -> None:
    """Where a track is not sure of its place its box is larger, and the mask must be, too."""
    points = np.array([[10, 12], [30, 10], [30, 20], [10, 22]], np.float32)
    sure = Region("plate", Box(10, 10, 30, 22), 1.0, points)
    wider = replace(sure, box=Box(4, 6, 36, 26))
    rule = Rule(margin=0, shape="box")
    one, two = (outline(region, rule, np.s_[0:40, 0:40]) >= 1 for region in (sure, wider))
    assert two.sum() > 1.8 * one.sum() and (two | ~one).all()
    corner = polygon(wider)
    assert corner is not None and corner.min() == 4 and corner[:, 0].max() == 36


@given(st.integers(-30, 60), st.integers(-30, 60), st.integers(0, 60), st.integers(0, 60))
def test_a_part_of_an_outline_is_the_same_whoever_asks_for_it(top: int, left: int, tall: int, wide: int) -> None:
    corners = np.array([[12.5, 4.5], [40.5, 9.5], [33.5, 44.5], [8.5, 38.5]], np.float32)
    region, rule = Region("person", Box(8, 4, 41, 45), 0.9, outline=corners), Rule(margin=0.05)
    whole = outline(region, rule, (slice(-40, 130), slice(-40, 130)))
    part = outline(region, rule, (slice(top, top + tall), slice(left, left + wide)))
    assert np.array_equal(part, whole[top + 40 : top + 40 + tall, left + 40 : left + 40 + wide])
    assert not part.flags.writeable and whole[40 + 20, 40 + 20] == 1 and not whole[:40].any()


@pytest.mark.parametrize("around", [0.0, 0.3])
def test_a_mask_is_the_same_whatever_is_shown_around_it(around: float) -> None:
    """A rim beyond the window was hidden where a method looks around itself, and neither doubted nor sealed."""
    pixels = np.zeros((400, 200, 3), np.uint8)
    tall = Region("person", Box(40, 80, 120, 330), 0.9)
    seen = cut(Frame(pixels), tall, Rule(), 0, around)
    assert seen is not None
    x, y = (int(v) for v in seen.to_frame[:, 2])
    everywhere = np.zeros((400, 200), np.float32)
    everywhere[y : y + seen.mask.shape[0], x : x + seen.mask.shape[1]] = seen.mask
    own = window(tall, Rule(), 400, 200)
    assert np.array_equal(everywhere[own], outline(tall, Rule(), own))
    everywhere[own] = 0
    assert not everywhere.any()
