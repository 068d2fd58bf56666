"""What is known of a source, as files beside it: its regions as `visard find` writes them, and what sums them up."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

from visard.found import Found
from visard.publish import publish
from visard.regions import load_regions, to_json
from visard.types import Region

REGIONS, TRACKS, FACES, TIMES = "regions.json", "tracks.json", "faces.json", "times.json"


def save_regions(folder: Path, name: str, found: Found) -> None:
    """Write a source's regions, and a summary of its tracks beside them."""
    write(folder / TRACKS, {str(track): summary for track, summary in sorted(_tracks(found).items())})
    with publish(folder / REGIONS, overwrite=True) as draft:
        draft.write_text(to_json({name: found}), "utf-8")


def regions_of(folder: Path) -> Found:
    """Return a source's regions."""
    return next(iter(load_regions(folder / REGIONS).values()), Found({}))


def show(found: Found, tracks: set[int], hide: bool) -> Found:
    """Return the regions with these tracks hidden or spared."""
    return Found({
        index: tuple(replace(r, hide=hide) if r.track in tracks else r for r in regions)
        for index, regions in found.regions.items()
    })  # fmt: skip


def write(path: Path, values: Any) -> None:
    """Write plain values as JSON, whole or not at all."""
    with publish(path, overwrite=True) as draft:
        draft.write_text(json.dumps(values), "utf-8")


def load(path: Path) -> Any:
    """Return the plain values of a JSON file, None where there is none."""
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None


def _tracks(found: Found) -> dict[int, dict[str, Any]]:
    """Return track -> its frames, whether it is hidden, and where it is seen best."""
    places: dict[int, list[tuple[int, Region]]] = defaultdict(list)
    for index in sorted(found.regions):
        for region in found.at(index):
            places[region.track].append((index, region))
    return {track: _summary(own) for track, own in places.items()}


def _summary(own: list[tuple[int, Region]]) -> dict[str, Any]:
    index, best = max(own, key=lambda place: place[1].score * place[1].box.side)
    spans: list[list[int]] = []
    for at, _ in own:
        if spans and at <= spans[-1][1] + 1:
            spans[-1][1] = at
        else:
            spans.append([at, at])
    hidden = sum(region.hide for _, region in own)
    return {
        "spans": spans,
        "hide": hidden > 0,
        "frame": index,
        "box": [round(float(v), 2) for v in best.box],
        "kind": best.kind,
    }
