"""What other frames saw comes first: a panned, flickering scene is put back behind somebody, steadily."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from visard.backdrop import look_behind
from visard.found import Found
from visard.hider import Hider
from visard.policy import Policy, Rule
from visard.shape.camera import Camera
from visard.types import Box, Frame, Pixels, Region

FRAMES = 16


@pytest.fixture(scope="module")
def scene() -> list[Pixels]:
    """A photo under a camera that pans and nods, in light that comes and goes."""
    from skimage import data

    large = np.asarray(cv2.resize(data.coffee(), (900, 600), interpolation=cv2.INTER_AREA))
    shown = []
    for i in range(FRAMES):
        moved = cv2.warpAffine(large, np.array([[1, 0, -60 - 6.3 * i], [0, 1, -60 - 8 * np.sin(i / 4)]]), (320, 240))
        shown.append(np.clip(moved * (1 + 0.1 * np.sin(i / 5)), 0, 255).astype(np.uint8))
    return shown


def walk(scene: list[Pixels], step: float, seed: int = 0) -> tuple[list[Frame], Found]:
    """Somebody, made of noise, walks by in front of it."""
    rng, frames, regions = np.random.default_rng(seed), [], {}
    for i, background in enumerate(scene):
        pixels, x = background.copy(), 60 + round(step * i)
        pixels[70:190, x : x + 50] = rng.integers(0, 256, (120, 50, 3))
        frames.append(Frame(pixels, i, i / 25))
        regions[i] = (Region("face", Box(x, 70, x + 50, 190), 0.9, track=1),)
    return frames, Found(regions)


def hidden(frames: list[Frame], found: Found) -> list[Pixels]:
    hider = Hider(Policy({"face": Rule("cancel", shape="box", margin=0.05)}))
    look_behind(lambda: iter(frames), found, hider)
    return [hider(frame, found.at(frame.index)).pixels for frame in frames]


def rmse(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    return float(np.sqrt(np.mean((one.astype(float) - other) ** 2)))


def test_what_other_frames_saw_is_put_back(scene: list[Pixels]) -> None:
    frames, found = walk(scene, 10)
    results = hidden(frames, found)
    off = [rmse(new[70:190, 60 + 10 * i : 110 + 10 * i], was[70:190, 60 + 10 * i : 110 + 10 * i])
           for i, (new, was) in enumerate(zip(results, scene, strict=True))]  # fmt: skip
    assert max(off) < 6, off


def test_nothing_comes_from_what_any_frame_hides(scene: list[Pixels]) -> None:
    one, other = (hidden(*walk(scene, 10, seed)) for seed in (1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_what_nobody_saw_is_predicted_once_and_steady(scene: list[Pixels]) -> None:
    """Somebody who keeps pace with the camera stays in front of the same background: a still one tells best."""
    still = [scene[0]] * 6
    results = hidden(*walk(still, 0))
    assert all(np.array_equal(results[0], other) for other in results[1:])
    assert rmse(results[0][70:190, 60:110], walk(still, 0)[0][0].pixels[70:190, 60:110]) > 20


def test_who_stays_is_not_part_of_the_background(scene: list[Pixels]) -> None:
    still = [scene[0].copy() for _ in range(8)]
    regions = {}
    for i, pixels in enumerate(still):
        x = 40 + 20 * i
        pixels[60:100, x : x + 30] = (255, 0, 255)
        stays = Region("face", Box(x, 60, x + 30, 100), 0.9, track=2, hide=False)
        regions[i] = (Region("face", Box(100, 50, 160, 120), 0.9, track=1), stays)
    results = hidden([Frame(pixels, i, i / 25) for i, pixels in enumerate(still)], Found(regions))
    assert (results[0][50:120, 100:160] == (255, 0, 255)).all(axis=2).mean() < 0.01


def test_the_camera_is_followed_and_a_cut_begins_a_scene(scene: list[Pixels]) -> None:
    camera, nobody = Camera(), np.zeros((240, 320), np.bool_)
    views = [camera(pixels, nobody, cut=False) for pixels in scene]
    assert {view.scene for view in views} == {0}
    gone = [view.matrix[:2, 2] for view in views]
    assert np.allclose(np.array(gone)[:, 0], 6.3 * np.arange(FRAMES), atol=0.5)
    other = camera(scene[0][::-1].copy(), nobody, cut=True)
    assert other.scene == 1 and np.array_equal(other.matrix, np.eye(3))
    noise = np.random.default_rng(0).integers(0, 256, scene[0].shape, np.uint8)
    assert camera(noise, nobody, cut=False).scene == 2
