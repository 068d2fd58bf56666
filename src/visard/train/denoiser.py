"""The denoiser's recipe: faces with hair, made noisy, and the noise told from them (Ho et al. 2020, algorithm 1)."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from visard.methods.diffusion import STEPS, levels, noised, path, sample
from visard.methods.scene import SIDE as LARGE
from visard.models.denoiser import SIDE
from visard.models.denoiser import told as heard
from visard.nets.denoiser import WIDTHS, Denoiser, wrapped
from visard.train.album import WIDE, Album
from visard.train.checkpoint import Parts, Progress
from visard.train.faces import Told
from visard.train.gathering import gather
from visard.train.loop import Tick
from visard.train.loop import train as learn
from visard.train.studio import follow, numbers
from visard.types import Pixels

Floats = NDArray[np.float32]

NAME = "denoiser"

_SHOWN, _DRAWN = 16, 50
"""Samples on a sheet, and steps in which they are drawn."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Every number that decides the outcome; average: of the weights that ship."""

    seed: int = 0
    widths: tuple[int, ...] = WIDTHS
    rate: float = 2e-4
    steepest: float = 1.0
    warming: int = 500
    average: float = 0.9995


class Noisy(NamedTuple):
    """noisy: (3, S, S); level: (16,), as the network is told it; noise: (3, S, S), what it should say."""

    noisy: Floats
    level: Floats
    noise: Floats


class Faces:
    """An endless row of noisy faces, each a function of its number alone."""

    def __init__(self, album: Album, seed: int = 0) -> None:
        self.album, self._seed, self._levels = album, seed, levels()

    def __getitem__(self, number: int) -> Noisy:
        """Return the noisy face of that number."""
        rng = np.random.default_rng((self._seed, number))
        row = int(rng.choice(self.album.rows))
        edge = (WIDE - LARGE) // 2
        square = self.album.squares[row, edge : edge + LARGE, edge : edge + LARGE, :3]
        small = cv2.resize(np.asarray(square), (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
        if rng.random() < 0.5:
            small = small[:, ::-1]
        picture = np.ascontiguousarray((small / 127.5 - 1).transpose(2, 0, 1), np.float32)
        level = self._levels[int(rng.integers(1, STEPS + 1))]
        noise = rng.standard_normal(picture.shape, np.float32)
        return Noisy(noised(picture, noise, level).astype(np.float32), heard(level), noise)


class Lesson:
    """The lesson; batch: samples a step, by default 16 on a CPU and 256 on a GPU."""

    name = NAME

    def __init__(self, album: Album, recipe: Recipe | None = None, batch: int | None = None) -> None:
        self._recipe = recipe or Recipe()
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.batch = batch or (256 if self.device.type == "cuda" else 16)
        self.samples: Any = Faces(album, self._recipe.seed)
        torch.manual_seed(self._recipe.seed)
        self.net = Denoiser(self._recipe.widths).to(self.device)
        self.average = deepcopy(self.net).requires_grad_(False)
        self._opt = torch.optim.Adam(self.net.parameters(), self._recipe.rate)

    @property
    def recipe(self) -> Mapping[str, Any]:
        """The recipe's numbers as JSON knows them."""
        return numbers(self._recipe)

    def parts(self) -> Parts:
        """Return the network, its average, which is what ships, and the optimiser, by name."""
        return {"net": self.net, "average": self.average, "memory": self._opt}

    def learn(self, batch: Any, step: int) -> dict[str, float]:
        """Learn from a batch; return the loss (Ho et al. 2020, equation 14)."""
        how = self._recipe
        loss = (self.net(batch.noisy, batch.level) - batch.noise).square().mean()
        for group in self._opt.param_groups:
            group["lr"] = how.rate * min(1.0, (step + 1) / how.warming)
        self._opt.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), how.steepest)
        self._opt.step()
        follow(self.average, self.net, self._recipe.average, step)
        return {"noise": float(loss.detach())}

    def sheet(self) -> Pixels:
        """Return faces that the average makes of noise alone."""
        chance = torch.Generator().manual_seed(0)

        def noise() -> torch.Tensor:
            return torch.randn(_SHOWN, 3, SIDE, SIDE, generator=chance).to(self.device)

        drawn = sample(wrapped(self.average), noise(), path(_DRAWN), noise).cpu()
        rows = ((drawn.clamp(-1, 1) + 1) * 127.5).permute(0, 2, 3, 1).numpy().round().astype(np.uint8)
        across = _SHOWN // 2
        lines = [np.hstack(list(rows[start : start + across])) for start in range(0, _SHOWN, across)]
        return np.asarray(np.vstack(lines))


def train(
    data: Path, out: Path, minutes: float, resume: bool = False, apart: Path | None = None,
    told: Told = lambda stage, done, total: None, tick: Tick = lambda line: None,
) -> Progress:  # fmt: skip
    """Teach the denoiser for some minutes, in a folder, and return how far it has come; see `train.inpaint.train`."""
    return learn(Lesson(gather(data, out, apart, told)), out, minutes, resume, told=tick)
