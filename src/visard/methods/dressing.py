"""What a donor brings to a face: its texture with eyes, the light on it, and its shape in the face's own pose."""

from __future__ import annotations

from functools import cache, lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.methods.donors import Bank
from visard.methods.features import with_irises
from visard.shape.expression import expressions, state
from visard.shape.landmarks import Vertices
from visard.shape.mesh import TEXTURE, Pose, canonical, sample
from visard.shape.texture import inside, light, plain, rim, spread
from visard.types import Mask, Pixels

Floats = NDArray[np.float32]

SHAPE = 1.25
"""How much of the donor's shape, rather than the person's, a face has at full strength."""

_BROWS, _ROOM, _RIM = (105, 334, 66, 296), 8.0, 30.0
"""Vertices on top of the brows, texels above them where the forehead begins, and those at the outline with hair."""

_SIDEWAYS, _MIDDLE = 30.0, 12.0
"""Degrees of yaw from which on nothing is read from a face's far side (a profile's mesh shows some forty), and the
steepness of the change along its middle."""

_LOCK, _COMBED = 8.0, 0.75
"""Sigma in texels beyond a lock's width, and how much of what is finer goes."""


@lru_cache(maxsize=32)
def dress(donors: Bank, donor: int) -> tuple[Floats, Floats]:
    """Return a donor's texture (256, 256, 3) with all that a face needs, and the light on it."""
    texture = _combed(with_irises(donors.texture(donor)).astype(np.float32))
    return texture, light(texture, inside())


def _combed(texture: Floats) -> Floats:
    """Return a donor's texture without what hair leaves of fringes on an average forehead and of locks at its sides."""
    skin = np.asarray(plain() * inside(), np.float32)
    smooth = spread(texture, skin, _LOCK)
    return np.asarray(texture - _hairline()[..., None] * (texture - smooth), np.float32)


@cache
def _hairline() -> Mask:
    """Return how far each texel's fine detail goes: on the forehead, and near the outline."""
    y = np.arange(TEXTURE, dtype=np.float32)[:, None]
    above = np.clip((float(canonical().uv[list(_BROWS), 1].min()) - _ROOM - y) / _ROOM, 0, 1)
    beside = np.clip((_RIM - rim()) / (_RIM / 2), 0, 1)
    soft = cv2.GaussianBlur(_COMBED * np.maximum(above, beside) * plain(), (0, 0), 2)
    return np.asarray(soft * inside(), np.float32)


def halved(texture: Floats) -> Floats:
    """Return a texture at half its side, for small drawings, which would alias the whole one."""
    return np.asarray(cv2.resize(texture, (TEXTURE // 2, TEXTURE // 2), interpolation=cv2.INTER_AREA), np.float32)


def reshape(donors: Bank, vertices: Vertices, pose: Pose, donor: int, strength: float) -> Vertices:
    """Return (468, 3) the face's vertices with the donor's shape instead of the person's, as much as the strength.

    The mouth opens and smiles, and the eyes narrow, as before: what looks like somebody's own there is more often the
    moment's.
    """
    shape = pose.lift(vertices)
    change = donors.build(SHAPE * strength * (donors.shapes[donor] - donors.identity(shape)))
    change = expressions().keep_expression(change)
    # The outline stays: what lies behind it is not ours to redraw.
    fade = np.clip(sample(rim(), canonical().uv[:, None]) / 45.0, 0, 1)
    return pose.place(shape + change * fade * fade * (3 - 2 * fade))


def creased(donors: Bank, texture: Floats, vertices: Vertices, pose: Pose) -> Floats:
    """Return a donor's (256, 256, 3) texture with the creases that the person's expression makes."""
    shape = pose.lift(vertices)
    crease = expressions().crease(state(shape - donors.build(donors.identity(shape))))
    return np.asarray(cv2.multiply(texture, cv2.merge([crease] * 3)), np.float32)


def both_sides(texture: Pixels, yaw: float) -> Pixels:
    """Return a texture (256, 256, 3) from which a face is read: its far side shows the mirror image of the near one.

    There a mesh holds background, hair, or somebody else's skin.
    """
    turned = np.sin(np.radians(yaw)) / np.sin(np.radians(_SIDEWAYS))
    half = slice(TEXTURE // 2, None) if turned > 0 else slice(TEXTURE // 2)
    far = np.clip(_MIDDLE * np.linspace(-1, 1, TEXTURE, dtype=np.float32)[half] * np.sign(turned), 0, 1)
    mirrored = (min(1.0, abs(turned)) * far)[None, :, None]
    own, other = (side[:, half].astype(np.float32) for side in (texture, texture[:, ::-1]))
    whole = texture.copy()
    whole[:, half] = np.round(own + mirrored * (other - own))
    return whole


def faced(pose: Pose) -> Mask:
    """Return how squarely each texel faces the camera: the far side of a turned head shows background."""
    across = np.linspace(-1, 1, TEXTURE, dtype=np.float32)[None, :]
    hidden = np.maximum(0, across * np.float32(np.sin(np.radians(pose.angles[0])) * 2.2))
    return np.asarray(np.clip(1 - 1.2 * hidden, 0.05, 1) * inside(), np.float32)
