"""Files that are cut off: the end that a format promises is looked for before anything is decoded."""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

from visard.errors import SourceError


def refuse_cut_off(path: Path, head: bytes) -> None:
    """Refuse files whose end is missing, as far as that shows without decoding.

    head: its first bytes, 12 or more. Raises SourceError.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if head.startswith(b"\xff\xd8"):
            cut = data.rfind(b"\xff\xd9") <= data.rfind(b"\xff\xda")
        elif head.startswith(b"\x89PNG"):
            cut = data.rfind(b"IEND") < 0
        elif head[:4] == b"RIFF":
            cut = len(data) < 8 + struct.unpack("<I", head[4:8])[0]
        else:
            cut = head[4:8] == b"ftyp" and _boxes_cut_off(data)
    if cut:
        raise SourceError("is cut off: its end is missing", where=path, hint="copy it again")


def _boxes_cut_off(data: mmap.mmap) -> bool:
    """Return whether the last top-level box of an MP4, MOV or HEIF file reaches beyond the file's end."""
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        size = int.from_bytes(data[at + 8 : at + 16], "big") if size == 1 else size
        if size == 0:
            return False
        if size < 8 or at + size > len(data):
            return True
        at += size
    return False
