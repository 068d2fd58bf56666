"""People by their pose: what was read from TensorFlow's graphs sees people, and joints, where they are."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from visard.detect import MoveNet, find_faces, find_joints
from visard.models import store
from visard.models.pose import posenet
from visard.models.runtimes import OpenCvNet
from visard.types import Box, Pixels


@pytest.mark.skipif(bool(store.absent(("movenet", "movenet_graph"))), reason="movenet was not fetched")
def test_it_finds_a_person_at_any_size_and_nobody_where_nobody_is(astronaut: Pixels) -> None:
    (one, *_) = MoveNet()(astronaut)
    assert one.kind == "person" and one.box.iou(Box(30, 0, 440, 512)) > 0.6
    small = np.pad(
        cv2.resize(astronaut, (160, 160), interpolation=cv2.INTER_AREA), ((90, 50), (200, 90), (0, 0)), "edge"
    )
    (far, *_) = MoveNet()(np.asarray(small, np.uint8))
    assert far.box.iou(one.box.scale(160 / 512).shift(200, 90)) > 0.6
    assert not MoveNet()(np.full((200, 300, 3), 128, np.uint8)) and not MoveNet()(np.zeros((0, 5, 3), np.uint8))


@pytest.mark.skipif(bool(store.absent(("movenet", "movenet_graph"))), reason="movenet was not fetched")
def test_joints_lie_where_they_are_and_move_with_the_person(astronaut: Pixels) -> None:
    (one, *_), (face, *_) = MoveNet()(astronaut), find_faces(astronaut)
    joints = find_joints(astronaut, one.box)
    assert joints is not None and joints.shape == (17, 2) and face.points is not None
    assert np.linalg.norm(joints[0] - face.points[2]) < 0.2 * face.box.height, "the nose"
    assert joints[5, 0] > face.points[2, 0] > joints[6, 0] and joints[5:7, 1].min() > joints[0, 1], "her left shoulder"
    shifted = np.asarray(cv2.copyMakeBorder(astronaut, 40, 0, 60, 0, cv2.BORDER_REFLECT), np.uint8)
    moved = find_joints(shifted, one.box.shift(60, 40))
    assert moved is not None and np.abs(moved - joints - (60, 40))[:7].max() < 0.1 * one.box.width
    assert find_joints(np.full((200, 100, 3), 128, np.uint8), Box(10, 10, 90, 190)) is None, "nobody"


@pytest.mark.skipif(bool(store.absent(("posenet", "posenet_graph"))), reason="posenet was not fetched")
def test_the_held_out_network_knows_a_nose(astronaut: Pixels) -> None:
    (face, *_) = find_faces(astronaut)
    assert face.points is not None
    small = cv2.resize(astronaut, (385, 385), interpolation=cv2.INTER_AREA).astype(np.float32)
    (logits,) = OpenCvNet("posenet", to_onnx=posenet)((small / 127.5 - 1).transpose(2, 0, 1)[None].copy())
    nose = np.array(np.unravel_index(logits[0, 0].argmax(), logits.shape[2:]))[::-1] * 16 * 512 / 385
    assert np.linalg.norm(nose - face.points[2]) < 24
