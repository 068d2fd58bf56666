"""Room 4, CUT: the mesh of a small face in which the network makes out none, guessed from a detector's five points."""

from __future__ import annotations

import cv2
import numpy as np

from visard.shape.landmarks import FIVE, FaceMesh, find_mesh, five_points, lies_on
from visard.shape.mesh import Pose, canonical
from visard.types import Pixels, Points, Region

_LARGEST = 64.0
"""Side in pixels of a face's box up to which the mean face's shape will do: above, an open mouth would be missed."""

_SURE = 0.6
"""Score of the detector from which on its five points are those of a face."""

_NEAR = 0.1
"""Mean distance in sides of the box up to which the mean face fits five points; of 71 faces without a mesh on 45
group photos, 66 at least lie within."""

_TURNED = 60.0
"""Degrees of yaw beyond which the outline of the old face would show beside the new one."""

_FAR = 30.0
"""Distance of the camera in sizes of the face: as good as infinite, so that perspective is weak."""

_LEAST = 0.1
"""Size of a face by its points in sides of its box, or its head's, at least."""


def trace_mesh(pixels: Pixels, region: Region) -> FaceMesh:
    """Return the mesh of a face in (H, W, 3) uint8 RGB pixels: `find_mesh`'s, or for a small one without, a guess.

    Raises ModelError.
    """
    mesh = find_mesh(pixels, region)
    return mesh if mesh.sure else guess_mesh(region) or mesh


def guess_mesh(region: Region) -> FaceMesh | None:
    """Return the mean face as a small region's five points have it; None where they do not agree with one.

    Source: SQPnP (Terzakis and Lourakis 2020) under a camera so far away that perspective is weak.
    """
    small = region.box.side <= _LARGEST and region.score >= _SURE
    if not small or region.points is None or len(region.points) != 5:
        return None
    extent = 2 * float(np.ptp(region.points, axis=0).max())
    if extent < _LEAST * region.box.side:
        return None
    pose = _fit(region.points.astype(np.float64), extent)
    vertices = pose.place(canonical().shape)
    apart = float(np.linalg.norm(five_points(vertices) - region.points, axis=1).mean())
    fits = apart <= _NEAR * region.box.side and abs(pose.angles[0]) <= _TURNED and lies_on(vertices, region)
    return FaceMesh(vertices, region.score, clear=True, sure=True) if fits else None


def _fit(points: Points, side: float) -> Pose:
    shape, centre = canonical().shape.astype(np.float64), points.mean(axis=0)
    spots = np.stack([shape[list(ids)].mean(axis=0) for ids in FIVE])
    lens = np.array([[_FAR * side, 0, centre[0]], [0, _FAR * side, centre[1]], [0, 0, 1]])
    _, turn, place = cv2.solvePnP(spots, points, lens, None, flags=cv2.SOLVEPNP_SQPNP)
    x, y, z = np.asarray(place, np.float64).ravel()
    scale = _FAR * side / z
    shift = np.array([centre[0] + scale * x, centre[1] + scale * y, 0.0])
    return Pose(float(scale), np.asarray(cv2.Rodrigues(turn)[0], np.float64), shift)
