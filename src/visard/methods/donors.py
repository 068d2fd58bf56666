"""The bank: faces of nobody, each the average of at least eight people, and how one is chosen for somebody."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import cv2
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load

from visard.errors import ModelError
from visard.shape.identity import Embedding
from visard.shape.mesh import canonical
from visard.shape.texture import skin_tone
from visard.types import Pixels

Floats = NDArray[np.float32]

FORMAT = 1
"""Version of the bank's file."""

_SMALL = 28
"""Side in texels of the reduced texture from which attributes are read."""

_ENOUGH = 60
"""Donors of which one is drawn, at least; where fewer resemble the person, the nearest are taken."""

_SEX = 0.6
"""Difference of sex, 0 female to 1 male, from which on one would be taken for the other."""

_BANDS = ((1.2, 0.0, 1.8), (2.3, 1.0, 2.6), (5.5, 1.6, 6.0), (13.0, 4.5, 12.0))
"""Children, youths, adults and the old: up to which age in tens of years, and the ages of their donors. Finer bands let
people be known by their age: with 15 years to either side a recogniser ranked 1.8 times as many of 60 people first."""

_TONE = 35.0
"""Distance in Lab, lightness counted 0.6, up to which light makes up for a donor's other skin tone."""

TRAITS = ("age", "sex", "skin")
"""In what a donor may resemble the person."""


@dataclass(frozen=True, eq=False)
class Bank:
    """N donors. attributes: (N, 7): sex (1 male), age in tens of years, five likelihoods of UTKFace's groups.

    shapes: (N, 60) identity in the shape basis; tones: (N, 3) Lab; embeddings: (N, 128), dlib's, of the donor's
    frontal face.
    """

    attributes: Floats
    shapes: Floats
    tones: Floats
    embeddings: Floats
    _blob: NDArray[np.uint8]
    _starts: NDArray[np.int64]
    _reader: tuple[Floats, Floats, Floats]
    _wiener: Floats

    def __len__(self) -> int:
        return len(self.attributes)

    def texture(self, donor: int) -> Pixels:
        """Return the (256, 256, 3) texture of a donor."""
        coded = self._blob[self._starts[donor] : self._starts[donor + 1]]
        return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR_RGB), np.uint8)

    def read(self, texture: Pixels, embedding: Embedding | None) -> Floats:
        """Return the attributes of a face from its (256, 256, 3) texture and embedding."""
        look = reduced(texture)
        weight, mean, base = self._reader
        seen = mean.copy()
        seen[: len(look)] = look
        if embedding is not None:
            seen[len(look) :] = embedding
        return np.asarray((seen - mean) @ weight + base, np.float32)

    def identity(self, shape: Floats) -> Floats:
        """Return (60,): how a canonical (468, 3) shape differs from the mean, without what expressions change.

        The Wiener estimate from the covariances between and within people.
        """
        face = canonical()
        return np.asarray(self._wiener @ (face.basis @ (shape - face.shape - face.offset).ravel()), np.float32)

    def build(self, identity: Floats) -> Floats:
        """Return the (468, 3) difference from the mean shape of an identity in the basis."""
        return np.asarray((identity @ canonical().basis).reshape(-1, 3), np.float32)

    def fitting(
        self, texture: Pixels, embedding: Embedding | None, similar: frozenset[str], rng: np.random.Generator
    ) -> NDArray[np.intp]:
        """Return the donors that resemble a face in the traits of `similar`, in an order that the generator draws.

        Coarsely on purpose: the nearer a donor is to the person, the more it tells who that was.
        """
        sex, age = self.read(texture, embedding)[:2].clip(0, (1, 12)).tolist()
        low, high = next((low, high) for end, low, high in _BANDS if age < end)
        ages = self.attributes[:, 1]
        other_sex = np.abs(self.attributes[:, 0] - sex) / _SEX
        other_age = 1 + np.maximum(low - ages, ages - high)
        away = (self.tones - skin_tone(texture)) * np.array([0.6, 1.0, 1.0], np.float32)
        other_skin = np.linalg.norm(away, axis=1) / _TONE
        apart = {"sex": other_sex, "age": other_age, "skin": other_skin}
        # Up to 1 a donor resembles the person; how well, nobody asks.
        beyond = np.sum([np.maximum(1, apart[trait]) ** 2 for trait in similar], axis=0) + np.zeros(len(self))
        count = max(_ENOUGH, int(np.count_nonzero(beyond <= len(similar) + 1e-6)))
        return np.asarray(rng.permutation(np.argsort(beyond, kind="stable")[:count]))


@cache
def _grid() -> NDArray[np.bool_]:
    inside = cv2.resize(canonical().inside.astype(np.float32), (_SMALL, _SMALL), interpolation=cv2.INTER_AREA)
    return np.asarray(inside > 0.9)


def reduced(texture: Pixels) -> Floats:
    """Return the reduced texture of a face as a vector with mean 0 and deviation 1."""
    small = cv2.resize(texture, (_SMALL, _SMALL), interpolation=cv2.INTER_AREA)[_grid()].ravel().astype(np.float32)
    return np.asarray((small - small.mean()) / (small.std() + 8), np.float32)


@cache
def bank() -> Bank:
    """Return the bank that visard ships; raises ModelError where it is absent or of another version."""
    folder = files("visard.models").joinpath("weights")
    try:
        tensors = load(folder.joinpath("donors.safetensors").read_bytes())
        shape = load(folder.joinpath("face_shape.safetensors").read_bytes())
    except FileNotFoundError:
        raise ModelError("the donor bank is missing", hint="install visard again, or choose --method fill") from None
    if int(tensors["format"][0]) != FORMAT:
        raise ModelError("the donor bank is of another version", hint="install visard again, or train it anew")
    wide = {name: tensors[name].astype(np.float32) for name in ("attributes", "shapes", "tones", "embeddings")}
    return Bank(
        **wide,
        _blob=tensors["textures"],
        _starts=tensors["starts"],
        _reader=(tensors["reader"].astype(np.float32), tensors["reader_mean"], tensors["reader_base"]),
        _wiener=shape["wiener"],
    )
