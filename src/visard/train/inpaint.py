"""The inpainter's recipe: what is hidden is painted again, around a donor's face, until a critic cannot tell.

Losses: colours where they are known; light, coarsely, everywhere; MobileNetV2's features of the surroundings, and of
the face where its own texture is drawn; dlib's of the face, and its donor's identity; a critic with R1 on augmented
pictures.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import default_collate

from visard.models.inpainter import EDGE, SIDE
from visard.models.store import absent
from visard.nets.critic import Critic, penalty
from visard.nets.features import DlibResNet, MobileNetV2, chips, differ
from visard.nets.inpaint import WIDTHS, Inpainter, compose
from visard.train.album import Album
from visard.train.checkpoint import Parts, Progress
from visard.train.faces import Told
from visard.train.gathering import gather
from visard.train.loop import Tick
from visard.train.loop import train as learn
from visard.train.precision import fast
from visard.train.samples import Practice, Sample
from visard.train.studio import follow, numbers
from visard.types import Pixels

NAME = "inpaint"

_ALIKE = 0.35
"""Distance of dlib's embeddings from which on a painted face is to come nearer to its donor."""

_SHOWN = 12
"""Samples on a sheet."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Every number that decides the outcome; weights of losses by their names; warming: steps until the full rate;
    steepest: length to which longer gradients are cut."""

    seed: int = 0
    widths: tuple[int, ...] = WIDTHS
    rate: float = 5e-4
    steepest: float = 5.0
    warming: int = 200
    critic_rate: float = 2e-4
    average: float = 0.998
    colour: float = 6.0
    light: float = 6.0
    look: float = 1.0
    face: float = 0.5
    keep: float = 0.5
    critic: float = 0.2
    steep: float = 1.0
    steep_every: int = 16
    face_every: int = 4


class Inpaint:
    """The lesson; batch: samples a step, by default 8 on a CPU and 128 on a GPU."""

    name = NAME

    def __init__(self, album: Album, recipe: Recipe | None = None, batch: int | None = None) -> None:
        self._recipe = recipe or Recipe()
        self._looks = not absent(["mobilenetv2"])
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.batch = batch or (128 if self.device.type == "cuda" else 8)
        self.samples: Any = Practice(album, self._recipe.seed)
        torch.manual_seed(self._recipe.seed)
        self.painter, self.critic = (self._placed(net) for net in (Inpainter(self._recipe.widths), Critic()))
        self.average = deepcopy(self.painter).requires_grad_(False)
        self._opt = torch.optim.Adam(self.painter.parameters(), self._recipe.rate, betas=(0.5, 0.99))
        self._critic_opt = torch.optim.Adam(self.critic.parameters(), self._recipe.critic_rate, betas=(0.0, 0.99))

    @property
    def recipe(self) -> Mapping[str, Any]:
        """The recipe's numbers as JSON knows them, and whether MobileNetV2 was there to look."""
        return numbers(self._recipe) | {"mobilenetv2": self._looks}

    def parts(self) -> Parts:
        """Return the networks and optimisers, by name; `average` is what ships."""
        return {
            "painter": self.painter, "critic": self.critic, "average": self.average,
            "painter_memory": self._opt, "critic_memory": self._critic_opt,
        }  # fmt: skip

    def learn(self, batch: Sample, step: int) -> dict[str, Tensor]:
        """Learn from a batch: the painter first, then the critic from what it painted; return the losses."""
        chance = torch.Generator().manual_seed(self._recipe.seed * 1_000_003 + step)
        batch = batch._replace(inputs=batch.inputs.contiguous(memory_format=torch.channels_last))
        painted, losses = self._paint(batch, step, chance)
        losses |= self._criticise(batch, painted, step, chance)
        follow(self.average, self.painter, self._recipe.average, step)
        return losses

    def _paint(self, batch: Sample, step: int, chance: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        how, drawn = self._recipe, batch.inputs[:, 7:8]
        self.critic.requires_grad_(False)
        with fast(self.device):
            maps = self.painter(batch.inputs)
            whole = torch.where(batch.wanted > 0, compose(batch.inputs, maps), batch.target)
            # Where a donor's texture is drawn, the original face says nothing of its details.
            face = functional.max_pool2d(drawn, 5, 1, 2) * (1 - batch.own)
            judged = torch.where(face > 0, batch.target, whole)
            apart = whole - batch.target
            core = 1 - functional.max_pool2d(1 - drawn, 7, 1, 3)
            losses = {
                "colour": ((judged - batch.target).abs() * batch.wanted).sum() / (3 * batch.wanted.sum() + 1),
                "light": functional.avg_pool2d(apart, 8).abs().mean(),
                "keep": (core * torch.sigmoid(-maps.alpha.float() - EDGE)).mean(),
                "critic": functional.softplus(-self.critic(_augmented(batch, whole, chance)).float()).mean(),
            }
            if self._looks:
                losses["look"] = differ(self._mobilenet(judged), self._mobilenet(batch.target))
            if step % how.face_every == 0:
                losses["face"] = self._face(batch, whole)
        for group in self._opt.param_groups:
            group["lr"] = how.rate * min(1.0, (step + 1) / how.warming)
        self._opt.zero_grad(set_to_none=True)
        torch.stack([getattr(how, name) * value for name, value in losses.items()]).sum().backward()
        losses["slope"] = torch.nn.utils.clip_grad_norm_(self.painter.parameters(), how.steepest)
        self._opt.step()
        return whole.detach(), {name: value.detach() for name, value in losses.items()}

    def _face(self, batch: Sample, whole: Tensor) -> Tensor:
        """Return how far the faces are from what they should be to dlib: themselves, or their donors."""
        ours, who = self._dlib(chips(whole, batch.place))
        with torch.no_grad():
            theirs, _ = self._dlib(chips(batch.target, batch.place))
        own = batch.own
        same = [(own * (a - b).abs()).mean() / b.abs().mean() for a, b in zip(ours, theirs, strict=True)]
        donor = functional.relu((who - batch.identity).float().norm(dim=1) - _ALIKE)
        return torch.stack(same).mean() + ((1 - own.flatten()) * donor).mean()

    def _criticise(self, batch: Sample, painted: Tensor, step: int, chance: torch.Generator) -> dict[str, Tensor]:
        how = self._recipe
        self.critic.requires_grad_(True)
        same = chance.get_state()  # real and painted are changed alike, so that only what was painted tells them apart
        with fast(self.device):
            real = functional.softplus(-self.critic(_augmented(batch, batch.target, chance)).float()).mean()
            chance.set_state(same)
            fake = functional.softplus(self.critic(_augmented(batch, painted, chance)).float()).mean()
        losses = {"real": real, "fake": fake}
        total = real + fake
        if step % how.steep_every == 0:
            losses["steep"] = penalty(self.critic, _augmented(batch, batch.target, chance))
            total = total + how.steep / 2 * how.steep_every * losses["steep"]
        self._critic_opt.zero_grad(set_to_none=True)
        total.backward()
        self._critic_opt.step()
        return {name: value.detach() for name, value in losses.items()}

    def sheet(self) -> Pixels:
        """Return rows of surroundings, donor, result of the average, and original."""
        shown = Practice(self.samples.album, seed=2**31, own=0.0)
        batch = Sample(*default_collate([shown[n] for n in range(_SHOWN)]))
        with torch.inference_mode():
            seen = batch.inputs.to(self.device)
            whole = compose(seen, self.average(seen)).cpu()
        whole = torch.where(batch.inputs[:, 3:4] > 0, batch.target, whole)
        columns = torch.cat([batch.inputs[:, :3], batch.inputs[:, 4:7], whole, batch.target], dim=3)
        rows = (columns.clamp(-1, 1) + 1).permute(0, 2, 3, 1).numpy() * 127.5
        half = _SHOWN // 2
        halves = [rows[:half].reshape(-1, 4 * SIDE, 3), rows[half:].reshape(-1, 4 * SIDE, 3)]
        return np.round(np.hstack(halves)).astype(np.uint8)

    @cached_property
    def _mobilenet(self) -> Any:
        return self._placed(MobileNetV2())

    @cached_property
    def _dlib(self) -> Any:
        return self._placed(DlibResNet())

    def _placed(self, net: Any) -> Any:
        return net.to(self.device, memory_format=torch.channels_last)


def _augmented(batch: Sample, picture: Tensor, chance: torch.Generator) -> Tensor:
    """Return (n, 6, S, S) what the critic sees: the picture, what is known of it, and the face's place, all changed at
    random so that it cannot learn few photos by heart (differentiable augmentation, Zhao et al. 2020)."""
    n = len(picture)

    def drawn(low: float, high: float) -> Tensor:
        return (torch.rand(n, 1, 1, 1, generator=chance) * (high - low) + low).to(picture.device)

    grey = picture.mean(1, keepdim=True)
    x = (picture - grey) * drawn(0.5, 1.5) + grey
    x = (x - x.mean((1, 2, 3), keepdim=True)) * drawn(0.7, 1.3) + x.mean((1, 2, 3), keepdim=True) + drawn(-0.3, 0.3)
    x = torch.cat([x, batch.inputs[:, 3:4], batch.inputs[:, 8:10]], dim=1)
    shift = torch.cat([drawn(-0.2, 0.2), drawn(-0.2, 0.2)], dim=1).flatten(1)
    mirror = torch.cat([drawn(-1, 1).sign(), drawn(1, 1)], dim=1).view(n, 1, 2)
    turn = torch.cat([torch.eye(2, device=picture.device) * mirror, shift[:, :, None]], dim=2)
    grid = functional.affine_grid(turn, list(x.shape), align_corners=False)
    return functional.grid_sample(x, grid, mode="nearest", align_corners=False)


def train(
    data: Path, out: Path, minutes: float, resume: bool = False, apart: Path | None = None,
    told: Told = lambda stage, done, total: None, tick: Tick = lambda line: None,
) -> Progress:  # fmt: skip
    """Teach the inpainter for some minutes, in a folder, and return how far it has come.

    data and apart: as `gather` takes them. Raises as it does, and UsageError for a checkpoint that does not fit.
    """
    return learn(Inpaint(gather(data, out, apart, told)), out, minutes, resume, told=tick)
