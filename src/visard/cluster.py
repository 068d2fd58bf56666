"""Many machines: every source goes to whichever worker of a Ray cluster is free; the report stays in one place."""

from __future__ import annotations

import logging
import os
import queue
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from visard.errors import Interrupted, UsageError, VisardError
from visard.found import Found
from visard.pipeline import Engine, Progress, Task, deidentify
from visard.types import Report

_TRIES = 2
"""How often a source is begun: a worker may be lost through no fault of its source."""

_ANSWER = 5.0
"""Seconds that a cluster has to answer."""

_BEAT = 0.5
"""Seconds between looks at whether the run was stopped."""


@contextmanager
def cluster(workers: int) -> Iterator[Engine]:
    """Start workers on the cluster that RAY_ADDRESS names, or on this machine, and give a way to hide with them.

    Each worker is a process of one core that loads its networks once; sources and targets must lie where every worker
    sees them. Raises UsageError where Ray is absent or no cluster answers.
    """
    # Before Ray is imported: it would tell its makers of each run, and print its own lines among our results.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_DEDUP_LOGS_SKIP_REGEX"] = "."
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ImportError as error:
        raise UsageError("no Ray is installed", hint="pip install 'visard[ray]', or drop --engine") from error
    address = os.environ.get("RAY_ADDRESS")
    _refuse_silent(address or "")
    here: dict[str, Any] = {} if address else {"num_cpus": workers, "_node_ip_address": "127.0.0.1"}
    try:
        ray.init(address=address, include_dashboard=None if address else False, log_to_driver=False,
                 logging_level=logging.ERROR, **here)  # fmt: skip
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise UsageError(f"no Ray cluster answers: {error}", hint="check RAY_ADDRESS, or drop --engine") from error
    try:
        yield _Cluster(ray, workers)
    finally:
        ray.shutdown()


def _refuse_silent(address: str) -> None:
    """Raise UsageError where nobody listens at HOST:PORT: Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    if host and port.isdecimal() and "/" not in host:
        try:
            socket.create_connection((host, int(port)), _ANSWER).close()
        except OSError as error:
            what = f"no Ray cluster answers: {error.strerror or error}"
            raise UsageError(what, where=address, hint="check RAY_ADDRESS, or drop --engine") from error


class _Cluster:
    """Called from several threads, each of which waits for one worker."""

    def __init__(self, ray: Any, workers: int) -> None:
        self._ray = ray
        # Ray's own restarts would give a source to a worker again without end.
        self._new = ray.remote(_Worker).options(num_cpus=1, max_restarts=0).remote
        self._free: queue.Queue[Any] = queue.Queue()
        self._tasks: dict[int, Any] = {}
        for _ in range(workers):
            self._free.put(self._new())

    def __call__(self, source: Path, target: Path, task: Task, known: Found | None, progress: Progress) -> Report:
        """Hide one source as `deidentify` does, elsewhere; a lost worker is replaced, and its source begun again."""
        if task.roles is not None:
            raise UsageError("workers cannot agree on one face a person", hint="drop --identity person or --engine")
        for _ in range(_TRIES):
            worker = self._free.get()
            try:
                result = self._wait(worker.hide.remote(source, target, self._shared(task), known), progress)
            except self._ray.exceptions.RayActorError:
                worker = self._new()
                continue
            except Interrupted:
                self._ray.kill(worker)
                raise
            finally:
                self._free.put(worker)
            if isinstance(result, Exception):
                raise result
            assert isinstance(result, Report)
            return result
        what = f"lost {_TRIES} workers one after the other"
        raise VisardError(what, where=source, hint="is there memory enough? hide it alone")

    def _wait(self, answer: Any, progress: Progress) -> Any:
        while not self._ray.wait([answer], timeout=_BEAT)[0]:
            progress("hide", 0, None)  # raises where the run was stopped
        return self._ray.get(answer)

    def _shared(self, task: Task) -> Any:
        """Return a reference to the task, which may hold a whole gallery: it travels to each machine once."""
        if id(task) not in self._tasks:
            self._tasks[id(task)] = self._ray.put(task), task  # kept, so that no other gets its id
        return self._tasks[id(task)][0]


class _Worker:
    """Lives as long as the run: its networks are loaded with its first source."""

    def hide(self, source: Path, target: Path, task: Task, known: Found | None) -> Report | Exception:
        try:
            return deidentify(source, target, task, known)
        except Exception as error:  # a failure is a value: raised here, it would arrive as one of Ray's own
            return error
