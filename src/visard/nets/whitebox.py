"""White boxes: recognisers whose gradient can be asked for, each with its framing and what its cosines mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import torch
from torch import nn

from visard.errors import UsageError, suggest
from visard.nets.dlib_resnet import DlibResNet
from visard.nets.facenet import FaceNet
from visard.shape.framing import DLIB, FACENET, Framing


@dataclass(frozen=True, slots=True, eq=False)
class WhiteBox:
    """A recogniser in torch: (N, 3, side, side) RGB in [0, 1] to (N, D).

    same: cosine from which on two pictures are taken for one person's. strange: cosine of two strangers on average.
    """

    name: str
    net: nn.Module
    framing: Framing
    same: float
    strange: float

    @property
    def range(self) -> float:
        """The cosines between `same` and `strange`, by which those of different networks can be compared."""
        return self.same - self.strange

    def goal(self, strength: float) -> float:
        """Return the cosine with oneself to reach: strength 0 is `same`, and 1 is that of two strangers."""
        return self.same - strength * self.range


WHITE_BOXES: Mapping[str, tuple[type[nn.Module], Framing, float, float]] = {
    "dlib": (DlibResNet, DLIB, 0.907, 0.833),
    "facenet": (FaceNet, FACENET, 0.472, 0.134),
}
"""Name -> network, framing, and the cosines `same`, which one pair of strangers in a hundred exceeds, and `strange`: on
400 photos of 100 people of the development fold of LFW."""


@cache
def white_box(name: str) -> WhiteBox:
    """Return the named recogniser, loaded once; raises UsageError for an unknown name, ModelError."""
    if name not in WHITE_BOXES:
        raise UsageError(f"unknown network {name!r}", hint=suggest(name, WHITE_BOXES))
    network, framing, same, strange = WHITE_BOXES[name]
    # Channels last: a step forward and back takes a quarter less time on a processor.
    net = network().eval().to(memory_format=torch.channels_last)
    return WhiteBox(name, net, framing, same, strange)
