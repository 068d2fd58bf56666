"""Room 8, OUT: the only door; a result appears at its target whole, or not at all."""

from __future__ import annotations

import atexit
import errno
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from visard.errors import SourceError, TargetError, is_about, named
from visard.stores import is_far, sent

_HINTS: Final = {
    errno.ENOSPC: ("the disk is full", "make room, or choose another --out"),
    errno.EDQUOT: ("the disk quota is used up", "make room, or choose another --out"),
    errno.EFBIG: ("the file is too large for the disk", "choose another --out"),
    errno.EACCES: ("permission denied", "choose a folder that you may write to"),
    errno.EPERM: ("permission denied", "choose a folder that you may write to"),
    errno.EROFS: ("the disk is read-only", "choose another --out"),
    errno.ENAMETOOLONG: ("the name is too long", "choose a shorter name"),
    errno.ENOTDIR: ("a part of the path is a file, not a folder", "choose another --out"),
    errno.EEXIST: ("a file of that name stands in the way", "choose another --out"),
}
DRAFT: Final = ".visard-"
"""What the names of unfinished files begin with."""

_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_unfinished: Final[set[Path]] = set()
"""The drafts of this process that are neither published nor gone."""

_NO_LINKS: Final = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV, errno.EACCES)


@contextmanager
def publish(target: Path, overwrite: bool = False) -> Iterator[Path]:
    """Give a draft beside the target; it becomes the target only if the block ends well.

    Whatever ends the block otherwise, Ctrl-C included, removes the draft and the folders made for it.
    Raises TargetError where the target exists (unless overwrite), or cannot be written.
    """
    if is_far(target):
        with sent(target, overwrite) as draft, _as_target(draft, target):
            yield draft
        return
    target = Path(target)
    refuse_taken(target, overwrite)
    made: list[Path] = []
    draft = target.parent / f"{DRAFT}{secrets.token_hex(6)}{target.suffix}"
    try:
        try:
            made = _make_folders(target.parent)
            # Created here, so that the mode follows the umask; whoever writes it again keeps the mode.
            _unfinished.add(draft)
            os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o666))
        except OSError as error:
            raise _refusal(error, target) from error
        with _as_target(draft, target):
            yield draft
        try:
            _settle(draft, target, overwrite)
        except OSError as error:
            raise _refusal(error, target) from error
    except BaseException as error:
        with suppress(OSError):
            draft.unlink()
        for folder in reversed(made):
            with suppress(OSError):
                folder.rmdir()
        if isinstance(error, OSError) and error.errno in _FULL:
            raise _refusal(error, target) from error
        raise
    finally:
        _unfinished.discard(draft)


@contextmanager
def _as_target(draft: Path, target: Path) -> Iterator[None]:
    """Have failures of a draft be those of its target, whose name is known; a broken draft is no broken source."""
    with named(draft, target):
        try:
            yield
        except SourceError as error:
            if not is_about(error, draft):
                raise
            what = f"cannot be written whole: the draft {error.what}"
            raise TargetError(what, where=draft, hint="is there room on the disk? else choose another --out") from error


def identity(path: Path) -> tuple[int, int] | str | None:
    """Return what tells a file from all others, whatever it is called there; None where there is none."""
    if is_far(path):
        return str(path)
    try:
        seen = path.stat()
    except (OSError, ValueError):
        return None
    return seen.st_dev, seen.st_ino


def refuse_replacing(target: Path, sources: Iterable[Path]) -> None:
    """Raise TargetError where a result would take the place of a file that it is made from, overwriting or not."""
    own = identity(target)
    for source in sources:
        if own is not None and own == identity(source):
            raise TargetError("the result would replace its source", where=source, hint="choose another --out")


@atexit.register
def abandon() -> None:
    """Remove every draft, for a process that ends without waiting for the threads that write them."""
    for draft in list(_unfinished):
        with suppress(OSError):
            draft.unlink()


def refuse_taken(target: Path, overwrite: bool) -> None:
    """Raise TargetError where a folder is in a result's place, or a file that may not be replaced."""
    try:
        if target.is_dir() and not target.is_symlink():
            raise TargetError("is a folder", where=target, hint="choose another --out")
        target.lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise _refusal(error, target) from error
    except ValueError as error:
        raise TargetError(f"is no file name: {error}", where=target, hint="choose another --out") from error
    if not overwrite:
        raise _exists(target)


def _make_folders(folder: Path) -> list[Path]:
    """Make a folder and its parents; return those that were new, outermost first."""
    missing = [f for f in (folder, *folder.parents) if not f.exists()][::-1]
    made = []
    try:
        for new in missing:
            new.mkdir(exist_ok=True)
            made.append(new)
        folder.stat()
    except OSError:
        for new in reversed(made):
            with suppress(OSError):
                new.rmdir()
        raise
    return made


def _settle(draft: Path, target: Path, overwrite: bool) -> None:
    """Bring the draft's bytes to the disk, then give it the target's name in one step."""
    with draft.open("rb+") as file:
        if not file.seek(0, os.SEEK_END):
            raise TargetError("nothing was written", where=target, hint="please report this file's kind")
        os.fsync(file.fileno())
    if overwrite:
        draft.replace(target)
    else:
        _link(draft, target)
    _sync_folder(target.parent)


def _link(draft: Path, target: Path) -> None:
    """Rename without ever replacing: a link fails where a file appeared in the meantime."""
    try:
        os.link(draft, target)
        draft.unlink()
    except FileExistsError as error:
        raise _exists(target) from error
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _reserve(draft, target)


def _reserve(draft: Path, target: Path) -> None:
    """Rename on a disk without links (FAT, some network disks): take the name first, then fill it."""
    try:
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except FileExistsError as error:
        raise _exists(target) from error
    try:
        draft.replace(target)
    except OSError:
        target.unlink()
        raise


def _sync_folder(folder: Path) -> None:
    with suppress(OSError):  # the name survives a power cut where the system can promise it
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _exists(target: Path) -> TargetError:
    return TargetError("exists already", where=target, hint="use --overwrite, or choose another --out")


def _refusal(error: OSError, target: Path) -> TargetError:
    reason, hint = _HINTS.get(error.errno or 0, (error.strerror or str(error), "choose another --out"))
    return TargetError(f"cannot be written: {reason}", where=target, hint=hint)
