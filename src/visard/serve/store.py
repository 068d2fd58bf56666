"""Which jobs there are, in SQLite: what a restart must find again. Pixels and regions lie in the jobs' folders.

Deleted rows are overwritten with zeros, and nothing of them stays in a journal: a name can tell who was there.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from visard.errors import TargetError, UsageError

JobState = Literal["open", "hiding", "done", "failed"]
FileState = Literal["sending", "waiting", "looking", "found", "hiding", "done", "failed", "broken"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS job (
  id TEXT PRIMARY KEY, made REAL NOT NULL, ends REAL NOT NULL, state TEXT NOT NULL,
  policy TEXT NOT NULL, webhook TEXT NOT NULL, told INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS file (
  id TEXT PRIMARY KEY, job TEXT NOT NULL REFERENCES job ON DELETE CASCADE, name TEXT NOT NULL,
  bytes INTEGER NOT NULL, stored TEXT NOT NULL, state TEXT NOT NULL, what TEXT NOT NULL, hint TEXT NOT NULL,
  media TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL, frames INTEGER NOT NULL,
  seconds REAL NOT NULL, result TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS file_job ON file (job);
CREATE INDEX IF NOT EXISTS file_state ON file (state);
"""

_PRAGMAS = (
    "locking_mode = EXCLUSIVE", "secure_delete = ON", "journal_mode = TRUNCATE", "foreign_keys = ON",
    "temp_store = MEMORY",
)  # fmt: skip

_TAKEN = "is another visard serve using it? choose another --data"


@dataclass(frozen=True, slots=True)
class Job:
    """A row: when it was made and when it ends (seconds since 1970), its policy as tables, whom to tell."""

    id: str
    made: float
    ends: float
    state: JobState
    policy: dict[str, Any]
    webhook: str
    told: bool


@dataclass(frozen=True, slots=True)
class File:
    """A row: a source of a job. what, hint: why it failed. result: the name of its result on the disk, or nothing."""

    id: str
    job: str
    name: str
    bytes: int
    stored: str
    state: FileState
    what: str = ""
    hint: str = ""
    media: str = ""
    width: int = 0
    height: int = 0
    frames: int = 0
    seconds: float = 0.0
    result: str = ""


class Store:
    """The tables; used from one thread of one service. Raises UsageError where another has them."""

    def __init__(self, path: Path) -> None:
        self._base = sqlite3.connect(path, isolation_level=None, timeout=1)
        self._base.row_factory = sqlite3.Row
        try:
            for pragma in _PRAGMAS:
                self._base.execute(f"PRAGMA {pragma}")
            self._base.executescript(f"BEGIN EXCLUSIVE; {_SCHEMA} COMMIT")
        except sqlite3.OperationalError as error:
            raise UsageError(f"cannot be used: {error}", where=path, hint=_TAKEN) from error
        except sqlite3.DatabaseError as error:
            raise TargetError("is no list of jobs", where=path, hint="remove it, or choose another --data") from error

    def close(self) -> None:
        """Close the base."""
        self._base.close()

    def recover(self) -> None:
        """Let whatever was being done when the service ended be done again."""
        self._base.execute("UPDATE file SET state = 'waiting' WHERE state = 'looking'")
        self._base.execute("UPDATE file SET state = 'found' WHERE state = 'hiding'")
        lost = "was not sent to its end", "remove it, and add it again"
        self._base.execute("UPDATE file SET state = 'broken', what = ?, hint = ? WHERE state = 'sending'", lost)

    def add_job(self, hours: float, policy: dict[str, Any], webhook: str) -> Job:
        """Return a new, open job."""
        now = time.time()
        job = Job(secrets.token_hex(8), now, now + 3600 * hours, "open", policy, webhook, False)
        values = (job.id, job.made, job.ends, job.state, json.dumps(policy), webhook, 0)
        self._base.execute("INSERT INTO job VALUES (?, ?, ?, ?, ?, ?, ?)", values)
        return job

    def jobs(self) -> list[Job]:
        """Return all jobs, the newest first."""
        return [_job(row) for row in self._base.execute("SELECT * FROM job ORDER BY made DESC, rowid DESC")]

    def count_jobs(self) -> int:
        """Return how many jobs there are."""
        return int(self._base.execute("SELECT count(*) FROM job").fetchone()[0])

    def job(self, job: str) -> Job | None:
        """Return a job, or None."""
        row = self._base.execute("SELECT * FROM job WHERE id = ?", (job,)).fetchone()
        return None if row is None else _job(row)

    def set_job(self, job: str, **changes: Any) -> None:
        """Change fields of a job."""
        if "policy" in changes:
            changes["policy"] = json.dumps(changes["policy"])
        self._set("job", job, changes)

    def drop_job(self, job: str) -> None:
        """Forget a job and its files."""
        self._base.execute("DELETE FROM job WHERE id = ?", (job,))

    def ended(self) -> list[str]:
        """Return the jobs whose time is up."""
        return [row[0] for row in self._base.execute("SELECT id FROM job WHERE ends < ?", (time.time(),))]

    def add_file(self, file: File) -> None:
        """Add a file to its job."""
        row = tuple(getattr(file, name) for name in File.__slots__)
        self._base.execute(f"INSERT INTO file VALUES ({', '.join('?' * len(row))})", row)

    def files(self, job: str) -> list[File]:
        """Return a job's files in the order in which they came."""
        return [File(*row) for row in self._base.execute("SELECT * FROM file WHERE job = ? ORDER BY rowid", (job,))]

    def file(self, job: str, file: str) -> File | None:
        """Return a file of a job, or None."""
        row = self._base.execute("SELECT * FROM file WHERE job = ? AND id = ?", (job, file)).fetchone()
        return None if row is None else File(*row)

    def set_file(self, file: str, **changes: Any) -> None:
        """Change fields of a file."""
        self._set("file", file, changes)

    def drop_file(self, file: str) -> None:
        """Forget a file."""
        self._base.execute("DELETE FROM file WHERE id = ?", (file,))

    def ready(self) -> list[Job]:
        """Return the jobs with a file to be looked at, and those to be hidden, all of whose files were looked at."""
        query = """SELECT * FROM job WHERE EXISTS (SELECT 1 FROM file WHERE job = job.id AND file.state = 'waiting')
                   OR job.state = 'hiding' AND NOT EXISTS (SELECT 1 FROM file WHERE job = job.id
                   AND file.state IN ('sending', 'waiting', 'looking'))"""
        return [_job(row) for row in self._base.execute(query)]

    def next_look(self, job: str) -> File | None:
        """Return the file of a job that has waited longest to be looked at."""
        query = "SELECT * FROM file WHERE job = ? AND state = 'waiting' ORDER BY rowid LIMIT 1"
        row = self._base.execute(query, (job,)).fetchone()
        return None if row is None else File(*row)

    def untold(self) -> list[Job]:
        """Return the jobs that ended and whose webhook was not told yet."""
        query = "SELECT * FROM job WHERE state IN ('done', 'failed') AND webhook <> '' AND told = 0"
        return [_job(row) for row in self._base.execute(query)]

    def _set(self, table: str, key: str, changes: dict[str, Any]) -> None:
        names = ", ".join(f"{name} = ?" for name in changes)
        self._base.execute(f"UPDATE {table} SET {names} WHERE id = ?", (*changes.values(), key))


def _job(row: sqlite3.Row) -> Job:
    return Job(**{**dict(row), "policy": json.loads(row["policy"]), "told": bool(row["told"])})
