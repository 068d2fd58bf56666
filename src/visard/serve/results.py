"""Who is in a job, and what came of it, over HTTP: people, results, reports, and links for downloads."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from fastapi import APIRouter
from fastapi.responses import FileResponse, Response, StreamingResponse

from visard import __version__
from visard.serve import records
from visard.serve.forms import Ask, Choice, Link, PersonOut, SightOut
from visard.serve.house import REVIEWED, SEEN, House, Housed
from visard.serve.names import distinct, result_name
from visard.serve.people import Person, gather, sights
from visard.serve.refusals import Refused, absent
from visard.serve.store import File

routes = APIRouter()

_CHUNK = 1 << 20
_PAGE_SECONDS = 300.0

_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
}
_ZIP: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}
}
_HTML: dict[int | str, dict[str, Any]] = {200: {"content": {"text/html": {"schema": {"type": "string"}}}}}


@routes.get("/api/jobs/{job}/people", operation_id="list_people")
async def list_people(house: Housed, job: str) -> list[PersonOut]:
    """List the people in all files of a job, each with the tracks that show them."""
    return [_person(person) for person in await _people(house, job)]


@routes.put("/api/jobs/{job}/people", operation_id="choose_everybody")
async def choose_everybody(house: Housed, job: str, choice: Choice) -> list[PersonOut]:
    """Hide or spare everybody, in all files."""
    await _choose(house, job, await _people(house, job), choice.hide)
    return [_person(person) for person in await _people(house, job)]


@routes.put("/api/jobs/{job}/people/{person}", operation_id="choose_person")
async def choose_person(house: Housed, job: str, person: str, choice: Choice) -> PersonOut:
    """Hide or spare somebody, in all files."""
    chosen = [one for one in await _people(house, job) if one.id == person]
    if not chosen:
        raise absent("person")
    await _choose(house, job, chosen, choice.hide)
    return next(_person(one) for one in await _people(house, job) if one.id == person)


@routes.get("/api/jobs/{job}/report", operation_id="read_report")
async def read_report(house: Housed, job: str) -> dict[str, Any]:
    """Give the report of a job, as `visard hide` writes it, with the names that the files were sent under."""
    reports = await asyncio.to_thread(_reports, house, _done(house, house.job(job).id))
    return {"visard": __version__, "format": 1, "files": reports}


@routes.get(
    "/api/jobs/{job}/files/{file}/result", response_class=FileResponse, responses=_FILE, operation_id="read_result"
)
async def read_result(house: Housed, job: str, file: str) -> FileResponse:
    """Give the result of a file."""
    row = house.file(job, file, "done")
    return FileResponse(house.shelf.result(row), filename=PurePosixPath(result_name(row.name, row.result)).name)


@routes.get("/api/jobs/{job}/results", response_class=StreamingResponse, responses=_ZIP, operation_id="read_results")
async def read_results(house: Housed, job: str) -> StreamingResponse:
    """Give all results of a job and its report as a ZIP file."""
    done = _done(house, house.job(job).id)
    page = await _page(house, job)
    headers = {"Content-Disposition": 'attachment; filename="hidden.zip"'}
    return StreamingResponse(_zipped(house, done, page), media_type="application/zip", headers=headers)


@routes.get("/api/jobs/{job}/report.html", response_class=Response, responses=_HTML, operation_id="read_page")
async def read_page(house: Housed, job: str) -> Response:
    """Give the report of a job as a page of its own."""
    page = await _page(house, house.job(job).id)
    return Response(page, media_type="text/html", headers={"Content-Disposition": 'attachment; filename="report.html"'})


@routes.post("/api/jobs/{job}/links", status_code=201, operation_id="make_link")
async def make_link(house: Housed, job: str, ask: Ask) -> Link:
    """Make an address for a download, which needs no key for ten minutes."""
    house.job(job)
    if ask.what == "result":
        house.file(job, ask.file, "done")
    else:
        _done(house, job)
    return Link(url=f"/download/{house.tickets.issue(job, ask.what, ask.file)}")


@routes.get("/download/{ticket}", response_class=Response, responses=_FILE, operation_id="download")
async def download(house: Housed, ticket: str) -> Response:
    """Give what a link was made for."""
    job, what, file = house.tickets.read(ticket)
    if what == "result":
        return await read_result(house, job, file)
    return await (read_results if what == "results" else read_page)(house, job)


async def _people(house: House, job: str) -> list[Person]:
    files = [file for file in house.store.files(house.job(job).id) if file.state in SEEN]
    return await asyncio.to_thread(_gather, house, files)


def _gather(house: House, files: list[File]) -> list[Person]:
    everyone = []
    for file in files:
        folder = house.shelf.looks(file)
        tracks, faces = records.load(folder / records.TRACKS), records.load(folder / records.FACES)
        everyone += list(sights(file.id, tracks or {}, faces or {}))
    return gather(everyone)


def _person(person: Person) -> PersonOut:
    tracks = [
        SightOut(file=s.file, track=s.track, **{key: s.summary[key] for key in ("spans", "frame", "box", "hide")})
        for s in person.sights
    ]
    return PersonOut(id=person.id, hide=person.hide, tracks=tracks)


async def _choose(house: House, job: str, people: list[Person], hide: bool) -> None:
    if house.job(job).state == "hiding":
        raise Refused(409, "the job is being hidden", "wait, or stop it")
    tracks: dict[str, set[int]] = defaultdict(set)
    for sight in (sight for person in people for sight in person.sights):
        tracks[sight.file].add(sight.track)
    for file, own in tracks.items():
        row = house.file(job, file, *REVIEWED)
        await asyncio.to_thread(_mark, house.shelf.looks(row), row.name, own, hide)


def _mark(folder: Path, name: str, tracks: set[int], hide: bool) -> None:
    records.save_regions(folder, name, records.show(records.regions_of(folder), tracks, hide))


def _done(house: House, job: str) -> list[tuple[File, str]]:
    """Return the files that are done and the names of their results; raises Refused where there are none."""
    files = [file for file in house.store.files(job) if file.state == "done"]
    if not files:
        raise Refused(409, "there are no results yet", "hide first")
    return list(zip(files, distinct(result_name(file.name, file.result) for file in files), strict=True))


def _reports(house: House, done: list[tuple[File, str]]) -> list[dict[str, Any]]:
    reports = []
    for file, name in done:
        report = records.load(house.shelf.results(file.job) / f"{file.id}.json")
        if report is not None:
            reports.append(report | {"source": file.name, "output": name})
    return reports


async def _page(house: House, job: str) -> str:
    done = _done(house, job)
    reports = await asyncio.to_thread(_reports, house, done)
    results = {name: str(house.shelf.result(file)) for file, name in done}
    end = await house.viewer.do({"order": "page", "reports": reports, "results": results}, _PAGE_SECONDS)
    return str(end["page"])


def _zipped(house: House, done: list[tuple[File, str]], page: str) -> Iterator[bytes]:
    """Yield a ZIP file of the results, which are compressed already, and the report, without holding it in memory."""
    pieces = _Pieces()
    with zipfile.ZipFile(pieces, "w", zipfile.ZIP_STORED) as packed:
        for file, name in done:
            with (
                packed.open(zipfile.ZipInfo(name), "w", force_zip64=True) as inside,
                house.shelf.result(file).open("rb") as source,
            ):
                while chunk := source.read(_CHUNK):
                    inside.write(chunk)
                    yield pieces.take()
        packed.writestr(zipfile.ZipInfo("report.html"), page)
    yield pieces.take()


class _Pieces(io.RawIOBase):
    """A file that is written on one side and taken from on the other."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def writable(self) -> bool:
        """It is written to, and never sought in."""
        return True

    def write(self, data: Any) -> int:
        """Add bytes."""
        self._bytes += data
        return len(data)

    def take(self) -> bytes:
        """Return what was added since."""
        taken, self._bytes = bytes(self._bytes), bytearray()
        return taken
