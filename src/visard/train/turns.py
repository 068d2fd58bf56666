"""What the reversible networks practise on: a face of the album, two passwords for it, and wrong ways back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from visard.errors import UsageError
from visard.methods.factors import FACTORS, Factors, lightness, told
from visard.methods.scene import SIDE
from visard.methods.ways import WAYS
from visard.train.album import WIDE, Album
from visard.train.samples import Practice
from visard.train.views import View, planes, scaled, view

Floats = NDArray[np.float32]

_NEAR = 4
"""Bits by which a wrong password differs in half of the samples, at most."""

_OTHERS = 0.34
"""Share of the wrong ways back that have the right password, and wrong factors."""


class Turn(NamedTuple):
    """source (3, S, S), a photo, -1 to 1; known (1, S, S); ways (5, K), what the network is told: to hide, to hide
    under another password, to bring back, and twice wrongly; bits (5, B) of those passwords; factors (3, 5): the
    person's, the wanted ones, wrong ones; who, the person's number, -1 for who is seen once; faces (P, 3, S, S) and
    names (P,): more photos, and whose they are, for the classifier, which is small and must know people soon. In a
    batch, tensors."""

    source: Any
    known: Any
    ways: Any
    bits: Any
    factors: Any
    who: Any
    faces: Any
    names: Any


@dataclass(frozen=True, eq=False)
class Turns:
    """Endless samples of an album, the n-th a function of n alone; name: of the method; how: its recipe, with seed,
    side, bits and faces."""

    name: str
    practice: Practice
    how: Any

    def __len__(self) -> int:
        return 2**40

    def __getitem__(self, n: int) -> Turn:
        """Return the n-th sample."""
        rng = np.random.default_rng((self.how.seed, n))
        shot = view(self.practice, self.how.side, rng)
        own = _factors(self.practice.album, shot)
        wanted = own if rng.random() < 0.5 else _chance(rng)
        right, other = (rng.choice((-1.0, 1.0), self.how.bits).astype(np.float32) for _ in range(2))
        keys, names = [right, other, right], [wanted, wanted, own]
        for _ in range(2):
            stranger = own
            while self.name != "transformer" and stranger == own and rng.random() < _OTHERS:
                stranger = _chance(rng)
            keys.append(right if stranger != own else wrong(right, rng))
            names.append(stranger)
        codes = [factors.code() for factors in names]
        way = WAYS[self.name]
        ways = [way(key, code, place >= 2) for place, (key, code) in enumerate(zip(keys, codes, strict=True))]
        person = self.people.get(self.practice.album.people[shot.number], -1)
        return Turn(
            planes(shot.colour), shot.known[None], np.stack(ways), np.stack(keys),
            np.stack([own.code(), wanted.code(), codes[3]]), person, *self._more(rng),
        )  # fmt: skip

    def _more(self, rng: np.random.Generator) -> tuple[Floats, NDArray[np.int64]]:
        """Return photos of people who are seen more than once, shifted a little, and their numbers."""
        album, side, edge = self.practice.album, self.how.side, WIDE - SIDE
        chosen = rng.choice(self._known, self.how.faces)
        squares = []
        for i in chosen:
            x, y = rng.integers(0, edge + 1, 2)
            square = np.asarray(album.squares[i])[y : y + SIDE, x : x + SIDE, :3][:, :: int(rng.choice((-1, 1)))]
            squares.append(planes(scaled(np.ascontiguousarray(square, np.float32), side)))
        return np.stack(squares), np.array([self.people[album.people[i]] for i in chosen])

    @cached_property
    def _known(self) -> NDArray[np.intp]:
        album = self.practice.album
        return np.array([i for i in album.rows if album.people[i] in self.people])

    @cached_property
    def people(self) -> dict[str, int]:
        """Numbers of those whom the album shows more than once; raises UsageError where there is nobody."""
        album = self.practice.album
        seen = Counter(album.people[i] for i in album.rows)
        known = sorted(person for person, photos in seen.items() if photos > 1)
        if not known:
            hint = "give --data several photos of some people, in folders of their own"
            raise UsageError("nobody is seen twice: there is nobody to tell apart", hint=hint)
        return {person: number for number, person in enumerate(known)}


def wrong(right: Floats, rng: np.random.Generator) -> Floats:
    """Return a wrong password for (B,) bits: any, or one that differs in a few."""
    many = len(right) if rng.random() < 0.5 else min(_NEAR, len(right))
    flipped = rng.permutation(len(right))[: rng.integers(1, many + 1)]
    return np.where(np.isin(np.arange(len(right)), flipped), -right, right).astype(np.float32)


def worn(batch: Turn, painted: Tensor) -> Tensor:
    """Return (n, 3, S, S): what is painted where the face is hidden, else the photo."""
    whole: Tensor = batch.source * batch.known + painted.float() * (1 - batch.known)
    return whole


def columns(batch: Turn, net: Callable[[Tensor, Tensor], Tensor]) -> list[Tensor]:
    """Return source, what came back, what came back wrongly, the source under another password, and hidden."""
    hidden, other = (worn(batch, net(batch.source, batch.ways[:, way])) for way in (0, 1))
    back, wrongly = (worn(batch, net(hidden, batch.ways[:, way])) for way in (2, 3))
    return [batch.source, back, wrongly, other, hidden]


def rubbed(pictures: Tensor, noise: Tensor, much: float) -> Tensor:
    """Return pictures with noise, and softer: what a file keeps of them. What is hidden in the last bit is lost."""
    soft = functional.avg_pool2d(functional.pad(pictures, (1, 1, 1, 1), "replicate"), 3, 1)
    return (pictures + 10 * much * (soft - pictures) + much * noise).clamp(-1, 1)


def _factors(album: Album, shot: View) -> Factors:
    colour = np.clip(shot.scene.colour, 0, 255).astype(np.uint8)
    return told(np.asarray(album.traits[shot.number]), lightness(colour, shot.scene.vertices))


def _chance(rng: np.random.Generator) -> Factors:
    return Factors(*(str(rng.choice(words)) for words in FACTORS.values()))
