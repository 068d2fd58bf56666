"""What lies beside a result: a seal or a note that is in the way is seen at once, and none outlives its result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from visard.media.seals import FACE, SEAL
from visard.media.source import Source
from visard.publish import identity, publish, refuse_taken
from visard.stores import is_far
from visard.vault import carrier, note

_ROOMY = ("PNG", "JPEG", "WEBP")
"""Formats of pictures in which a seal lies inside; so it does in every video's result."""


@contextmanager
def published(target: Path, like: Source, overwrite: bool, *, seal: bool, locked: bool) -> Iterator[Path]:
    """Give a draft as `publish` does; where it replaces a result, a seal or note of that one beside it goes with it.

    like: what the draft is made from. seal, locked: whether the block writes a seal, a note; raises TargetError before
    it begins if such a file has to lie beside the target, and something is there.
    """
    if is_far(target):
        with publish(target, overwrite) as draft:
            yield draft
        return
    sides = {carrier.sidecar(target): (SEAL, seal), note.sidecar(target): (FACE, locked)}
    roomy = like.media == "video" or like.format in _ROOMY
    for path, (_, wanted) in sides.items():
        if wanted and not roomy:
            refuse_taken(path, overwrite)
    own = {path: identity(path) for path, (mark, _) in sides.items() if overwrite and _begins(path, mark.magic)}
    with publish(target, overwrite) as draft:
        yield draft
    for path, before in own.items():
        if identity(path) == before:  # else it is the new result's own
            path.unlink()


def gone(target: Path, notes: Sequence[str]) -> bool:
    """Return whether a report's notes name a seal beside the result that is there no longer."""
    side = carrier.sidecar(target)
    return any(note.endswith(f" in {side.name}") for note in notes) and not side.is_file()


def _begins(path: Path, magic: bytes) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(magic)) == magic
