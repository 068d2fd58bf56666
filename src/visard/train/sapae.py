"""The attribute-preserving autoencoder's recipe: its decoder stays, its encoder learns to take people for others who
are like them in what shall be kept (Nousi et al. 2020; METHODS 2.4, stage 2).

A sheet is seed 002's figure: faces, as the standard autoencoder tells them, and as this one does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from visard.errors import UsageError
from visard.nets.autoencoder import CODE, WIDTHS, Autoencoder
from visard.shape.mesh import mouth_opening
from visard.train import autoencoder
from visard.train.album import Album, load
from visard.train.autoencoder import aligned, codes, generator, side
from visard.train.checkpoint import Progress, read
from visard.train.gathering import ALBUM, share
from visard.train.loop import CHECKPOINT, Tick
from visard.train.loop import train as learn
from visard.train.studio import Studio, numbers
from visard.train.views import planes
from visard.types import Pixels

Floats = NDArray[np.float32]
Rows = NDArray[np.intp]

NAME = "sapae"

_GROWN, _OPEN = 3.5, 0.06
"""Age in tens of years, and height over width of the mouth's opening, that part people in two."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Every number that decides the outcome.

    supervised: whether labels of identity and attributes say who the neighbours are; neighbours: how many, each another
    person; towards: how far codes go to their mean; away: how far from their own person's mean; among: without labels,
    the nearest of whom the furthest are taken.
    """

    seed: int = 0
    widths: tuple[int, ...] = WIDTHS
    code: int = CODE
    supervised: bool = True
    neighbours: int = 8
    towards: float = 1.0
    away: float = 1.0
    among: int = 64
    rate: float = 1e-4
    average: float = 0.995
    steepest: float = 1.0
    loosely: float = 0.02
    shift: float = 1.0


class Move(NamedTuple):
    """picture (3, S, S), -1 to 1; target (code,), where its code shall be. In a batch, tensors."""

    picture: Any
    target: Any


@dataclass(frozen=True, slots=True, eq=False)
class Moves:
    """Endless faces of an album with their targets, the n-th a function of n alone; targets: (2 N, code), of faces and
    of their mirror images."""

    album: Album
    targets: Floats
    how: Recipe

    def __len__(self) -> int:
        return 2**40

    def __getitem__(self, n: int) -> Move:
        """Return the n-th face."""
        rng = np.random.default_rng((self.how.seed, n))
        loose, at, mirror = rng.normal(0, self.how.loosely, 4), int(rng.integers(len(self.album.rows))), rng.integers(2)
        face = aligned(self.album, int(self.album.rows[at]), side(self.how), bool(mirror), loose)
        return Move(planes(face), self.targets[at + mirror * len(self.album.rows)])


class Lesson(Studio):
    """The lesson on an album, with an autoencoder, taught on `begun` faces, whose decoder is not touched."""

    name = NAME

    def __init__(self, album: Album, first: Autoencoder, how: Recipe, batch: int | None = None, begun: int = 0) -> None:
        self._first, self._begun = first.requires_grad_(False).eval(), begun
        known = codes(album, self._first, how)
        people = np.tile(np.asarray(album.people)[album.rows], 2)
        wanted = targets(known, people, np.tile(attributes(album), 2), how)
        self._spread = float(known.var(axis=0).mean())
        super().__init__(how, Moves(album, wanted, how), batch or 16, on_gpu=256)
        made = generator(how)
        made.load_state_dict(self._first.state_dict())
        made.decoder.requires_grad_(False)
        self.enlist(made)
        self._first.to(self.device)

    @property
    def recipe(self) -> Mapping[str, Any]:
        """The recipe's numbers as JSON knows them, and how many faces had taught the autoencoder."""
        return numbers(self.how) | {"begun": self._begun}

    def teach(self, batch: Move, step: int) -> dict[str, Any]:
        """Move the encoder's codes towards their targets, in units of the codes' variance."""
        with self.fast():
            told = self.net("generator").encoder(batch.picture)
        losses = {"shift": (told.float() - batch.target).square().mean() / self._spread}
        self.descend("generator", losses, weigh=True)
        return losses

    def show(self, batch: Move) -> list[Tensor]:
        """Return faces, as the standard autoencoder tells them, and as the average does."""
        return [batch.picture, self._first(batch.picture), self.net("average")(batch.picture)]

    def sheet(self) -> Pixels:
        """Return the seed's figure: three rows, a column for each face."""
        size = side(self.how)
        columns = Studio.sheet(self).reshape(-1, size, 3, size, 3)
        return np.ascontiguousarray(columns.transpose(2, 1, 0, 3, 4).reshape(3 * size, -1, 3))


def attributes(album: Album) -> Rows:
    """Return (N,) what shall be kept of an album's faces, as one number: sex, whether grown up for long, whether the
    mouth is open."""
    sex, age = album.traits[album.rows, 0] > 0.5, album.traits[album.rows, 1] > _GROWN
    mouth = np.array([mouth_opening(np.asarray(album.vertices[row])) > _OPEN for row in album.rows])
    return np.asarray(sex + 2 * age + 4 * mouth, np.intp)


def targets(known: Floats, people: NDArray[np.str_], kept: Rows, how: Recipe) -> Floats:
    """Return (N, code), where the codes (N, code) of people (N,) with attributes (N,) shall go.

    t = (1 - towards) y + towards mean(neighbours of y) + away (y - mean(own person)), the last by labels alone. Raises
    UsageError where somebody has too few neighbours.
    """
    new = np.empty_like(known)
    for i, code in enumerate(known):
        order = np.argsort(np.square(known - code).sum(axis=1), kind="stable")
        if how.supervised:
            order = order[(kept[order] == kept[i]) & (people[order] != people[i])]
            # One photo of each, so that nobody is turned into one other person.
            near = order[np.sort(np.unique(people[order], return_index=True)[1])][: how.neighbours]
        else:
            near = order[1 : how.among + 1][-how.neighbours :]
        if len(near) < how.neighbours:
            raise UsageError(f"somebody has {len(near)} neighbours, not {how.neighbours}", hint="add photos of others")
        new[i] = (1 - how.towards) * code + how.towards * known[near].mean(axis=0)
        if how.supervised and how.away:
            new[i] += how.away * (code - known[people == people[i]].mean(axis=0))
    return new


def train(
    start: Path, out: Path, minutes: float, resume: bool = False, settings: Mapping[str, Any] | None = None,
    tick: Tick = lambda line: None,
) -> Progress:  # fmt: skip
    """Move the encoder of an autoencoder for some minutes, in a folder; start: the folder of its training.

    Raises UsageError where that holds none, or too few people; and as `loop.train` does.
    """
    said, tensors = read(start / CHECKPOINT)
    if said["name"] != autoencoder.NAME:
        raise UsageError(f"is a checkpoint of {said['name']!r}", where=start, hint="give one of 'autoencoder'")
    how = Recipe(widths=tuple(said["recipe"]["widths"]), code=said["recipe"]["code"], **(settings or {}))
    first = generator(how)
    first.load_state_dict({k.removeprefix("average."): v for k, v in tensors.items() if k.startswith("average.")})
    share(start, out)
    lesson = Lesson(load(out / ALBUM), first, how, begun=said["progress"]["images"])
    return learn(lesson, out, minutes, resume, told=tick)
