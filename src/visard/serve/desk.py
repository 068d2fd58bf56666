"""Who works on what, and when: each job in its turn, and none that can stop the others."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from visard.methods import make
from visard.policy import from_dict
from visard.serve import records
from visard.serve.bulletin import Bulletin
from visard.serve.crew import Hand
from visard.serve.refusals import Refused
from visard.serve.settings import Settings
from visard.serve.shelf import Shelf
from visard.serve.store import File, Job, Store
from visard.types import Prepared

log = logging.getLogger("visard.serve")

_SWEEP = 30.0
"""Seconds between two looks for jobs whose time is up."""

Finish = Callable[[Job], Awaitable[None]]


class Desk:
    """Hands the steps of jobs to processes, and notes what comes of them."""

    def __init__(self, settings: Settings, store: Store, shelf: Shelf, bulletin: Bulletin, tell: Finish) -> None:
        self.settings, self.store, self.shelf, self.bulletin, self._tell = settings, store, shelf, bulletin, tell
        self.viewer = Hand()
        self.progress: dict[str, dict[str, Any]] = {}
        self._work = asyncio.Event()
        self._at: dict[str, set[asyncio.Task[None]]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._telling: set[asyncio.Task[None]] = set()
        self._turns: dict[str, int] = {}
        self._turn = 0

    def start(self) -> None:
        """Begin to work, also on what an earlier service left unfinished."""
        self.store.recover()
        self.shelf.wipe_strangers({job.id for job in self.store.jobs()})
        self._tasks = [asyncio.create_task(self._serve()) for _ in range(self.settings.workers)]
        self._tasks.append(asyncio.create_task(self._sweep()))
        self.wake()

    async def close(self) -> None:
        """Stop all work; what was begun is done again after the next start."""
        for task in (*self._tasks, *self._telling):
            task.cancel()
        await asyncio.gather(*self._tasks, *self._telling, return_exceptions=True)
        await self.viewer.stop()

    def wake(self) -> None:
        """Look for work now."""
        self._work.set()

    async def stop(self, job: str) -> None:
        """End what is being done on a job."""
        tasks = self._at.get(job, set())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def delete(self, job: str) -> None:
        """Remove a job with all that belongs to it."""
        self.store.drop_job(job)  # first, so that nobody begins to work on it
        await self.stop(job)
        await self.viewer.stop()  # it may hold frames of it
        await asyncio.to_thread(self.shelf.wipe, job)
        self._turns.pop(job, None)
        self.bulletin.gone(job)

    def changed(self, file: str, job: str) -> None:
        """Tell whoever listens how a file is now."""
        if (row := self.store.file(job, file)) is not None:
            self.bulletin.tell(job, "file", file_values(row, self.progress.get(file)))

    def job_changed(self, job: str) -> None:
        """Tell whoever listens how a job is now."""
        if (row := self.store.job(job)) is not None:
            self.bulletin.tell(job, "job", {"id": row.id, "state": row.state})

    async def _serve(self) -> None:
        hand = Hand()
        try:
            while True:
                try:
                    if await self._step(hand):
                        continue
                except Exception as error:  # such as a full disk under the list of jobs: nobody else must stop
                    log.error("a step could not be noted: %s", type(error).__name__)
                self._work.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(1.0):  # wait_for of Python 3.11 can swallow the end of the service
                        await self._work.wait()
        finally:
            await hand.stop()

    def _next(self) -> tuple[Job, File | None] | None:
        """Return the job whose turn it is, the one that waited longest, and its file to look at, if any."""
        for job in sorted(self.store.ready(), key=lambda job: (self._turns.get(job.id, 0), job.made)):
            file = self.store.next_look(job.id)
            if file is not None or job.id not in self._at:
                return job, file
        return None

    async def _step(self, hand: Hand) -> bool:
        """Do one step of some job; returns whether there was one."""
        chosen = self._next()
        if chosen is None:
            return False
        job, file = chosen
        self._turn += 1
        self._turns[job.id] = self._turn
        if file is not None:
            self.store.set_file(file.id, state="looking")  # before anybody else can take it
        task = asyncio.create_task(self._hide(hand, job) if file is None else self._look(hand, file))
        self._at.setdefault(job.id, set()).add(task)
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            raise
        finally:
            self._at[job.id].discard(task)
            if not self._at[job.id]:
                del self._at[job.id]
        if task.cancelled():
            if file is not None:
                self.store.set_file(file.id, state="waiting")
        elif (error := task.exception()) is not None:
            log.error("a step failed: %s", type(error).__name__)
            await self._give_up(job, file)
        self.wake()
        return True

    async def _give_up(self, job: Job, file: File | None) -> None:
        """Let what went wrong here be the end of a step, so that it is not begun again for ever."""
        words = {"what": "something went wrong here", "hint": "please report it"}
        if file is not None:
            self.store.set_file(file.id, state="broken", **words)
            self.changed(file.id, job.id)
            return
        for one in self.store.files(job.id):
            if one.state in ("found", "hiding"):
                self.store.set_file(one.id, state="failed", **words)
                self.changed(one.id, job.id)
        await self._finish(job.id)

    async def _look(self, hand: Hand, file: File) -> None:
        self.changed(file.id, file.job)
        order = {"order": "look", "source": str(self.shelf.original(file)), "name": file.name}
        order |= {"folder": str(self.shelf.looks(file))}
        try:
            seen = await hand.do(order, 60 * self.settings.job_minutes, lambda e: self._moved(file, e["moved"]))
            self.store.set_file(file.id, state="found", **seen)
        except Refused as refusal:
            self.store.set_file(file.id, state="broken", what=refusal.what, hint=refusal.hint)
        finally:
            self.progress.pop(file.id, None)
            self.changed(file.id, file.job)

    async def _hide(self, hand: Hand, job: Job) -> None:
        if _together(job):
            fresh(job, self.shelf, self.store)  # what was done before the service was killed is no use to the others
        files = {f.stored: f for f in self.store.files(job.id) if f.state == "found"}
        for file in files.values():
            self.store.set_file(file.id, state="hiding", what="", hint="")
            self.changed(file.id, job.id)
        sources = {str(self.shelf.original(f)): str(self.shelf.looks(f)) for f in files.values()}
        out = self.shelf.results(job.id)
        order = {"order": "hide", "sources": sources, "out": str(out), "policy": job.policy}
        fault = "", ""
        self.shelf.sweep(job.id)
        try:
            if files:
                await hand.do(order, 60 * self.settings.job_minutes, lambda event: self._heard(files, event))
        except Refused as refusal:
            fault = refusal.what, refusal.hint
        except asyncio.CancelledError:
            self._put_back(job.id)
            raise
        finally:
            self.shelf.sweep(job.id)
        for file in self.store.files(job.id):
            if file.state == "hiding":
                self.store.set_file(file.id, state="failed", what=fault[0] or "was not hidden", hint=fault[1])
                self.changed(file.id, job.id)
        await self._finish(job.id)

    async def _finish(self, job: str) -> None:
        done = any(file.state == "done" for file in self.store.files(job))
        self.store.set_job(job, state="done" if done else "failed", told=0)
        self.job_changed(job)
        if (row := self.store.job(job)) is not None and row.webhook:
            self._tell_owner(row)

    def _tell_owner(self, job: Job) -> None:
        async def tell() -> None:
            await self._tell(job)
            self.store.set_job(job.id, told=1)

        task = asyncio.create_task(tell())
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    def _put_back(self, job: str) -> None:
        for file in self.store.files(job):
            if file.state == "hiding":
                self.store.set_file(file.id, state="found")
                self.progress.pop(file.id, None)
                self.changed(file.id, job)

    def _heard(self, files: dict[str, File], event: dict[str, Any]) -> None:
        if "moved" in event:
            moved = event["moved"]
            self._moved(files[moved.pop("file")], moved)
            return
        ended = event["ended"]
        file, report = files[ended["file"]], ended["report"]
        self.progress.pop(file.id, None)
        if "fault" in ended:
            words = {key: _named(text, files) for key, text in ended["fault"].items()}
            self.store.set_file(file.id, state="failed", result="", **words)
        else:
            records.write(self.shelf.results(file.job) / f"{file.id}.json", report)
            self.store.set_file(file.id, state="done", result=report["output"])
        self.changed(file.id, file.job)

    def _moved(self, file: File, moved: dict[str, Any]) -> None:
        self.progress[file.id] = moved
        self.changed(file.id, file.job)

    async def _sweep(self) -> None:
        """Remove jobs whose time is up, and tell again of those whose telling was cut short."""
        for job in self.store.untold():
            self._tell_owner(job)
        while True:
            for ended in self.store.ended():
                await self.delete(ended)
            await asyncio.sleep(_SWEEP)


def fresh(job: Job, shelf: Shelf, store: Store) -> None:
    """Make a job ready to be hidden from the beginning: earlier results go."""
    shutil.rmtree(shelf.results(job.id), ignore_errors=True)
    for file in store.files(job.id):
        if file.state in ("done", "failed", "found"):
            store.set_file(file.id, state="found", result="", what="", hint="")


def _together(job: Job) -> bool:
    """Return whether a job's files must be hidden in one go, because they depend on each other."""
    rule = from_dict(job.policy).rules["face"]
    return job.policy["identity"] == "person" or isinstance(make(rule.method, rule.settings), Prepared)


def file_values(file: File, progress: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what is told of a file."""
    names = ("id", "name", "bytes", "state", "what", "hint", "media", "width", "height", "frames", "seconds")
    return {name: getattr(file, name) for name in names} | {"progress": progress}


def _named(text: str, files: dict[str, File]) -> str:
    """Return words in which files go by the names that people gave them."""
    for stored, file in files.items():
        text = text.replace(stored, file.name)
    return text
