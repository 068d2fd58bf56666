"""Room 8, OUT: the only door. A draft becomes the target whole, or the target never existed."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from visard.errors import TargetError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def publish(target: Path, overwrite: bool = False) -> Iterator[Path]:
    """Give a draft beside the target; it takes the target's place when the block ends well.

    Whatever is raised inside, the draft is removed, and folders that were made for it too. Raises
    TargetError if the target exists and overwrite is False, the disk is full, or the folder is closed.
    """
    if not overwrite and _exists(target):
        raise TargetError("exists already", where=target, hint="use --overwrite, or choose another --out")
    made: list[Path] = []
    with _reported(target):
        made = _make_folders(target.parent)
        draft = _make_draft(target)
    try:
        with _reported(target):
            yield draft
            _move(draft, target, overwrite)
    except BaseException:
        draft.unlink(missing_ok=True)
        for folder in reversed(made):
            with suppress(OSError):  # someone else's files are in it by now
                folder.rmdir()
        raise


def _move(draft: Path, target: Path, overwrite: bool) -> None:
    """Put the draft at the target: on disk first, and without ever replacing a file that may not be replaced."""
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    if overwrite:
        draft.replace(target)
        return
    try:
        os.link(draft, target)
    except FileExistsError as error:
        raise TargetError("exists already", where=target, hint="use --overwrite, or choose another --out") from error
    except OSError:  # a file system without links: the check above is all there is
        draft.replace(target)
        return
    draft.unlink()


def _make_folders(folder: Path) -> list[Path]:
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing[::-1]


def _make_draft(target: Path) -> Path:
    """Make an empty file beside the target, with its suffix, and with the rights that a new file would have."""
    handle, name = tempfile.mkstemp(prefix=".visard-", suffix=target.suffix, dir=target.parent)
    os.close(handle)
    mask = os.umask(0)
    os.umask(mask)
    Path(name).chmod(0o666 & ~mask)
    return Path(name)


@contextmanager
def _reported(target: Path) -> Iterator[None]:
    """Turn what the system says of a folder or a disk into one clear line; a source's errors pass."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise TargetError("the disk is full", where=target.parent, hint="free some space") from error
        raise TargetError(
            f"cannot be written: {error.strerror or error}", where=target, hint="choose another --out"
        ) from error


def _exists(target: Path) -> bool:
    try:
        return target.exists() or target.is_symlink()
    except OSError as error:
        raise TargetError(f"cannot be written: {error.strerror}", where=target, hint="choose another --out") from error
