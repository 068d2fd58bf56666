"""AnonyGAN's recipe: pairs whose condition is the face itself, others with a donor's, and two critics (METHODS 5.2).

Losses: the critic of appearance, which also sees the condition; the critic of pose, which also sees the source's
landmarks; colours, in pairs alone; Context Matching, what the critic of appearance saw in its deepest layers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from visard.methods.condition import portray
from visard.methods.donors import bank
from visard.methods.dressing import dress, halved
from visard.nets.anonygan import BLOCKS, WIDTH, Generator, maps
from visard.nets.patchgan import PatchCritic, Verdict
from visard.shape.marks import marks
from visard.shape.mesh import canonical
from visard.train.album import Album
from visard.train.checkpoint import Progress
from visard.train.faces import Told
from visard.train.gathering import gather
from visard.train.loop import Tick
from visard.train.loop import train as learn
from visard.train.samples import Practice
from visard.train.studio import Studio, judged
from visard.train.views import View, own_texture, planes, view

Floats = NDArray[np.float32]

NAME = "anonygan"


@dataclass(frozen=True, slots=True)
class Recipe:
    """Every number that decides the outcome; weights of losses by their names.

    side: of the square; marks: 68 or 29; attention: without it, the seed's -LA; context 0: its -CM. paired: share of
    the pairs. deepest: layers compared in Context Matching. jitter: deviation of the landmarks in sides, at most, so
    that the network forgives a mesh that is not exact.
    """

    seed: int = 0
    side: int = 128
    marks: int = 68
    width: int = WIDTH
    blocks: int = BLOCKS
    attention: bool = True
    critic_width: int = 64
    rate: float = 2e-4
    critic_rate: float = 2e-4
    average: float = 0.998
    steepest: float = 10.0
    paired: float = 0.75
    jitter: float = 0.012
    appearance: float = 1.0
    pose: float = 1.0
    colour: float = 10.0
    context: float = 1.0
    deepest: int = 3


class Swap(NamedTuple):
    """source (3, S, S), -1 to 1; known (1, S, S); condition (3, S, S); theirs and ours (K, 2), marks of the condition
    and of the source in pixels; paired (1,), 1 where the condition is the source's own face. In a batch, tensors."""

    source: Any
    known: Any
    condition: Any
    theirs: Any
    ours: Any
    paired: Any


@dataclass(frozen=True, slots=True, eq=False)
class Swaps:
    """Endless samples of an album, the n-th a function of n alone."""

    practice: Practice
    how: Recipe

    def __len__(self) -> int:
        return 2**40

    def __getitem__(self, n: int) -> Swap:
        """Return the n-th sample."""
        rng, how = np.random.default_rng((self.how.seed, n)), self.how
        shot = view(self.practice, how.side, rng)
        paired = rng.random() < how.paired
        face, vertices = _condition(shot, None if paired else self._donor(shot, rng), how.side, rng)
        slack = how.jitter * how.side * rng.random()
        ours, theirs = (marks(v, how.marks) for v in (shot.vertices, vertices))
        ours = ours + rng.normal(0, slack, ours.shape).astype(np.float32)
        return Swap(planes(shot.colour), shot.known[None], face, theirs, ours, np.array([paired], np.float32))

    def _donor(self, shot: View, rng: np.random.Generator) -> int:
        return int(rng.choice(self.practice.album.donors[shot.number]))


class AnonyGan(Studio):
    """The lesson."""

    name = NAME

    def __init__(self, album: Album, recipe: Recipe | None = None, batch: int | None = None) -> None:
        how = recipe or Recipe()
        super().__init__(how, Swaps(Practice(album, how.seed), how), batch)
        self.enlist(
            generator(how),
            looks=(PatchCritic(6, how.critic_width), how.critic_rate),
            poses=(PatchCritic(3 + how.marks, how.critic_width), how.critic_rate),
        )

    def teach(self, batch: Swap, step: int) -> dict[str, Any]:
        """Teach the generator, then both critics."""
        how, looks, poses = self.how, self.net("looks"), self.net("poses")
        spots = maps(batch.ours, how.side)
        self.freeze("looks", "poses")
        with self.fast():
            fake = self.net("generator")(*inputs(batch)).float()
            seen = looks(fake, batch.condition)
            losses = {
                "appearance": judged(seen.logits, True),
                "pose": judged(poses(fake, spots).logits, True),
                "colour": ((fake - batch.source).abs().mean((1, 2, 3)) * batch.paired[:, 0]).mean(),
            }
            if how.context:
                with torch.no_grad():
                    real = looks(batch.source, batch.condition)
                losses["context"] = matched(seen, real, how.deepest)
        self.descend("generator", losses, weigh=True)
        self.freeze("generator")
        fake = fake.detach()
        for name, beside in (("looks", batch.condition), ("poses", spots)):
            with self.fast():
                critic = self.net(name)
                verdicts = critic(batch.source, beside), critic(fake, beside)
                wrong = (judged(verdicts[0].logits, True) + judged(verdicts[1].logits, False)) / 2
            self.descend(name, {name: wrong})
            losses[f"critic of {name}"] = wrong
        return losses | {"paired": batch.paired.mean()}

    def show(self, batch: Swap) -> list[Tensor]:
        """Return source, what is known of it, condition, and result."""
        pictures, points = inputs(batch)
        return [batch.source, pictures[:, 3:], batch.condition, self.net("average")(pictures, points)]


def inputs(batch: Swap) -> tuple[Tensor, Tensor]:
    """Return what the generator sees of a batch: pictures (n, 6, S, S), marks (n, 2 K, 2), the condition's first."""
    pictures = torch.cat([batch.condition, batch.source * batch.known], dim=1)
    return pictures, torch.cat([batch.theirs, batch.ours], dim=1)


def matched(ours: Verdict, theirs: Verdict, deepest: int) -> Tensor:
    """Return Context Matching: how far activations of the deepest hidden layers differ, and of those alone."""
    pairs = zip(ours.seen[-deepest:], theirs.seen[-deepest:], strict=True)
    return torch.stack([(a.float() - b.float()).abs().mean() for a, b in pairs]).mean()


def generator(how: Recipe) -> Generator:
    """Return the network of a recipe, untaught."""
    return Generator(how.marks, how.width, how.blocks, how.attention)


def _condition(shot: View, donor: int | None, side: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return a condition face (3, S, S) and its vertices: a donor's, or for None the face's own, drawn as those are."""
    face, turn = canonical(), np.radians(rng.normal(0, (4.0, 6.0, 2.0)))
    if donor is None:
        pose = face.fit_pose(shot.scene.vertices)
        texture, shape = own_texture(shot), pose.lift(shot.scene.vertices)
    else:
        texture, shape = halved(dress(bank(), donor)[0]), face.shape + bank().build(bank().shapes[donor])
    return portray(texture, shape, side, np.asarray(cv2.Rodrigues(turn)[0], np.float64))


def train(
    data: Path, out: Path, minutes: float, resume: bool = False, apart: Path | None = None,
    settings: Mapping[str, Any] | None = None, told: Told = lambda stage, done, total: None,
    tick: Tick = lambda line: None,
) -> Progress:  # fmt: skip
    """Teach AnonyGAN for some minutes, in a folder; settings: of the recipe. Raises as `gather` and `loop.train` do."""
    return learn(AnonyGan(gather(data, out, apart, told), Recipe(**(settings or {}))), out, minutes, resume, told=tick)
