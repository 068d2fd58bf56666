"""A checkpoint as a few files that pass through any door: parts of at most 16 MB, each with its sha256."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from visard.errors import UsageError
from visard.publish import publish

PART = 16_000_000
"""Bytes of a part, at most."""

FORMAT = 1
"""Version of the list of parts."""


def pack(file: Path, out: Path, part: int = PART) -> list[Path]:
    """Write a file's parts and the list of them, NAME.json, to a folder; return what was written, the list last.

    Raises UsageError for a file that cannot be read, TargetError where a part exists already.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=file, hint="give a checkpoint's file") from error
    out.mkdir(parents=True, exist_ok=True)
    written, parts = [], []
    for number, start in enumerate(range(0, len(content), part)):
        piece = content[start : start + part]
        written.append(out / f"{file.name}.{number:03d}")
        parts.append({"file": written[-1].name, "bytes": len(piece), "sha256": hashlib.sha256(piece).hexdigest()})
        with publish(written[-1]) as draft:
            draft.write_bytes(piece)
    index = {"format": FORMAT, "file": file.name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    written.append(out / f"{file.name}.json")
    with publish(written[-1]) as draft:
        draft.write_text(json.dumps(index | {"parts": parts}, indent=1) + "\n", "utf-8")
    return written


def unpack(index: Path, out: Path, overwrite: bool = False) -> Path:
    """Write the file whose parts a list names, and lie beside it, to a folder, and return it: whole, or not at all.

    Raises UsageError where a part is missing or altered, or the list is none; TargetError.
    """
    try:
        told = json.loads(index.read_text("utf-8"))
        if told["format"] != FORMAT:
            raise ValueError("another version of visard made it")
        name, parts, digest = str(told["file"]), list(told["parts"]), told["sha256"]
        if Path(name).name != name or any(Path(part["file"]).name != part["file"] for part in parts):
            raise ValueError("it names files elsewhere")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"is no list of parts: {error}", where=index, hint="give the .json of `train pack`") from error
    whole = hashlib.sha256()
    with publish(out / name, overwrite) as draft, draft.open("wb") as file:
        for part in parts:
            piece = _read(index.parent / part["file"], part["sha256"])
            whole.update(piece)
            file.write(piece)
        if whole.hexdigest() != digest:
            raise UsageError("the parts do not make the file", where=index, hint="pack it again")
    return out / name


def _read(file: Path, digest: str) -> bytes:
    try:
        piece = file.read_bytes()
    except OSError as error:
        raise UsageError("the part is missing", where=file, hint="copy all parts beside the list") from error
    if hashlib.sha256(piece).hexdigest() != digest:
        raise UsageError("the part is altered: its sha256 is wrong", where=file, hint="copy it again")
    return piece
