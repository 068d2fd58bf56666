"""The learned way back: what faces hidden under a password were like, for whoever knows it."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visard.errors import ModelError, NothingFound, SealError, TargetError, UsageError
from visard.found import Found, find
from visard.hider import Hider
from visard.media.lossless import lossless_suffix, write_lossless
from visard.media.read import Source, probe, read
from visard.media.write import refused_writing
from visard.methods import METHODS, make
from visard.methods.keyed import Keyed, needs_password
from visard.policy import Policy, Rule, Shape
from visard.publish import publish, refuse_replacing
from visard.shape.mask import outline, window
from visard.tracing import trace
from visard.types import Frame, Region
from visard.vault.note import Note, noted, read_note
from visard.vault.seal import face_secret, new_salt

UNDER = "under the password: "
"""With this the line begins that says what comes back."""

Frames = Callable[[], Iterator[Frame]]


@dataclass(frozen=True, slots=True)
class Lock:
    """What a password becomes for one source: salt, which is written down, and secret; both empty for no password."""

    salt: bytes = b""
    secret: bytes = b""


def locked(policy: Policy, password: str | None) -> Lock:
    """Return the lock for one source; raises UsageError where the policy's method needs a password and has none."""
    name = needs_password(policy)
    if not name:
        return Lock()
    if password is None:
        raise UsageError(f"{name} hides under a password", hint="give one of the --password options")
    salt = new_salt()
    return Lock(salt, face_secret(password, salt))


@contextmanager
def kept(
    draft: Path, target: Path, original: Source, frames: Frames, found: Found, hider: Hider, lock: Lock, overwrite: bool
) -> Iterator[tuple[str, ...]]:
    """Write into a draft, or beside its target, what its faces come back by beside the password; gives what the report
    says of that: how well they would. Raises TargetError, OSError."""
    hidden = {index: _keyed(hider, own) for index, own in found.regions.items()}
    first = next((index for index in sorted(hidden) if hidden[index]), None)
    if first is None:
        yield (f"{UNDER}no face is hidden, so none comes back",)
        return
    rule, method = hider.rule(hidden[first][0]), hider.method(hidden[first][0])
    assert isinstance(method, Keyed), "only those were chosen"
    size = np.array([original.width, original.height] * 2, np.float64)
    boxes = [tuple((np.array(r.box) / size).tolist()) for r in hidden[first]] if original.frames == 1 else []
    note = Note(method.name, method.network, lock.salt.hex(), rule.margin, rule.shape, tuple(boxes))
    before, after = (_frame(again, first) for again in (frames(), read(probe(draft), exact=False)))
    back = backwards(hider)(after, hidden[first])
    ratio = _psnr(before, back, hidden[first], hider)
    with noted(draft, target, note, overwrite):
        yield (f"{UNDER}out of this file faces come back at {ratio:.1f} dB of the originals (frame {first})",)


def backwards(hider: Hider, factors: Mapping[str, str] | None = None) -> Hider:
    """Return a hider that brings back what another one hid; factors: of the people, where they are known."""
    turned = copy.copy(hider)
    turned.methods = {
        kind: method.backwards(factors or {}) if isinstance(method, Keyed) else method
        for kind, method in hider.methods.items()
    }
    return turned


def reveal(
    file: Path, out: Path, password: str, *, factors: Mapping[str, str] | None = None, weights: str = "",
    note: Path | None = None, overwrite: bool = False,
) -> tuple[Path, tuple[str, ...]]:  # fmt: skip
    """Write a file with its faces brought back, and return where it lies, and what must be said of it.

    out: a file, or a folder. factors: of the people, the rest is read off the hidden faces. weights: of the network,
    where it is not visard's. note: the file that visard wrote, where this one is a copy without its note. A wrong
    password gives other faces, and no error. Raises SealError, ModelError, NothingFound, UsageError, TargetError,
    SourceError; then nothing was written.
    """
    told = read_note(note or file)
    method = _method(told, weights, file)
    picture = probe(file)
    target = _target(out, file, lossless_suffix(picture))
    policy = Policy({"face": Rule(told.method, {"weights": weights}, margin=told.margin, shape=_shape(told, file))})
    frames = functools.partial(read, picture)
    hider = Hider(policy, secret=face_secret(password, bytes.fromhex(told.salt)))
    found = _faces(told, picture) or find(picture, functools.partial(frames, exact=False), policy, _unseen)
    found = trace(frames, found, hider, picture.still)
    seen = {r.track for r in found.all()} - hider.unfit
    if not seen:
        raise NothingFound("its faces are found no longer", where=file, hint="take the file as visard wrote it")
    lost = len({r.track for r in found.all()} - seen)
    turned = backwards(hider, factors)
    refuse_replacing(target, (file,))
    if target.exists() and not overwrite:
        raise TargetError("exists already", where=target, hint="choose another --out, or give --overwrite")
    with publish(target, overwrite) as draft, refused_writing(target):
        write_lossless(draft, (turned(f, [r for r in found.at(f.index) if r.track in seen]) for f in frames()), picture)
    words = f"{len(seen)} brought back by {method.name}: a likeness at best, and somebody else if the password is wrong"
    return target, (words, *([f"{lost} found no longer, and left as they are"] if lost else []))


def _unseen(index: int) -> None:
    """Take no notice."""


def _method(told: Note, weights: str, file: Path) -> Keyed:
    if told.method not in METHODS:
        raise SealError(f"was hidden by {told.method!r}, which is unknown", where=file, hint="use a newer visard")
    method = make(told.method, {"weights": weights} if weights else {})
    if not isinstance(method, Keyed):
        raise SealError(f"{told.method!r} hides under no password", where=file, hint="take the file as visard wrote it")
    if method.network != told.network:
        hint = "give the network that hid it with --weights"
        raise ModelError(f"was hidden by another network of {told.method!r}", where=file, hint=hint)
    return method


def _shape(told: Note, file: Path) -> Shape:
    shapes: dict[str, Shape] = {"oval": "oval", "box": "box"}
    if told.shape not in shapes:
        raise SealError("its note is broken", where=file, hint="take the file as visard wrote it")
    return shapes[told.shape]


def _faces(told: Note, picture: Source) -> Found | None:
    """Return the faces that a picture's note names; None where it names none."""
    boxes = told.boxes(picture.width, picture.height)
    return Found({0: tuple(Region("face", box, 1.0, track=n) for n, box in enumerate(boxes, 1))}) if boxes else None


def _keyed(hider: Hider, regions: Sequence[Region]) -> list[Region]:
    return [r for r in regions if r.hide and isinstance(hider.method(r), Keyed)]


def _frame(frames: Iterator[Frame], index: int) -> Frame:
    return next(frame for frame in frames if frame.index == index)


def _psnr(before: Frame, after: Frame, regions: Sequence[Region], hider: Hider) -> float:
    """Return the ratio of signal and noise in dB where regions are hidden."""
    wrong: list[NDArray[np.float64]] = []
    for region in regions:
        rule = hider.rule(region)
        cells = window(region, rule, *before.pixels.shape[:2])
        hidden = outline(region, rule, cells) >= 1
        apart = before.pixels[cells].astype(np.float64) - after.pixels[cells]
        wrong.append((apart[hidden] ** 2).ravel())
    return float(10 * np.log10(255**2 / max(float(np.concatenate(wrong).mean()), 1e-9)))


def _target(out: Path, file: Path, suffix: str) -> Path:
    if out.is_dir():
        return out / f"{file.stem}-revealed{suffix}"
    if out.suffix.lower() != suffix:
        raise UsageError(f"should end in {suffix}", where=out, hint="what comes back is written without loss")
    return out
