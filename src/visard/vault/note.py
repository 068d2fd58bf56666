"""What a file says of the password that its faces are hidden under: method, network, salt, and where the faces are.

None of it is secret, and none opens anything: it is what `visard reveal` must know beside the password.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from typing import Final

from visard.errors import SealError, SourceError
from visard.media.seals import FACE
from visard.publish import publish
from visard.types import Box
from visard.vault import carrier

SUFFIX: Final = ".visard-face"
"""Of a note beside a file that has no room for it."""

_SALT = 16
_MOST = 1 << 20
"""Bytes of a note that is believed to be one."""


@dataclass(frozen=True, slots=True)
class Note:
    """method: its name; network: sha256 of its file; salt: 16 bytes in hex; margin and shape: of the rule; faces:
    (N, 4) boxes of the hidden faces of a picture, in widths and heights of it, so that they outlast its being resized;
    empty for a video."""

    method: str
    network: str
    salt: str
    margin: float
    shape: str
    faces: tuple[tuple[float, ...], ...] = ()

    def boxes(self, width: int, height: int) -> list[Box]:
        """Return the faces' boxes in pixels of a picture."""
        return [Box(x0 * width, y0 * height, x1 * width, y1 * height) for x0, y0, x1, y1 in self.faces]


@contextmanager
def noted(draft: Path, target: Path, note: Note, overwrite: bool) -> Iterator[None]:
    """Write a note into a draft, or, where its format has no room, beside the target; raises TargetError, OSError."""
    told = FACE.magic + json.dumps(asdict(note)).encode()
    if carrier.has_room(draft):
        with tempfile.TemporaryDirectory(prefix="visard-") as folder:
            scratch = Path(folder, "note")
            scratch.write_bytes(told)
            carrier.embed(draft, scratch, FACE)
        yield
    else:
        with publish(sidecar(target), overwrite) as file:
            file.write_bytes(told)
            yield


def read_note(path: Path) -> Note:
    """Return the note in a file, or beside it; raises SealError where there is none, SourceError."""
    try:
        told = carrier.content(path, FACE) or (sidecar(path).read_bytes() if sidecar(path).is_file() else b"")
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror}", where=path, hint="check its path") from error
    if not told:
        hint = "name the file that visard wrote with --note, if this is a copy of it"
        raise SealError("was not hidden under a password, or lost its note", where=path, hint=hint)
    try:
        plain = json.loads(told.removeprefix(FACE.magic)[:_MOST])
        method, network, salt, shape = (str(plain[key]) for key in ("method", "network", "salt", "shape"))
        note = Note(method, network, salt, float(plain["margin"]), shape, _shares(plain["faces"]))
        if len(bytes.fromhex(note.salt)) != _SALT:
            raise ValueError("no salt of ours")
    except (ValueError, KeyError, TypeError) as error:
        raise SealError("its note is broken", where=path, hint="take the file as visard wrote it") from error
    return note


def _shares(faces: list[list[float]]) -> tuple[tuple[float, ...], ...]:
    shares = tuple(tuple(float(share) for share in face) for face in faces)
    if any(len(face) != 4 or not all(map(isfinite, face)) for face in shares):
        raise ValueError("a box has four sides")
    return shares


def sidecar(path: Path) -> Path:
    """Return where a note lies beside a file that cannot hold one."""
    return path.with_name(path.name + SUFFIX)
