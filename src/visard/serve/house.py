"""All that a request may need, found by its routes; and what several of them ask."""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Request

from visard.errors import UsageError
from visard.hider import Hider
from visard.methods import FILES
from visard.policy import Policy, from_dict
from visard.serve import webhook
from visard.serve.bulletin import Bulletin
from visard.serve.desk import Desk, file_values
from visard.serve.forms import Wish
from visard.serve.refusals import Refused, absent, in_words
from visard.serve.settings import Settings
from visard.serve.shelf import Shelf
from visard.serve.store import File, Job, Store

_TICKET_SECONDS = 600.0


@dataclass(slots=True)
class Tickets:
    """Addresses that need no key for a while; each leads to one thing alone."""

    _known: dict[str, tuple[float, tuple[str, str, str]]] = field(default_factory=dict)

    def issue(self, job: str, what: str, file: str) -> str:
        """Return a new ticket."""
        now = time.monotonic()
        self._known = {key: value for key, value in self._known.items() if value[0] > now}
        ticket = secrets.token_urlsafe(24)
        self._known[ticket] = now + _TICKET_SECONDS, (job, what, file)
        return ticket

    def read(self, ticket: str) -> tuple[str, str, str]:
        """Return the job, what of it, and the file; raises Refused."""
        ends, what = self._known.get(ticket, (0.0, ("", "", "")))
        if ends < time.monotonic():
            raise Refused(404, "this link is no longer valid", "go back to the page and ask for it again")
        return what


class House:
    """The rooms of the service."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.shelf = Shelf(settings.data / "jobs", settings.quota_gb * 1e9)
        self.store = Store(settings.data / "jobs.sqlite")
        self.bulletin = Bulletin()
        self.desk = Desk(settings, self.store, self.shelf, self.bulletin, self._tell)
        self.viewer, self.tickets = self.desk.viewer, Tickets()

    def start(self) -> None:
        """Begin to work."""
        self.desk.start()

    async def close(self) -> None:
        """Stop, so that the next start can go on."""
        await self.desk.close()
        self.store.close()

    def job(self, job: str) -> Job:
        """Return a job; raises Refused."""
        if (row := self.store.job(job)) is None:
            raise absent("job")
        return row

    def file(self, job: str, file: str, *states: str) -> File:
        """Return a file of a job; raises Refused where it is not there, or in none of the states."""
        if (row := self.store.file(job, file)) is None:
            raise absent("file")
        if states and row.state not in states:
            raise Refused(409, *_WHY[row.state])
        return row

    def values(self, job: Job) -> dict[str, Any]:
        """Return what is told of a job."""
        files = [file_values(file, self.desk.progress.get(file.id)) for file in self.store.files(job.id)]
        return {
            "id": job.id,
            "made": job.made,
            "ends": job.ends,
            "state": job.state,
            "policy": job.policy,
            "files": files,
        }

    def times(self, file: File) -> Path:
        """Return where the times of a file's frames lie."""
        return self.shelf.looks(file) / "times.json"

    async def _tell(self, job: Job) -> None:
        files = [{"id": file.id, "state": file.state} for file in self.store.files(job.id)]
        message = {"job": job.id, "state": job.state, "files": files}
        for wait in (1.0, 10.0, 60.0):
            try:
                if await asyncio.to_thread(webhook.tell, job.webhook, self.settings.webhooks, message) < 500:
                    return
            except (OSError, Refused):
                pass
            await asyncio.sleep(wait)


REVIEWED = ("found", "done", "failed")
"""States in which a file's regions may be changed."""

SEEN = (*REVIEWED, "hiding")
"""States in which a file's regions are known."""

_WHY = {
    "sending": ("the file is still being sent", "wait for it, or remove it"),
    "waiting": ("the file has not been looked at yet", "wait a moment"),
    "looking": ("the file is being looked at", "wait a moment"),
    "found": ("the file has not been hidden yet", "hide it first"),
    "hiding": ("the file is being hidden", "wait, or stop it"),
    "done": ("the file is done", "hide again to change it"),
    "failed": ("the file could not be hidden", "change what its message says, and hide again"),
    "broken": ("the file cannot be used", "remove it"),
}


def tables(wish: Wish) -> dict[str, Any]:
    """Return a wish as the tables of a policy; raises Refused for what no method takes."""
    plain = wish.model_dump()
    for setting in FILES:
        if plain["face"].get(setting):
            raise Refused(422, f"{setting} is a file of the operator's", "leave it out")
    try:
        policy: Policy = from_dict(plain)
        Hider(policy)
    except UsageError as error:
        words = in_words(error)
        raise Refused(422, words["what"], words["hint"]) from error
    return plain


def _house(request: Request) -> House:
    house: House = request.app.state.house
    return house


Housed = Annotated[House, Depends(_house)]
