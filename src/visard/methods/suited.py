"""Who may stand in for somebody hidden: donors that fit what lies around, in an order that the subject's key draws."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from visard.methods.donors import Bank
from visard.methods.scene import outlook, surroundings, upright
from visard.models.inpainter import inpainter
from visard.shape.landmarks import Vertices
from visard.shape.mesh import canonical
from visard.types import Patch


def suited(patch: Patch, vertices: Vertices, donors: Bank, similar: frozenset[str]) -> NDArray[np.intp]:
    """Return donors for a patch's face: its surroundings tell which fit, and its seed who of them comes first.

    No hidden pixel has a part in it. Raises ModelError without the inpainter's guess.
    """
    pose = canonical().fit_pose(vertices)
    filled, known = surroundings(patch.pixels, patch.mask, upright(pose, patch.mask))
    told = inpainter().guess(outlook(filled, known, donors.identity(pose.lift(vertices))))
    return donors.suited(told[:7], told[7:], similar, np.random.default_rng(patch.seed))
