"""The tree of failures; each knows its exit code, and its text is one line: where, what, what to do.

VisardError                  1   something failed; also: a batch failed in several ways
├── UsageError               2   the command or the policy asks for something that does not exist
├── SourceError              3   a source cannot be read
├── TargetError              4   a result cannot be written
├── VerificationFailed       5   the doubting room was not convinced; no file appeared
├── ModelError               6   a model is missing, altered or out of reach
├── NothingFound             7   --strict, and nothing was found
├── SealError                8   a seal is absent, belongs to another file, or cannot be opened
├── Unfit                    1   a method cannot hide a region; the rule's fallback does
└── Interrupted            130   Ctrl-C
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from visard.types import Check


class VisardError(Exception):
    """A failure that a person can act on: what happened, where, and what to do."""

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, where: object = "", hint: str = "") -> None:
        self.what = _one_line(what)
        self.where = _one_line(str(where))
        self.hint = _one_line(hint)
        super().__init__(str(self))

    def __str__(self) -> str:
        return f"{self.where}: {self.advice}" if self.where else self.advice

    @property
    def advice(self) -> str:
        """What and what to do, without where: for reports, which name no path of this machine."""
        return f"{self.what}; {self.hint}" if self.hint else self.what

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self), self.args, dict(self.__dict__))


def _again(kind: type[VisardError], args: tuple[Any, ...], state: dict[str, Any]) -> VisardError:
    """Return a failure that came from another process, where it was made from other arguments than its line."""
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


class UsageError(VisardError):
    """The command, a setting or the policy names something that does not exist."""

    exit_code = 2


class SourceError(VisardError):
    """A source is missing, unreadable, broken or not a picture or video."""

    exit_code = 3


class TargetError(VisardError):
    """A result cannot be written: it exists, the disk is full, the folder is closed."""

    exit_code = 4


class VerificationFailed(VisardError):
    """A check failed: of a draft, which is gone, and its target never existed; or of a file that somebody doubts."""

    exit_code = 5

    def __init__(
        self, checks: Sequence[Check], *, where: object = "", hint: str = "", said: str = "not written, the result "
    ) -> None:
        self.checks = tuple(checks)
        failed = [c for c in checks if not c.passed]
        what = f"{said}did not pass: " + ", ".join(_describe(c) for c in failed)
        super().__init__(what, where=where, hint=hint)


class ModelError(VisardError):
    """A model file is missing, has another hash, or may not be fetched."""

    exit_code = 6


class NothingFound(VisardError):
    """Nothing was found to hide, and the user asked for that to be an error."""

    exit_code = 7


class SealError(VisardError):
    """A seal is absent, belongs to another picture, or cannot be opened with what was given."""

    exit_code = 8


class Unfit(VisardError):
    """A method cannot hide a region, for want of a face or of pixels; the rule's fallback hides it instead."""


class Interrupted(VisardError):
    """The user stopped the run."""

    exit_code = 130


def as_failure(error: Exception, source: object) -> VisardError:
    """Return the failure of one source that any exception is."""
    if isinstance(error, VisardError):
        return error
    if isinstance(error, OSError | MemoryError):
        reason = getattr(error, "strerror", None) or error
        return SourceError(f"cannot be worked on: {reason}", where=source, hint="check the file and the disk")
    what = f"unexpected {type(error).__name__}: {error}"
    return VisardError(what, where=source, hint="please report this file's kind")


def exit_code(codes: Iterable[int]) -> int:
    """Return the exit code of many: 0 where none failed, that of the failures' kind, or 1 for several kinds."""
    failed = set(codes) - {0}
    return 0 if not failed else failed.pop() if len(failed) == 1 else VisardError.exit_code


def is_about(error: VisardError, where: object) -> bool:
    """Return whether a failure names a place, which it does on one line."""
    return error.where == _one_line(str(where))


@contextmanager
def named(where: object, name: object) -> Iterator[None]:
    """Have failures meanwhile that name a place name it as the user knows it."""
    try:
        yield
    except VisardError as error:
        if is_about(error, where):
            error.where = _one_line(str(name))
            error.args = (str(error),)
        raise


def suggest(name: str, known: Iterable[str]) -> str:
    """Return a hint for an unknown name: the closest known one, or the list of them."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {close[0]!r}?" if close else f"choose from {', '.join(names)}"


def _describe(check: Check) -> str:
    where = f" in frame {check.frames[0]}" if check.frames else ""
    where += f" and {len(check.frames) - 1} more" if len(check.frames) > 1 else ""
    return f"{check.name} is {check.value:.3g}, the limit {check.limit:.3g}{where}"


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in " ".join(text.split()))
