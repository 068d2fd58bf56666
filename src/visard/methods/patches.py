"""Background from the picture itself: each small patch of a hole becomes a copy of the known patch that fits best.

PatchMatch (Barnes et al. 2009) inside the coarse-to-fine completion of Wexler et al. (2007), on a grid of overlapping
patches: at the finest level they are copied at full resolution, so that what is filled in is as sharp as the picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.methods.scene import carry_across, fill_in
from visard.types import Pixels

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]
Places = NDArray[np.intp]

PATCH = 8
"""Side of a patch in pixels of its level."""

_STRIDE, _SMALL = (2, 4), 12_000
"""Pixels between patches, at levels whose hole has up to so many pixels, and at larger ones."""

_CORE, _DEEP = (12.0, 48.0), 32.0
"""Pixels from rim to middle of the coarsest hole: a patch sees whole bricks; if deep, a hedge is wider than a patch."""

_SEARCHED = 12_000
"""Patches of a level up to which better ones are sought; beyond, those of the level below are copied larger."""

_ROUNDS = 3, 2
"""Times that patches are sought and put together: at the coarsest levels, and at the finer ones."""

_WIDE = 12
"""Pixels within which better patches are sought by chance, above the coarsest level."""

_UPRIGHT, _LIKELY = 30000.0, 1.0
"""Squared grey levels that speak against a patch from a picture's height higher or lower: roads are no walls; and how
much the square of its distance from the expected mean colour does: more errs as little, but tears large holes."""

_FADE = 1.05
"""By how much less a pixel of the hole counts than its neighbour nearer to the rim."""

_CHUNK = 3_000
"""Patches that are compared at a time."""

_RING = 2, 6
"""Pixels from the hole at which the ring begins and ends on which the light of copied patches is compared."""

_SHIFT = 20.0
"""Grey levels by which copied patches may differ from the rim for their light to be drawn to it."""


@dataclass(slots=True, eq=False)
class _Level:
    """One scale: the picture (h, w, 3) with its hole filled in so far, and the patches that make up the hole.

    weight: (h, w) what a pixel counts when patches are compared; sources: (h, w) where a wholly known patch begins;
    grid: (rows, columns) numbers of patches, -1 where none is needed; place: (N, 2) where they begin; means: (h, w, 3)
    mean colours, known or expected, of the patch that begins there, if anything is expected.
    """

    picture: Floats
    wanted: Flags
    known: Flags
    weight: Floats
    sources: Flags
    grid: Places
    place: Places
    nearest: Places
    means: Floats | None


def complete(pixels: Pixels, wanted: Flags, known: Flags, seed: int, expected: Floats | None = None) -> Pixels | None:
    """Return the (h, w, 3) picture with the wanted pixels made of patches of the known ones; None where there are none.

    expected: (h, w, 3) colours, 0 to 255, that the wanted ones are likely to have. Pixels that are neither wanted nor
    known are not looked at. Known pixels keep their value.
    """
    rng = np.random.default_rng(seed)
    level: _Level | None = None
    match = np.zeros((0, 2), np.intp)
    for number, scale in enumerate(_scales(wanted)):
        below, level = level, _level(pixels, wanted, known, expected, scale)
        if level is None:
            level = below
            continue
        if below is None:
            match, reach = _anywhere(level, rng), max(level.wanted.shape)
        else:
            match, reach = _enlarged(level, below, match), _WIDE
            _vote(level, match, _distance(level, match))
        for _ in range(_ROUNDS[number > 1] if len(match) <= _SEARCHED else 0):
            match, apart = _search(level, match, reach, rng)
            _vote(level, match, apart)
    return None if level is None else _finished(pixels, wanted, level, match)


def _scales(wanted: Flags) -> list[float]:
    """Return the scales of the pyramid, coarsest first, each twice the one before; the last is 1."""
    deepest = float(cv2.distanceTransform(np.pad(wanted, 1).astype(np.uint8), cv2.DIST_L2, 3).max())
    number = np.ceil(np.log2(max(1.0, deepest / _CORE[deepest > _DEEP])))
    return [0.5**k for k in range(int(number), -1, -1)]


def _level(pixels: Pixels, wanted: Flags, known: Flags, expected: Floats | None, scale: float) -> _Level | None:
    height, width = (max(PATCH, round(side * scale)) for side in wanted.shape)
    if min(wanted.shape) < PATCH:
        return None
    share = _reduced(known.astype(np.float32), height, width)
    picture = _reduced(np.asarray(pixels * known[..., None], np.float32), height, width)
    whole = share > 0.999
    hole = (_reduced(wanted.astype(np.float32), height, width) > 0) & ~whole
    picture, means = carry_across(picture, np.asarray(whole, np.float32)), None
    if expected is not None:
        picture[hole] = _reduced(expected, height, width)[hole]
        means = np.asarray(cv2.blur(picture, (PATCH, PATCH), anchor=(0, 0)), np.float32)
    sources = _begin(whole)
    if not sources.any() or not hole.any():
        return None
    depth = cv2.distanceTransform(np.pad(hole, 1).astype(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1]
    weight = np.where(whole, 1.0, np.where(hole, np.maximum(0.02, _FADE**-depth * 0.7), 0.0))
    grid, place = _grid(hole, _STRIDE[int(np.count_nonzero(hole) > _SMALL)])
    return _Level(picture, hole, whole, weight.astype(np.float32), sources, grid, place, _nearest(sources), means)


def _nearest(there: Flags) -> Places:
    """Return (h, w, 2) the place of the nearest pixel that is there."""
    how = cv2.DIST_LABEL_PIXEL
    labels = cv2.distanceTransformWithLabels((~there).astype(np.uint8), cv2.DIST_L2, 3, labelType=how)[1]
    where = np.zeros((int(labels.max()) + 1, 2), np.intp)
    where[labels[there]] = np.argwhere(there)
    return np.asarray(where[labels])


def _reduced(values: Floats, height: int, width: int) -> Floats:
    if values.shape[:2] == (height, width):
        return values
    return np.asarray(cv2.resize(values, (width, height), interpolation=cv2.INTER_AREA), np.float32)


def _begin(known: Flags) -> Flags:
    """Return where a patch may begin so that all of it is known."""
    whole = cv2.erode(np.pad(known, ((0, 1), (0, 1))).astype(np.uint8), np.ones((PATCH, PATCH)), anchor=(0, 0))
    return np.asarray(whole[:-1, :-1] > 0, np.bool_)


def _grid(hole: Flags, stride: int) -> tuple[Places, Places]:
    """Return the numbers of the patches on a grid, and where they begin; together they cover the hole."""
    rows, columns = (np.unique(np.append(np.arange(0, side - PATCH, stride), side - PATCH)) for side in hole.shape)
    total = np.pad(cv2.integral(hole.astype(np.uint8)), 0)
    y, x = rows[:, None], columns[None, :]
    count = total[y + PATCH, x + PATCH] - total[y, x + PATCH] - total[y + PATCH, x] + total[y, x]
    grid = np.full(count.shape, -1, np.intp)
    grid[count > 0] = np.arange(np.count_nonzero(count))
    at = np.argwhere(count > 0)
    return grid, np.column_stack([rows[at[:, 0]], columns[at[:, 1]]]).astype(np.intp)


def _anywhere(level: _Level, rng: np.random.Generator) -> Places:
    """Return known patches by chance, from as high up or low down as each one lies, if there are any."""
    known = np.argwhere(level.sources)
    start = np.searchsorted(known[:, 0], level.place[:, 0])
    stop = np.searchsorted(known[:, 0], level.place[:, 0], side="right")
    drawn = rng.random(len(level.place))
    row = np.minimum(start + (drawn * (stop - start)).astype(np.intp), len(known) - 1)
    return known[np.where(stop > start, row, (drawn * len(known)).astype(np.intp))]


def _enlarged(level: _Level, below: _Level, match: Places) -> Places:
    """Return the coarser level's matches at twice the size, drawn to the nearest known patch."""
    times = np.array(level.wanted.shape) / np.array(below.wanted.shape)
    small = level.place / times
    rows, columns = below.place[:, 0].max() + 1, below.place[:, 1].max() + 1
    number = np.full((rows, columns), -1, np.intp)
    number[below.place[:, 0], below.place[:, 1]] = np.arange(len(below.place))
    there = _nearest(number >= 0)
    near = np.clip(np.round(small), 0, [rows - 1, columns - 1]).astype(np.intp)
    own = number[tuple(there[near[:, 0], near[:, 1]].T)]
    shift = (match[own] - below.place[own]) * times
    return _allowed(level, np.round(level.place + shift).astype(np.intp))


def _allowed(level: _Level, match: Places) -> Places:
    """Return each place, or the nearest one at which a known patch begins."""
    limit = np.array(level.wanted.shape) - PATCH
    inside = np.clip(match, 0, limit)
    return level.nearest[inside[:, 0], inside[:, 1]]


def _patches(values: NDArray[np.float32], place: Places) -> Floats:
    view = np.lib.stride_tricks.sliding_window_view(values, (PATCH, PATCH), axis=(0, 1))
    return np.asarray(view[place[:, 0], place[:, 1]], np.float32)


def _distance(level: _Level, match: Places) -> Floats:
    """Return (N,) mean squared differences of patches and their matches."""
    apart = np.empty(len(match), np.float32)
    for chunk in _chunks(len(match)):
        own, weight = _patches(level.picture, level.place[chunk]), _patches(level.weight, level.place[chunk])
        apart[chunk] = _compare(own, weight, _patches(level.picture, match[chunk]))
    return apart + _off(level, level.place, match)


def _off(level: _Level, place: Places, match: Places) -> Floats:
    """Return (N,) how much it speaks against matches that they lie higher or lower, or are of other colours."""
    away = (match[:, 0] - place[:, 0]) / level.wanted.shape[0]
    off = np.asarray(_UPRIGHT * away * away, np.float32)
    if level.means is not None:
        apart = level.means[match[:, 0], match[:, 1]] - level.means[place[:, 0], place[:, 1]]
        off += np.float32(_LIKELY) * np.einsum("nc,nc->n", apart, apart)
    return off


def _compare(own: Floats, weight: Floats, other: Floats) -> Floats:
    other -= own
    other *= other
    far = other[:, 0] + other[:, 1] + other[:, 2]  # a quarter of the time of a sum over so short an axis
    heavy = np.maximum(np.einsum("nij->n", weight), 1e-6)
    return np.asarray(np.einsum("nij,nij->n", far, weight) / heavy, np.float32)


def _chunks(number: int) -> Iterator[slice]:
    return (slice(k, min(k + _CHUNK, number)) for k in range(0, number, _CHUNK))


def _search(level: _Level, match: Places, reach: int, rng: np.random.Generator) -> tuple[Places, Floats]:
    """Return better matches, and how far they are: those of neighbours, moved along, and others near by chance."""
    own, weight = _patches(level.picture, level.place), _patches(level.weight, level.place)
    best = match.copy()
    apart = _compare(own, weight, _patches(level.picture, best)) + _off(level, level.place, best)

    def consider(other: Places) -> None:
        other = _allowed(level, other)
        differ = np.flatnonzero((other != best).any(axis=1))
        if len(differ):
            far = _compare(own[differ], weight[differ], _patches(level.picture, other[differ]))
            far += _off(level, level.place[differ], other[differ])
            better = differ[far < apart[differ]]
            apart[better] = far[far < apart[differ]]
            best[better] = other[better]

    row, column = np.nonzero(level.grid >= 0)
    for step in (4, 1):
        for down, right in ((-step, 0), (step, 0), (0, -step), (0, step)):
            y = np.clip(row + down, 0, level.grid.shape[0] - 1)
            x = np.clip(column + right, 0, level.grid.shape[1] - 1)
            other = level.grid[y, x]
            other = np.where(other >= 0, other, np.arange(len(best)))
            consider(best[other] + level.place - level.place[other])
    while reach >= 1:
        consider(best + np.round(rng.uniform(-reach, reach, best.shape)).astype(np.intp))
        reach //= 2
    return best, apart


def _vote(level: _Level, match: Places, apart: Floats) -> Floats:
    """Fill the level's hole with its matches, better ones counting more; return (h, w, 3) what they say anywhere."""
    top, left = level.place.min(axis=0).tolist()
    height, width = (level.place.max(axis=0) + PATCH - (top, left)).tolist()
    spread = max(1.0, float(np.percentile(apart, 75)))
    trust = np.exp(-apart / (2 * spread)) + 1e-6
    bell = np.hanning(PATCH + 2)[1:-1].astype(np.float32)
    window = np.outer(bell, bell)
    total = np.zeros((4, height * width), np.float64)
    within = (np.arange(PATCH)[:, None] * width + np.arange(PATCH)).ravel()
    for chunk in _chunks(len(match)):
        place, weight = level.place[chunk] - (top, left), (trust[chunk, None, None] * window).astype(np.float32)
        # Patches lie in rows: a chunk of them fills a band.
        first, last = int(place[0, 0]), int(place[-1, 0]) + PATCH
        at = (((place[:, 0] - first) * width + place[:, 1])[:, None] + within).ravel()
        band, other = slice(first * width, last * width), _patches(level.picture, match[chunk])
        for channel in range(4):
            value = weight if channel == 3 else weight * other[:, channel]
            total[channel, band] += np.bincount(at, value.ravel(), (last - first) * width)
    covered = total[3].reshape(height, width) > 0
    whole = level.picture.copy()
    box = slice(top, top + height), slice(left, left + width)
    means = (total[:3] / np.maximum(total[3], 1e-12)).reshape(3, height, width).transpose(1, 2, 0)
    whole[box][covered] = means[covered]
    level.picture[level.wanted] = whole[level.wanted]
    return whole


def _finished(pixels: Pixels, wanted: Flags, level: _Level, match: Places) -> Pixels:
    """Return the picture with the hole filled at full resolution, its light drawn to that of the rim."""
    said = _vote(level, match, _distance(level, match))
    off = np.asarray(level.picture - said, np.float32)
    beside, near = (cv2.dilate(level.wanted.astype(np.uint8), np.ones((2 * n + 1, 2 * n + 1))) > 0 for n in _RING)
    # Where things differ, rather than their light, the rim has no say: its dark would spread like smoke. Nor has what
    # lies right beside the hole: the last of a sleeve, or a codec's halo.
    rim = level.known & near & ~beside & (np.abs(off).max(axis=2) < _SHIFT)
    light = cv2.GaussianBlur(fill_in(off, rim.astype(np.float32)), (0, 0), 3.0) if rim.any() else np.float32(0)
    result = pixels.copy()
    result[wanted] = np.clip(np.round(said + light), 0, 255).astype(np.uint8)[wanted]
    return result
