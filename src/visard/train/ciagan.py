"""CIAGAN's recipe: a face of the wanted number over a sketch, before a critic and an identity critic (METHODS 5.1).

The people of the list are donors, whom photos of the album wear in turn: no real person is anybody's disguise. Since
half of the photos are worn as the very person that is wanted, colours can be compared there as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from visard.methods.donors import bank
from visard.methods.sketch import sketch
from visard.nets.ciagan import WIDTHS, Critic, Generator
from visard.nets.siamese import WIDTHS as SIAMESE
from visard.nets.siamese import Siamese, contrast
from visard.train.album import Album
from visard.train.checkpoint import Progress
from visard.train.faces import Told
from visard.train.gathering import gather
from visard.train.loop import Tick
from visard.train.loop import train as learn
from visard.train.samples import Practice
from visard.train.studio import Studio, squares
from visard.train.views import View, disguised, planes, view

NAME = "ciagan"


@dataclass(frozen=True, slots=True)
class Recipe:
    """Every number that decides the outcome; weights of losses by their names.

    side: of the square; people: donors in the list, the bank's first; same: share of the pairs that show one of them
    twice. colour: of what is painted over a photo, where its own guise as the wanted person is at hand; the paper has
    no such loss (0), but some sixty epochs of a GPU.
    """

    seed: int = 0
    side: int = 128
    people: int = 1200
    widths: tuple[int, ...] = WIDTHS
    critic_widths: tuple[int, ...] = tuple(2 * width for width in WIDTHS)
    siamese_widths: tuple[int, ...] = SIAMESE
    rate: float = 1e-4
    critic_rate: float = 1e-4
    average: float = 0.998
    steepest: float = 10.0
    same: float = 0.5
    critic: float = 1.0
    identity: float = 1.0
    colour: float = 0.0


class Exchange(NamedTuple):
    """source (3, S, S), a photo, -1 to 1; known (1, S, S); sketch (3, S, S); who (N,), one-hot, whom it becomes; worn
    and wanted (3, S, S): the source as a person of the list, another photo as the wanted one; same (1,), 1 where those
    are one person. In a batch, tensors."""

    source: Any
    known: Any
    sketch: Any
    who: Any
    worn: Any
    wanted: Any
    same: Any


@dataclass(frozen=True, slots=True, eq=False)
class Exchanges:
    """Endless samples of an album, the n-th a function of n alone."""

    practice: Practice
    how: Recipe

    def __len__(self) -> int:
        return 2**40

    def __getitem__(self, n: int) -> Exchange:
        """Return the n-th sample."""
        rng, how = np.random.default_rng((self.how.seed, n)), self.how
        shot, other = (view(self.practice, how.side, rng) for _ in range(2))
        wanted, same = self._person(shot, rng), rng.random() < how.same
        worn = wanted if same else self._person(shot, rng)
        return Exchange(
            planes(shot.colour), shot.known[None], sketch(shot.vertices, how.side),
            np.eye(listed(how), dtype=np.float32)[wanted], planes(disguised(shot, worn)),
            planes(disguised(other, wanted)), np.array([worn == wanted], np.float32),
        )  # fmt: skip

    def _person(self, shot: View, rng: np.random.Generator) -> int:
        """Return a person of the list, one who suits the face where there are any."""
        suited = self.practice.album.donors[shot.number]
        suited = suited[suited < listed(self.how)]
        return int(rng.choice(suited)) if len(suited) else int(rng.integers(listed(self.how)))


class Ciagan(Studio):
    """The lesson."""

    name = NAME

    def __init__(self, album: Album, recipe: Recipe | None = None, batch: int | None = None) -> None:
        how = recipe or Recipe()
        super().__init__(how, Exchanges(Practice(album, how.seed), how), batch)
        self.enlist(
            generator(how),
            critic=(Critic(how.side, how.critic_widths), how.critic_rate),
            siamese=(Siamese(widths=how.siamese_widths), how.critic_rate),
        )

    def teach(self, batch: Exchange, step: int) -> dict[str, Any]:
        """Teach the generator, then the critic, then the identity critic."""
        critic, siamese = self.net("critic"), self.net("siamese")
        self.freeze("critic", "siamese")
        with self.fast():
            fake = worn(batch, self.net("generator")(inputs(batch), batch.who).float())
            losses = {
                "critic": squares(critic(fake, batch.sketch), True),
                "identity": contrast(siamese(fake), siamese(batch.wanted), torch.ones_like(batch.same[:, 0])),
                "colour": ((fake - batch.worn).abs().mean((1, 2, 3)) * batch.same[:, 0]).mean(),
            }
        self.descend("generator", losses, weigh=True)
        self.freeze("generator")
        fake = fake.detach()
        with self.fast():
            real, false = critic(batch.source, batch.sketch), critic(fake, batch.sketch)
            told = {"real": squares(real, True) / 2, "fake": squares(false, False) / 2}
        self.descend("critic", told)
        with self.fast():
            apart = contrast(siamese(batch.worn), siamese(batch.wanted), batch.same[:, 0])
        self.descend("siamese", {"apart": apart})
        return losses | told | {"apart": apart}

    def show(self, batch: Exchange) -> list[Tensor]:
        """Return source, what is known of it, sketch, the wanted person, and result."""
        pictures = inputs(batch)
        result = worn(batch, self.net("average")(pictures, batch.who).float())
        return [batch.source, pictures[:, 3:], batch.sketch, batch.wanted, result]


def inputs(batch: Exchange) -> Tensor:
    """Return (n, 6, S, S), what the generator sees of a batch: no hidden pixel."""
    return torch.cat([batch.sketch, batch.source * batch.known], dim=1)


def worn(batch: Exchange, painted: Tensor) -> Tensor:
    """Return (n, 3, S, S): what is painted where the face is hidden, else the photo."""
    return batch.source * batch.known + painted * (1 - batch.known)


def generator(how: Recipe) -> Generator:
    """Return the network of a recipe, untaught."""
    return Generator(listed(how), how.side, how.widths)


def listed(how: Recipe) -> int:
    """Return how many people the list has: as many as wanted, if the bank has so many."""
    return min(how.people, len(bank()))


def train(
    data: Path, out: Path, minutes: float, resume: bool = False, apart: Path | None = None,
    settings: Mapping[str, Any] | None = None, told: Told = lambda stage, done, total: None,
    tick: Tick = lambda line: None,
) -> Progress:  # fmt: skip
    """Teach CIAGAN for some minutes, in a folder; settings: of the recipe. Raises as `gather` and `loop.train` do."""
    return learn(Ciagan(gather(data, out, apart, told), Recipe(**(settings or {}))), out, minutes, resume, told=tick)
