"""Colours around a drawn face: where paint lets a wall shine through, it is taken out again, and skin becomes one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from visard.methods.tone import matched, white

Floats = NDArray[np.float32]

SKIN, WALL = np.array([190, 140, 115], np.float32), np.array([20, 30, 150], np.float32)


def scene() -> dict[str, Floats]:
    """A head, thickly painted on what was filled in of a blue wall, with a third of the wall's colour left in it."""
    y, x = np.mgrid[0:128, 0:128].astype(np.float32) - 64
    head, face = np.hypot(x / 40, y / 50) < 1, np.hypot(x / 24, y / 30) < 1
    filled = np.broadcast_to(WALL, (128, 128, 3)).astype(np.float32)
    tinted = 0.9 * SKIN + (WALL - WALL.mean()) / 3
    around = np.where(head[..., None], tinted, WALL).astype(np.float32)
    known = (np.hypot(x / 56, y / 60) > 1).astype(np.float32)
    lit = (np.broadcast_to(SKIN, around.shape) * face[..., None]).astype(np.float32)
    paint = ((around - filled) / 127.5).astype(np.float32)
    return {"around": around, "filled": filled, "paint": paint, "lit": lit,
            "shown": face.astype(np.float32), "known": known}  # fmt: skip


def test_skin_around_a_face_takes_its_colour_and_the_wall_keeps_its_own() -> None:
    one = scene()
    new = matched(**one)
    assert np.array_equal(new[one["known"] > 0], one["around"][one["known"] > 0])
    forehead, wall = new[64 - 38, 64], new[64, 64 - 52]
    assert np.abs(one["around"][64 - 38, 64] - SKIN).max() > 15 and np.abs(forehead - SKIN).max() < 5
    assert np.abs(wall - WALL).max() < 5


def test_a_painting_without_a_tint_stays() -> None:
    one = scene()
    one["around"] = np.where((one["around"] != WALL).any(axis=-1, keepdims=True), SKIN, WALL).astype(np.float32)
    assert np.abs(matched(**one) - one["around"]).max() < 1
    one["shown"] = np.zeros_like(one["shown"])
    assert matched(**one) is one["around"], "where no face shows, nothing is known of its colours"


def test_light_is_nearly_white() -> None:
    light = np.random.default_rng(0).normal(0, 1, (8, 8, 3)).astype(np.float32)
    pale = white(light)
    assert np.allclose(pale.mean(axis=-1), light.mean(axis=-1), atol=0.05) and np.ptp(pale, axis=-1).max() <= 0.13
