"""What is sealed of a picture: each hidden person's own pixels, losslessly, and how they come back."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.policy import Policy
from visard.shape.mask import outline, window
from visard.types import Frame, Region
from visard.vault.layout import SEVERAL, refusal

_PLACE = struct.Struct(">III")
"""Frame, left, top."""

_NOBODY = -1

Samples = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Pixels of one frame: its index, the corner (x, y), samples (h, w, 3) uint8 or uint16, and which of them count."""

    frame: int
    x: int
    y: int
    samples: Samples
    own: NDArray[np.bool_]

    def record(self) -> bytes:
        """Return the piece as a record: its place, then a PNG whose alpha says which pixels count."""
        full = np.iinfo(self.samples.dtype).max
        alpha = np.where(self.own, full, 0).astype(self.samples.dtype)
        colours = np.where(self.own[..., None], self.samples, 0)[..., ::-1]
        ok, coded = cv2.imencode(".png", np.dstack([colours, alpha]), [cv2.IMWRITE_PNG_COMPRESSION, 3])
        assert ok, "a PNG of any samples can be made"
        return _PLACE.pack(self.frame, self.x, self.y) + coded.tobytes()

    def put_back(self, canvas: Frame) -> None:
        """Put the pixels into a frame whose pixels, and deep ones if any, may be written; raises SealError."""
        height, width = self.own.shape
        rows, columns = slice(self.y, self.y + height), slice(self.x, self.x + width)
        if canvas.pixels[rows, columns].shape[:2] != self.own.shape:
            raise refusal()
        deep = self.samples.dtype == np.uint16
        if deep != (canvas.deep is not None):
            raise refusal()
        canvas.pixels[rows, columns][self.own] = (self.samples >> 8 if deep else self.samples)[self.own]
        if canvas.deep is not None:
            canvas.deep[rows, columns][self.own] = self.samples[self.own]


def from_record(record: bytes) -> Piece:
    """Return the piece that a record holds; raises SealError for what is none."""
    try:
        frame, x, y = _PLACE.unpack_from(record)
        coded = np.frombuffer(record, np.uint8, offset=_PLACE.size)
        samples = cv2.imdecode(coded, cv2.IMREAD_UNCHANGED)
    except (struct.error, cv2.error, ValueError) as error:
        raise refusal() from error
    if samples is None or samples.ndim != 3 or samples.shape[2] != 4:
        raise refusal()
    return Piece(frame, x, y, np.ascontiguousarray(samples[..., 2::-1]), np.asarray(samples[..., 3] > 0))


def take(frame: Frame, regions: Sequence[Region], policy: Policy) -> Iterator[tuple[int, Piece]]:
    """Yield the pixels that hiding may touch, with the number of the person whom they show, each pixel once.

    Pixels under two people's masks are `SEVERAL`'s: to disclose one must not disclose the other.
    """
    source = frame.pixels if frame.deep is None else frame.deep
    owner = np.full(source.shape[:2], _NOBODY, np.int64)
    height, width = source.shape[:2]
    hidden = [(r, window(r, policy.rules[r.kind], height, width)) for r in regions if r.hide]
    for region, cells in hidden:
        view = owner[cells]
        touched = outline(region, policy.rules[region.kind], cells) > 0
        view[touched] = np.where((view[touched] == _NOBODY) | (view[touched] == region.track), region.track, SEVERAL)
    for number in dict.fromkeys(r.track for r, _ in hidden):
        yield from _piece(frame.index, source, owner, number, [cells for r, cells in hidden if r.track == number])
    yield from _piece(frame.index, source, owner, SEVERAL, [cells for _, cells in hidden])


def _piece(
    index: int, source: Samples, owner: NDArray[np.int64], number: int, where: Sequence[tuple[slice, slice]]
) -> Iterator[tuple[int, Piece]]:
    if not where:
        return
    top, left = min(rows.start for rows, _ in where), min(columns.start for _, columns in where)
    bottom, right = max(rows.stop for rows, _ in where), max(columns.stop for _, columns in where)
    own = owner[top:bottom, left:right] == number
    rows, columns = np.flatnonzero(own.any(axis=1)), np.flatnonzero(own.any(axis=0))
    if len(rows):
        y, x = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        part = source[top:bottom, left:right][y, x]
        yield number, Piece(index, int(left + x.start), int(top + y.start), part, own[y, x])


def put_back(frames: Iterable[Frame], pieces: Iterator[Piece]) -> Iterator[Frame]:
    """Yield the frames with all pieces in their places; pieces come in the order of their frames. Raises SealError."""
    waiting = next(pieces, None)
    for frame in frames:
        canvas = frame
        if waiting is not None and waiting.frame == frame.index:
            deep = None if frame.deep is None else frame.deep.copy()
            canvas = Frame(frame.pixels.copy(), frame.index, frame.time, deep=deep, alpha=frame.alpha)
        while waiting is not None and waiting.frame == frame.index:
            waiting.put_back(canvas)
            waiting = next(pieces, None)
        yield canvas
    if waiting is not None:
        raise refusal()


def pixel_hash(frames: Iterable[Frame]) -> bytes:
    """Return the SHA-256 of frames' pixels: what a seal is bound to, whatever file holds them."""
    digest = hashlib.sha256()
    for frame in frames:
        samples = frame.pixels if frame.deep is None else frame.deep
        digest.update(struct.pack(">III", frame.index, *samples.shape[:2]) + samples.dtype.str.encode())
        digest.update(np.ascontiguousarray(samples).data)
    return digest.digest()


def numbers(regions: Mapping[int, Sequence[Region]]) -> list[int]:
    """Return the numbers under which something may be sealed: everyone who is hidden, and `SEVERAL`."""
    people = {r.track for found in regions.values() for r in found if r.hide}
    return [*sorted(people), SEVERAL] if people else []
