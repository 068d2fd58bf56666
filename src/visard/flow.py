"""Rooms side by side: bounded pipelines of threads that keep order and pass failures on."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

A = TypeVar("A")
B = TypeVar("B")
P = ParamSpec("P")


def ahead(items: Iterable[A], depth: int = 2) -> Iterator[A]:
    """Yield items while a thread prepares up to depth of the next ones.

    A failure in the thread is raised here, in its place; closing this iterator stops the thread.
    """
    ready: queue.Queue[tuple[A | None, BaseException | None, bool]] = queue.Queue(depth)
    stopped = threading.Event()

    def offer(entry: tuple[A | None, BaseException | None, bool]) -> bool:
        while not stopped.is_set():
            try:
                ready.put(entry, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def produce() -> None:
        iterator = iter(items)
        try:
            for item in iterator:
                if not offer((item, None, False)):
                    return
            offer((None, None, True))
        except BaseException as error:
            offer((None, error, True))
        finally:
            close = getattr(iterator, "close", None)
            if close is not None:
                close()

    worker = threading.Thread(target=produce, name="visard-ahead", daemon=True)
    worker.start()
    try:
        while True:
            item, error, last = ready.get()
            if error is not None:
                raise error
            if last:
                return
            yield item  # type: ignore[misc]  # an entry that is not last holds an item
    finally:
        stopped.set()
        worker.join()


def side_by_side(work: Callable[[A], B], items: Iterable[A], workers: int = 2) -> Iterator[B]:
    """Yield work(item) in the order of the items, up to `workers` at a time and few in memory."""
    with ThreadPoolExecutor(workers, thread_name_prefix="visard") as pool:
        waiting: deque[Future[B]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > 2 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


class Aside:
    """A thread that does its tasks in their order, beside whoever gives them; behind: how many may wait."""

    def __init__(self, behind: int) -> None:
        self._behind = behind
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="visard-aside")
        self._given: deque[Future[None]] = deque()

    def __call__(self, work: Callable[P, None], *given: P.args, **named: P.kwargs) -> None:
        """Give a task, as soon as few enough wait; raises what an earlier one failed with."""
        self._wait(self._behind)
        self._given.append(self._thread.submit(work, *given, **named))

    def end(self) -> None:
        """Wait until all is done; raises what a task failed with."""
        self._wait(0)
        self._thread.shutdown()

    def _wait(self, most: int) -> None:
        while len(self._given) > most:
            self._given.popleft().result()
