"""Room 7, DOUBT: outside the masks nothing changed beyond codec noise; inside, no detail stayed."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.detect.search import halve
from visard.policy import Rule
from visard.shape.mask import outline, window
from visard.types import Check, Mask, Pixels, Region

Cover = NDArray[np.uint8]

_BLOCK = 16
"""Side in pixels of the blocks whose mean change is judged: a codec's unit of work."""

_STRIP = 32 * _BLOCK
"""Rows that are compared at a time, so that a large picture needs no second large array."""

CODEC_NOISE = 24.0
"""Largest mean change of a block, in grey levels, that a lossy codec explains."""

_ACROSS = 96
"""Detail is compared at this many pixels across a region, whatever its size."""

_EDGE: Final = 3, 1.5
"""How far the soft edge of a figure reaches on both sides of its outline: in pixels at that size, or of the frame: a
small head's contour lies beside its outline by as much."""

_FEW = 200
"""Compared pixels, some eight independent values, below which nothing can be told: on 2,003 heads and people in 130
photos, of whom a figure shows nothing, fewer gave gains up to .64 by chance, and more gave .24 at most."""

_FLAT = 3.0
"""Grey levels of detail (root mean square) below which a region shows nothing that could stay: a sharp face has
five to ten, a wall or a face of a few pixels hardly any."""


class Untouched:
    """Measures the change outside the masks; a lossless format allows none."""

    def __init__(self, lossless: bool) -> None:
        self._lossless = lossless
        self._worst = 0.0
        self._frames: list[int] = []

    def see(self, index: int, before: Pixels, after: Pixels, cover: Cover) -> None:
        """Compare one frame (H, W, 3) with its draft; cover: (H, W), 255 where pixels were hidden."""
        worst = max(
            self._worst_of(before[strip], after[strip], cover[strip])
            for y in range(0, len(cover), _STRIP)
            for strip in [slice(y, y + _STRIP)]
        )
        if worst > self.limit:
            self._frames.append(index)
        self._worst = max(self._worst, worst)

    def _worst_of(self, before: Pixels, after: Pixels, cover: Cover) -> float:
        change = np.asarray(cv2.absdiff(before, after), np.uint8)
        if not self._lossless:
            return _worst_block(change, cover)
        return float(change[cover == 0].max(initial=0))

    @property
    def limit(self) -> float:
        """Largest change allowed, in grey levels."""
        return 0.0 if self._lossless else CODEC_NOISE

    def check(self) -> Check:
        """Return the largest change outside the masks."""
        return Check("untouched", self._worst, self.limit, tuple(self._frames))


class Detail:
    """Measures how much of a hidden region's fine structure is still in the draft.

    The value is the gain with which the source's detail (its band above 1/24 of the region's width)
    reappears: 1 if all of it stayed, 0 if none did.
    """

    LIMIT = 0.25

    def __init__(self) -> None:
        self._worst = 0.0
        self._frames: list[int] = []
        self.weak: list[Region] = []

    def see(
        self, index: int, before: Pixels, after: Pixels, region: Region, rule: Rule, new: Cover, drawn: Cover
    ) -> None:
        """Compare one hidden region of a frame with its draft.

        new: (H, W), non-zero where other faces were drawn. drawn: (H, W), non-zero on the outlines of figures, which
        are meant to stay, and on which the source's own contours lie.
        """
        cells = window(region, rule, *before.shape[:2])
        if cells[0].start >= cells[0].stop or cells[1].start >= cells[1].stop:
            return
        mask = (outline(region, rule, cells) >= 1.0) & (new[cells] == 0)
        compared = _Compared(mask, drawn[cells])
        was = compared.detail(before[cells])
        energy = float(was @ was)
        if was.size < _FEW or energy < _FLAT**2 * was.size:
            return
        now = compared.detail(after[cells])
        gain = float(was @ now) / energy
        if gain > self.LIMIT:
            self._frames.append(index)
            self.weak.append(region)
        self._worst = max(self._worst, gain)

    def check(self) -> Check:
        """Return the largest share of detail that stayed."""
        return Check("detail_left", self._worst, self.LIMIT, tuple(sorted(set(self._frames))))


def _worst_block(change: Pixels, cover: Cover) -> float:
    below, right = (-side % _BLOCK for side in cover.shape)
    if below or right:  # whole blocks: the border's are filled up with its own pixels
        change = np.asarray(cv2.copyMakeBorder(change, 0, below, 0, right, cv2.BORDER_REPLICATE), np.uint8)
        cover = np.asarray(cv2.copyMakeBorder(cover, 0, below, 0, right, cv2.BORDER_REPLICATE), np.uint8)
    grid = cover.shape[1] // _BLOCK, cover.shape[0] // _BLOCK
    near = cv2.resize(cover, grid, interpolation=cv2.INTER_AREA)
    beside = cv2.dilate(near, np.ones((3, 3))) > 0
    blocks = cv2.resize(change, grid, interpolation=cv2.INTER_AREA)
    blocks[beside] = 0
    return float(blocks.max())


def outlines(regions: Iterable[Region], shape: tuple[int, ...]) -> Cover:
    """Return (H, W) uint8 pixels, 255 on the outlines of regions that have one."""
    drawn = np.zeros(shape, np.uint8)
    for region in regions:
        if region.outline is not None:
            cv2.polylines(drawn, [np.round(region.outline).astype(np.int32)], True, 255)
    return drawn


class _Compared:
    """The masked pixels beside what is drawn, at a fixed size."""

    def __init__(self, mask: NDArray[np.bool_], drawn: Cover) -> None:
        height, width = mask.shape
        scale = self._scale = _ACROSS / max(height, width)
        self._size = max(1, round(width * scale)), max(1, round(height * scale))
        self._how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        self._inside = cv2.resize(mask.astype(np.float32), self._size, interpolation=self._how) >= 0.999
        reach = max(_EDGE[0], ceil(_EDGE[1] * scale))
        kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
        self._inside &= cv2.dilate(cv2.resize(drawn, self._size, interpolation=cv2.INTER_AREA), kernel) == 0
        self._weight = self._inside.astype(np.float32)
        self._near = np.maximum(_smooth(self._weight), 1e-6)

    def detail(self, pixels: Pixels) -> Mask:
        """Return the fine structure of these pixels as a vector."""
        small = np.asarray(cv2.resize(halve(pixels, self._scale), self._size, interpolation=self._how), np.uint8)
        grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
        # The mean of the masked neighbours alone: what lies around the mask has no say.
        around = _smooth(grey * self._weight) / self._near
        return np.asarray((grey - around)[self._inside], np.float32)


def _smooth(values: Mask) -> Mask:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), 2.0), np.float32)
