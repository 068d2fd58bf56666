"""A face as tensors: what a perturbation is optimised on, how recognisers see it, and its way into the picture."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from visard.nets.ssim import room, ssim
from visard.nets.transfer import diverse
from visard.nets.whitebox import WhiteBox
from visard.shape.similarity import Matrix, fit
from visard.types import Mask, Pixels, Points

LONGEST = 256
"""Longest side in pixels at which a perturbation is sought: finer noise than the networks see would not survive."""

QUALITY = 90
"""JPEG quality through which a result must keep its effect."""

SCALE = 16.0
"""What cosines are multiplied by before a softmax."""

_TURN, _ZOOM, _SHIFT = 0.04, 0.04, 0.02
"""Deviations of an alignment by another detector: radians, share of the scale, shares of the square."""

_HALVINGS = 8
"""Steps of a bisection: to a 1/256 of the change."""

_SMALLEST = 0.6
"""Share to which a picture is shrunk, at most, where resizing is to be survived."""


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """A white box that looks at one face.

    matrix: from pixels of the scene to those of the network's square. own: (D,) the person's vector; others: (N, D)
    those of N other people, all of length 1. centre: (D,) the mean of people's.
    """

    box: WhiteBox
    matrix: Matrix
    own: Tensor
    others: Tensor
    centre: Tensor

    def without(self, these: Tensor) -> Sight:
        """Return the sight without some of the others; these: (N,) true for those who go."""
        return replace(self, others=self.others[~these])

    def logits(self, vector: Tensor) -> Tensor:
        """Return (N + 1,): SCALE x cosines, seen from the centre, with the person and then the others."""
        classes = torch.cat([self.own[None], self.others]) - self.centre
        return SCALE * functional.normalize(classes) @ functional.normalize(vector - self.centre, dim=0)


class Scene:
    """One face to be perturbed: `picture` (1, 3, H, W) in [0, 1], and (1, 1, H, W) where it may change.

    Large faces are worked on at LONGEST pixels; what is added there is enlarged for the whole picture. Every random
    choice derives from the seed.
    """

    def __init__(self, pixels: Pixels, mask: Mask, points: Points, seed: int = 0) -> None:
        self._pixels, self.seed = pixels, seed
        height, width = mask.shape
        self._scale = min(1.0, LONGEST / max(height, width))
        size = max(1, round(width * self._scale)), max(1, round(height * self._scale))
        small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA) if self._scale < 1 else pixels
        self.picture = _tensor(np.asarray(small, np.uint8))
        thin = cv2.resize(mask, size, interpolation=cv2.INTER_AREA) if self._scale < 1 else mask
        self.mask = torch.from_numpy(np.array(thin, np.float32))[None, None]
        ratio = np.array([size[0] / width, size[1] / height])
        self.points = (points + 0.5) * ratio - 0.5
        self.random = torch.Generator().manual_seed(seed % 2**63)

    def sight(self, box: WhiteBox, others: Tensor, centre: Tensor) -> Sight:
        """Return how a white box sees this face among (N, D) other people; centre: (D,)."""
        matrix = fit(self.points, box.framing.template())
        with torch.no_grad():
            own = functional.normalize(box.net(warp(self.picture, matrix, box.framing.side)))[0]
        return Sight(box, matrix, own, others, centre)

    def nudged(self) -> Tensor:
        """Return the picture with noise of at most one grey level."""
        noise = torch.rand(self.picture.shape, generator=self.random) * 2 - 1
        return (self.picture + noise / 255).clamp(0, 1)

    def room(self) -> Tensor:
        """Return (1, 1, H, W) how large a change shows alike everywhere, 1 on average where the picture may change."""
        there = room(self.picture)
        return there * self.mask.sum() / (there * self.mask).sum()

    def pasted(self, x: Tensor) -> Tensor:
        """Return the scene with x where it may change, as pasting leaves it."""
        return self.picture + self.mask * (x - self.picture)

    def look(
        self, x: Tensor, sights: Sequence[Sight], through: Collection[str] = (), diversity: float = 0.0
    ) -> list[Tensor]:
        """Return the (D,) vector of length 1 that each white box has of x once pasted.

        through: of `jpeg`, `resize` and `align`, what happens to the picture on the way, drawn at random. diversity:
        chance that a network sees it shrunk and shifted (input diversity).
        """
        shown = self.pasted(x)
        if "resize" in through:
            shown = _resized(shown, self.random)
        if "jpeg" in through:
            shown = shown + (_compressed(shown, self.random) - shown).detach()
        vectors = []
        for sight in sights:
            matrix = _shaken(sight.matrix, sight.box.framing.side, self.random) if "align" in through else sight.matrix
            face = warp(shown, matrix, sight.box.framing.side)
            face = diverse(face, diversity, self.random) if diversity else face
            vectors.append(functional.normalize(sight.box.net(face))[0])
        return vectors

    def saved(self, x: Tensor, sights: Sequence[Sight]) -> list[Tensor]:
        """Return the vectors of x as a saved file shows it: pasted, eight bits, JPEG."""
        return self.found_anew(x, sights, 0)[0]

    def found_anew(self, x: Tensor, sights: Sequence[Sight], times: int) -> list[list[Tensor]]:
        """Return the vectors of x as a saved file shows it, aligned as it is and as so many other detectors might."""
        with torch.no_grad():
            shown = _decoded(self.pasted(x))
            return [
                [
                    functional.normalize(s.box.net(warp(shown, m, s.box.framing.side)))[0]
                    for s, m in zip(sights, ms, strict=True)
                ]
                for ms in [[s.matrix for s in sights]]
                + [[_shaken(s.matrix, s.box.framing.side, self.random) for s in sights] for _ in range(times)]
            ]

    def within(self, x: Tensor, similarity: float) -> Tensor:
        """Return x, its change scaled down until the structural similarity of what may change is kept."""
        change, low, high = x - self.picture, 0.0, 1.0

        def keeps(share: float) -> bool:
            return float(ssim(self.pasted(self.picture + share * change), self.picture, self.mask)) >= similarity

        if keeps(1.0):
            return x
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if keeps(middle) else (low, middle)
        return self.picture + low * change

    def finish(self, x: Tensor) -> Pixels:
        """Return the scene's pixels, (h, w, 3) uint8 at full resolution, with what x adds."""
        change = (x - self.picture).detach()[0].permute(1, 2, 0).numpy()
        if self._scale < 1:
            height, width = self._pixels.shape[:2]
            change = cv2.resize(change, (width, height), interpolation=cv2.INTER_CUBIC)
        return np.asarray(np.clip(np.round(self._pixels + 255.0 * change), 0, 255), np.uint8)


def portraits(box: WhiteBox, faces: Sequence[tuple[Pixels, Points]]) -> Tensor:
    """Return (N, D) vectors of length 1 for pictures of one face each, with their five points."""
    rows = []
    with torch.no_grad():
        for pixels, points in faces:
            scene = Scene(pixels, np.ones(pixels.shape[:2], np.float32), points)
            matrix = fit(scene.points, box.framing.template())
            rows.append(functional.normalize(box.net(warp(scene.picture, matrix, box.framing.side)))[0])
    return torch.stack(rows)


def warp(picture: Tensor, matrix: Matrix, side: int) -> Tensor:
    """Return the (1, 3, side, side) square that a similarity draws from a (1, 3, H, W) picture, differentiably.

    What lies outside the picture repeats its edge. Pixels are sampled bilinearly, as OpenCV's warp does.
    """
    height, width = picture.shape[2:]
    turn = np.linalg.inv(matrix[:, :2])
    v, u = np.mgrid[0:side, 0:side].astype(np.float64)
    places = np.stack([u, v], -1) @ turn.T - turn @ matrix[:, 2]
    grid = (2 * places + 1) / np.array([width, height]) - 1
    there = torch.from_numpy(grid.astype(np.float32))[None]
    return functional.grid_sample(picture, there, mode="bilinear", padding_mode="border", align_corners=False)


def _tensor(pixels: Pixels) -> Tensor:
    return torch.from_numpy(np.array(pixels, order="C")).permute(2, 0, 1)[None].float() / 255.0


def _draw(random: torch.Generator, *sides: int) -> Tensor:
    return torch.rand(sides, generator=random)


def _shaken(matrix: Matrix, side: int, random: torch.Generator) -> Matrix:
    """Return the alignment that another detector might have given."""
    turn, zoom, across, down = torch.randn(4, generator=random).double().tolist()
    angle, scale = _TURN * turn, 1 + _ZOOM * zoom
    a, b = scale * np.cos(angle), scale * np.sin(angle)
    rotation = np.array([[a, -b], [b, a]])
    centre = side / 2
    moved = rotation @ (matrix[:, 2] - centre) + centre + side * _SHIFT * np.array([across, down])
    return np.column_stack([rotation @ matrix[:, :2], moved])


def _resized(shown: Tensor, random: torch.Generator) -> Tensor:
    """Return the picture shrunk at random and enlarged again."""
    size = shown.shape[2:]
    share = _SMALLEST + (1 - _SMALLEST) * float(_draw(random, 1))
    small = [max(8, round(side * share)) for side in size]
    shrunk = functional.interpolate(shown, small, mode="bilinear", align_corners=False, antialias=True)
    return functional.interpolate(shrunk, size, mode="bilinear", align_corners=False)


def _compressed(shown: Tensor, random: torch.Generator) -> Tensor:
    """Return the picture after JPEG, whose blocks begin anywhere: the frame around it is not known here."""
    down, across = (8 * _draw(random, 2)).int().tolist()
    padded = functional.pad(shown, (across, 0, down, 0), mode="replicate")
    return _decoded(padded)[:, :, down:, across:]


def _decoded(shown: Tensor) -> Tensor:
    pixels = (shown.detach()[0].permute(1, 2, 0) * 255).round().clamp(0, 255).byte().numpy()
    coded = cv2.imencode(".jpg", pixels[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]
    return _tensor(np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR_RGB), np.uint8))
