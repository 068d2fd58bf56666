"""Meshes of faces before and after hiding: what moved is told by their points."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from visard.attack.cache import Array, Keep, forget
from visard.attack.looks import Look
from visard.models.store import entry
from visard.shape.landmarks import Vertices, find_mesh
from visard.types import Box, Pixels, Region


class Meshes(NamedTuple):
    """The points of one face before and after hiding, (468, 3) each in pixels of its picture."""

    before: Vertices
    after: Vertices


def meshes(looks: Sequence[Look], keep: Keep = forget) -> list[Meshes | None]:
    """Return the meshes of each look; None where no detector finds the face again in the hidden picture.

    In the clean picture the face is where it was found; in the hidden one it is where it is found again, so that a
    face that moved is followed.
    """
    return [
        None if look.found_box is None else Meshes(clear_mesh(look, keep), _mesh(look.hidden, look.found_box, keep))
        for look in looks
    ]


def clear_mesh(look: Look, keep: Keep = forget) -> Vertices:
    """Return the mesh (468, 3) of a look's face before it was hidden."""
    return _mesh(look.clean, look.box, keep)


def _mesh(pixels: Pixels, box: Box, keep: Keep) -> Vertices:
    corners = " ".join(f"{corner:.2f}" for corner in box)
    return keep(f"face_mesh {entry('face_mesh').sha256[:8]} {corners}", pixels, partial(_find, pixels, box))


def _find(pixels: Pixels, box: Box) -> Array:
    return find_mesh(pixels, Region("face", box, 1.0)).vertices
