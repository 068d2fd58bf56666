"""Jobs over HTTP: made, listed, told of as they go on, begun, stopped, and removed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from visard import __version__
from visard.methods import FILES, METHODS, defaults, find_method, runs
from visard.serve import webhook
from visard.serve.bulletin import LOST
from visard.serve.desk import fresh
from visard.serve.forms import About, JobLine, JobOut, MethodOut, NewJob, Wish
from visard.serve.house import House, Housed, tables
from visard.serve.intake import take_paths
from visard.serve.refusals import Refused
from visard.serve.settings import MOST_FILES, MOST_JOBS

routes = APIRouter(prefix="/api")

_HEARTBEAT = 15.0
"""Seconds after which a silent stream of events says that it is still there."""


@routes.get("/about", operation_id="about")
async def about(house: Housed) -> About:
    """Tell what the service is, which methods it has, and what it allows."""
    settings = house.settings
    return About(
        version=__version__,
        methods=[_method(name) for name in METHODS if runs(name)],
        job_bytes=int(settings.job_mb * 1e6),
        job_files=MOST_FILES,
        keep_hours=settings.keep_hours,
        paths=settings.root is not None,
    )


@routes.get("/jobs", operation_id="list_jobs")
async def list_jobs(house: Housed) -> list[JobLine]:
    """List all jobs, the newest first."""
    lines = []
    for job in house.store.jobs():
        files = house.store.files(job.id)
        first = next((file.id for file in files if file.media), "")
        lines.append(JobLine(id=job.id, made=job.made, ends=job.ends, state=job.state, files=len(files), first=first))
    return lines


@routes.post("/jobs", status_code=201, operation_id="make_job")
async def make_job(house: Housed, new: NewJob) -> JobOut:
    """Make a job, of files below the operator's root or of files that are sent next."""
    policy = tables(new.policy)
    if house.store.count_jobs() >= MOST_JOBS:
        raise Refused(429, "there are too many jobs", "delete some")
    if new.webhook:
        await asyncio.to_thread(webhook.check_url, new.webhook, house.settings.webhooks)
    job = house.store.add_job(house.settings.keep_hours, policy, new.webhook)
    try:
        house.shelf.make(job.id)
        await take_paths(house, job, new.paths)
    except BaseException:
        await house.desk.delete(job.id)
        raise
    house.desk.wake()
    return JobOut(**house.values(job))


@routes.get("/jobs/{job}", operation_id="read_job")
async def read_job(house: Housed, job: str) -> JobOut:
    """Tell how a job and its files are."""
    return JobOut(**house.values(house.job(job)))


@routes.delete("/jobs/{job}", status_code=204, operation_id="delete_job")
async def delete_job(house: Housed, job: str) -> None:
    """Remove a job at once: originals, results, regions, and what was known of its people."""
    house.job(job)
    await house.desk.delete(job)


@routes.post("/jobs/{job}/hide", status_code=202, operation_id="hide_job")
async def hide_job(house: Housed, job: str, wish: Wish) -> JobOut:
    """Begin to hide whoever is to be hidden, in all files; earlier results of the job are replaced."""
    row, policy = house.job(job), tables(wish)
    files = house.store.files(job)
    if row.state == "hiding":
        raise Refused(409, "the job is being hidden already", "wait, or stop it")
    if any(file.state == "sending" for file in files):
        raise Refused(409, "some files were not sent to their end", "send them, or remove them")
    if all(file.state == "broken" for file in files):
        raise Refused(409, "there is nothing to hide", "add a picture or a video")
    house.shelf.check_room(sum(file.bytes for file in files))  # results are about as large as their sources
    fresh(row, house.shelf, house.store)
    house.store.set_job(job, state="hiding", policy=policy)
    house.desk.job_changed(job)
    house.desk.wake()
    return JobOut(**house.values(house.job(job)))


@routes.post("/jobs/{job}/stop", operation_id="stop_job")
async def stop_job(house: Housed, job: str) -> JobOut:
    """Stop hiding; results that are there already stay, and the job is open again."""
    row = house.job(job)
    if row.state == "hiding":
        house.store.set_job(job, state="open")
        await house.desk.stop(job)
        house.desk.job_changed(job)
    return JobOut(**house.values(house.job(job)))


@routes.get(
    "/jobs/{job}/events",
    operation_id="watch_job",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def watch_job(house: Housed, job: str) -> StreamingResponse:
    """Stream events: `job` whole at first, then `job` and `file` as they change, and `gone` at the end."""
    house.job(job)
    return StreamingResponse(_events(house, job), media_type="text/event-stream")


async def _events(house: House, job: str) -> AsyncIterator[str]:
    first = True
    async for event in house.bulletin.listen(job, _HEARTBEAT):
        if first or event == LOST:
            first = False
            if (row := house.store.job(job)) is None:
                yield _event("gone", {})
                return
            yield _event("job", house.values(row))
        elif event is None:
            yield ": still here\n\n"
        else:
            yield _event(event.name, event.data)


def _event(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"


def _method(name: str) -> MethodOut:
    kind = find_method(name)
    says = (kind.__doc__ or "").strip().splitlines()[0]
    settings = {key: value for key, value in defaults(name).items() if key not in FILES}
    return MethodOut(name=name, says=says, settings=settings, groups=hasattr(kind, "prepare"))
