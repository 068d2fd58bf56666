"""The context attacker: what hair, ears, clothes and scene tell when nothing of the face is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from PIL import ImageColor

from visard.hider import Hider
from visard.policy import Policy
from visard.shape.landmarks import find_mesh
from visard.shape.mesh import OVAL
from visard.types import Frame, Region

_GREY = "#808080"


def blank(frame: Frame, regions: Sequence[Region], policy: Policy) -> Frame:
    """Return the frame with a flat grey hull wherever the policy hides anything.

    The hull has the policy's margin and outline, so that what an attack finds beyond it was told by the pixels that
    the policy's method wrote, not by what it left alone.
    """
    rules = {kind: replace(rule, method="fill", settings={"colour": _GREY}) for kind, rule in policy.rules.items()}
    return Hider(replace(policy, rules=rules))(frame, regions)


def mask_faces(frame: Frame, regions: Sequence[Region], policy: Policy) -> Frame:
    """Return the frame with the faces themselves grey, from forehead to chin; hair, ears and jaw stay in sight.

    What is left is what whoever exchanges faces leaves of a person, beside the new face.
    """
    meshes = [(region, find_mesh(frame.pixels, region)) for region in regions]
    blanked = blank(frame, [region for region, mesh in meshes if not mesh.sure], policy)
    for _, mesh in meshes:
        if mesh.sure:
            outline = np.round(mesh.vertices[list(OVAL), :2]).astype(np.int32)
            cv2.fillConvexPoly(blanked.pixels, cv2.convexHull(outline), ImageColor.getrgb(_GREY))
    return blanked
