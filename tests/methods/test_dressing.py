"""What donors bring: their faces, and nothing of the hair that averaging left on them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from visard.methods.donors import bank
from visard.methods.dressing import dress
from visard.methods.features import gaze, turn_eyes
from visard.shape.mesh import EYES, canonical
from visard.shape.texture import rim
from visard.types import Pixels


def locks(texture: Pixels) -> NDArray[np.float32]:
    grey = cv2.cvtColor(texture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), 1) - cv2.GaussianBlur(grey, (0, 0), 6), np.float32)


@pytest.mark.parametrize("fringed", [265, 1126, 1382])
def test_foreheads_are_bare_and_features_stay(fringed: int) -> None:
    was, now = bank().texture(fringed), np.clip(dress(bank(), fringed)[0], 0, 255).astype(np.uint8)
    brow = int(canonical().uv[[105, 334], 1].min())
    forehead, face, mouth = np.s_[20 : brow - 16, 80:176], np.s_[brow + 30 : 200, 70:186], np.s_[165:200, 90:166]
    assert locks(now)[forehead].std() < 0.5 * locks(was)[forehead].std()
    assert locks(now)[face].std() > 0.9 * locks(was)[face].std()
    assert np.abs(now[mouth].astype(int) - was[mouth]).mean() < 1
    assert cv2.absdiff(now, was)[rim() == 0].max() <= 1, "outside the face there is nothing to comb"


def test_both_eyes_look_the_same_way() -> None:
    """Though a lash makes one of them seem to look aside."""
    texture = dress(bank(), 3)[0].clip(0, 255).astype(np.uint8)
    lash = texture.copy()
    centre = canonical().uv[list(EYES[1])].mean(axis=0).round().astype(int)
    cv2.circle(lash, (int(centre[0]) + 7, int(centre[1])), 6, (0, 0, 0), -1)
    assert gaze(lash, 1)[0] - gaze(lash, 0)[0] >= 3
    y, x = np.mgrid[0:256, 0:256].astype(np.float32)
    texel = np.dstack([x, y])
    turn_eyes(texel, lash, canonical().shape)
    moved = [(np.dstack([x, y]) - texel)[_around(eye)].reshape(-1, 2) for eye in range(2)]
    shifts = [each[np.abs(each).sum(axis=1).argmax()] for each in moved]
    assert np.abs(shifts[0]).max() > 1 and np.allclose(shifts[0], shifts[1], atol=0.3)


def _around(eye: int) -> tuple[slice, slice]:
    u, v = canonical().uv[list(EYES[eye])].mean(axis=0).round().astype(int)
    return np.s_[v - 20 : v + 20, u - 25 : u + 25]
