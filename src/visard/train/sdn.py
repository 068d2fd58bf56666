"""SDN's recipe: hide under a password, come back by its complement, both learnt at once and from the beginning.

Dual inference (METHODS 8.3): every step goes there under two passwords, and back rightly and wrongly. No network that
was taught by others has a part in it; the words for a face (sex, age, hair) are labels, read when the album is made.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from visard.methods.factors import CODE
from visard.methods.ways import BITS, length
from visard.nets.dual import WIDTHS, Classifier, Discriminator, Dual, alike
from visard.nets.information import Gaussian, bits_likelihood, lower_bound, upper_bound
from visard.train.album import Album
from visard.train.checkpoint import Progress
from visard.train.faces import Told
from visard.train.gathering import gather
from visard.train.loop import Tick
from visard.train.loop import train as learn
from visard.train.samples import Practice
from visard.train.studio import Studio, squares
from visard.train.turns import Turn, Turns, columns, rubbed, worn

NAME = "sdn"

LOSSES = ("critic", "recover", "keep", "apart", "same", "attributes", "password", "leak")
"""What the generator learns by; each can be left out."""

_SIZE = 128
"""Length of the classifier's embeddings."""


_EARLY = 0.1
"""Share of the losses of pixels that counts from the beginning."""

_GROUP = 4
"""Passwords are read in nats a group of so many bits, as the transformer's are."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Every number that decides the outcome; weights of losses by their names.

    side: of the square; bits: of the password; rub: how much hidden faces are spoilt before they come back; approach:
    pictures until losses of identity count in full, and those of pixels, of which a tenth counts from the beginning;
    faces: more photos a sample, for the classifier.
    """

    seed: int = 0
    side: int = 64
    bits: int = BITS
    widths: tuple[int, ...] = WIDTHS
    critic_width: int = 48
    classifier_widths: tuple[int, ...] = (32, 64, 128, 256)
    rate: float = 4e-4
    critic_rate: float = 1e-3
    classifier_rate: float = 1e-3
    average: float = 0.998
    steepest: float = 10.0
    rub: float = 0.01
    approach: int = 20_000
    faces: int = 4
    critic: float = 1.0
    recover: float = 100.0
    keep: float = 10.0
    apart: float = 2.0
    same: float = 2.0
    attributes: float = 1.0
    password: float = 10.0
    leak: float = 0.05


class Sdn(Studio):
    """The lesson; `generator` is Encoder and Decoder."""

    name = NAME

    def __init__(self, album: Album, recipe: Recipe | None = None, batch: int | None = None) -> None:
        how = recipe or Recipe()
        super().__init__(how, Turns(self.name, Practice(album, how.seed), how), batch)
        people = len(self.samples.people)
        self.enlist(
            generator(self.name, how),
            judge=(Discriminator(CODE, how.bits, how.critic_width), how.critic_rate),
            classifier=(Classifier(people, _SIZE, how.classifier_widths), how.classifier_rate),
            guess=(Gaussian(_SIZE, _SIZE), 10 * how.critic_rate),
        )

    def teach(self, batch: Turn, step: int) -> dict[str, Any]:
        """Teach the generator, then the discriminator, the classifier, and the guess at what one face tells of the
        other."""
        self.freeze("judge", "classifier", "guess")
        with self.fast():
            faces = self._there_and_back(batch)
            losses = self._losses(batch, faces, min(1.0, step * self.batch / self.how.approach))
        self.descend("generator", losses, weigh=True)
        self.freeze("generator")
        faces = [face.detach() for face in faces]
        told = {"judge": self._judge(batch, faces), "classifier": self._classify(batch)}
        for name, loss in told.items():
            self.descend(name, {name: loss})
        with torch.no_grad(), self.fast():
            before, after = self._known(torch.cat([batch.source, faces[0]])).float().chunk(2)
        told["guess"] = -self.net("guess")(before, after).mean()
        self.descend("guess", {"guess": told["guess"]})
        nats = lower_bound(self.how.bits * math.log(2), self._read(batch, faces[0], 0))
        return losses | told | {"nats": nats}

    def show(self, batch: Turn) -> list[Tensor]:
        """Return what `columns` makes of the average."""
        return columns(batch, self.net("average"))

    def _there_and_back(self, batch: Turn) -> list[Tensor]:
        """Return the face hidden, hidden under another password, brought back, and wrongly so."""
        net, code = self.net("generator"), self.net("generator").encoder(batch.source)
        hidden, other = (worn(batch, net.decoder(code, batch.ways[:, way])) for way in (0, 1))
        code = net.encoder(rubbed(hidden, torch.randn_like(hidden), self.how.rub))
        back, wrong = (worn(batch, net.decoder(code, batch.ways[:, way])) for way in (2, 3))
        return [hidden, other, back, wrong]

    def _losses(self, batch: Turn, faces: list[Tensor], share: float) -> dict[str, Tensor]:
        """Return the generator's losses; share: how much identity and pixels count yet.

        Pixels in full from the beginning would teach to leave the face as it is, before any bit is read.
        """
        early = _EARLY + (1 - _EARLY) * share
        hidden, other, back, wrong = faces
        verdict, attributes = self.net("judge")(torch.cat([hidden, back, wrong]))
        seen = [face.float() for face in self._known(torch.cat([batch.source, *faces])).chunk(5)]
        pairs = ((1, 0), (4, 0), (4, 1), (1, 2))
        wanted = torch.cat([batch.factors[:, 1], batch.factors[:, 0]])
        read = torch.cat([self._read(batch, hidden, 0), self._read(batch, other, 1)])
        return {
            "critic": squares(verdict, True),
            "recover": early * (back - batch.source).abs().mean(),
            "keep": early * (hidden - batch.source).abs().mean(),
            "apart": share * torch.stack([alike(seen[a], seen[b]) for a, b in pairs]).mean(),
            "same": share * (1 - (seen[3] * seen[0]).sum(1)).mean(),
            "attributes": _described(attributes[: len(wanted)], wanted),
            "password": -_GROUP * read.mean() / self.how.bits,
            "leak": share * functional.relu(upper_bound(self.net("guess"), seen[0], seen[1])),
        }

    def _judge(self, batch: Turn, faces: list[Tensor]) -> Tensor:
        judge, fakes = self.net("judge"), torch.cat([faces[0], faces[2], faces[3]])
        with self.fast():
            verdict, attributes = judge(batch.source)
            real, fake = squares(verdict, True), squares(judge(fakes)[0], False)
            both = torch.cat([self._read(batch, faces[way], way) for way in (0, 1)])
            read = -_GROUP * both.mean() / self.how.bits
            whole: Tensor = (real + fake) / 2 + _described(attributes, batch.factors[:, 0]) + read
        return whole

    def _classify(self, batch: Turn) -> Tensor:
        with self.fast():
            seen = self.net("classifier")(torch.cat([batch.source, batch.faces.flatten(0, 1)]))
            loss: Tensor = self.net("classifier").wrong(seen, torch.cat([batch.who, batch.names.flatten()]))
        return loss

    def _read(self, batch: Turn, face: Tensor, way: int) -> Tensor:
        """Return (n,) log q(password | before, after): Barber and Agakov's bound but for the password's entropy."""
        return bits_likelihood(self.net("judge").read(batch.source, face), batch.bits[:, way])

    def _known(self, pictures: Tensor) -> Tensor:
        embeddings: Tensor = self.net("classifier")(pictures)
        return embeddings


def generator(name: str, how: Recipe) -> Dual:
    """Return the network of a recipe, untaught."""
    return Dual(length(name, how.bits), how.widths)


def _described(logits: Tensor, wanted: Tensor) -> Tensor:
    """Return the cross entropy of logits with attributes, each -1 or 1."""
    return functional.binary_cross_entropy_with_logits(logits.float(), (wanted + 1) / 2)


def train(
    data: Path, out: Path, minutes: float, resume: bool = False, apart: Path | None = None,
    settings: Mapping[str, Any] | None = None, told: Told = lambda stage, done, total: None,
    tick: Tick = lambda line: None,
) -> Progress:  # fmt: skip
    """Teach SDN for some minutes, in a folder; settings: of the recipe. Raises as `gather` and `loop.train` do."""
    return learn(Sdn(gather(data, out, apart, told), Recipe(**(settings or {}))), out, minutes, resume, told=tick)
