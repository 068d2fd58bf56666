"""From what the user named to the files to work on, and where each result goes."""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from visard.errors import SourceError, TargetError, UsageError, VisardError
from visard.media.formats import PICTURE_SUFFIXES, VIDEO_SUFFIXES
from visard.publish import DRAFT, identity
from visard.stores import is_far, place


class Entry(NamedTuple):
    """A file that was named, its name relative to what the user named, and what is already wrong with it."""

    file: Path
    name: Path
    fault: VisardError | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One source and its target; name: its path relative to what the user named, for reports.

    fault: what is already wrong with it, so that the batch can report it and go on.
    """

    source: Path
    target: Path
    name: str
    fault: VisardError | None = None


def plan(sources: Sequence[str], out: Path, variant: int = 0) -> list[Job]:
    """Return the jobs for files, folders and patterns, in order, without doing anything.

    out: a folder, in which the trees of source folders are mirrored; or, for one source file, the file
    to write. variant: a number that results bear, 0 for none. Raises UsageError where a folder or several sources
    should become one file.
    """
    listed = listing(sources, skip=out)
    if is_file_name(out):
        if len(listed) != 1 or Path(sources[0]).is_dir():
            raise UsageError("several sources cannot become one file", where=out, hint="give --out a folder")
        jobs = [Job(listed[0].file, numbered(out, variant), listed[0].name.as_posix(), listed[0].fault)]
    else:
        names = [numbered(_result_name(entry.name), variant).as_posix() for entry in listed]
        jobs = [Job(e.file, out / name, e.name.as_posix(), e.fault) for e, name in zip(listed, names, strict=True)]
    return _refuse_clashes(_guard(jobs))


def numbered(path: Path, variant: int) -> Path:
    """Return a path whose name ends with the number of a variant, before its suffix; 0 changes nothing."""
    return path.with_name(f"{path.stem}-{variant}{path.suffix}") if variant else path


def listing(sources: Sequence[str], skip: Path | None = None) -> list[Entry]:
    """Return the files that were named, by path or pattern, and the media files below named folders.

    skip: a folder that is not entered, because results go there. Raises UsageError for an empty name.
    """
    named = [entry for source in sources for entry in _expand(source)]
    several = sum(not is_far(entry) and entry.is_dir() for entry in named) > 1
    entries = []
    for path in named:
        if is_far(path):
            entries += [Entry(file, name) for file, name in _far(path, skip)]
            continue
        if not path.is_dir():
            entries.append(Entry(path, Path(path.name)))
            continue
        prefix = Path(path.resolve().name) if several else Path()
        entries += [Entry(file, prefix / file.relative_to(path), fault) for file, fault in _walk(path, skip)]
    return entries


def passed_over(sources: Sequence[str], skip: Path | None = None) -> list[Path]:
    """Return the files below named folders that are of no format that is read, hidden ones aside; skip: as above."""
    folders = [p for source in sources for p in _expand(source) if not is_far(p) and p.is_dir()]
    found = (file for folder in folders for file, fault in _walk(folder, skip, read=False) if fault is None)
    return [file for file in found if not file.name.startswith(".")]


def _expand(source: str) -> list[Path]:
    if not source:
        # To a path it is the current folder: an unset variable would hide all that lies there.
        raise UsageError("a source has no name", hint="name a file or a folder; the current one is .")
    path = place(source)
    if is_far(path) or path.exists() or path.is_symlink() or not glob.has_magic(source):
        return [path]
    found = sorted(Path(match) for match in glob.glob(source, recursive=True))  # noqa: PTH207  # absolute patterns too
    if not found:
        raise SourceError("no file matches the pattern", where=source, hint="check the pattern and its quotes")
    return found


def _far(path: Path, skip: Path | None) -> Iterator[tuple[Path, Path]]:
    """Yield the media files that a URL names, itself or below it, and their names relative to it."""
    try:
        found = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    except Exception as error:  # each store has failures of its own
        hint = "is the address right, and are there credentials for it?"
        raise SourceError(f"cannot be listed: {error or type(error).__name__}", where=path, hint=hint) from error
    if not found:
        raise SourceError("does not exist", where=path, hint="check the address")
    for file in found:
        if file == path:
            yield file, Path(file.name)
        elif file.suffix.lower() in PICTURE_SUFFIXES | VIDEO_SUFFIXES and not _below(file, skip):
            yield file, Path(file.relative_to(path).as_posix())


def _below(file: Path, folder: Path | None) -> bool:
    return folder is not None and str(file).startswith(f"{str(folder).rstrip('/')}/")


def _walk(folder: Path, skip: Path | None, read: bool = True) -> Iterator[tuple[Path, VisardError | None]]:
    """Yield the media files below a folder in order, or all others, and a fault for what could not be entered."""
    seen = {folder.resolve()}
    faults: list[tuple[Path, VisardError]] = []

    def note(error: OSError) -> None:
        where = Path(error.filename or folder)
        faults.append((where, SourceError(f"cannot be read: {error.strerror}", where=where, hint="check its rights")))

    for root, folders, files in os.walk(folder, followlinks=True, onerror=note):
        keep = []
        for name in sorted(folders):
            real = (Path(root) / name).resolve()
            if skip is not None and real == skip.resolve():
                continue
            if real in seen:
                loop = SourceError("a symlink loop", where=Path(root) / name, hint="remove the link")
                faults.append((Path(root) / name, loop))
                continue
            seen.add(real)
            keep.append(name)
        folders[:] = keep
        for name in sorted(files):
            if (Path(name).suffix.lower() in PICTURE_SUFFIXES | VIDEO_SUFFIXES) == read and not name.startswith(DRAFT):
                yield Path(root) / name, None
    yield from faults


def _result_name(name: Path) -> Path:
    return name.with_suffix(".mp4") if name.suffix.lower() in VIDEO_SUFFIXES else name


def is_file_name(out: Path) -> bool:
    """Return whether a result's place is that of one file, not a folder."""
    return not is_far(out) and not out.is_dir() and out.suffix.lower() in PICTURE_SUFFIXES | VIDEO_SUFFIXES


def _guard(jobs: Sequence[Job]) -> Iterator[Job]:
    """Refuse to write a result over a source of the run, its own or another's, even when overwriting is allowed."""
    sources = {identity(job.source) for job in jobs}
    for job in jobs:
        there = identity(job.target)
        if job.fault is None and there is not None and there in sources:
            whose = "its" if there == identity(job.source) else "another"
            what = f"the result would replace {whose} source"
            fault = TargetError(what, where=job.source, hint="choose another --out")
            job = Job(job.source, job.target, job.name, fault)
        yield job


def _refuse_clashes(jobs: Iterable[Job]) -> list[Job]:
    """Let the first of two sources that would become one file go on, and refuse the others."""
    checked, taken = [], Counter[str]()
    for job in jobs:
        key = os.path.normcase(str(job.target))
        taken[key] += 1
        if taken[key] > 1 and job.fault is None:
            fault = TargetError(
                f"another source already becomes {job.target.name}",
                where=job.source,
                hint="rename one of them",
            )
            job = Job(job.source, job.target, job.name, fault)
        checked.append(job)
    return checked
