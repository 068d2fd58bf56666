"""The live generator's recipe: near the source in low features, far from the person in the highest (METHODS 6.3).

Losses, on what is painted and on what is mixed: two critics, at the whole side and at half of it; colours and edges;
dlib's features, that attract to the source below and repel from the person on top, farther and farther; a mask that
is small and smooth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from visard.nets.estrange import WIDTHS, Generator, Strokes, mix
from visard.nets.features import DlibResNet, chips
from visard.nets.patchgan import PatchCritic
from visard.train.album import Album
from visard.train.checkpoint import Progress
from visard.train.faces import Told
from visard.train.gathering import gather
from visard.train.loop import Tick
from visard.train.loop import train as learn
from visard.train.samples import Practice, place_of
from visard.train.studio import Studio, judged
from visard.train.views import planes, view

Floats = NDArray[np.float32]

NAME = "estrange"


@dataclass(frozen=True, slots=True)
class Recipe:
    """Every number that decides the outcome; weights of losses by their names.

    side: of the square; far: distance of dlib's embeddings to which the person is repelled; approach: pictures until it
    is asked for in full, and all that is painted is shown; spoilt: how much inputs are distorted, 0 to 1.
    """

    seed: int = 0
    side: int = 128
    widths: tuple[int, ...] = WIDTHS
    critic_width: int = 48
    rate: float = 2e-4
    critic_rate: float = 2e-4
    average: float = 0.998
    steepest: float = 10.0
    spoilt: float = 0.5
    far: float = 0.9
    approach: int = 200_000
    critic: float = 0.5
    colour: float = 2.0
    edges: float = 1.0
    attract: float = 1.0
    repel: float = 3.0
    size: float = 0.05
    rough: float = 0.5


class Look(NamedTuple):
    """source (3, S, S), a photo, -1 to 1; spoilt (3, S, S), as the network sees it; who (128,), dlib's embedding of the
    person in another photo, if there is one; place (2, 3), where dlib's recogniser looks. In a batch, tensors."""

    source: Any
    spoilt: Any
    who: Any
    place: Any


@dataclass(frozen=True, slots=True, eq=False)
class Looks:
    """Endless samples of an album, the n-th a function of n alone."""

    practice: Practice
    how: Recipe

    def __len__(self) -> int:
        return 2**40

    def __getitem__(self, n: int) -> Look:
        """Return the n-th sample."""
        rng, album = np.random.default_rng((self.how.seed, n)), self.practice.album
        shot = view(self.practice, self.how.side, rng)
        people = np.asarray(album.people)
        others = np.flatnonzero(people == people[shot.number])
        others = others[others != shot.number] if len(others) > 1 else others
        who = np.array(album.embeddings[int(rng.choice(others))], np.float32)
        spoilt = planes(_spoil(shot.colour, self.how.spoilt, rng))
        return Look(planes(shot.colour), spoilt, who, place_of(shot.scene.vertices))


class Estrange(Studio):
    """The lesson."""

    name = NAME

    def __init__(self, album: Album, recipe: Recipe | None = None, batch: int | None = None) -> None:
        how = recipe or Recipe()
        super().__init__(how, Looks(Practice(album, how.seed), how), batch)
        self.enlist(
            generator(how),
            fine=(PatchCritic(3, how.critic_width), how.critic_rate),
            coarse=(PatchCritic(3, how.critic_width, halvings=3), how.critic_rate),
        )

    def teach(self, batch: Look, step: int) -> dict[str, Any]:
        """Teach the generator, then both critics."""
        how = self.how
        grown = min(1.0, step * self.batch / how.approach)
        far = wanted(how, grown)
        self.freeze("fine", "coarse")
        with self.fast():
            strokes = Strokes(*(v.float() for v in self.net("generator")(batch.spoilt, batch.who)))
            strokes = opened(strokes, grown)
            mixed = mix(batch.source, strokes)
            attract, repel = self._perceive(batch, (strokes.raw, mixed), far)
            losses = {
                "critic": self._verdicts(torch.cat([mixed, strokes.raw]), True),
                "colour": (strokes.raw - batch.source).abs().mean(),
                "edges": (edges(strokes.raw) - edges(batch.source)).abs().mean(),
                "attract": attract,
                "repel": repel,
                "size": strokes.mask.abs().mean(),
                "rough": edges(strokes.mask).abs().mean(),
            }
        self.descend("generator", losses, weigh=True)
        self.freeze("generator")
        fakes = torch.cat([mixed, strokes.raw]).detach()
        for name, shrink in (("fine", False), ("coarse", True)):
            with self.fast():
                real, false = (self._verdict(name, pictures, shrink) for pictures in (batch.source, fakes))
                wrong = (judged(real, True) + judged(false, False)) / 2
            self.descend(name, {name: wrong})
            losses[f"{name} critic"] = wrong
        return losses | {"wanted": torch.tensor(far)}

    def show(self, batch: Look) -> list[Tensor]:
        """Return source, what is painted, the mask, and the mix."""
        strokes = self.net("average")(batch.source, batch.who)
        return [batch.source, strokes.raw, strokes.mask.expand(-1, 3, -1, -1) * 2 - 1, mix(batch.source, strokes)]

    def _perceive(self, batch: Look, pictures: tuple[Tensor, ...], far: float) -> tuple[Tensor, Tensor]:
        """Return how far pictures' low and middle features are from the source's, and how much too near they are to the
        person, on average."""
        with torch.no_grad():
            theirs, _ = self._dlib(chips(batch.source, batch.place))
        n = len(pictures)
        ours, now = self._dlib(chips(torch.cat(pictures), batch.place.repeat(n, 1, 1)))
        return perceived(ours, [level.repeat(n, 1, 1, 1) for level in theirs], now, batch.who.repeat(n, 1), far)

    def _verdicts(self, pictures: Tensor, real: bool) -> Tensor:
        fine, coarse = self._verdict("fine", pictures, False), self._verdict("coarse", pictures, True)
        return judged(fine, real) + judged(coarse, real)

    def _verdict(self, name: str, pictures: Tensor, shrink: bool) -> Tensor:
        verdict: Tensor = self.net(name)(functional.avg_pool2d(pictures, 2) if shrink else pictures).logits
        return verdict

    @cached_property
    def _dlib(self) -> Any:
        return DlibResNet().to(self.device, memory_format=torch.channels_last)


def perceived(
    ours: list[Tensor], theirs: list[Tensor], now: Tensor, person: Tensor, far: float
) -> tuple[Tensor, Tensor]:
    """Return what attracts, relative differences of the lower levels, and what repels, 0 from a distance `far` on."""
    near = [(a.float() - b.float()).abs().mean() / b.float().abs().mean() for a, b in zip(ours, theirs, strict=True)]
    apart = (now.float() - person).square().sum(1).add(1e-12).sqrt()
    return torch.stack(near).mean(), functional.relu(far - apart).mean()


def wanted(how: Recipe, grown: float) -> float:
    """Return the distance to which people are repelled after this share of the approach."""
    return how.far * (0.2 + 0.8 * grown)


def opened(strokes: Strokes, grown: float) -> Strokes:
    """Return strokes, shown whole while the distance grows: before anything is painted that looks like a face, closing
    the mask costs least, and what is closed learns nothing any more."""
    return strokes if grown == 1 else strokes._replace(mask=torch.ones_like(strokes.mask))


def edges(pictures: Tensor) -> Tensor:
    """Return (n, 2 c, S - 1, S - 1) differences to the next pixel, across and down."""
    across, down = pictures[..., :-1, 1:] - pictures[..., :-1, :-1], pictures[..., 1:, :-1] - pictures[..., :-1, :-1]
    return torch.cat([across, down], dim=1)


def generator(how: Recipe) -> Generator:
    """Return the network of a recipe, untaught."""
    return Generator(how.widths)


def _spoil(colour: Floats, much: float, rng: np.random.Generator) -> Floats:
    """Return colours (S, S, 3) somewhat tinted, blurred and noisy."""
    gain = 1 + much * rng.uniform(-0.15, 0.15, 3)
    blurred = cv2.GaussianBlur(colour, (0, 0), 0.05 + much * rng.uniform(0, 1.6))
    noise = rng.standard_normal(colour.shape) * much * rng.uniform(0, 8)
    return np.asarray(blurred * gain + noise, np.float32)


def train(
    data: Path, out: Path, minutes: float, resume: bool = False, apart: Path | None = None,
    settings: Mapping[str, Any] | None = None, told: Told = lambda stage, done, total: None,
    tick: Tick = lambda line: None,
) -> Progress:  # fmt: skip
    """Teach the live generator for some minutes, in a folder; settings: of the recipe. Raises as `gather` and
    `loop.train` do."""
    return learn(Estrange(gather(data, out, apart, told), Recipe(**(settings or {}))), out, minutes, resume, told=tick)
