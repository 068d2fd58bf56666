"""Regions as files: what `find` writes, a person edits, and `hide --regions` takes back."""

from __future__ import annotations

import csv
import io
import json
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import numpy as np

from visard import __version__
from visard.errors import UsageError
from visard.found import Found
from visard.types import Box, Kind, Points, Region

_COLUMNS = ("source", "frame", "kind", "x0", "y0", "x1", "y1", "score", "track", "hide", "points", "outline")

_DRAWN = ("points", "outline")

_FAR = 1e6
"""Pixels from the first one within which everything lies: beyond, 32 bits no longer tell one pixel from the next."""

_MOST_TRACKS = 1 << 31


def to_json(found: Mapping[str, Found]) -> str:
    """Return the regions of each source as JSON, one region a line."""
    lines = ",\n  ".join(json.dumps(row) for row in rows(found))
    return f'{{"visard": "{__version__}", "format": 1, "regions": [\n  {lines}\n]}}\n'


def to_csv(found: Mapping[str, Found]) -> str:
    """Return the regions of each source as CSV with a header."""
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows(found):
        drawn = {key: " ".join(f"{x:g},{y:g}" for x, y in row.get(key, ())) for key in _DRAWN}
        writer.writerow(row | drawn | {"hide": str(row["hide"]).lower()})
    return text.getvalue()


def load_regions(path: Path) -> dict[str, Found]:
    """Return source name -> regions from a JSON or CSV file; raises UsageError with the row at fault."""
    try:
        text = path.read_text("utf-8-sig", "surrogateescape")  # some names are no text
        given = _from_csv(text) if path.suffix.lower() == ".csv" else list(json.loads(text)["regions"])
    except OSError as error:
        raise UsageError(f"cannot read the regions: {error.strerror}", where=path, hint="check its path") from error
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        raise UsageError("not a regions file", where=path, hint="start from what `visard find` writes") from error
    return read_rows(given, path)


def read_rows(given: Iterable[Mapping[str, Any]], where: object = "") -> dict[str, Found]:
    """Return source name -> regions from rows as `rows` gives them; raises UsageError with the row at fault."""
    sources: dict[str, dict[int, list[Region]]] = defaultdict(lambda: defaultdict(list))
    for number, row in enumerate(given, 1):
        try:
            sources[str(row["source"])][int(row["frame"])].append(_region(row))
        except (KeyError, ValueError, TypeError, OverflowError) as error:
            raise UsageError(f"region {number} is malformed: {error}", where=where, hint="mend that row") from error
    return {name: Found({i: tuple(r) for i, r in frames.items()}) for name, frames in sources.items()}


def rows(found: Mapping[str, Found]) -> Iterator[dict[str, Any]]:
    """Yield the regions of each source as plain values, frame by frame."""
    for source, own in found.items():
        for frame in sorted(own.regions):
            for region in own.regions[frame]:
                yield _row(source, frame, region)


def _row(source: str, frame: int, region: Region) -> dict[str, Any]:
    box = dict(zip(("x0", "y0", "x1", "y1"), (round(float(v), 2) for v in region.box), strict=True))
    outlined = {} if region.outline is None else {"outline": _rounded(region.outline)}
    row = {"source": source, "frame": frame, "kind": region.kind, **box}
    return (
        row
        | {
            "score": round(float(region.score), 3),
            "track": region.track,
            "hide": region.hide,
            "points": [] if region.points is None else _rounded(region.points),
        }
        | outlined
    )


def _rounded(points: Points) -> list[list[float]]:
    rounded: list[list[float]] = np.round(points.astype(float), 2).tolist()
    return rounded


def _region(row: Mapping[str, Any]) -> Region:
    box = Box(*(float(row[key]) for key in ("x0", "y0", "x1", "y1")))
    if not (box.x0 < box.x1 and box.y0 < box.y1):
        raise ValueError("x0 must lie left of x1, and y0 above y1")
    kind = str(row["kind"])
    if kind not in get_args(Kind):
        raise ValueError(f"unknown kind {kind!r}")
    points, outline = (np.array(row.get(key) or [], np.float64).reshape(-1, 2) for key in _DRAWN)
    if not all((np.abs(numbers) < _FAR).all() for numbers in (box, points, outline)):
        raise ValueError("a number is no place in a picture")
    if len(outline) in (1, 2):
        raise ValueError("an outline has three points, at least")
    score, track = float(row.get("score", 1.0)), int(row.get("track", 0))
    if not (math.isfinite(score) and 0 <= track < _MOST_TRACKS):
        raise ValueError("score or track is no number that they can be")
    return Region(
        kind=kind,  # type: ignore[arg-type]  # checked above
        box=box,
        score=score,
        points=points.astype(np.float32) if len(points) else None,
        track=track,
        hide=_truth(row.get("hide", True)),
        outline=outline.astype(np.float32) if len(outline) else None,
    )


def _from_csv(text: str) -> list[dict[str, Any]]:
    given: list[dict[str, Any]] = []
    for row in csv.DictReader(io.StringIO(text)):
        drawn = {key: [[float(v) for v in pair.split(",")] for pair in (row.get(key) or "").split()] for key in _DRAWN}
        given.append({**{key: value for key, value in row.items() if value not in ("", None)}, **drawn})
    return given


def _truth(value: object) -> bool:
    """Return whether a region is hidden; anything but a clear no means yes."""
    return str(value).strip().lower() not in ("false", "no", "0")
