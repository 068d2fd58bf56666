"""The bank: faces of nobody, each the average of at least eight people, and how one is chosen for somebody."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load

from visard.errors import ModelError, UsageError, suggest
from visard.shape.identity import Embedding
from visard.shape.landmarks import Vertices
from visard.shape.mesh import TEXTURE, canonical, sample, shape_file
from visard.shape.texture import covered, relief
from visard.types import Pixels

Floats = NDArray[np.float32]

FORMAT = 2
"""Version of the bank's file."""

_SHIPPED = files("visard.models").joinpath("weights", "donors.safetensors")

_SMALL = 28
"""Side in texels of the reduced texture from which attributes are read."""

_ENOUGH = 32
"""Donors of which one is drawn, at least; where fewer resemble the person, the nearest are taken."""

_SEX = 0.2
"""Difference of sex, 0 female to 1 male, up to which donors come into question. Where these are few, those of another
age or tone do before those of the other sex: of black and of Asian men there are some ninety."""

_BANDS = ((0.5, 0.0, 0.9), (1.2, 0.4, 1.5), (1.8, 1.0, 2.1), (2.6, 1.6, 3.4), (5.5, 2.0, 6.0), (13.0, 4.5, 12.0))
"""Infants, children, youths, the young, adults and the old: up to which age in tens of years, and the ages of their
donors. Finer bands let people be known by their age: with 15 years to either side a recogniser ranked 1.8 times as many
of 60 people first."""

_USUAL = (2, 98)
"""Percentiles of the donors' tones between which somebody's is sought."""

_TONE, _OFF = 12.0, 20.0
"""Distance in Lab, lightness counted 0.6, up to which light makes up for a donor's other skin tone, with 20 some donors
came out blotchy; and how far beyond it one is as unlike as ten years beyond an age."""

_LOOKS, _LIKELY = ((0, 3, 4), (1,), (2,)), 0.15
"""UTKFace's groups (white, black, Asian, Indian, others), of which three are told apart: between them a change is
conspicuous. And by how much less likely than the likeliest one may be whose donors come into question as well."""

_SOME = 32
"""Donors that tell what faces are usually like."""

_PER_DONOR = ("attributes", "shapes", "tones", "embeddings", "crooked", "lips")
"""Tensors of a bank's file with a row for each donor."""

_SIDE, _EYES = 256, 64
"""Side of a donor's frontal view, and the distance of its outer eye corners there, in pixels."""

TRAITS = ("age", "sex", "skin")
"""In what a donor may resemble the person."""


def chosen_traits(similar: str) -> frozenset[str]:
    """Return the traits that a setting names, by commas; raises UsageError for an unknown one."""
    traits = frozenset(filter(None, (trait.strip() for trait in str(similar).split(","))))
    for trait in sorted(traits - set(TRAITS)):
        raise UsageError(f"unknown trait {trait!r} in similar", hint=suggest(trait, TRAITS))
    return traits


@dataclass(frozen=True, slots=True, eq=False)
class Reader:
    """What a face tells at a glance, linearly: weight (L + 128, 7), mean (L + 128,) of what is seen, base (7,).

    L: values of a `reduced` texture; 128: dlib's embedding; 7: sex, age and groups as in `Bank.attributes`.
    """

    weight: Floats
    mean: Floats
    base: Floats

    def __call__(self, texture: Pixels, embedding: Embedding | None) -> Floats:
        """Return (7,) the attributes of a face from its (256, 256, 3) texture and embedding.

        What dark glasses hide is read as what most people have there.
        """
        look = reduced(texture)
        behind = np.repeat(
            cv2.resize(covered(texture), (_SMALL, _SMALL), interpolation=cv2.INTER_AREA)[_grid()] > 0.5, 3
        )
        if behind.any():
            usual = self.mean[: len(look)]
            slope, offset = np.polyfit(usual[~behind], look[~behind], 1)
            look = np.where(behind, slope * usual + offset, look)
            look = (look - look.mean()) / look.std()
        seen = self.mean.copy()
        seen[: len(look)] = look
        if embedding is not None:
            seen[len(look) :] = embedding
        return np.asarray((seen - self.mean) @ self.weight + self.base, np.float32)


@dataclass(frozen=True, eq=False)
class Bank:
    """N donors. attributes: (N, 7): sex (1 male), age in tens of years, five likelihoods of UTKFace's groups.

    shapes: (N, 60) identity in the shape basis; tones: (N, 3) Lab; embeddings: (N, 128), dlib's, of the donor's
    frontal face; crooked, lips: (N,) `lopsidedness` and `upper_lip` of the textures.
    """

    attributes: Floats
    shapes: Floats
    tones: Floats
    embeddings: Floats
    crooked: Floats
    lips: Floats
    reader: Reader
    _blob: NDArray[np.uint8]
    _starts: NDArray[np.int64]
    _wiener: Floats

    def __len__(self) -> int:
        return len(self.attributes)

    @cached_property
    def sha256(self) -> str:
        """What networks know the bank by that were taught its donors by number."""
        return hashlib.sha256(self.embeddings.tobytes()).hexdigest()

    @cached_property
    def relief(self) -> Floats:
        """How much lighter each place of a face usually is than its surroundings, on the grid of `light`."""
        some = range(0, len(self), max(1, len(self) // _SOME))
        return np.asarray(np.mean([relief(self.texture(donor).astype(np.float32)) for donor in some], axis=0))

    @cached_property
    def _looks(self) -> NDArray[np.intp]:
        return np.asarray(_likely(self.attributes).argmax(axis=-1), np.intp)

    @cached_property
    def _usual(self) -> Floats:
        return np.asarray(np.percentile(self.tones, _USUAL, axis=0), np.float32)

    def texture(self, donor: int) -> Pixels:
        """Return the (256, 256, 3) texture of a donor; raises ModelError for one that is no such picture."""
        coded = self._blob[self._starts[donor] : self._starts[donor + 1]]
        texture = cv2.imdecode(coded, cv2.IMREAD_COLOR_RGB)
        if texture is None or texture.shape != (TEXTURE, TEXTURE, 3):
            raise ModelError(f"the texture of donor {donor} is broken", hint="train the bank anew")
        return np.asarray(texture, np.uint8)

    def identity(self, shape: Floats) -> Floats:
        """Return (60,): how a canonical (468, 3) shape differs from the mean, without what expressions change.

        The Wiener estimate from the covariances between and within people.
        """
        face = canonical()
        return np.asarray(self._wiener @ (face.basis @ (shape - face.shape - face.offset).ravel()), np.float32)

    def build(self, identity: Floats) -> Floats:
        """Return the (468, 3) difference from the mean shape of an identity in the basis."""
        return np.asarray((identity @ canonical().basis).reshape(-1, 3), np.float32)

    def suited(
        self, attributes: Floats, tone: Floats, similar: frozenset[str], rng: np.random.Generator,
        unlike: Floats | float = 0.0,
    ) -> NDArray[np.intp]:  # fmt: skip
        """Return the donors like somebody in the traits of `similar`, in an order that the generator draws.

        attributes: (7,) as the bank's; tone: (3,) Lab; unlike: (N,) how little each will do for other reasons, well up
        to 1, and from there on like a trait. Coarsely on purpose: the nearer a donor is to the person, the more it
        tells who that was.
        """
        sex, age = attributes[:2].clip(0, (1, 12)).tolist()
        low, high = next((low, high) for end, low, high in _BANDS if age < end)
        ages = self.attributes[:, 1]
        other_sex = np.abs(self.attributes[:, 0] - sex) / _SEX
        other_age = 1 + np.maximum(low - ages, ages - high)
        # Who stands in the dark is darker than any donor: that shall not outweigh sex and age.
        usual = np.clip(tone, *self._usual)
        away = (self.tones - usual) * np.array([0.6, 1.0, 1.0], np.float32)
        other_skin = 1 + (np.linalg.norm(away, axis=1) - _TONE) / _OFF
        # Without this the least alike are of other groups, and a family of one becomes five people of all.
        likely = _likely(attributes)
        other_look = (likely.max() - likely[self._looks]) / _LIKELY
        apart = {"sex": [other_sex], "age": [other_age], "skin": [other_skin, other_look]}
        asked = [unlike + np.zeros(len(self)), *(each for trait in sorted(similar) for each in apart[trait])]
        # Up to 1 a donor resembles the person; how well, nobody asks.
        beyond = np.sum([np.maximum(1, each) ** 2 for each in asked], axis=0)
        count = max(_ENOUGH, int(np.count_nonzero(beyond <= len(asked) + 1e-6)))
        return np.asarray(rng.permutation(np.argsort(beyond, kind="stable")[:count]))


def _likely(attributes: Floats) -> Floats:
    """Return (..., 3) how likely somebody with attributes (..., 7) looks like one of each of `_LOOKS`."""
    return np.stack([attributes[..., 2:][..., groups].max(axis=-1) for groups in map(list, _LOOKS)], axis=-1)


@cache
def _grid() -> NDArray[np.bool_]:
    inside = cv2.resize(canonical().inside.astype(np.float32), (_SMALL, _SMALL), interpolation=cv2.INTER_AREA)
    return np.asarray(inside > 0.9)


def reduced(texture: Pixels) -> Floats:
    """Return the reduced texture of a face as a vector with mean 0 and deviation 1."""
    small = cv2.resize(texture, (_SMALL, _SMALL), interpolation=cv2.INTER_AREA)[_grid()].ravel().astype(np.float32)
    return np.asarray((small - small.mean()) / (small.std() + 8), np.float32)


def frontal(texture: Pixels, change: Floats) -> tuple[Pixels, Vertices]:
    """Return a donor seen from the front, (256, 256, 3), and its points there; change: as `Bank.build` gives it."""
    vertices = np.asarray((canonical().shape + change) * _EYES + (_SIDE / 2, _SIDE / 2, 0), np.float32)
    return sample(texture, canonical().project(vertices, _SIDE, _SIDE)), vertices


def check_bank(path: str) -> None:
    """Raise as `bank` does, and UsageError for what is no path: a wrong one is told before anything is begun."""
    if not isinstance(path, str):
        raise UsageError(f"bank is {path!r}", hint="give a file's path in quotes")
    bank(path)


def bank(path: str = "") -> Bank:
    """Return the bank that visard ships, or the one in a file that `visard train donors` made.

    Raises ModelError where it is absent, no bank, or of another version; UsageError where that is true of the path.
    """
    return _opened(path)


@cache
def _opened(path: str) -> Bank:
    failure, name = (UsageError, f"bank '{path}'") if path else (ModelError, "the donor bank")
    remedy = "give a donors.safetensors of `visard train donors`" if path else "install visard again"
    try:
        tensors = load((Path(path) if path else _SHIPPED).read_bytes())
        _check(tensors)
    except OSError as error:
        raise failure(f"{name} is missing: {error.strerror}", hint=remedy) from error
    except (SafetensorError, KeyError, ValueError) as error:
        raise failure(f"{name} is no bank of donors: {error}", hint=remedy) from error
    wide = {name: tensors[name].astype(np.float32) for name in _PER_DONOR}
    reader = Reader(tensors["reader"].astype(np.float32), tensors["reader_mean"], tensors["reader_base"])
    return Bank(
        **wide, reader=reader, _blob=tensors["textures"], _starts=tensors["starts"], _wiener=shape_file()["wiener"]
    )


def _check(tensors: Mapping[str, NDArray[Any]]) -> None:
    """Raise ValueError or KeyError for tensors that are no bank's, or another version's."""
    if tensors["format"].tolist() != [FORMAT]:
        raise ValueError("it is of another version")
    starts, seen = tensors["starts"], 3 * int(np.count_nonzero(_grid())) + 128
    donors = starts.size - 1
    expected = {
        "attributes": (donors, 7), "shapes": (donors, len(canonical().basis)), "tones": (donors, 3),
        "embeddings": (donors, 128), "crooked": (donors,), "lips": (donors,),
        "reader": (seen, 7), "reader_mean": (seen,), "reader_base": (7,),
    }  # fmt: skip
    for name, shape in expected.items():
        if tensors[name].shape != shape or not np.isfinite(tensors[name]).all():
            raise ValueError(f"{name} is not what it should be")
    ordered = starts.dtype == np.int64 and starts.ndim == 1 and donors >= 1
    ordered = ordered and starts[0] == 0 and bool((np.diff(starts) > 0).all())
    if not ordered or tensors["textures"].dtype != np.uint8 or tensors["textures"].shape != (starts[-1],):
        raise ValueError("textures are not what they should be")
