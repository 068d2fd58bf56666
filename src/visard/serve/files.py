"""The files of a job over HTTP: announced, sent, removed, and what they show."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from starlette.requests import ClientDisconnect

from visard import __version__
from visard.found import Found
from visard.regions import read_rows, rows
from visard.serve import records
from visard.serve.desk import file_values
from visard.serve.forms import FileOut, Lead, Look, NewFile, Regions, RegionsOut, Row, Trail
from visard.serve.house import REVIEWED, SEEN, House, Housed, tables
from visard.serve.intake import announce, receive
from visard.serve.refusals import Refused, absent
from visard.serve.store import File
from visard.types import Box

routes = APIRouter(prefix="/api/jobs/{job}/files")

_LOOK_SECONDS, _FOLLOW_SECONDS = 60.0, 300.0

_JPEG: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}
}
_BYTES = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@routes.post("", status_code=201, operation_id="announce_file")
async def announce_file(house: Housed, job: str, new: NewFile) -> FileOut:
    """Announce a file, so that it is refused before it is sent if it cannot be taken."""
    row = house.job(job)
    file = announce(house, row, new.name, new.bytes)
    house.store.set_job(job, state="open")
    house.desk.job_changed(job)
    house.desk.changed(file.id, job)
    return FileOut(**file_values(file))


@routes.put("/{file}/content", openapi_extra=_BYTES, operation_id="send_file")
async def send_file(house: Housed, job: str, file: str, request: Request) -> FileOut:
    """Send a file that was announced; it is then looked at."""
    row = house.file(job, file)
    if row.state != "sending":
        raise Refused(409, "the file was sent already", "remove it first")
    try:
        await receive(house, row, request.stream())
    except ClientDisconnect:
        raise Refused(400, "the file was not sent to its end", "send it again") from None
    return FileOut(**file_values(house.file(job, file)))


@routes.delete("/{file}", status_code=204, operation_id="delete_file")
async def delete_file(house: Housed, job: str, file: str) -> None:
    """Remove a file from its job at once, with its result and what was known of its people."""
    row, owner = house.file(job, file), house.job(job)
    if owner.state == "hiding":
        raise Refused(409, "the job is being hidden", "stop it first")
    await house.viewer.stop()
    house.store.drop_file(file)
    if row.state == "looking":
        await house.desk.stop(job)
    await asyncio.to_thread(house.shelf.wipe_file, row)
    house.bulletin.tell(job, "removed", {"id": file})


@routes.get("/{file}/regions", operation_id="read_regions")
async def read_regions(house: Housed, job: str, file: str) -> RegionsOut:
    """Give the regions of a file, as `visard find --json` writes them."""
    row = house.file(job, file, *SEEN)
    found = await asyncio.to_thread(records.regions_of, house.shelf.looks(row))
    given = [Row(**one) for one in rows({row.name: found})]
    return RegionsOut(visard=__version__, format=1, regions=given)


@routes.put("/{file}/regions", status_code=204, operation_id="write_regions")
async def write_regions(house: Housed, job: str, file: str, regions: Regions) -> None:
    """Replace the regions of a file: what is not among them is not spared, what has `hide` false is."""
    row = _editable(house, job, file)
    found = await asyncio.to_thread(_checked, regions.regions, row)
    await asyncio.to_thread(records.save_regions, house.shelf.looks(row), row.name, found)


@routes.get("/{file}/times", operation_id="read_times")
async def read_times(house: Housed, job: str, file: str) -> list[float]:
    """Give the times of a file's frames, in seconds."""
    times: list[float] = records.load(house.times(house.file(job, file, *SEEN)))
    return times


@routes.get("/{file}/thumbnail", response_class=Response, responses=_JPEG, operation_id="read_thumbnail")
async def read_thumbnail(house: Housed, job: str, file: str) -> Response:
    """Give a small picture of a file."""
    return _picture(house.shelf.looks(house.file(job, file, *SEEN)) / "thumbnail.jpg")


@routes.get("/{file}/strip", response_class=Response, responses=_JPEG, operation_id="read_strip")
async def read_strip(house: Housed, job: str, file: str) -> Response:
    """Give a video's strip of small pictures, side by side."""
    return _picture(house.shelf.looks(house.file(job, file, *SEEN)) / "strip.jpg")


@routes.get("/{file}/frames/{index}", response_class=Response, responses=_JPEG, operation_id="read_frame")
async def read_frame(
    house: Housed,
    request: Request,
    job: str,
    file: str,
    index: int,
    side: Annotated[int, Query(ge=64, le=4096)] = 1280,
    of: Literal["original", "result"] = "original",
) -> Response:
    """Give a frame of the original or of the result, no side longer than `side` pixels."""
    row = house.file(job, file, *(("done",) if of == "result" else SEEN))
    path = house.shelf.result(row) if of == "result" else house.shelf.original(row)
    return await _view(house, request, row, {"order": "frame", "source": str(path), "index": index, "side": side})


@routes.get("/{file}/faces/{track}", response_class=Response, responses=_JPEG, operation_id="read_face")
async def read_face(house: Housed, request: Request, job: str, file: str, track: int) -> Response:
    """Give the face of a track, where it is seen best."""
    row = house.file(job, file, *SEEN)
    folder = house.shelf.looks(row)
    summary = (records.load(folder / records.TRACKS) or {}).get(str(track))
    path = folder / f"face-{track}.jpg"
    if summary is None or path.exists():
        return _picture(path)
    order = {"order": "face", "source": str(house.shelf.original(row)), "index": summary["frame"]}
    return await _view(house, request, row, order | {"box": summary["box"]})


@routes.post("/{file}/preview", response_class=Response, responses=_JPEG, operation_id="preview")
async def preview(house: Housed, job: str, file: str, look: Look, request: Request) -> Response:
    """Give a frame as it would be hidden; in a video the new face may become another one, chosen from all frames."""
    row, policy = house.file(job, file, *SEEN), tables(look.policy)
    found = await asyncio.to_thread(_checked, look.regions, row)
    given = [one for one in rows({row.name: found}) if one["frame"] == look.frame]
    order = {"order": "preview", "source": str(house.shelf.original(row)), "index": look.frame, "side": look.side}
    return await _view(house, request, row, order | {"policy": policy, "regions": given})


@routes.post("/{file}/follow", operation_id="follow")
async def follow(house: Housed, job: str, file: str, lead: Lead) -> Trail:
    """Follow a region onward from its frame, to the end of the scene or until it is lost; nothing is changed."""
    row = _editable(house, job, file)
    (region,) = rows({row.name: _checked([lead.region], row)})
    order = {"order": "follow", "index": lead.region.frame, "region": region}
    order |= {"source": str(house.shelf.original(row)), "times": str(house.times(row))}
    end = await house.viewer.do(order, _FOLLOW_SECONDS)
    return Trail(regions=[Row(**one) for one in end["rows"]], last=end["last"])


def _editable(house: House, job: str, file: str) -> File:
    if house.job(job).state == "hiding":
        raise Refused(409, "the job is being hidden", "wait, or stop it")
    return house.file(job, file, *REVIEWED)


def _checked(given: list[Row], file: File) -> Found:
    """Return regions that lie in a file's frames; raises Refused for one that does not."""
    whole = Box(0, 0, file.width, file.height)
    for number, row in enumerate(given, 1):
        if row.frame >= file.frames:
            raise Refused(422, f"region {number} lies in frame {row.frame}", f"the last frame is {file.frames - 1}")
        if row.source not in ("", file.name) and not file.name.endswith("/" + row.source):
            raise Refused(422, f"region {number} belongs to another file", "give the regions of this file alone")
        if row.x0 < row.x1 and row.y0 < row.y1 and not Box(row.x0, row.y0, row.x1, row.y1).overlap(whole) > 0:
            raise Refused(422, f"region {number} lies outside the picture", "mend that row")
    found = read_rows(row.model_dump() | {"source": file.name} for row in given)
    return found.get(file.name, Found({}))


async def _view(house: House, request: Request, file: File, order: dict[str, Any]) -> Response:
    order |= {"times": str(house.times(file))}
    end = await house.viewer.do(order, _LOOK_SECONDS, gone=request.is_disconnected)
    return Response(base64.b64decode(end["jpeg"]), media_type="image/jpeg")


def _picture(path: Path) -> Response:
    try:
        return Response(path.read_bytes(), media_type="image/jpeg")
    except FileNotFoundError:
        raise absent("picture") from None
