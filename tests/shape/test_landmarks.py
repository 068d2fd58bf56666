"""Faces that a detector's points frame badly are framed anew; what is no single face is left without a mesh."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from visard.detect.find import find_faces
from visard.shape.landmarks import FaceMesh, find_mesh
from visard.types import Pixels


@pytest.mark.parametrize("photo", ["13_Interview_Interview_On_Location_13_187", "19_Couple_Couple_19_139"])
def test_a_large_face_in_profile_is_framed_anew(photo: str, data: Path) -> None:
    assert all(mesh.sure for mesh in meshes(data, photo, side=120))


def test_two_faces_that_kiss_are_not_one(data: Path) -> None:
    assert not any(mesh.sure for mesh in meshes(data, "19_Couple_Couple_19_24", side=200))


def meshes(data: Path, photo: str, side: float) -> list[FaceMesh]:
    pixels: Pixels = np.asarray(Image.open(data / "groups_dev" / f"{photo}.jpg").convert("RGB"))
    return [find_mesh(pixels, face) for face in find_faces(pixels) if face.box.side > side]
