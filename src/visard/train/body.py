"""The body's recipe: people in photos, painted anew over their own segmentation, before a critic that sees it too.

Losses of pix2pix (Isola et al. 2017): a conditional critic, and 100 times the mean absolute difference. Each sample
draws how much detail its segmentation tells, so that one network knows all levels. Parts are dyed with the mean colours
that the person wears; in use colours are drawn instead. Without, all who ever stood so would wear their mean, grey.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from visard.detect import figure, find_joints, find_kinds
from visard.errors import UsageError
from visard.media.formats import PICTURE_SUFFIXES
from visard.media.read import probe, read
from visard.methods.body import framed
from visard.methods.mannequin import DETAILS, PLANES, dyed, mannequin
from visard.methods.wardrobe import wardrobe
from visard.nets.body import WIDTHS, Body
from visard.nets.patchgan import PatchCritic
from visard.policy import default_rule
from visard.shape.mask import outline, window
from visard.train.checkpoint import Progress
from visard.train.faces import Told
from visard.train.loop import Tick
from visard.train.loop import train as learn
from visard.train.studio import Studio, judged
from visard.types import Pixels, Points, Region

NAME = "body"

_LEAST, _SURE = 96, 0.5
"""Height in pixels, and score, from which on a person in a photo teaches."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Every number that decides the outcome; weights of losses by their names; side: of the square."""

    seed: int = 0
    side: int = 128
    widths: tuple[int, ...] = WIDTHS
    critic_width: int = 32
    rate: float = 2e-4
    critic_rate: float = 2e-4
    average: float = 0.998
    steepest: float = 10.0
    critic: float = 1.0
    colour: float = 100.0


class Wearer(NamedTuple):
    """target (3, S, S), a person in a scene, -1 to 1; known (1, S, S), 1 where nothing is hidden; planes (7, S, S), the
    segmentation; dyes and others (3, S, S), it in the person's colours, and in drawn ones. In a batch, tensors."""

    target: Any
    known: Any
    planes: Any
    dyes: Any
    others: Any


class Person(NamedTuple):
    """square (S, S, 3) uint8 around a person; inside and hidden (S, S) uint8, 1 in the outline, and in the mask or
    beyond the photo; joints (17, 2) in pixels of the square, or None."""

    square: Pixels
    inside: NDArray[np.uint8]
    hidden: NDArray[np.uint8]
    joints: Points | None


@dataclass(frozen=True, slots=True, eq=False)
class Wearers:
    """Endless samples of people, the n-th a function of n alone."""

    people: list[Person]
    seed: int = 0

    def __len__(self) -> int:
        return 2**40

    def __getitem__(self, n: int) -> Wearer:
        """Return the n-th sample."""
        rng = np.random.default_rng((self.seed, n))
        person = self.people[int(rng.integers(len(self.people)))]
        square, inside, hidden, joints = _moved(person, rng)
        planes = mannequin(inside.astype(np.float32), DETAILS[int(rng.integers(len(DETAILS)))], joints)
        target = np.ascontiguousarray((square.astype(np.float32) / np.float32(127.5) - 1).transpose(2, 0, 1))
        known = (1 - hidden.astype(np.float32))[None]
        return Wearer(target, known, planes, dyed(planes, _worn(target, planes)), dyed(planes, wardrobe(n)))


def _moved(person: Person, rng: np.random.Generator) -> Person:
    """Return a person mirrored, moved, larger or smaller, in another light; in memory that nobody else has."""
    side, zoom, (dx, dy) = len(person.square), float(rng.uniform(0.85, 1.15)), rng.uniform(-0.06, 0.06, 2)
    across = zoom if rng.random() < 0.5 else -zoom
    matrix = np.array([[across, 0, side * (0.5 - across / 2 + dx)], [0, zoom, side * (0.5 - zoom / 2 + dy)]])
    size = side, side
    square = cv2.warpAffine(person.square, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    inside = cv2.warpAffine(person.inside, matrix, size, flags=cv2.INTER_NEAREST)
    hidden = cv2.warpAffine(person.hidden, matrix, size, flags=cv2.INTER_NEAREST, borderValue=1)
    lit = np.clip(square * rng.uniform(0.7, 1.2), 0, 255)
    joints = None if person.joints is None else np.asarray(person.joints @ matrix[:, :2].T + matrix[:, 2], np.float32)
    return Person(np.asarray(lit, np.uint8), np.asarray(inside, np.uint8), np.asarray(hidden, np.uint8), joints)


def _worn(target: NDArray[np.float32], planes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (6, 3), the mean colours of a whole person (3, S, S) and of their parts."""
    weights = planes[:-1].reshape(len(planes) - 1, -1)
    return np.asarray(weights @ target.reshape(3, -1).T / np.maximum(weights.sum(axis=1), 1)[:, None], np.float32)


class Lesson(Studio):
    """The lesson."""

    name = NAME

    def __init__(self, people: list[Person], recipe: Recipe | None = None, batch: int | None = None) -> None:
        how = recipe or Recipe()
        super().__init__(how, Wearers(people, how.seed), batch)
        self.enlist(generator(how), critic=(PatchCritic(3 + PLANES, how.critic_width), how.critic_rate))

    def teach(self, batch: Wearer, step: int) -> dict[str, Any]:
        """Teach the generator, then the critic."""
        self.freeze("critic")
        with self.fast():
            fake = worn(batch, self.net("generator")(inputs(batch, batch.dyes)).float())
            off = (fake - batch.target).abs().sum() / (3 * (1 - batch.known).sum() + 1)
            losses = {"critic": judged(self.net("critic")(fake, batch.planes).logits, True), "colour": off}
        self.descend("generator", losses, weigh=True)
        self.freeze("generator")
        with self.fast():
            real, false = (self.net("critic")(v, batch.planes).logits for v in (batch.target, fake.detach()))
            told = {"real": judged(real, True) / 2, "fake": judged(false, False) / 2}
        self.descend("critic", told)
        return losses | told

    def show(self, batch: Wearer) -> list[Tensor]:
        """Return what is known of the scene, the drawn colours, the photo, and who is painted in its and those."""
        own, drawn = (worn(batch, self.net("average")(inputs(batch, v)).float()) for v in (batch.dyes, batch.others))
        return [batch.target * batch.known, batch.others, batch.target, own, drawn]


def inputs(batch: Wearer, dyes: Tensor) -> Tensor:
    """Return (n, 14, S, S), what the generator sees of a batch: no hidden pixel."""
    return torch.cat([batch.target * batch.known, batch.known, batch.planes, dyes], dim=1)


def worn(batch: Wearer, painted: Tensor) -> Tensor:
    """Return (n, 3, S, S): what is painted where the person is hidden, else the photo."""
    return batch.target * batch.known + painted * (1 - batch.known)


def generator(how: Recipe) -> Body:
    """Return the network of a recipe, untaught."""
    return Body(PLANES, how.widths)


def gather(data: Path, side: int, told: Told = lambda stage, done, total: None) -> list[Person]:
    """Return the people in the photos of a folder who are large enough and could be told from the background.

    Raises UsageError where there are none, or no folder; ModelError.
    """
    if not data.is_dir():
        raise UsageError("is no folder", where=data, hint="give --data a folder of photos of people")
    photos = sorted(path for path in data.rglob("*") if path.suffix.lower() in PICTURE_SUFFIXES)
    people = []
    for number, photo in enumerate(photos):
        told("people", number, len(photos))
        pixels = next(iter(read(probe(photo)))).pixels
        people += [one for region in find_kinds(pixels, {"person": _SURE}) if (one := _person(pixels, region, side))]
    if not people:
        raise UsageError("nobody in these photos can be told from the background", where=data, hint="give more photos")
    return people


def _person(pixels: Pixels, region: Region, side: int) -> Person | None:
    drawn = figure(pixels, region) if region.box.height >= _LEAST else None
    if drawn is None:
        return None
    shape, rule = pixels.shape[:2], default_rule("person")
    placed, hidden, inside = replace(region, outline=drawn), np.zeros(shape, np.float32), np.zeros(shape, np.uint8)
    cells = window(placed, rule, *shape)
    hidden[cells] = outline(placed, rule, cells)
    cv2.fillPoly(inside, [np.round((drawn - 0.5) * 16).astype(np.int32)], 1, shift=4)
    matrix, size = framed(hidden, side), (side, side)
    square = cv2.warpAffine(pixels, matrix, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    # Beyond the photo nothing is known: what is repeated there of somebody who is cut off must not be seen.
    within = cv2.warpAffine(inside.astype(np.float32), matrix, size) > 0
    beyond = cv2.warpAffine(hidden, matrix, size, borderValue=1.0) > 0
    joints = find_joints(pixels, region.box)
    drawn_at = None if joints is None else np.asarray(joints @ matrix[:, :2].T + matrix[:, 2], np.float32)
    return Person(np.asarray(square, np.uint8), within.astype(np.uint8), beyond.astype(np.uint8), drawn_at)


def train(
    data: Path, out: Path, minutes: float, resume: bool = False, settings: Mapping[str, Any] | None = None,
    told: Told = lambda stage, done, total: None, tick: Tick = lambda line: None,
) -> Progress:  # fmt: skip
    """Teach the network for some minutes, in a folder; settings: of the recipe. Raises as `gather` and `loop.train`."""
    how = Recipe(**(settings or {}))
    return learn(Lesson(gather(data, how.side, told), how), out, minutes, resume, told=tick)
