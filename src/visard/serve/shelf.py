"""Where a job's files lie: one folder a job, for its owner alone, gone with the job."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from visard.errors import TargetError
from visard.serve.refusals import Refused
from visard.serve.store import File

_NUMBER = re.compile("[0-9a-f]{16}")
"""The name of a job's folder; others are somebody else's."""


class Shelf:
    """The folder of all jobs."""

    def __init__(self, folder: Path, quota: float) -> None:
        self.folder, self.quota, self._coming = folder, quota, 0
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            hint = "choose another --data"
            raise TargetError(f"cannot make the folder: {error.strerror}", where=folder, hint=hint) from error

    def job(self, job: str) -> Path:
        """Return a job's folder."""
        return self.folder / job

    def original(self, file: File) -> Path:
        """Return where a source lies."""
        return self.job(file.job) / "originals" / file.stored

    def looks(self, file: File) -> Path:
        """Return the folder of what was seen in a source: regions, who is who, small pictures."""
        return self.job(file.job) / "looks" / file.id

    def results(self, job: str) -> Path:
        """Return the folder of a job's results and reports."""
        return self.job(job) / "results"

    def result(self, file: File) -> Path:
        """Return where a file's result lies."""
        return self.results(file.job) / file.result

    def make(self, job: str) -> None:
        """Make a job's folders."""
        for folder in (self.job(job), self.job(job) / "originals", self.job(job) / "looks"):
            folder.mkdir(mode=0o700)

    def wipe(self, job: str) -> None:
        """Remove all that belongs to a job."""
        shutil.rmtree(self.job(job), ignore_errors=True)
        if self.job(job).exists():  # something was still being written
            shutil.rmtree(self.job(job))

    def wipe_file(self, file: File) -> None:
        """Remove all that belongs to one file of a job."""
        self.original(file).unlink(missing_ok=True)
        shutil.rmtree(self.looks(file), ignore_errors=True)
        if file.result:
            self.result(file).unlink(missing_ok=True)
        (self.results(file.job) / f"{file.id}.json").unlink(missing_ok=True)

    def wipe_strangers(self, known: set[str]) -> None:
        """Remove folders of jobs that are no more, left by a service that ended while it deleted."""
        for folder in self.folder.iterdir():
            if folder.name not in known and _NUMBER.fullmatch(folder.name):
                shutil.rmtree(folder, ignore_errors=True)

    def sweep(self, job: str) -> None:
        """Remove drafts of a job that whoever wrote them could not remove, because it was killed."""
        for draft in self.job(job).rglob(".visard-*"):
            draft.unlink(missing_ok=True)

    def used(self) -> int:
        """Return the bytes of all files."""
        return sum(_bytes(Path(root, name)) for root, _, names in os.walk(self.folder) for name in names)

    def check_room(self, number: int) -> None:
        """Raise Refused unless there is room for so many bytes more."""
        if self.used() + self._coming + number > self.quota:
            raise Refused(507, "the service's disk space is used up", "delete jobs that are done, or ask its operator")

    @contextmanager
    def reserved(self, number: int) -> Iterator[None]:
        """Keep room for so many bytes while they come; raises Refused where there is none."""
        self.check_room(number)
        self._coming += number
        try:
            yield
        finally:
            self._coming -= number


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # deleted in the meantime
        return 0
