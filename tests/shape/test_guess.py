"""A small face without a mesh gets the mean face's, where a detector's five points say how it is turned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from visard.shape.guess import guess_mesh
from visard.shape.landmarks import Vertices, five_points, region_of
from visard.shape.mesh import Pose, canonical
from visard.types import Box, Region


def turned(yaw: float, side: float = 40.0) -> Vertices:
    angle = np.radians(yaw)
    rotation = np.array([[np.cos(angle), 0, -np.sin(angle)], [0, 1, 0], [np.sin(angle), 0, np.cos(angle)]])
    return Pose(side / 2, rotation, np.array([100.0, 80.0, 0.0])).place(canonical().shape)


def small(vertices: Vertices) -> Region:
    return replace(region_of(vertices), score=0.8)


@pytest.mark.parametrize("yaw", [-45.0, -20.0, 0.0, 30.0, 50.0])
def test_the_five_points_of_a_turned_mean_face_give_it_back(yaw: float) -> None:
    vertices = turned(yaw)
    mesh = guess_mesh(small(vertices))
    assert mesh is not None and mesh.sure
    assert np.linalg.norm((mesh.vertices - vertices)[:, :2], axis=1).max() < 0.5
    assert canonical().fit_pose(mesh.vertices).angles[0] == pytest.approx(yaw, abs=2)


def test_nothing_is_guessed_for_profiles_large_faces_weak_ones_and_points_that_are_no_face_s() -> None:
    region = small(turned(0.0))
    assert region.points is not None and guess_mesh(region) is not None
    assert guess_mesh(small(turned(75.0))) is None
    assert guess_mesh(small(turned(0.0, side=120.0))) is None
    assert guess_mesh(replace(region, score=0.4)) is None
    assert guess_mesh(replace(region, points=None)) is None
    assert guess_mesh(replace(region, points=region.points[[2, 0, 3, 1, 4]])) is None
    assert guess_mesh(replace(region, box=Box(0, 0, 40, 40))) is None


def test_it_lies_on_the_five_points() -> None:
    vertices = turned(20.0)
    rng = np.random.default_rng(0)
    points = five_points(vertices) + rng.normal(0, 1.0, (5, 2)).astype(np.float32)
    mesh = guess_mesh(replace(small(vertices), points=points))
    assert mesh is not None
    assert np.linalg.norm(five_points(mesh.vertices) - points, axis=1).mean() < 2.0


def test_points_in_one_place_are_no_face_and_those_of_a_large_head_are_one() -> None:
    region = small(turned(0.0))
    assert region.points is not None
    assert guess_mesh(replace(region, points=np.full((5, 2), 100, np.float32))) is None
    head = replace(region, kind="head", box=Box(70, 45, 130, 115))
    guess_mesh(head)  # far less than its box, and still no fault of the solver's
