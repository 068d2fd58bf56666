"""Who may stand in for somebody hidden: donors that fit what lies around, in an order that the subject's key draws."""

from __future__ import annotations

import numpy as np

from visard.methods.donors import Bank
from visard.methods.scene import outlook, surroundings, upright
from visard.models.inpainter import inpainter
from visard.shape.landmarks import Vertices
from visard.shape.mesh import canonical
from visard.types import Patch


def suited(patch: Patch, vertices: Vertices, donors: Bank, similar: frozenset[str], among: int = 1 << 31) -> int | None:
    """Return a donor for a patch's face: its surroundings tell which fit, its seed draws their order, and its variant
    says which of them; None where none of the bank's first `among` fits.

    No hidden pixel has a part in it. Raises ModelError without the inpainter's guess.
    """
    pose = canonical().fit_pose(vertices)
    filled, known = surroundings(patch.pixels, patch.mask, upright(pose, patch.mask))
    told = inpainter().guess(outlook(filled, known, donors.identity(pose.lift(vertices))))
    order = donors.suited(told[:7], told[7:], similar, np.random.default_rng(patch.seed))
    order = order[order < among]
    return int(order[patch.variant % len(order)]) if len(order) else None
