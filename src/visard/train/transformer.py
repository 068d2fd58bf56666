"""The identity transformer's recipe: one network both ways, a critic for each kind of output, a reader of passwords.

Gu et al. 2020 (METHODS 8.1), with their weights. Where it departs: norms are each picture's own; the recogniser learns
from the beginning, beside the rest; critics see this step's pictures, not pools of earlier ones; what is not hidden
stays the photo's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from visard.nets.dual import Classifier, alike
from visard.nets.transformer import OUTPUTS, Auxiliary, Heads, Transformer, classes
from visard.train.album import Album
from visard.train.checkpoint import Progress
from visard.train.faces import Told
from visard.train.gathering import gather
from visard.train.loop import Tick
from visard.train.loop import train as learn
from visard.train.samples import Practice
from visard.train.studio import Studio, squares
from visard.train.turns import Turn, Turns, columns, rubbed, worn

NAME = "transformer"

LOSSES = ("critic", "auxiliary", "identity", "passwords", "wrongs", "strangers", "keep", "keep_wrong", "recover")
"""What the generator learns by; each can be left out."""


_EARLY = 0.1
"""Share of the losses of pixels that counts from the beginning, as in `sdn`: in full they would leave no bit read."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Every number that decides the outcome; weights of losses by their names.

    side: of the square; bits: of the password; passwords, wrongs, strangers: two faces hidden under two passwords, two
    that came back wrongly, and one of each, are to be unlike; approach: pictures until identity and pixels count fully;
    faces: more photos a sample, for the recogniser.
    """

    seed: int = 0
    side: int = 64
    bits: int = 16
    width: int = 64
    blocks: int = 9
    critic_width: int = 48
    classifier_widths: tuple[int, ...] = (32, 64, 128, 256)
    rate: float = 2e-4
    critic_rate: float = 5e-4
    classifier_rate: float = 1e-3
    average: float = 0.998
    steepest: float = 10.0
    rub: float = 0.01
    approach: int = 20_000
    faces: int = 4
    critic: float = 1.0
    auxiliary: float = 10.0
    identity: float = 2.0
    passwords: float = 2.0
    wrongs: float = 1.0
    strangers: float = 1.0
    keep: float = 10.0
    keep_wrong: float = 10.0
    recover: float = 100.0


class Identity(Studio):
    """The lesson."""

    name = NAME

    def __init__(self, album: Album, recipe: Recipe | None = None, batch: int | None = None) -> None:
        how = recipe or Recipe()
        super().__init__(how, Turns(self.name, Practice(album, how.seed), how), batch)
        self.enlist(
            generator(how),
            heads=(Heads(how.critic_width), how.critic_rate),
            reader=(Auxiliary(how.bits, how.critic_width), how.critic_rate),
            classifier=(Classifier(len(self.samples.people), 128, how.classifier_widths), how.classifier_rate),
        )

    def teach(self, batch: Turn, step: int) -> dict[str, Any]:
        """Teach the generator with the reader, then the critics, then the recogniser, which is the adversary."""
        self.freeze("heads", "classifier")
        share = min(1.0, step * self.batch / self.how.approach)
        with self.fast():
            faces = self._there_and_back(batch)
            losses = self._losses(batch, faces, share)
        self._parts["reader_memory"].zero_grad(set_to_none=True)
        self.descend("generator", losses, weigh=True)
        self._parts["reader_memory"].step()
        self.freeze("generator", "reader")
        hidden, _, back, wrong, _ = faces = [face.detach() for face in faces]
        with self.fast():
            told = {"heads": self._criticise(batch, (hidden, back, wrong))}
            # Whoever is hidden is to be known again, once people are known at all: what the generator has to withstand.
            known = self._known(batch) + share * (self._wrong(batch, hidden) + self._wrong(batch, wrong)) / 2
        self.descend("heads", told)
        self.descend("classifier", {"classifier": known})
        return losses | told | {"classifier": known}

    def show(self, batch: Turn) -> list[Tensor]:
        """Return what `columns` makes of the average."""
        return columns(batch, self.net("average"))

    def _there_and_back(self, batch: Turn) -> list[Tensor]:
        net = self.net("generator")
        hidden, other = (worn(batch, net(batch.source, batch.ways[:, way])) for way in (0, 1))
        spoilt = rubbed(hidden, torch.randn_like(hidden), self.how.rub)
        return [hidden, other, *(worn(batch, net(spoilt, batch.ways[:, way])) for way in (2, 3, 4))]

    def _losses(self, batch: Turn, faces: list[Tensor], share: float) -> dict[str, Tensor]:
        hidden, _, back, wrong, _ = faces
        verdicts = [self.net("heads")(face, kind) for kind, face in zip(OUTPUTS, (hidden, back, wrong), strict=True)]
        seen = [face.float() for face in self.net("classifier")(torch.cat(faces)).chunk(5)]
        who = [self.net("classifier").wrong(face, batch.who) for face in (seen[0], seen[2], seen[3])]
        early = _EARLY + (1 - _EARLY) * share
        # The way back is told the complement, and the reader reads what was told.
        read = ((batch.source, hidden, 0), (hidden, back, 2), (hidden, wrong, 3))
        return {
            "critic": torch.stack([squares(v, True) for kind in verdicts for v in kind]).mean(),
            "auxiliary": torch.stack([self._read(batch, *given) for given in read]).sum(),
            "identity": share * (who[1] - who[0] - who[2]) / 3,
            "passwords": share * alike(seen[0], seen[1]),
            "wrongs": share * alike(seen[3], seen[4]),
            "strangers": share * alike(seen[0], seen[3]),
            "keep": early * (hidden - batch.source).abs().mean(),
            "keep_wrong": early * (wrong - batch.source).abs().mean(),
            "recover": early * (back - batch.source).abs().mean(),
        }

    def _read(self, batch: Turn, before: Tensor, after: Tensor, way: int) -> Tensor:
        logits = self.net("reader")(before, after).float()
        return functional.cross_entropy(logits.flatten(0, 1), classes(batch.ways[:, way]).flatten())

    def _criticise(self, batch: Turn, faces: tuple[Tensor, ...]) -> Tensor:
        heads, losses = self.net("heads"), []
        for kind, face in zip(OUTPUTS, faces, strict=True):
            losses += [squares(v, True) / 2 for v in heads(batch.source, kind)]
            losses += [squares(v, False) / 2 for v in heads(face, kind)]
        return torch.stack(losses).mean()

    def _known(self, batch: Turn) -> Tensor:
        seen = self.net("classifier")(torch.cat([batch.source, batch.faces.flatten(0, 1)]))
        loss: Tensor = self.net("classifier").wrong(seen, torch.cat([batch.who, batch.names.flatten()]))
        return loss

    def _wrong(self, batch: Turn, pictures: Tensor) -> Tensor:
        loss: Tensor = self.net("classifier").wrong(self.net("classifier")(pictures), batch.who)
        return loss


def generator(how: Recipe) -> Transformer:
    """Return the network of a recipe, untaught."""
    return Transformer(how.bits, how.width, how.blocks)


def train(
    data: Path, out: Path, minutes: float, resume: bool = False, apart: Path | None = None,
    settings: Mapping[str, Any] | None = None, told: Told = lambda stage, done, total: None,
    tick: Tick = lambda line: None,
) -> Progress:  # fmt: skip
    """Teach the transformer for some minutes, in a folder; settings: of the recipe. Raises as `gather` and `loop.train`
    do."""
    return learn(Identity(gather(data, out, apart, told), Recipe(**(settings or {}))), out, minutes, resume, told=tick)
