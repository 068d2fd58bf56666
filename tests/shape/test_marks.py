"""Marks of a face: dlib's 68, in dlib's order, and the 29 without brows, eyes and outer lips."""

from __future__ import annotations

import numpy as np
import pytest

from visard.errors import UsageError
from visard.shape.landmarks import Vertices
from visard.shape.marks import BRIDGE, JAW, MOUTH, front, marks
from visard.shape.mesh import canonical, shape_file

MIRROR = (
    *range(16, -1, -1), *range(26, 16, -1), *range(27, 31), *range(35, 30, -1),
    45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40,
    54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65,
)  # fmt: skip
"""What dlib's points become in a mirror."""


@pytest.fixture
def face() -> Vertices:
    return np.asarray(canonical().shape * 50 + (64, 64, 0), np.float32)


def test_a_mirrored_face_has_mirrored_marks(face: Vertices) -> None:
    """The whole table is checked by this, for the mesh knows its own mirror."""
    other = face[shape_file()["mirror"]]
    assert np.array_equal(marks(face)[list(MIRROR)], marks(other))


def test_they_lie_where_dlib_has_them(face: Vertices) -> None:
    points = marks(face)
    jaw, bridge, mouth = points[JAW], points[BRIDGE], points[MOUTH]
    assert (np.diff(jaw[:, 0])[1:-1] > 0).all() and np.argmax(jaw[:, 1]) == 8
    assert (np.diff(bridge[:, 1]) > 0).all() and np.ptp(bridge[:, 0]) < 3
    assert points[17:27, 1].max() < points[36:48, 1].min() < points[27:36, 1].max() < mouth[:, 1].min()


def test_the_few_leave_out_what_people_are_known_by(face: Vertices) -> None:
    few, all_of_them = marks(face, 29), marks(face)
    left_out = np.concatenate([all_of_them[17:27], all_of_them[31:60]])
    assert len(few) == 29
    assert (np.abs(few[:, None] - left_out[None]).sum(axis=2) > 0).all()
    with pytest.raises(UsageError, match="no 5 landmarks; choose 68 or 29"):
        marks(face, 5)


def test_the_front_reaches_from_the_jaw_to_the_brows(face: Vertices) -> None:
    mask, points = front(face, 128), marks(face)
    x, y = np.round(points.mean(axis=0)).astype(int)
    assert mask[y, x] == 1
    rows = np.flatnonzero(mask.any(axis=1))
    assert abs(rows[0] - points[[19, 24], 1].min()) < 2 and abs(rows[-1] - points[8, 1]) < 2
