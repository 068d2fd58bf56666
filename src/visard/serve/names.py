"""Names that people gave their files: kept for them to read, never used as paths."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from pathlib import PurePosixPath

from visard.media.formats import PICTURE_SUFFIXES, VIDEO_SUFFIXES
from visard.serve.refusals import Refused

_LONGEST, _LONGEST_PART = 1000, 255


def check_name(name: str) -> str:
    """Return a file's name, with the folders it lay in, if it is one; raises Refused."""
    if not name.strip():
        raise Refused(422, "the file has no name", "give it one")
    if any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for c in name):
        raise Refused(422, "the file's name holds characters that cannot be shown", "rename the file")
    parts = name.split("/")
    if name.startswith("/") or "\\" in name or any(part in ("", ".", "..") for part in parts):
        raise Refused(422, "the file's name is a path that leads elsewhere", "give its name alone")
    if len(name) > _LONGEST or any(len(part.encode()) > _LONGEST_PART for part in parts):
        raise Refused(422, "the file's name is too long", "give it a shorter one")
    return name


def stored_name(file: str, name: str) -> str:
    """Return the name under which a file lies on the disk: its number, and the ending if that is a known one."""
    suffix = PurePosixPath(name).suffix.lower()
    return file + (suffix if suffix in PICTURE_SUFFIXES | VIDEO_SUFFIXES else "")


def result_name(name: str, stored_result: str) -> str:
    """Return the name of a result: that of its source, with the ending that it got."""
    return str(PurePosixPath(name).with_suffix(PurePosixPath(stored_result).suffix))


def distinct(names: Iterable[str]) -> list[str]:
    """Return the names with numbers added where two are the same but for the case of letters."""
    taken: set[str] = set()
    result = []
    for name in names:
        path, number, new = PurePosixPath(name), 2, name
        while new.casefold() in taken:
            new, number = str(path.with_stem(f"{path.stem} ({number})")), number + 1
        taken.add(new.casefold())
        result.append(new)
    return result
