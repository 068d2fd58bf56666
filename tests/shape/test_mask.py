"""Geometry rounds outward: what the box touches is hidden, whatever the shape, wherever it lies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from visard.paste import paste
from visard.policy import Rule, Shape
from visard.shape.align import cut
from visard.shape.mask import outline, window
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
