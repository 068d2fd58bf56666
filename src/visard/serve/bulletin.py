"""Who wants to know how a job goes on: events for all that listen, however slowly they do."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

_MOST = 200
"""Events kept for one listener; whoever misses more gets the whole job anew."""


class Event(NamedTuple):
    """Something that happened: its name, and values for JSON."""

    name: str
    data: dict[str, Any]


LOST = Event("lost", {})
"""Events were dropped; the listener must look at the whole job again."""

GONE = Event("gone", {})
"""The job was deleted; nothing comes after it."""


class Bulletin:
    """Passes events of jobs on to their listeners; used from one thread."""

    def __init__(self) -> None:
        self._queues: dict[str, set[asyncio.Queue[Event]]] = defaultdict(set)

    def tell(self, job: str, name: str, data: dict[str, Any]) -> None:
        """Tell all that listen to a job."""
        self._put(job, Event(name, data))

    def gone(self, job: str) -> None:
        """Tell all that listen to a job that it was deleted."""
        self._put(job, GONE)

    async def listen(self, job: str, patience: float) -> AsyncIterator[Event | None]:
        """Yield the events of a job from now on, and None after every `patience` seconds without one."""
        queue: asyncio.Queue[Event] = asyncio.Queue(_MOST)
        self._queues[job].add(queue)
        try:
            yield None
            while True:
                try:
                    async with asyncio.timeout(patience):
                        event = await queue.get()
                except TimeoutError:
                    yield None
                    continue
                yield event
                if event is GONE:
                    return
        finally:
            self._queues[job].discard(queue)
            if not self._queues[job]:
                del self._queues[job]

    def _put(self, job: str, event: Event) -> None:
        for queue in self._queues.get(job, ()):
            if queue.full():
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(LOST)
            queue.put_nowait(event)
