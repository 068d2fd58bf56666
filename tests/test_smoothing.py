"""Meshes are steadied in the face's own motion: noise goes, the motion and quick expressions stay."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visard.found import Found
from visard.shape.landmarks import find_mesh
from visard.shape.mesh import POSE, canonical
from visard.shape.motion import follow
from visard.smoothing import Codes, Motions, smoothed
from visard.types import Frame, Pixels, Region

from .conftest import ASTRONAUT_FACE

FACE = Region("face", ASTRONAUT_FACE, 0.9, track=1)
FRAMES = 15


def moved(pixels: Pixels, way: np.ndarray) -> Pixels:
    return np.asarray(cv2.warpAffine(pixels, way, (300, 300), flags=cv2.INTER_CUBIC), np.uint8)


def similarity(grow: float, turn: float, x: float, y: float) -> np.ndarray:
    return np.array([[grow * np.cos(turn), -grow * np.sin(turn), x], [grow * np.sin(turn), grow * np.cos(turn), y]])


@given(st.floats(0.8, 1.25), st.floats(-0.5, 0.5), st.floats(-50, 50), st.floats(-50, 50))
@settings(max_examples=25, deadline=None)
def test_a_code_is_carried_as_its_face_is(grow: float, turn: float, x: float, y: float) -> None:
    face, way = canonical(), similarity(grow, turn, x, y)
    code = face.encode(face.shape * 90 + np.float32(200))
    code[POSE : POSE + 5] += np.float32(0.2)
    there = face.decode(code)
    here = face.decode(face.carry(code, way))
    assert np.allclose(here[:, :2], there[:, :2] @ way[:, :2].T + way[:, 2], atol=0.02)
    assert np.allclose(here[:, 2], grow * there[:, 2], atol=0.02)


@pytest.mark.parametrize("way", [similarity(1, 0, -97.4, 2.7), similarity(1.05, 0.06, -90, 10)])
def test_motion_is_told_to_a_fraction_of_a_pixel_from_a_rough_guess(astronaut: Pixels, way: np.ndarray) -> None:
    vertices = find_mesh(astronaut, FACE).vertices
    guess = vertices.copy()
    guess[:, :2] = vertices[:, :2] @ way[:, :2].T + way[:, 2] + 3.0
    start = similarity(1, 0, 0, 0)
    told = follow(moved(astronaut, start), moved(astronaut, way), vertices, guess)
    assert told is not None
    spots = vertices[::20, :2]
    error = np.abs((spots @ told[:, :2].T + told[:, 2]) - (spots @ way[:, :2].T + way[:, 2]))
    assert error.mean() < 0.15


def test_where_nothing_moves_as_one_no_motion_is_told(astronaut: Pixels) -> None:
    vertices = find_mesh(astronaut, FACE).vertices
    noise = np.random.default_rng(1).integers(0, 255, astronaut.shape, np.uint8)
    assert follow(astronaut, noise, vertices, vertices) is None


def test_a_hand_held_camera_is_followed_and_the_meshs_own_noise_is_not(astronaut: Pixels) -> None:
    rng, face = np.random.default_rng(7), canonical()
    ways = [similarity(1, 0, -60 + x, 10 + y) for x, y in rng.uniform(-6, 6, (FRAMES, 2))]
    still = find_mesh(astronaut, FACE).vertices
    truth, codes, motions = [], Codes(), Motions()
    for index, way in enumerate(ways):
        frame = Frame(moved(astronaut, way), index, index / 25)
        truth.append(still[:, :2] + way[:, 2])
        off = np.array([*(way[:, 2] + rng.normal(0, 1, 2)), 0], np.float32)
        codes[index, 0] = face.encode(still + off)
        motions.see(frame, [(1, face.decode(codes[index, 0]))])
    found = Found({index: (replace(FACE, track=1),) for index in range(FRAMES)})

    def error(some: Codes) -> float:
        return float(np.mean([np.abs(face.decode(some[i, 0])[:, :2] - truth[i]).mean() for i in range(3, FRAMES - 3)]))

    smooth = smoothed(codes, found, motions)
    assert error(smooth) < 0.6 * error(codes)


def test_a_blink_stays_a_blink(astronaut: Pixels) -> None:
    face, motions = canonical(), Motions()
    vertices = find_mesh(astronaut, FACE).vertices
    open_, shut = face.encode(vertices), face.encode(vertices)
    shut[POSE] += np.float32(1)
    codes: Codes = {(i, 0): (shut if 5 <= i <= 9 else open_) for i in range(FRAMES)}
    for index in range(FRAMES):
        motions.see(Frame(astronaut, index, index / 25), [(1, vertices)])
    smooth = smoothed(codes, Found(dict.fromkeys(range(FRAMES), (FACE,))), motions)
    assert smooth[7, 0][POSE] - open_[POSE] > 0.8 and abs(smooth[2, 0][POSE] - open_[POSE]) < 0.15
