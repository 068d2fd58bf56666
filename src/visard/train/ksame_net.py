"""k-Same-Net's recipe: to draw donors by number, turned, nodding and smiling (METHODS 3). It needs no photo of anybody.

Losses: squares of the picture, most of them in the face, and of where the face is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from visard.methods.donors import bank
from visard.methods.dressing import dress, halved
from visard.methods.scene import draw, fill_in, moved, stage
from visard.nets.ksame_net import WIDTHS, Generator
from visard.shape.landmarks import five_points
from visard.shape.mesh import canonical
from visard.shape.similarity import fit
from visard.shape.square import TEMPLATE
from visard.train.checkpoint import Progress
from visard.train.loop import Tick
from visard.train.loop import train as learn
from visard.train.studio import Studio
from visard.train.views import planes

Floats = NDArray[np.float32]

NAME = "ksame-net"

_TURN, _NOD, _SMILE = 20.0, 12.0, 0.05
"""Degrees, and distances of the eyes, that a manner of 1 stands for."""

_CORNERS, _REACH = (61, 291), 0.09
"""Vertices at the corners of the mouth, and how far around them a smile pulls, in distances of the eyes."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Every number that decides the outcome; weights of losses by their names.

    proxies: donors that are drawn, the bank's first; beyond: weight of what lies around the face, which is 1. steepest:
    near the usual length of gradients, because Adam follows a rare long one 16 times as far: with 5, after 22,700
    pictures a few steps undid the network.
    """

    seed: int = 0
    proxies: int = 256
    widths: tuple[int, ...] = WIDTHS
    rate: float = 5e-4
    average: float = 0.998
    steepest: float = 0.1
    beyond: float = 0.1
    picture: float = 10.0
    place: float = 1.0


class Portrait(NamedTuple):
    """who (N,), one-hot; manner (3,); picture (3, S, S), -1 to 1; place (1, S, S), 1 where the face is. In a batch,
    tensors."""

    who: Any
    manner: Any
    picture: Any
    place: Any


@dataclass(frozen=True, slots=True)
class Portraits:
    """Endless drawings of donors, the n-th a function of n alone."""

    how: Recipe

    def __len__(self) -> int:
        return 2**40

    def __getitem__(self, n: int) -> Portrait:
        """Return the n-th drawing."""
        rng = np.random.default_rng((self.how.seed, n))
        donor = int(rng.integers(listed(self.how)))
        manner = rng.uniform(-1, 1, 3).astype(np.float32)
        picture, place = portrait(donor, manner, side(self.how))
        return Portrait(np.eye(listed(self.how), dtype=np.float32)[donor], manner, picture, place)


class KSameNet(Studio):
    """The lesson."""

    name = NAME

    def __init__(self, recipe: Recipe | None = None, batch: int | None = None) -> None:
        how = recipe or Recipe()
        super().__init__(how, Portraits(how), batch)
        self.enlist(generator(how))

    def teach(self, batch: Portrait, step: int) -> dict[str, Any]:
        """Teach the generator."""
        with self.fast():
            drawn = self.net("generator")(batch.who, batch.manner).float()
        weight = batch.place + self.how.beyond * (1 - batch.place)
        losses = {
            "picture": ((drawn[:, :3] - batch.picture).square() * weight).mean(),
            "place": (torch.sigmoid(drawn[:, 3:]) - batch.place).square().mean(),
        }
        self.descend("generator", losses, weigh=True)
        return losses

    def show(self, batch: Portrait) -> list[Tensor]:
        """Return donor, drawing, where its face is, and the drawing of the mean code of four donors."""
        draw_it = self.net("average")
        drawn = draw_it(batch.who, batch.manner)
        mean = sum(batch.who.roll(n, 0) for n in range(4)) / 4
        place = torch.tanh(drawn[:, 3:] / 2).expand(-1, 3, -1, -1)
        return [batch.picture, drawn[:, :3], place, draw_it(mean, torch.zeros_like(batch.manner))[:, :3]]


def portrait(donor: int, manner: Floats, size: int) -> tuple[Floats, Floats]:
    """Return a donor (3, S, S), -1 to 1, as aligned squares show faces, in its own colours all around, and (1, S, S),
    where the face is."""
    face = canonical()
    shape = face.shape + bank().build(bank().shapes[donor])
    for corner, way in zip(_CORNERS, (-1, 1), strict=True):
        near = np.exp(-0.5 * (np.linalg.norm(shape - shape[corner], axis=1) / _REACH) ** 2)
        shape = shape + near[:, None] * _SMILE * manner[2] * np.array([way, -0.7, 0.0])
    turn = np.asarray(cv2.Rodrigues(np.radians([_NOD * manner[1], _TURN * manner[0], 0.0]))[0])
    vertices = np.asarray(shape @ turn.T, np.float32)
    vertices = moved(vertices, fit(five_points(vertices), TEMPLATE * size))
    staged = stage(vertices, face.fit_pose(vertices), size)
    known = (staged.texel[..., 0] >= 0).astype(np.float32)  # with what a smile opens: the donor's own lips
    staged = replace(staged, drawn=known)
    return planes(fill_in(draw(_texture(donor), staged), known)), known[None]


def generator(how: Recipe) -> Generator:
    """Return the network of a recipe, untaught."""
    return Generator(listed(how), how.widths)


def listed(how: Recipe) -> int:
    """Return how many proxies there are: as many as wanted, if the bank has so many."""
    return min(how.proxies, len(bank()))


def side(how: Recipe) -> int:
    """Return the side of the square in pixels."""
    return 4 << (len(how.widths) - 1)


@lru_cache(maxsize=2048)
def _texture(donor: int) -> Floats:
    return halved(dress(bank(), donor)[0])


def train(
    out: Path, minutes: float, resume: bool = False, settings: Mapping[str, Any] | None = None,
    tick: Tick = lambda line: None,
) -> Progress:  # fmt: skip
    """Teach k-Same-Net for some minutes, in a folder; settings: of the recipe. Raises as `loop.train` does."""
    return learn(KSameNet(Recipe(**(settings or {}))), out, minutes, resume, told=tick)
