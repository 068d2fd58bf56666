"""What is kept, by oracles: known turns, known distances, known spreads, and a process that measures itself."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from visard.attack.looks import Look, look
from visard.attack.score import Score
from visard.errors import ModelError
from visard.evaluate.bearing import bearing, changes
from visard.evaluate.cost import cost
from visard.evaluate.diversity import diversity, variety
from visard.evaluate.interval import mean
from visard.evaluate.meshes import meshes
from visard.evaluate.people import Picture
from visard.evaluate.quality import sharpness
from visard.models.runtimes import LiteNet
from visard.policy import Policy, Rule
from visard.shape.landmarks import Vertices
from visard.shape.mesh import EYES, INNER_LIPS, Pose, canonical
from visard.types import Box, Pixels, Region


def turned(yaw: float, pitch: float, roll: float) -> Vertices:
    """The mean face, turned by angles in degrees."""
    a, b, c = np.radians([yaw, pitch, roll])
    across = np.array([[np.cos(a), 0, -np.sin(a)], [0, 1, 0], [np.sin(a), 0, np.cos(a)]])
    down = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    aside = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return Pose(100.0, aside @ down @ across, np.array([200.0, 200, 0])).place(canonical().shape)


@pytest.mark.parametrize("which", range(3))
def test_a_turn_is_told_by_its_angle(which: int) -> None:
    angles = [0.0, 0.0, 0.0]
    angles[which] = 17
    moved = changes(turned(0, 0, 0), turned(*angles))
    assert moved[which] == pytest.approx(17, abs=0.01)
    assert sum(moved) == pytest.approx(17, abs=0.02)
    assert changes(turned(0, 0, 170), turned(0, 0, -170))[2] == pytest.approx(20, abs=0.01), "around, not back"


def test_an_opening_mouth_is_no_turn() -> None:
    before = turned(0, 0, 0)
    after = before.copy()
    lower = list(INNER_LIPS[11:])
    after[lower, 1] += 15
    moved = changes(before, after)
    assert moved[3] > 0.2 and moved[4] == 0 and max(moved[:3]) < 2
    shut = before.copy()
    shut[list(EYES[0]), 1] = before[list(EYES[0]), 1].mean()
    assert changes(before, shut)[4] > 0.05


def test_a_picture_is_borne_as_itself_and_nothing_is_kept_where_nothing_is_found(astronaut: Pixels) -> None:
    seen = look("a", astronaut, astronaut)
    assert seen is not None
    same = [seen.clear()]
    kept = {score.name: score for score in bearing(same, meshes(same))}
    assert all(kept[name].value == 0 for name in ("yaw", "pitch", "roll", "mouth opening", "eye opening", "gaze"))
    gone = [Look("a", astronaut, np.zeros_like(astronaut), seen.box, seen.points)]
    lost = {score.name: score for score in bearing(gone, meshes(gone))}
    assert lost["yaw"].value is None and "no face was found" in lost["yaw"].reason
    assert "eyes open" in lost["gaze"].reason
    try:
        LiteNet("expression").load()
    except ModelError:
        assert kept["expression kept"].value is None and "expression" in kept["expression kept"].reason
        return
    assert kept["expression kept"].value == 1 and lost["expression kept"].value == 0
    assert lost["expression kept"].n == 1, "a face that is not found again is not left out"


def test_a_picture_turned_in_its_plane_has_rolled(astronaut: Pixels) -> None:
    seen = look("a", astronaut, astronaut)
    assert seen is not None
    middle = seen.box.centre
    matrix = cv2.getRotationMatrix2D((float(middle[0]), float(middle[1])), 12, 1.0)
    rolled = np.asarray(cv2.warpAffine(astronaut, matrix, (512, 512)), np.uint8)
    turn = [Look("a", astronaut, rolled, seen.box, seen.points, seen.points, seen.box)]
    kept = {score.name: score for score in bearing(turn, meshes(turn))}
    assert kept["roll"].value == pytest.approx(12, abs=1.5)
    assert kept["yaw"].value is not None and kept["yaw"].value < 5


def test_the_interval_of_a_mean_covers_it_as_often_as_it_says() -> None:
    """Twenty people with five pictures each, who differ more than their pictures do."""
    random, covered = np.random.default_rng(1), 0
    people = [str(i // 5) for i in range(100)]
    for _ in range(100):
        values = np.repeat(random.normal(3, 1, 20), 5) + random.normal(0, 0.2, 100)
        score = mean("x", list(values), people, "")
        assert score.low is not None and score.high is not None and score.n == 100
        covered += score.low <= 3 <= score.high
    assert 86 <= covered <= 99
    assert mean("x", list(values), people, "") == score, "the same numbers, the same interval"


def test_a_mean_leaves_out_what_is_no_number_and_says_when_nothing_is_left() -> None:
    known = mean("x", [1.0, None, float("nan"), 3.0, float("inf")], list("aabba"), "")
    assert known == Score("x", 2.0, 2, 1.0, 3.0)
    assert mean("x", [None], ["a"], "dark") == Score("x", None, 0, reason="dark")
    assert mean("x", [1.0, 2.0], ["a", "a"], "").low is None


def test_sharpness_is_one_for_itself_and_falls_with_blur(astronaut: Pixels) -> None:
    mask = np.zeros((512, 512), np.float32)
    mask[60:200, 170:280] = 1
    soft = np.asarray(cv2.GaussianBlur(astronaut, (0, 0), 4), np.uint8)
    assert sharpness(astronaut, astronaut, mask) == 1
    assert sharpness(astronaut, soft, mask) < 0.3
    assert np.isnan(sharpness(np.zeros_like(astronaut), soft, mask))


def test_diversity_is_the_distance_between_people() -> None:
    across = np.eye(4, dtype=np.float32)
    found = diversity(across.repeat(2, axis=0), np.repeat(np.arange(4), 2))
    assert found.value == pytest.approx(2**0.5) and found.n == 4 and found.low == pytest.approx(2**0.5)
    assert diversity(np.ones((4, 1), np.float32), np.array([0, 0, 1, 1])).value == 0, "one face for all"
    assert diversity(across, np.zeros(4, np.int64)).value is None


def test_variety_is_how_many_people_the_hidden_are_taken_for() -> None:
    people, clean = np.repeat(np.arange(4), 2), np.eye(4, dtype=np.float32).repeat(2, axis=0)
    assert variety(clean, clean, people).value == 1
    assert variety(clean[[0] * 8], clean, people).value == 0.25, "one face for all"
    assert variety(clean[::-1], clean, people).value == 1, "everybody is somebody else"


def test_cost_is_measured_in_a_process_of_its_own(astronaut: Pixels) -> None:
    regions = [Region("face", Box(175, 65, 275, 195), 0.9, track=0)]
    spent = cost([Picture(who, who, astronaut) for who in "ab"], [regions] * 2, Policy({"face": Rule("fill")}))
    found = {score.name: score for score in spent}
    assert found["ms a face"].n == 2 and 0 < (found["ms a face"].value or 0) < 5000
    if Path("/proc/self/status").exists():
        assert 20 < (found["memory"].value or 0) < 2000
