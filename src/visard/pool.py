"""This machine: a few threads, each of which hides one source at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice

from visard.errors import Interrupted, UsageError
from visard.pipeline import Ended, Moved, Order, Task, attempt


@dataclass(frozen=True, slots=True)
class Pool:
    """An engine of this process; jobs: sources at a time. Raises UsageError for fewer than one."""

    jobs: int = 2

    def __post_init__(self) -> None:
        if not isinstance(self.jobs, int) or self.jobs < 1:
            raise UsageError(f"jobs is {self.jobs!r}", hint="give a whole number, 1 or more")

    def __call__(self, orders: Iterable[Order], task: Task, ended: Ended, moved: Moved) -> None:
        """Hide each source; stopped in between, wait until those that were begun are done or given up."""
        stop = threading.Event()

        def do(order: Order) -> None:
            def progress(room: str, done: int, total: int | None) -> None:
                if stop.is_set():
                    raise Interrupted("stopped")
                moved(order.number, room, done, total)

            ended(order.number, attempt(order, task, progress))

        pool = ThreadPoolExecutor(self.jobs, thread_name_prefix="visard-job")
        waiting: set[Future[None]] = set()
        todo = iter(orders)
        try:
            while True:
                waiting |= {pool.submit(do, order) for order in islice(todo, 2 * self.jobs - len(waiting))}
                if not waiting:
                    return
                done, waiting = wait(waiting, timeout=0.5, return_when=FIRST_COMPLETED)
                for future in done:
                    future.result()
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)
