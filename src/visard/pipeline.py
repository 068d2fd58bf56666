"""The corridor: read, find, follow, cut, hide, paste, doubt, out. One source, one target, or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol

from visard.backdrop import look_behind
from visard.belongings import gather
from visard.errors import Interrupted, NothingFound, VerificationFailed, VisardError, as_failure
from visard.figures import absorb
from visard.flow import ahead, side_by_side
from visard.found import Found, find, outlined, refuse_misplaced
from visard.gallery import Gallery
from visard.hider import Hider
from visard.media.read import Source, probe, read
from visard.media.write import Output, refuse_misnamed, write
from visard.people import People, refuse_unknowable, select
from visard.policy import Policy
from visard.report.record import describe
from visard.reveal import kept, locked
from visard.roles import Roles
from visard.shape import identity
from visard.stores import brought
from visard.tracing import trace
from visard.types import Frame, Report
from visard.vault.beside import published
from visard.vault.keys import Sealing
from visard.verify import meet, verify
from visard.verify.promises import promised
from visard.verify.rehearsal import rehearse
from visard.verify.remedy import remedy
from visard.warmth import cool_down, warm_up
from visard.whom import Whom, single_out

_DRAFTS = 6
"""How often a draft is made when the second detector sees somebody whom the first had not, or sees through."""

_PATIENCE = 3
"""Drafts after which whoever is still seen is blacked out, where the method has a fallback."""

_HEAD = 1 << 20
"""Bytes at the beginning of a source that tell it from others."""

Progress = Callable[[str, int, int | None], None]
"""Called with the room, the frames done and the frames in all (None if unknown); may raise to stop the run."""


class Reel(Protocol):
    """A way to run through a source's frames once more."""

    def __call__(self, exact: bool = False) -> Iterator[Frame]:
        """Return the frames; exact: with the colours that a result deserves."""
        ...


def _unseen(room: str, done: int, total: int | None) -> None:
    """Take no notice."""


@dataclass(frozen=True, slots=True)
class Task:
    """How a run treats its sources; password: under which methods that one decides hide faces."""

    policy: Policy = field(default_factory=Policy)
    output: Output = field(default_factory=Output)
    people: People = field(default_factory=People)
    whom: Whom = field(default_factory=Whom)
    strict: bool = False
    overwrite: bool = False
    gallery: Gallery = field(default_factory=Gallery)
    roles: Roles | None = None
    sealing: Sealing | None = None
    password: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        refuse_unknowable(self.people, self.policy.rules)

    def to_dict(self) -> dict[str, Any]:
        """Return, as plain values, everything that the bytes of a result depend on beside its source."""
        faces = b"".join(face.tobytes() for face in (*self.people.keep, *self.people.only))
        people: dict[str, Any] = {"keep": len(self.people.keep), "only": len(self.people.only)}
        people |= {"sha256": hashlib.sha256(faces).hexdigest()} if faces else {}
        people |= {"whom": self.whom.to_dict()} if self.whom else {}
        everyone = {"gallery": self.gallery.sha256} if self.gallery.sha256 else {}
        sealed = {"seal": self.sealing.to_dict()} if self.sealing else {}
        return self.policy.to_dict() | {"output": asdict(self.output), "people": people} | everyone | sealed


@dataclass(frozen=True, slots=True)
class Order:
    """One source to hide; number: its place in the run, known: regions to hide instead of looking for them."""

    number: int
    source: Path
    target: Path
    known: Found | None = None


Ended = Callable[[int, Report | VisardError], None]
"""Called with an order's number and its report, or why there is no target."""

Moved = Callable[[int, str, int, int | None], None]
"""Called with an order's number and how far it is, as `Progress` is."""


class Engine(Protocol):
    """Has many sources hidden: by threads of this process, or by the workers of a cluster."""

    def __call__(self, orders: Iterable[Order], task: Task, ended: Ended, moved: Moved, /) -> None:
        """Have each order done, and tell what it came to as soon as that is known, from any thread.

        A failure is told like a report. Raises VisardError where nobody can work, and what else stops it, such as
        Ctrl-C; a target that has appeared until then has been told of.
        """
        ...


def attempt(order: Order, task: Task, progress: Progress = _unseen) -> Report | VisardError:
    """Return the report on a source that was hidden, or why there is no target; raises Interrupted."""
    try:
        return deidentify(order.source, order.target, task, order.known, progress)
    except Interrupted:
        raise
    except Exception as error:  # a fault of ours in one file must not lose the others
        return as_failure(error, order.source)


def deidentify(
    source: Path, target: Path, task: Task, known: Found | None = None, progress: Progress = _unseen
) -> Report:
    """Hide the people in a source, doubt the result, and only then let it appear at the target.

    known: regions to hide instead of looking for them. Raises VisardError; then there is no target.
    """
    with brought(source) as near:
        return _deidentify(near, target, task, known, progress)


def _deidentify(source: Path, target: Path, task: Task, known: Found | None, progress: Progress) -> Report:
    lock = locked(task.policy, task.password)
    hider = Hider(task.policy, task.gallery, fingerprint(source), task.roles, lock.secret)
    original = probe(source)
    refuse_misnamed(target, original)
    if known is not None:
        refuse_misplaced(known, original, task.policy)
    warm_up(task.policy.rules, doubt=original.still)
    frames, clock = _reel(original), _Clock()
    with published(target, original, task.overwrite, seal=bool(task.sealing), locked=bool(lock.secret)) as draft:
        with clock("find"):
            found = known or find(original, frames, task.policy, lambda i: progress("find", i + 1, original.frames))
            looked = _told(frames, "find", original, progress)
            found = hider.shaped(absorb(_chosen(looked, found, task, source), hider.covers))
        if not original.still:
            cool_down()
        if task.strict and not any(found.all()):
            raise nothing_in(source)
        originals = meet(original, frames, found, hider)
        for drafts in range(_DRAFTS):
            with clock("find"):
                found = gather(looked, trace(looked, found, hider, original.still), hider, original.still)
                if not original.still:
                    look_behind(looked, found, hider)
                    if hider.casting and not drafts:
                        rehearse(looked, found, hider, originals)
            with clock("hide"):
                write(draft, _hidden(frames(True), found, hider, original, progress), original, task.output)
            if not original.still:
                cool_down()
                if any(promised(hider, region) for region in found.all()):
                    identity.load()
            with clock("doubt"):
                again = _told(frames, "doubt", original, progress)
                doubt = verify(draft, original, again, found, hider, originals, task.output.keep_metadata)
            before = {r.track for r in found.all()}
            if doubt.missed:
                more = found.add(doubt.missed, original.still)
                found = hider.shaped(outlined(frames, more, original.still, task.policy))
            if drafts < _PATIENCE:
                changed = [hider.insist([*doubt.lost, *doubt.weak])]
            else:
                new = [r for r in found.all() if r.track not in before]
                changed = [hider.black_out([*doubt.lost, *doubt.weak, *new]), hider.insist(doubt.weak)]
            if not doubt.missed and not any(changed):
                break
        if not doubt.passed:
            raise VerificationFailed(doubt.checks, where=source, hint=remedy(hider, doubt.checks))
        with ExitStack() as stack:
            notes: tuple[str, ...] = ()
            if lock.secret:
                way = kept(draft, target, original, frames, found, hider, lock, task.overwrite)
                notes = stack.enter_context(way)
            notes += stack.enter_context(_sealed(draft, target, original, frames, found, task, clock))
            counted = replace(original, frames=doubt.frames)  # a video's own number is an estimate
            return describe(counted, draft, found, doubt.checks, hider, task.to_dict(), clock.seconds, notes)


@contextmanager
def _sealed(
    draft: Path, target: Path, original: Source, frames: Reel, found: Found, task: Task, clock: _Clock
) -> Iterator[tuple[str, ...]]:
    """Seal what was hidden, in the draft or beside the target; give what the report says of it."""
    if task.sealing is None:
        yield ()
        return
    from visard.vault.sealing import sealed

    again = partial(frames, exact=True)
    with ExitStack() as stack:
        with clock("seal"):
            seal = sealed(draft, target, original, again, found, task.policy, task.sealing, task.overwrite)
            notes = stack.enter_context(seal)
        yield notes


def _chosen(frames: Reel, found: Found, task: Task, source: Path) -> Found:
    """Return what was found, with whoever the task spares not hidden."""
    if task.people:
        found = Found(select(frames, found.regions, task.people))
    if task.whom:
        kind = next(iter(task.policy.rules))
        found = single_out(frames, found, task.whom, kind, source)
    return found


def nothing_in(source: Path) -> NothingFound:
    """Return the failure of a source in which nothing was found, where that is one."""
    return NothingFound("nothing found to hide", where=source, hint="lower --min-score or drop --strict")


def fingerprint(source: Path) -> str:
    """Return what tells this source from others, its name aside; an unreadable one is `probe`'s to refuse."""
    with suppress(OSError, ValueError), source.open("rb") as file:
        return hashlib.sha256(file.read(_HEAD)).hexdigest()
    return ""


def _reel(original: Source) -> Reel:
    """Return a way to run through the frames again; a single picture is decoded once and stays in memory."""
    if original.frames == 1 and original.still:
        only = list(read(original))
        return lambda exact=False: iter(only)
    return lambda exact=False: read(original, exact)


def _told(frames: Reel, room: str, original: Source, progress: Progress) -> Reel:
    """Return a way to run through the frames that tells of each, so that whoever listens can stop the run."""

    def told(exact: bool = False) -> Iterator[Frame]:
        for frame in frames(exact):
            progress(room, frame.index + 1, original.frames)
            yield frame

    return told


def _hidden(
    frames: Iterator[Frame], found: Found, hider: Hider, original: Source, progress: Progress
) -> Iterator[Frame]:
    def hide(frame: Frame) -> Frame:
        return hider(frame, found.at(frame.index))

    hidden: Iterator[Frame] = map(hide, frames)
    if not original.still:
        # New faces are worth two threads; for a cover the second only stands in the encoder's way.
        hidden = side_by_side(hide, frames) if hider.casting else ahead(map(hide, ahead(frames)))
    for frame in hidden:
        yield frame
        progress("hide", frame.index + 1, original.frames)


class _Clock:
    """Adds up seconds of work by room."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._room, self._since = "", 0.0

    def __call__(self, room: str) -> _Clock:
        self._room = room
        return self

    def __enter__(self) -> None:
        self._since = perf_counter()

    def __exit__(self, *_: object) -> None:
        spent = perf_counter() - self._since
        self.seconds[self._room] = round(self.seconds.get(self._room, 0.0) + spent, 3)
