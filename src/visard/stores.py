"""Object stores: what a URL such as s3://bucket/folder names is brought near to be worked on, and sent back whole."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

from visard.errors import SourceError, TargetError, UsageError, VisardError, named

_HINT = "is the address right, and are there credentials for it?"


def place(text: str | Path) -> Path:
    """Return where a path or a URL leads; what a URL gives is used as a path, though it is none of this system's.

    Raises UsageError where what talks to the store is not installed.
    """
    if "://" not in str(text):
        return Path(text)
    try:
        from upath import UPath

        return cast(Path, UPath(text))
    except ImportError as error:
        missing = getattr(error, "name", None) or "universal_pathlib"
        raise UsageError(f"no {missing} is installed", where=text, hint="pip install 'visard[ray]' and it") from error
    except ValueError as error:
        raise UsageError(f"no such kind of store: {error}", where=text, hint="use s3, gs, az, or a path") from error


def is_far(path: Path) -> bool:
    """Return whether a place lies in an object store."""
    return not isinstance(path, Path)


@contextmanager
def brought(source: Path) -> Iterator[Path]:
    """Give a source as a file of this machine; one from a store is gone afterwards. Raises SourceError.

    Failures meanwhile name the source by where it came from.
    """
    if not is_far(source):
        yield source
        return
    with tempfile.TemporaryDirectory(prefix="visard-") as desk:
        near = Path(desk, source.name)
        with _told(SourceError, source, "cannot be fetched"):
            _system(source).get_file(_name(source), str(near))
        with named(near, source):
            yield near


@contextmanager
def sent(target: Path, overwrite: bool) -> Iterator[Path]:
    """Give a draft on this machine; it goes to the store if the block ends well. Raises TargetError where it exists."""
    with tempfile.TemporaryDirectory(prefix="visard-") as desk:
        with _told(TargetError, target, "cannot be written"):
            taken = target.exists()
        if taken and not overwrite:
            raise TargetError("exists already", where=target, hint="use --overwrite, or choose another --out")
        draft = Path(desk, f"draft{target.suffix}")
        draft.touch()
        yield draft
        with _told(TargetError, target, "cannot be written"):
            with suppress(Exception):  # most stores have no folders, and some forbid making one
                target.parent.mkdir(parents=True, exist_ok=True)
            # In a store an object appears when all of it has come.
            _system(target).put_file(str(draft), _name(target))


def diary(folder: Path) -> Path:
    """Return a file of this machine for what happens in a folder of a store, where nothing can be added to a file."""
    from visard.models.store import folder as models

    name = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    return models().parent / "journals" / name


def _system(path: Path) -> Any:
    return cast(Any, path).fs


def _name(path: Path) -> str:
    return str(cast(Any, path).path)


@contextmanager
def _told(kind: type[VisardError], where: Path, what: str) -> Iterator[None]:
    try:
        yield
    except VisardError:
        raise
    except Exception as error:  # each store has failures of its own
        raise kind(f"{what}: {error or type(error).__name__}", where=where, hint=_HINT) from error
