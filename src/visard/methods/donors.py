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

_GROUPS = slice(2, 7)
_FIT = 60
"""How many of the donors that resemble the person in sex, age and tone are considered."""


@dataclass(frozen=True, eq=False)
class Bank:
    """N donors. attributes: (N, 7): sex (1 male), age in tens of years, five likelihoods of UTKFace's groups.

    shapes: (N, 60) identity in the shape basis; tones: (N, 3) Lab; looks: (N, D) reduced textures;
    embeddings: (N, 128), dlib's, of the donor's frontal face.
    """

    attributes: Floats
    shapes: Floats
    tones: Floats
    looks: Floats
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

    def read(self, texture: Pixels, embedding: Embedding | None) -> tuple[Floats, Floats]:
        """Return the attributes of a face, and its reduced look, from its (256, 256, 3) texture and embedding."""
        look = reduced(texture)
        weight, mean, base = self._reader
        seen = mean.copy()
        seen[: len(look)] = look
        if embedding is not None:
            seen[len(look) :] = embedding
        return np.asarray((seen - mean) @ weight + base, np.float32), look

    def identity(self, shape: Floats) -> Floats:
        """Return (60,): how a canonical (468, 3) shape differs from the mean, without what expressions change.

        The Wiener estimate from the covariances between and within people.
        """
        face = canonical()
        return np.asarray(self._wiener @ (face.basis @ (shape - face.shape - face.offset).ravel()), np.float32)

    def build(self, identity: Floats) -> Floats:
        """Return the (468, 3) difference from the mean shape of an identity in the basis."""
        return np.asarray((identity @ canonical().basis).reshape(-1, 3), np.float32)

    def fitting(self, texture: Pixels, embedding: Embedding | None, rng: np.random.Generator) -> NDArray[np.intp]:
        """Return the donors that fit a face's sex, age, tone and beard best, in an order that the generator draws."""
        attributes, look = self.read(texture, embedding)
        away = self.attributes - np.clip(attributes, 0, (1, 12, 1, 1, 1, 1, 1))
        tone = (self.tones - skin_tone(texture)) * np.array([0.6, 1.0, 1.0], np.float32)
        mismatch = 8.0 * away[:, 0] ** 2 + 0.5 * away[:, 1] ** 2 + 4.0 * (away[:, _GROUPS] ** 2).sum(axis=1)
        mismatch += (tone**2).sum(axis=1) / 20.0**2
        mismatch += 0.8 * ((self.looks - look) ** 2).mean(axis=1)
        return np.asarray(rng.permutation(np.argsort(mismatch, kind="stable")[:_FIT]))


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
    wide = {name: tensors[name].astype(np.float32) for name in ("attributes", "shapes", "tones", "embeddings", "looks")}
    return Bank(
        **wide,
        _blob=tensors["textures"],
        _starts=tensors["starts"],
        _reader=(tensors["reader"].astype(np.float32), tensors["reader_mean"], tensors["reader_base"]),
        _wiener=shape["wiener"],
    )
