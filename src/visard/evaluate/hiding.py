"""One picture hidden as a file of its own, without the doubting room."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from visard.attack.restore import Deblur, restore
from visard.evaluate.people import Picture
from visard.found import Found
from visard.hider import Hider
from visard.policy import Policy
from visard.tracing import trace
from visard.types import Frame, Region


def hide_alone(picture: Picture, regions: Sequence[Region], policy: Policy, deblur: Deblur | None = None) -> Frame:
    """Return the picture hidden; roles and seeds are not shared with other pictures.

    deblur: what an attacker does to blurred regions afterwards.
    """
    frame = Frame(picture.pixels)
    hider = Hider(policy, source=hashlib.sha256(picture.pixels.tobytes()).hexdigest())
    found = trace(lambda: iter([frame]), Found({0: tuple(regions)}), hider, still=True).at(0)
    hidden = hider(frame, found)
    return hidden if deblur is None else restore(hidden, found, hider, deblur)
