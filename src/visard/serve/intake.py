"""Files come in: sent piece by piece, or taken from the operator's root; counted on the way, whole or not at all."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

from visard.serve.house import House
from visard.serve.names import check_name, stored_name
from visard.serve.refusals import Refused, absent
from visard.serve.settings import MOST_FILES
from visard.serve.store import File, FileState, Job
from visard.sources import Entry, listing

_CHUNK = 1 << 20


def announce(house: House, job: Job, name: str, size: int, state: FileState = "sending") -> File:
    """Note a file that is about to come; raises Refused where its name is wrong or it is too much."""
    files = house.store.files(job.id)
    check_name(name)
    if job.state == "hiding":
        raise Refused(409, "the job is being hidden", "wait for it, or make another job")
    if any(file.name == name for file in files):
        raise Refused(409, "a file of that name is in the job already", "rename one of them")
    if len(files) >= MOST_FILES:
        raise Refused(413, f"a job holds at most {MOST_FILES} files", "make another job for the rest")
    if not size:
        raise Refused(422, "the file is empty", "copy it again from where it came")
    most = int(house.settings.job_mb * 1e6)
    if sum(file.bytes for file in files) + size > most:
        if size > most:
            raise Refused(413, f"the file is larger than {_megabytes(most)}", "cut it into parts, or ask the operator")
        raise Refused(413, f"the job would be larger than {_megabytes(most)}", "make another job for the rest")
    house.shelf.check_room(size)
    number = secrets.token_hex(8)
    file = File(number, job.id, name, size, stored_name(number, name), state)
    house.store.add_file(file)
    return file


async def receive(house: House, file: File, chunks: AsyncIterator[bytes]) -> None:
    """Write a file as it comes, and let it be looked at; raises Refused where it is not as it was announced."""
    part = house.shelf.original(file).with_suffix(".part")
    try:
        target = part.open("xb")
    except FileExistsError:
        raise Refused(409, "the file is being sent already", "wait for it") from None
    except FileNotFoundError:
        raise absent("job") from None
    try:
        received = 0
        with target, house.shelf.reserved(file.bytes):
            async for chunk in chunks:
                received += len(chunk)
                if received > file.bytes:
                    raise Refused(413, "the file is longer than was announced", "announce its true size")
                target.write(chunk)
        if received < file.bytes:
            raise Refused(422, "the file was not sent to its end", "send it again")
        _admit(house, file, part)
    except OSError as error:
        raise Refused(507, f"cannot be kept: {error.strerror}", "ask the operator to make room") from error
    finally:
        part.unlink(missing_ok=True)


async def take_paths(house: House, job: Job, paths: list[str]) -> None:
    """Copy files and folders below the operator's root into a job; raises Refused for what lies elsewhere."""
    if not paths:
        return
    if house.settings.root is None:
        raise Refused(403, "the operator allows no paths", "send the files")
    root = house.settings.root.resolve()
    for entry in await asyncio.to_thread(_list, root, paths):
        if entry.fault is not None:
            raise Refused(422, entry.fault.what, entry.fault.hint)
        await _copy(house, job, entry, root)


def _list(root: Path, paths: list[str]) -> list[Entry]:
    entries = []
    for path in paths:
        check_name(path)
        real = (root / path).resolve()
        if not real.is_relative_to(root) or not real.exists():
            raise Refused(422, "the path leads to nothing below the operator's root", "check it")
        prefix = Path(path) if real.is_dir() else Path(path).parent
        entries += [Entry(e.file, prefix / e.name, e.fault) for e in listing([str(real)])]
    return entries


async def _copy(house: House, job: Job, entry: Entry, root: Path) -> None:
    real = entry.file.resolve()
    if not real.is_relative_to(root) or not real.is_file():
        raise Refused(422, "a link leads out of the operator's root", "remove it")
    file = announce(house, job, entry.name.as_posix(), real.stat().st_size)
    part = house.shelf.original(file).with_suffix(".part")
    with house.shelf.reserved(file.bytes):
        await asyncio.to_thread(_copy_bytes, real, part)
    if part.stat().st_size != file.bytes:
        raise Refused(409, "a file changed while it was read", "try again")
    _admit(house, file, part)


def _copy_bytes(source: Path, target: Path) -> None:
    # Not through a link that was put there since.
    with os.fdopen(os.open(source, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb") as old, target.open("xb") as new:
        shutil.copyfileobj(old, new, _CHUNK)


def _admit(house: House, file: File, part: Path) -> None:
    if house.store.file(file.job, file.id) is None:
        raise absent("file")
    part.rename(house.shelf.original(file))
    house.store.set_file(file.id, state="waiting")
    house.desk.changed(file.id, file.job)
    house.desk.wake()


def _megabytes(number: int) -> str:
    return f"{number / 1e9:g} GB" if number >= 1e9 else f"{number / 1e6:g} MB"
