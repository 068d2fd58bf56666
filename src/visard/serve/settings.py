"""What the operator decides once: where things lie, who may knock, and how much of everything there may be."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")

MOST_FILES = 2000
"""Files in one job."""

MOST_JOBS = 5000
"""Jobs at a time: they cost little, but each is listed."""

MOST_PIXELS = 120_000_000
"""Pixels of a picture or a frame: more than any camera has, less than what fills the memory."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The operator's choices.

    hosts: names under which the service may be addressed. root: folder from which jobs may take files by path.
    webhooks: beginnings of URLs that may be told of finished jobs whatever their address. workers: jobs worked on at
    a time. keep_hours: after which a job is removed with all that belongs to it. quota_gb: of all jobs together.
    job_mb: of all files of a job. job_minutes: that the search of a file, or the hiding of a job, may take.
    """

    data: Path
    token: str
    hosts: tuple[str, ...] = LOOPBACK
    root: Path | None = None
    webhooks: tuple[str, ...] = ()
    workers: int = 2
    keep_hours: float = 24.0
    quota_gb: float = 20.0
    job_mb: float = 2000.0
    job_minutes: float = 60.0


def data_folder() -> Path:
    """Return the platform's place for what belongs to a user and is no cache."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library" / "Application Support")
    else:
        base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base, "visard", "serve")
