"""Many machines: the sources are a dataset of Ray's, a row each, and workers of a cluster map them to their reports."""

from __future__ import annotations

import logging
import os
import pickle
import socket
import threading
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from time import monotonic
from typing import Any

from visard.errors import Interrupted, UsageError, VisardError
from visard.pipeline import Ended, Engine, Moved, Order, Task, attempt
from visard.policy import Policy
from visard.types import Report

_TRIES = 2
"""How often a source is begun: a worker may be lost through no fault of its source."""

_ANSWER = 5.0
"""Seconds that a cluster has to answer."""

_BEAT = 0.5
"""Seconds between looks at whether the run was stopped."""

_PATIENCE = 10.0
"""Seconds that workers have, when the run is stopped, to finish or give up the files that they are at."""


@contextmanager
def cluster(workers: int, policy: Policy) -> Iterator[Engine]:
    """Start Ray on this machine, or join the cluster that RAY_ADDRESS names; give a way to hide with its workers.

    Each worker is a process of one core that loads its networks once; sources and targets must lie where every worker
    sees them. Raises UsageError where Ray is absent, no cluster answers, or the policy needs one process.
    """
    if policy.identity == "person":
        raise UsageError("workers cannot agree on one face a person", hint="drop --identity person or --engine")
    address = os.environ.get("RAY_ADDRESS")
    _refuse_silent(address or "")
    # Before Ray is imported: it would tell its makers of each run, and print its own lines among our results.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_DEDUP_LOGS_SKIP_REGEX"] = "."
    os.environ["RAY_BACKEND_LOG_LEVEL"] = "fatal"
    os.environ["RAY_ENABLE_AUTO_CONNECT"] = "0"
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    if not address:
        # Named after systems where it is the default: Ray then listens on loopback, and elsewhere on every network.
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise UsageError("no Ray Data is installed", hint="pip install 'visard[ray]', or drop --engine") from error
    logging.getLogger("ray.data").setLevel(logging.CRITICAL + 1)
    try:
        _join(ray, address, workers)
        yield _Cluster(ray, workers)
    finally:
        ray.shutdown()


def _join(ray: Any, address: str | None, workers: int) -> None:
    here: dict[str, Any] = {} if address else {"num_cpus": workers, "include_dashboard": False}
    try:
        with _hushed():
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **here)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise UsageError(f"no Ray cluster answers: {error}", hint="check RAY_ADDRESS, or drop --engine") from error


def _refuse_silent(address: str) -> None:
    """Raise UsageError where nobody listens at HOST:PORT: Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    if host and port.isdecimal() and "/" not in host:
        try:
            socket.create_connection((host, int(port)), _ANSWER).close()
        except OSError as error:
            what = f"no Ray cluster answers: {error.strerror or error}"
            raise UsageError(what, where=address, hint="check RAY_ADDRESS, or drop --engine") from error


@contextmanager
def _hushed() -> Iterator[None]:
    """Keep what is no Python from writing on standard error: Ray tells there that it was told to be silent."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


class _Cluster:
    def __init__(self, ray: Any, workers: int) -> None:
        self._ray, self._workers = ray, workers
        settings = ray.data.DataContext.get_current()
        settings.enable_progress_bars = False
        settings.execution_no_progress_timeout_s = -1  # a long video is no standstill

    def __call__(self, orders: Iterable[Order], task: Task, ended: Ended, moved: Moved) -> None:
        """Hide each source with whichever worker is free; a lost worker is replaced, and its source begun again."""
        rows = [{"number": order.number, "order": pickle.dumps(order)} for order in orders]
        if not rows:
            return
        ledger = self._ray.remote(_Ledger).options(num_cpus=0, max_restarts=-1, max_task_retries=-1).remote()
        answers = _Answers(self._hidden(rows, task, ledger), ended)
        try:
            while not answers.finished.wait(_BEAT):
                pass
        except KeyboardInterrupt:
            # A result that appears without an answer would be one that no report knows.
            with suppress(self._ray.exceptions.RayError):
                answers.awaited = self._ray.get(ledger.close.remote(), timeout=_ANSWER)
                answers.finished.wait(_PATIENCE if answers.awaited else 0.0)
            raise
        finally:
            answers.over = True
        if answers.trouble is not None:
            raise _as_ours(answers.trouble) from answers.trouble

    def _hidden(self, rows: list[dict[str, Any]], task: Task, ledger: Any) -> Generator[dict[str, Any]]:
        """Return the answers as they come; the task, which may hold a whole gallery, goes to each machine once."""
        data = self._ray.data
        # A block is what a worker is given at a time, and what is lost with it: one file.
        sources = data.from_items(rows, override_num_blocks=len(rows))
        crew = data.ActorPoolStrategy(size=min(self._workers, len(rows)), max_tasks_in_flight_per_actor=1)
        reports = sources.map(_Worker, fn_constructor_args=(task, ledger), compute=crew, num_cpus=1)
        # With one fetched ahead, a report would wait for the next.
        answers: Generator[dict[str, Any]] = iter(reports.iter_batches(batch_size=1, prefetch_batches=0))
        return answers


class _Answers(threading.Thread):
    """Tells each answer as it comes, in a thread of its own, which Ctrl-C does not reach."""

    def __init__(self, rows: Generator[dict[str, Any]], ended: Ended) -> None:
        super().__init__(name="visard-answers", daemon=True)
        self._rows, self._ended = rows, ended
        self.awaited: set[int] | None = None
        self.over = False
        self.finished = threading.Event()  # join, when Ctrl-C interrupts it, takes a thread for dead
        self.trouble: Exception | None = None
        self.start()

    def run(self) -> None:
        """Tell the answers until there are no more, those that are still awaited are there, or it is over."""
        known: set[int] = set()
        try:
            with closing(self._rows):
                for row in self._rows:
                    if self.over:
                        return
                    number, result = int(row["number"][0]), pickle.loads(row["result"][0])
                    if result is not None:
                        self._ended(number, result)
                    known.add(number)
                    if self.awaited is not None and self.awaited <= known:
                        return
        except Exception as error:
            self.trouble = error
        finally:
            self.finished.set()


class _Ledger:
    """How often each source was begun: a worker that is lost cannot tell, and Ray would begin it without end."""

    def __init__(self) -> None:
        self._tries: dict[int, int] = {}
        self._closed = False

    def begin(self, number: int) -> int:
        """Return the try that this is, 0 where nothing is to be begun any more."""
        if self._closed:
            return 0
        self._tries[number] = self._tries.get(number, 0) + 1
        return self._tries[number]

    def is_closed(self) -> bool:
        """Return whether the run was stopped."""
        return self._closed

    def close(self) -> set[int]:
        """Stop the run; return the sources that were begun."""
        self._closed = True
        return set(self._tries)


class _Worker:
    """Lives as long as the run: its networks are loaded with its first source."""

    def __init__(self, task: Task, ledger: Any) -> None:
        import ray

        self._task, self._ledger, self._get = task, ledger, ray.get
        self._looked = 0.0

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        # A failure is a value: raised here, it would end the run.
        return {"number": row["number"], "result": pickle.dumps(self._hide(pickle.loads(row["order"])))}

    def _hide(self, order: Order) -> Report | VisardError | None:
        """Return what a source came to, None where the run was stopped."""
        tries = self._get(self._ledger.begin.remote(order.number))
        if tries > _TRIES:
            what = f"lost {_TRIES} workers one after the other"
            return VisardError(what, where=order.source, hint="is there memory enough? hide it alone")
        with suppress(Interrupted):
            return attempt(order, self._task, self._go_on) if tries else None
        return None

    def _go_on(self, room: str, done: int, total: int | None) -> None:
        """Raise Interrupted where the run was stopped."""
        if monotonic() < self._looked + _BEAT:
            return
        self._looked = monotonic()
        if self._get(self._ledger.is_closed.remote()):
            raise Interrupted("stopped")


def _as_ours(trouble: Exception) -> Exception:
    """Return the last line of what Ray tells in many, or what was no fault of Ray's."""
    from ray.exceptions import RayError

    if not isinstance(trouble, RayError):
        return trouble
    told = [line.strip() for line in str(trouble).splitlines() if line.strip()]
    hint = "can its workers import visard? run the same command again to go on"
    return VisardError(f"the cluster failed: {told[-1] if told else type(trouble).__name__}", hint=hint)
