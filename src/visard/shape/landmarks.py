"""Room 4, CUT: 468 points of a face in three dimensions, found by a network on an upright square around it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from visard.detect.head import face_of
from visard.models.runtimes import LiteNet
from visard.shape.similarity import Matrix, scale_of, warp
from visard.types import Box, Pixels, Points, Region

Vertices = NDArray[np.float32]
"""(468, 3): x and y in pixels of the frame, z in the same unit, smaller towards the camera."""

VERTICES = 468
RIGHT_EYE, LEFT_EYE = (33, 133), (263, 362)
"""Outer and inner corner of the eye on the image's left, and of the eye on its right."""
FIVE = ((33, 133, 159, 145), (263, 362, 386, 374), (1, 4), (61,), (291,))
"""Vertices around the five points that a detector gives: eyes, nose, corners of the mouth."""

_SIDE = 192
_ROOM = 1.5
"""Side of the square in which the network looks, in longer sides of the face's box."""

_LOOKS = 2
"""The second look is framed by the first one's points, which turns and centres it better than a detector's box."""


_SURE, _PERHAPS = 0.5, 0.05
"""Scores from which on there is a face, and from which on there is one where a detector's points say the same."""

_AGREE = 0.1
"""Mean distance in sides of a detector's box up to which its points and the mesh's say the same: of 26 meshes with
scores between, on 30 group photos, some 10 do; half of those that score higher lie within 0.05."""


_NEAR, _TILTS, _MORE_LOOKS = 1.1, (0.0, -30.0, 30.0), 3
"""How a face that was not made out is framed anew: closer, upright and turned by degrees, with more looks. In profile
a detector's eyes lie anywhere, and a square that they turn shows the network nothing."""

_LARGE, _RATHER = 48.0, 0.8
"""Side in pixels from which on a face is worth that, and the score that is believed then if a detector's points agree:
of 67 such regions without a mesh on 90 group photos 6 gain one, and all lie right; a single look would believe that
two kissing faces are one."""

_STEEPEST = 1.0
"""Slope of the eyes up to which that holds: a mesh that lies further over is one of two faces that touch."""

_SAME_PLACE = 0.35
"""Overlap (IoU) of a mesh with its face's box from which on it is that face's. In the development videos one sure mesh
in ten lies elsewhere, and the face in the box would stay bare; of the others nearly all overlap by 0.6 or more."""


@dataclass(frozen=True, slots=True, eq=False)
class FaceMesh:
    """The points of one face; score: how sure the network is that it sees one, 0 to 1.

    clear: whether we are sure of a face as well; sure: and that it is the region's own.
    """

    vertices: Vertices
    score: float
    clear: bool = False
    sure: bool = False


def find_mesh(pixels: Pixels, region: Region) -> FaceMesh:
    """Return the mesh of the face, or of the head's face, of a region in (H, W, 3) uint8 RGB pixels.

    Raises ModelError. Source: MediaPipe Face Mesh (Kartynnik et al. 2019), the network of MODELS 2.
    """
    box = face_of(region)
    corners = np.array([box[:2], box[2:]], np.float32)
    eyes = region.points[:2] if region.points is not None else corners * ((1, 0), (1, 0))
    *_, mesh = islice(_looks(pixels, _frame(corners, eyes)), _LOOKS)
    clear = mesh.score >= _SURE or (mesh.score >= _PERHAPS and _agree(mesh.vertices, region))
    if not clear and box.side >= _LARGE:
        again = _look_closer(pixels, region, corners)
        mesh, clear = (mesh, False) if again is None else (again, True)
    return replace(mesh, clear=clear, sure=clear and lies_on(mesh.vertices, region))


def _look_closer(pixels: Pixels, region: Region, corners: Points) -> FaceMesh | None:
    """Return the mesh of a face framed anew, of which two looks in a row and the detector's points say the same."""
    middle, half = corners.mean(axis=0), np.ptp(corners, axis=0) / 2 * (_NEAR / _ROOM)
    around = np.stack([middle - half, middle + half])
    for tilt in np.radians(_TILTS):
        level = np.array([[0.0, 0.0], [np.cos(tilt), np.sin(tilt)]], np.float32)
        before = False
        for mesh in islice(_looks(pixels, _frame(around, level)), _MORE_LOOKS):
            good = mesh.score >= _RATHER and _agree(mesh.vertices, region) and lies_on(mesh.vertices, region)
            if good and before and _upright(mesh.vertices):
                return mesh
            before = good
    return None


def _upright(vertices: Vertices) -> bool:
    right, left = (vertices[list(pair), :2].mean(axis=0) for pair in (RIGHT_EYE, LEFT_EYE))
    return bool(abs(left[1] - right[1]) <= _STEEPEST * (left[0] - right[0]))


def _looks(pixels: Pixels, square: Matrix) -> Iterator[FaceMesh]:
    """Yield what each look sees; each is framed by the one before."""
    while True:
        mesh = _look(pixels, square)
        yield mesh
        eyes = np.stack([mesh.vertices[list(pair), :2].mean(axis=0) for pair in (RIGHT_EYE, LEFT_EYE)])
        square = _frame(mesh.vertices[:, :2], eyes)


def lies_on(vertices: Vertices, region: Region) -> bool:
    """Return whether a mesh is that of a region's own face: it can wander to a neighbour's."""
    return box_of(vertices).iou(face_of(region)) >= _SAME_PLACE


def five_points(vertices: Vertices) -> Points:
    """Return (5, 2) the points that a detector gives, as the mesh has them: eyes, nose, corners of the mouth."""
    return np.stack([vertices[list(ids), :2].mean(axis=0) for ids in FIVE])


def box_of(vertices: Vertices) -> Box:
    """Return the box that a face's points fill."""
    x, y = vertices[:, 0], vertices[:, 1]
    return Box(float(x.min()), float(y.min()), float(x.max()), float(y.max()))


def region_of(vertices: Vertices) -> Region:
    """Return the region that a face's points outline, with a detector's five points."""
    return Region("face", box_of(vertices), 1.0, five_points(vertices))


def _agree(vertices: Vertices, region: Region) -> bool:
    if region.points is None or len(region.points) != 5:
        return False
    apart = np.linalg.norm(five_points(vertices) - region.points, axis=1).mean()
    return bool(apart <= _AGREE * face_of(region).side)


def _frame(around: Points, eyes: Points) -> Matrix:
    """Return the similarity from the picture to a square that holds the points, eyes level."""
    across = eyes[1] - eyes[0]
    turn = across / max(float(np.hypot(*across)), 1e-6)
    level = np.array([[turn[0], turn[1]], [-turn[1], turn[0]]], np.float64)
    flat = around @ level.T
    low, high = flat.min(axis=0), flat.max(axis=0)
    scale = _SIDE / max(_ROOM * float((high - low).max()), 1.0)
    shift = _SIDE / 2 - scale * (low + high) / 2
    return np.hstack([scale * level, shift[:, None]])


def _look(pixels: Pixels, square: Matrix) -> FaceMesh:
    chip = warp(pixels, square, _SIDE, _SIDE, border=0)
    points, presence = _network()(chip[None].astype(np.float32) / np.float32(255))
    seen = points.reshape(VERTICES, 3)
    scale = scale_of(square)
    back = square[:, :2].T / scale**2
    vertices = np.empty_like(seen)
    vertices[:, :2] = (seen[:, :2] - square[:, 2]) @ back.T
    vertices[:, 2] = seen[:, 2] / scale
    return FaceMesh(vertices, float(1 / (1 + np.exp(-np.clip(presence.ravel()[0], -50, 50)))))


def load() -> None:
    """Load the network now, if it is not; raises ModelError."""
    _network().load()


@cache
def _network() -> LiteNet:
    return LiteNet("face_mesh")
