"""People to train with who are nobody: the shipped donors, drawn from a little to the side, before a plain wall."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from visard.methods.donors import bank
from visard.shape.landmarks import Vertices, five_points
from visard.shape.mesh import canonical, sample
from visard.types import Pixels, Points

_SIDE, _EYES = 256, 64


def portrait(donor: int, yaw: float = 0.0, smile: float = 0.0) -> Pixels:
    """Return a picture (256, 256, 3) of a donor; yaw in radians, smile in distances of the eyes."""
    texel = canonical().project(_vertices(donor, yaw, smile), _SIDE, _SIDE)
    picture = np.full((_SIDE, _SIDE, 3), 110, np.uint8)
    cv2.ellipse(picture, (128, 112), (84, 110), 0, 0, 360, (50, 40, 30), -1)
    seen = texel[..., 0] >= 0
    picture[seen] = sample(bank().texture(donor), texel)[seen]
    return picture


def points(donor: int, yaw: float = 0.0, smile: float = 0.0) -> Points:
    """Return (5, 2) eyes, nose and corners of the mouth in that picture."""
    return five_points(_vertices(donor, yaw, smile))


def _vertices(donor: int, yaw: float, smile: float) -> Vertices:
    shape = canonical().shape + bank().build(bank().shapes[donor])
    shape[[61, 291], :2] += np.array([(-smile, -smile), (smile, -smile)], np.float32)
    turn = np.asarray(cv2.Rodrigues(np.array([0.0, yaw, 0.0]))[0])
    return np.asarray(shape @ turn.T * _EYES + (_SIDE / 2, _SIDE / 2, 0), np.float32)


@cache
def strangers() -> NDArray[np.intp]:
    """Return donors who are strangers to each other: dlib's embeddings 0.5 or more apart."""
    chosen = [0]
    for i, embedding in enumerate(bank().embeddings):
        if np.linalg.norm(bank().embeddings[chosen] - embedding, axis=1).min() > 0.5:
            chosen.append(i)
    return np.array(chosen)


def album(folder: Path, people: int) -> Path:
    """Write a folder of photos, one of each stranger, men of thirty first, and return it."""
    sex, age = bank().attributes[strangers(), :2].T
    for who in strangers()[np.argsort(np.abs(age - 3) - 9 * sex, kind="stable")][:people]:
        Image.fromarray(portrait(int(who))).save(folder / f"{who}.png")
    return folder
