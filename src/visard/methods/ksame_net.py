"""k-Same-Net: k people become one painted face, mixed of k people who are nobody. Void where a person comes twice.

The original is taught on faces before one backdrop. These have hair and a place around them, which donors lack: there
the group's mean shows, blurred, and the face takes its light from it.
"""

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
from visard.models.eigenfaces import eigenfaces
from visard.models.taught import Taught, taught
from visard.shape.identity import look
from visard.shape.square import TEMPLATE
from visard.types import Box, Mask, Patch, Pixels, Region

Floats = NDArray[np.float32]

_REACH = 0.26
"""How far a face reaches from the middle of its five points, in sides of its aligned square."""

_LIGHT, _GAINS = 0.12, (0.4, 2.0)
"""How coarse the light is that a face takes from around, in sides, and by how much it may change it."""

_RIM = 0.03
"""Width of the soft edge of the face, within it, in sides."""


@dataclass(frozen=True, slots=True)
class KSameNet(KSame):
    """Give each of at least k people a face mixed of k donors (Meden et al. 2018; METHODS 3).

    The people decide which donors, the nearest to their group; of their own pictures only the mean of their eigenface
    coefficients is seen, around the face and as its light. weights: a file that `visard train export` made; empty for
    the one that visard ships.
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
        shared = eigenfaces()
        codes = np.stack([shared.coefficients(_small(patch.pixels, shared.size)) for patch in patches])

        def face(group: Group) -> Pixels:
            drawn, place = generate(net, proxies(who[group].mean(axis=0), self.k, listed(net)))
            return compose(drawn, place, shared.picture(codes[group].mean(axis=0)))

        return who, face


def proxies(who: Floats, k: int, people: int) -> NDArray[np.intp]:
    """Return the k of the bank's first donors that lie nearest to an embedding (128,)."""
    away = np.linalg.norm(bank().embeddings[:people] - who, axis=1)
    return np.sort(np.argsort(away, kind="stable")[:k])


def generate(net: Taught, chosen: NDArray[np.intp]) -> tuple[Floats, Mask]:
    """Return the face (s, s, 3), 0 to 255, of the mean code of some proxies, looking ahead, and (s, s), 1 where it is.

    Raises ModelError where the network draws none.
    """
    code = np.zeros((1, listed(net)), np.float32)
    code[0, chosen] = 1 / len(chosen)
    (drawn,) = net(code, np.zeros((1, 3), np.float32))
    place = (drawn[0, 3] > 0).astype(np.float32)
    if not place.any():
        raise ModelError("the network 'ksame-net' draws no face", hint="teach it anew: `visard train ksame-net`")
    return shown(drawn[0, :3]), place


def compose(drawn: Floats, place: Mask, around: Floats) -> Pixels:
    """Return (128, 128, 3): a drawn face where its place is, in the light of what lies around (s, s, 3), 0 to 1."""
    size = KSameNet.size or 0
    behind = _wide(np.clip(around, 0, 1) * np.float32(255), size)
    face, there = _wide(fill_in(drawn, place), size), _wide(place, size)
    coarse = [cv2.GaussianBlur(values * there[..., None], (0, 0), _LIGHT * size) for values in (behind, face)]
    lit = face * np.clip(coarse[0] / np.maximum(coarse[1], 1.0), *_GAINS)
    soft = _RIM * size
    inside = cv2.erode(there, np.ones((3, 3)), iterations=round(soft), borderValue=0.0)
    share = cv2.GaussianBlur(inside, (0, 0), soft / 2)[..., None]
    return np.clip(np.round(lit * share + behind * (1 - share)), 0, 255).astype(np.uint8)


def _wide(values: Floats, size: int) -> Floats:
    return np.asarray(cv2.resize(values, (size, size), interpolation=cv2.INTER_LINEAR), np.float32)


def _small(pixels: Pixels, size: int) -> Floats:
    small = cv2.resize(pixels, (size, size), interpolation=cv2.INTER_AREA)
    return np.asarray(small / np.float32(255), np.float32)


def _embedding(patch: Patch) -> Floats:
    size = len(patch.pixels)
    five = TEMPLATE * size if patch.points is None else patch.points
    (x, y), reach = five.mean(axis=0), _REACH * size
    seen = look(Region("face", Box(x - reach, y - reach, x + reach, y + reach), 1.0, five), patch.pixels)
    return np.zeros(bank().embeddings.shape[1], np.float32) if seen is None else seen.embedding
