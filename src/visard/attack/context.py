"""The context attacker: what hair, ears, clothes and scene tell when nothing of the face is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from visard.hider import Hider
from visard.policy import Policy
from visard.types import Frame, Region

_GREY = "#808080"


def blank(frame: Frame, regions: Sequence[Region], policy: Policy) -> Frame:
    """Return the frame with a flat grey hull wherever the policy hides anything.

    The hull has the policy's margin and outline, so that what an attack finds beyond it was told by the pixels that
    the policy's method wrote, not by what it left alone.
    """
    rules = {kind: replace(rule, method="fill", settings={"colour": _GREY}) for kind, rule in policy.rules.items()}
    return Hider(replace(policy, rules=rules))(frame, regions)
