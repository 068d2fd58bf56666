"""Pasting: what is not hidden keeps its value to the bit, what is hidden has the new one's, the rim lies between."""

import numpy as np
import pytest

from visard.paste import paste
from visard.types import Frame, Mask, Patch

_VALUES = np.repeat(np.arange(256, dtype=np.uint8), 3).reshape(16, 16, 3)


def _patch(frame: Frame, mask: Mask) -> Patch:
    to_frame = np.array([[1, 0, 2], [0, 1, 3]], np.float32)
    return Patch(frame.pixels[3:19, 2:18], mask.astype(np.float32), to_frame=to_frame)


def _frame(deep: bool) -> Frame:
    pixels = np.zeros((24, 24, 3), np.uint8)
    pixels[3:19, 2:18] = _VALUES
    return Frame(pixels, 0, 0.0, deep=pixels.astype(np.uint16) * 257 + 11 if deep else None)


@pytest.mark.parametrize("deep", [False, True])
def test_every_value_outside_the_mask_stays_and_inside_is_the_new_one(deep: bool) -> None:
    frame, new = _frame(deep), _VALUES[::-1].copy()
    before = frame.pixels.copy()
    mask = np.zeros((16, 16), np.float32)
    mask[:, 8:] = 1.0
    paste(frame, _patch(frame, mask), new)
    assert np.array_equal(frame.pixels[3:19, 10:18], new[:, 8:])
    before[3:19, 10:18] = new[:, 8:]
    assert np.array_equal(frame.pixels, before)
    if frame.deep is not None:
        assert np.array_equal(frame.deep[3:19, 10:18], new[:, 8:].astype(np.uint16) * 257)
        assert np.array_equal(frame.deep[3:19, 2:10], _VALUES[:, :8].astype(np.uint16) * 257 + 11)


def test_the_rim_lies_between_both_in_the_share_of_the_mask() -> None:
    frame, new = _frame(deep=False), np.full((16, 16, 3), 200, np.uint8)
    paste(frame, _patch(frame, np.full((16, 16), 0.25)), new)
    wanted = 0.25 * 200 + 0.75 * _VALUES.astype(float)
    assert np.abs(frame.pixels[3:19, 2:18] - wanted).max() <= 0.51
