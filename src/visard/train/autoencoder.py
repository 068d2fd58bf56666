"""The autoencoder's recipe: aligned faces, told again from a few numbers (Nousi et al. 2020; METHODS 2.4, stage 1).

Losses: squares of the picture, most of them in the head, and MobileNetV2's features, without which faces come back
softer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from visard.models.store import absent
from visard.nets.autoencoder import CODE, WIDTHS, Autoencoder
from visard.nets.features import MobileNetV2, differ
from visard.shape.landmarks import five_points
from visard.shape.mesh import shape_file
from visard.shape.similarity import fit
from visard.shape.square import TEMPLATE, see
from visard.train.album import WIDE, Album
from visard.train.checkpoint import Progress
from visard.train.faces import Told
from visard.train.gathering import gather
from visard.train.loop import Tick
from visard.train.loop import train as learn
from visard.train.studio import Studio, numbers
from visard.train.views import planes

Floats = NDArray[np.float32]

NAME = "autoencoder"

_MIDDLE, _HEAD = (0.5, 0.5), (0.42, 0.34)
"""Where a head lies in an aligned square, and half its height and width, hair included, in sides."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Every number that decides the outcome; loosely: how far faces are turned (radians), scaled and shifted (shares of
    the side) at random, one deviation; beyond: weight of what lies around the head, which is 1."""

    seed: int = 0
    widths: tuple[int, ...] = WIDTHS
    code: int = CODE
    rate: float = 5e-4
    average: float = 0.998
    steepest: float = 1.0
    loosely: float = 0.02
    beyond: float = 0.1
    picture: float = 1.0
    look: float = 0.02


class Face(NamedTuple):
    """picture (3, S, S), -1 to 1. In a batch, a tensor."""

    picture: Any


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """Endless faces of an album, aligned as methods see them, the n-th a function of n alone."""

    album: Album
    how: Recipe

    def __len__(self) -> int:
        return 2**40

    def __getitem__(self, n: int) -> Face:
        """Return the n-th face: a little turned, scaled and shifted, half of them mirrored, and some lighter."""
        rng = np.random.default_rng((self.how.seed, n))
        loose = rng.normal(0, self.how.loosely, 4)
        face = aligned(self.album, int(rng.choice(self.album.rows)), side(self.how), rng.random() < 0.5, loose)
        return Face(planes(face * (rng.uniform(0.8, 1.15) * rng.uniform(0.95, 1.05, 3)).astype(np.float32)))


class Lesson(Studio):
    """The lesson."""

    name = NAME

    def __init__(self, album: Album, recipe: Recipe | None = None, batch: int | None = None) -> None:
        how = recipe or Recipe()
        super().__init__(how, Faces(album, how), batch or 16, on_gpu=256)
        self._looks = not absent(["mobilenetv2"])
        self.enlist(generator(how))

    @property
    def recipe(self) -> Mapping[str, Any]:
        """The recipe's numbers as JSON knows them, and whether MobileNetV2 was there to look."""
        return numbers(self.how) | {"mobilenetv2": self._looks}

    def teach(self, batch: Face, step: int) -> dict[str, Any]:
        """Teach both halves."""
        with self.fast():
            drawn = self.net("generator")(batch.picture)
            weight = _within(drawn.shape[-1], self.how.beyond).to(drawn.device)
            losses = {"picture": ((drawn.float() - batch.picture).square() * weight).mean()}
            if self._looks:
                # Where little is to be told, nothing is looked at.
                seen = batch.picture * weight, drawn * weight
                losses["look"] = differ(*(self._mobilenet(v) for v in seen))
        self.descend("generator", losses, weigh=True)
        return losses

    @cached_property
    def _mobilenet(self) -> Any:
        return MobileNetV2().to(self.device)

    def show(self, batch: Face) -> list[Tensor]:
        """Return faces, and faces told again."""
        return [batch.picture, self.net("average")(batch.picture)]


def aligned(
    album: Album, row: int, size: int, mirror: bool = False, loose: NDArray[np.float64] | None = None
) -> Floats:
    """Return (size, size, 3), 0 to 255, a face of the album as `shape.square` aligns it, or its mirror image.

    loose: turn in radians, scale, and shift (2,) in sides that it is out by.
    """
    square, vertices = np.asarray(album.squares[row])[..., :3], np.asarray(album.vertices[row])
    if mirror:
        square = np.ascontiguousarray(square[:, ::-1])
        vertices = vertices[shape_file()["mirror"]] * (-1, 1, 1) + np.array((WIDE, 0, 0))
    turn, scale, *shift = np.zeros(4) if loose is None else loose
    target = (TEMPLATE - 0.5) * (1 + scale) @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    matrix = fit(five_points(vertices), (target + 0.5 + np.array(shift)) * size)
    return see(square, matrix, size, size, cv2.BORDER_REPLICATE).astype(np.float32)


def codes(album: Album, net: Autoencoder, how: Any) -> Floats:
    """Return (2 N, code) the codes of an album's faces, and of their mirror images."""
    told = []
    with torch.inference_mode():
        for mirror in (False, True):
            for some in np.array_split(album.rows, max(1, len(album.rows) // 64)):
                faces = np.stack([planes(aligned(album, int(row), side(how), mirror)) for row in some])
                told.append(net.encoder(torch.from_numpy(faces)).numpy())
    return np.concatenate(told)


@cache
def _within(size: int, beyond: float) -> Tensor:
    """Return (S, S) what every pixel weighs: 1 in a head, less around it."""
    y, x = (np.mgrid[:size, :size] + 0.5) / size - np.array(_MIDDLE)[:, None, None]
    inside = np.clip((1 - np.hypot(y / _HEAD[0], x / _HEAD[1])) * 4 + 0.5, 0, 1)
    return torch.from_numpy((beyond + (1 - beyond) * inside).astype(np.float32))


def generator(how: Any) -> Autoencoder:
    """Return the network of a recipe, untaught."""
    return Autoencoder(how.widths, how.code)


def side(how: Any) -> int:
    """Return the side of the square in pixels."""
    return 8 << (len(how.widths) - 1)


def train(
    data: Path, out: Path, minutes: float, resume: bool = False, apart: Path | None = None,
    told: Told = lambda stage, done, total: None, tick: Tick = lambda line: None,
) -> Progress:  # fmt: skip
    """Teach the autoencoder for some minutes, in a folder. Raises as `gather` and `loop.train` do."""
    return learn(Lesson(gather(data, out, apart, told)), out, minutes, resume, told=tick)
