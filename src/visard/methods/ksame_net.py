"""k-Same-Net: k people become one painted face, mixed of k people who are nobody. Void where a person comes twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.errors import ModelError, UsageError
from visard.methods.ciagan import listed
from visard.methods.donors import bank
from visard.methods.generated import shown
from visard.methods.groups import Group, KSame, Vectors
from visard.methods.scene import fill_in
from visard.models.taught import Taught, taught
from visard.shape.identity import look
from visard.shape.square import TEMPLATE
from visard.types import Box, Patch, Pixels, Region

Floats = NDArray[np.float32]

_REACH = 0.26
"""How far a face reaches from the middle of its five points, in sides of its aligned square."""


@dataclass(frozen=True, slots=True)
class KSameNet(KSame):
    """Give each of at least k people a face mixed of k donors (Meden et al. 2018; METHODS 3).

    The people decide which donors, the nearest to their group; no pixel of theirs is used. weights: a file that
    `visard train export` made; empty for the one that visard ships.
    """

    name: ClassVar[str] = "ksame-net"
    size: ClassVar[int | None] = 128

    weights: str = ""

    def __post_init__(self) -> None:
        # Named in full: a class with slots is made anew, and `super()` would look for the old one.
        KSame.__post_init__(self)
        taught(self.name, self.weights)

    def _space(self, patches: Sequence[Patch]) -> tuple[Vectors, Callable[[Group], Pixels]]:
        net = taught(self.name, self.weights)
        if self.k > listed(net):
            raise UsageError(f"there are {listed(net)} proxies for groups of {self.k}", hint="lower --k")
        who = np.stack([_embedding(patch) for patch in patches])

        def face(group: Group) -> Pixels:
            return generate(net, proxies(who[group].mean(axis=0), self.k, listed(net)))

        return who, face


def proxies(who: Floats, k: int, people: int) -> NDArray[np.intp]:
    """Return the k of the bank's first donors that lie nearest to an embedding (128,)."""
    away = np.linalg.norm(bank().embeddings[:people] - who, axis=1)
    return np.sort(np.argsort(away, kind="stable")[:k])


def generate(net: Taught, chosen: NDArray[np.intp]) -> Pixels:
    """Return the face (128, 128, 3) of the mean code of some proxies, looking ahead; raises ModelError for none."""
    code = np.zeros((1, listed(net)), np.float32)
    code[0, chosen] = 1 / len(chosen)
    (drawn,) = net(code, np.zeros((1, 3), np.float32))
    there = (drawn[0, 3] > 0).astype(np.float32)
    if not there.any():
        raise ModelError("the network 'ksame-net' draws no face", hint="teach it anew: `visard train ksame-net`")
    picture = fill_in(shown(drawn[0, :3]), there)
    size = KSameNet.size or 0
    whole = cv2.resize(picture, (size, size), interpolation=cv2.INTER_CUBIC)
    return np.clip(np.round(whole), 0, 255).astype(np.uint8)


def _embedding(patch: Patch) -> Floats:
    size = len(patch.pixels)
    five = TEMPLATE * size if patch.points is None else patch.points
    (x, y), reach = five.mean(axis=0), _REACH * size
    seen = look(Region("face", Box(x - reach, y - reach, x + reach, y + reach), 1.0, five), patch.pixels)
    return np.zeros(bank().embeddings.shape[1], np.float32) if seen is None else seen.embedding
