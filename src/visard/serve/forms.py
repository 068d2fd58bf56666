"""The values of the interface: what a request may hold, and what an answer does. The OpenAPI description is these."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from visard.policy import IDENTITIES, SHAPES
from visard.types import Kind

Number = Annotated[float, Field(allow_inf_nan=False)]
Setting = bool | int | Number | Annotated[str, Field(max_length=200)]
Name = Annotated[str, Field(max_length=100)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Form(BaseModel):
    """A part of a request; what it does not know it refuses."""

    model_config = ConfigDict(extra="forbid")


class Problem(BaseModel):
    """Why a request was refused, and what to do."""

    what: str
    hint: str


class FaceRule(BaseModel):
    """How faces are hidden; further keys are settings of the method, such as strength."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Setting] = Field(init=False)

    method: Name = "surrogate"
    margin: Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)] = 0.1
    shape: Literal["oval", "box"] = "oval"
    fallback: Name = "haze"


class Wish(Form):
    """A policy, in the shape of a policy file."""

    seed: Annotated[int, Field(ge=0, lt=1 << 63)] = 0
    identity: Literal["picture", "person"] = "picture"
    face: FaceRule = FaceRule()


class NewJob(Form):
    """A job that is to be made. paths: files and folders below the operator's root; webhook: told when it ends."""

    policy: Wish = Wish()
    paths: Annotated[list[Annotated[str, Field(max_length=1000)]], Field(max_length=1000)] = []
    webhook: Annotated[str, Field(max_length=2000)] = ""


class NewFile(Form):
    """A file that is about to be sent: its name, with folders if it has any, and its bytes."""

    name: Annotated[str, Field(max_length=4000)]
    bytes: Annotated[int, Field(ge=0, lt=1 << 50)]


class Progress(BaseModel):
    """How far a file is: the room it is in, frames done, frames in all if that is known."""

    room: str
    done: int
    total: int | None


class FileOut(BaseModel):
    """A file of a job."""

    id: str
    name: str
    bytes: int
    state: Literal["sending", "waiting", "looking", "found", "hiding", "done", "failed", "broken"]
    what: str
    hint: str
    media: str
    width: int
    height: int
    frames: int
    seconds: float
    progress: Progress | None


class JobOut(BaseModel):
    """A job; made and ends are seconds since 1970, after the end it is removed."""

    id: str
    made: float
    ends: float
    state: Literal["open", "hiding", "done", "failed"]
    policy: dict[str, Any]
    files: list[FileOut]


class JobLine(BaseModel):
    """A job in the list of all."""

    id: str
    made: float
    ends: float
    state: Literal["open", "hiding", "done", "failed"]
    files: int
    first: str


class Row(Form):
    """A region, as `visard find` writes it."""

    source: Annotated[str, Field(max_length=1000)] = ""
    frame: Annotated[int, Field(ge=0, lt=1 << 31)]
    kind: Kind = "face"
    x0: Number
    y0: Number
    x1: Number
    y1: Number
    score: Share = 1.0
    track: Annotated[int, Field(ge=0, lt=1 << 31)] = 0
    hide: bool = True
    points: Annotated[list[tuple[Number, Number]], Field(max_length=500)] = []


class Regions(BaseModel):
    """A file of regions, as `visard find` writes it and `visard hide --regions` takes it."""

    model_config = ConfigDict(extra="ignore")

    regions: list[Row]


class RegionsOut(Regions):
    """The regions of a file, and the version that wrote them."""

    visard: str
    format: int


class Look(Form):
    """A frame to be shown as it would be hidden, by a policy and with regions of that frame."""

    frame: Annotated[int, Field(ge=0, lt=1 << 31)]
    side: Annotated[int, Field(ge=64, le=4096)] = 1280
    policy: Wish = Wish()
    regions: Annotated[list[Row], Field(max_length=2000)] = []


class Lead(Form):
    """A region to be followed onward from its frame."""

    region: Row


class Trail(BaseModel):
    """Where a region was followed to; last: the last frame in which it was seen."""

    regions: list[Row]
    last: int


class SightOut(BaseModel):
    """A track of a person; spans: first and last frame of each stretch. box: where it is seen best, in `frame`."""

    file: str
    track: int
    spans: list[tuple[int, int]]
    frame: int
    box: tuple[float, float, float, float]
    hide: bool


class PersonOut(BaseModel):
    """Somebody who is in the job's files; hide: whether any of the tracks is hidden."""

    id: str
    hide: bool
    tracks: list[SightOut]


class Choice(Form):
    """Whether somebody is hidden."""

    hide: bool


class Ask(Form):
    """What a link is wanted for: one result, all of them as a ZIP file, or the report as a page."""

    what: Literal["result", "results", "report"]
    file: Annotated[str, Field(max_length=40)] = ""


class Link(BaseModel):
    """An address that needs no key for ten minutes, for the browser's own downloads."""

    url: str


class MethodOut(BaseModel):
    """A way of hiding, and its settings with their defaults."""

    name: str
    says: str
    settings: dict[str, Any]
    groups: bool


class About(BaseModel):
    """What the service is and allows."""

    version: str
    methods: list[MethodOut]
    identities: list[str] = list(IDENTITIES)
    shapes: list[str] = list(SHAPES)
    job_bytes: int
    job_files: int
    keep_hours: float
    paths: bool
