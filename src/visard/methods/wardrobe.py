"""What somebody who does not exist wears: colours of hair, skin and clothes, drawn, not taken from anybody."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_HAIR = ((28, 24, 22), (52, 38, 30), (84, 60, 42), (122, 96, 66), (120, 118, 116))
_SKIN = ((214, 176, 152), (196, 154, 128), (168, 124, 98), (134, 94, 72), (92, 66, 52))
_CLOTHES = (
    (44, 46, 54), (70, 74, 82), (120, 122, 124), (178, 178, 174), (62, 78, 112), (110, 134, 162), (128, 58, 54),
    (168, 130, 92), (96, 104, 78), (62, 94, 88), (116, 92, 120), (184, 168, 142),
)  # fmt: skip
_BELOW = ((42, 44, 52), (58, 70, 98), (92, 94, 98), (128, 112, 92), (84, 92, 112))
_SHOES = ((34, 32, 32), (74, 60, 50), (150, 148, 146))
"""Colours in RGB, 0 to 255, as they look in even light."""

_JITTER = 8.0
"""Standard deviation in grey levels by which a colour differs from its neighbours on the list."""

_EVEN = 112.0
"""Mean grey level of a scene in even light."""


def wardrobe(seed: int, light: float = _EVEN) -> Floats:
    """Return (6, 3), -1 to 1, colours of a whole person and of their `PARTS`.

    light: mean grey level, 0 to 255, of the scene that they stand in; at night clothes are darker.
    """
    random = np.random.default_rng(seed)
    drawn = [lists[int(random.integers(len(lists)))] for lists in (_HAIR, _SKIN, _CLOTHES, _BELOW, _SHOES)]
    colours = np.array([drawn[2], *drawn], np.float32) + random.normal(0.0, _JITTER, (6, 3))
    gain = np.clip(light / _EVEN, 0.25, 1.0)
    return np.asarray(np.clip(colours * gain, 4, 250) / 127.5 - 1, np.float32)
