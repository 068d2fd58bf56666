"""The report as data: one entry a file, one document a run."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from visard import __version__
from visard.detect import NETWORKS
from visard.found import Found
from visard.hider import Hider
from visard.media.read import Source
from visard.models.store import sha256s
from visard.report.proof import Proof
from visard.report.proof import to_dict as proof_to_dict
from visard.types import Check, Deidentifier, Removing, Report, Telling

_MODELS = ("centerface", "blazeface_full_range", "dlib_resnet", "face_mesh")


def describe(
    original: Source,
    draft: Path,
    found: Found,
    checks: Iterable[Check],
    hider: Hider,
    task: Mapping[str, Any],
    seconds: Mapping[str, float],
    notes: Sequence[str] = (),
) -> Report:
    """Return the report on a draft that passed its checks; the caller names its source and target, and adds notes."""
    hidden = [r for r in found.all() if r.hide]
    return Report(
        source=original.path.name,
        output="",
        source_sha256=sha256(original.path),
        output_sha256=sha256(draft),
        media=original.media,
        policy=dict(task),
        methods={kind: method.name for kind, method in hider.methods.items()},
        width=original.width,
        height=original.height,
        frames=original.frames or 0,
        regions=len(hidden),
        tracks=len({r.track for r in hidden}),
        spared=sum(not r.hide for r in found.all()),
        checks=tuple(checks),
        models=sha256s((*_MODELS, *dict.fromkeys(name for kind in hider.methods for name in NETWORKS[kind]))),
        version=__version__,
        seconds=dict(seconds),
        notes=(*original.notes, *hider.gallery.notes, *_insisted(hider), *notes),
    )


def _insisted(hider: Hider) -> list[str]:
    notes: list[str] = []
    if stronger := len(hider.insisted - hider.unfit):
        notes.append(f"{stronger} hidden at full strength, because a check still saw through")
    if hider.unfit:
        names = sorted({_named(hider.fallbacks[kind]) for kind in hider.exchanging or hider.fallbacks})
        why = "no face could be exchanged there" if hider.casting else "too small for the method, or no face"
        why = "something was still seen there" if hider.exchanging - hider.casting else why
        notes.append(f"{len(hider.unfit)} hidden with {' or '.join(names)}: {why}")
    for method in hider.methods.values():
        notes += method.told() if isinstance(method, Telling) else []
    return notes


def _named(method: Deidentifier) -> str:
    return f"{method.name} ({', '.join(method.told())})" if isinstance(method, Removing) else method.name


def failure(source: str, error: str, task: Mapping[str, Any]) -> Report:
    """Return the report on a source that could not be hidden."""
    empty: dict[str, Any] = {f.name: "" for f in fields(Report)}
    numbers = dict.fromkeys(("width", "height", "frames", "regions", "tracks", "spared"), 0)
    rest = {"policy": dict(task), "methods": {}, "checks": (), "models": {}, "seconds": {}, "notes": ()}
    return Report(
        **empty
        | numbers
        | rest
        | {
            "source": source,
            "status": "failed",
            "error": error,
            "version": __version__,
        }
    )


def to_dict(report: Report) -> dict[str, Any]:
    """Return a report as plain values; what is derived (passed, nothing_found) is spelt out for readers."""
    plain = asdict(report)
    for check, own in zip(plain["checks"], report.checks, strict=True):
        check["passed"] = own.passed
    return plain | {"nothing_found": report.nothing_found}


def from_dict(plain: Mapping[str, Any]) -> Report:
    """Return the report that plain values describe; raises KeyError or TypeError for anything else."""
    values = {f.name: plain[f.name] for f in fields(Report)}
    names = {f.name for f in fields(Check)}
    checks = [{key: value for key, value in c.items() if key in names} for c in plain["checks"]]
    values["checks"] = tuple(Check(**c | {"frames": tuple(c["frames"])}) for c in checks)
    return Report(**values)


def document(reports: Iterable[Report], proof: Proof | None = None) -> dict[str, Any]:
    """Return the run's document: version, counts, one entry a file, and the proof where one was asked for."""
    files = [to_dict(report) for report in reports]
    counts = {status: sum(f["status"] == status for f in files) for status in ("done", "skipped", "failed")}
    proved = {} if proof is None else {"proof": proof_to_dict(proof)}
    return {"visard": __version__, "format": 1, **counts, **proved, "files": files}


def is_report(path: Path) -> bool:
    """Return whether a file begins as the reports of runs do, as data or as a page; raises OSError."""
    with path.open("rb") as file:
        head = file.read(1000)
    return head.startswith(b'{\n "visard":') or b"<title>visard report</title>" in head


def load(path: Path) -> list[Report]:
    """Return the entries of an earlier run's report.json or journal; unreadable ones count as not done."""
    try:
        text = path.read_text("utf-8")
        plain = json.loads(text)["files"] if path.suffix == ".json" else _lines(text)
        return [from_dict(entry) for entry in plain]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def sha256(path: Path) -> str:
    """Return the hash of a file's bytes as hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def append(journal: Path, report: Report) -> None:
    """Add an entry to the journal, on disk before this returns."""
    with journal.open("a", encoding="utf-8") as file:
        file.write(json.dumps(to_dict(report)) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _lines(text: str) -> list[Any]:
    entries = []
    for line in text.splitlines():
        try:
            entries.append(json.loads(line))
        except ValueError:
            continue
    return entries
