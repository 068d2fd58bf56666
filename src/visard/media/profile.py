"""ICC profiles without what tells devices, days and names: their colours alone."""

from __future__ import annotations

import struct
from typing import Final

_COLOURS: Final = frozenset({
    "rXYZ", "gXYZ", "bXYZ", "rTRC", "gTRC", "bTRC", "kTRC", "wtpt", "bkpt", "chad", "lumi", "gamt", "cicp",
    "A2B0", "A2B1", "A2B2", "B2A0", "B2A1", "B2A2", "D2B0", "D2B1", "D2B2", "D2B3", "B2D0", "B2D1", "B2D2", "B2D3",
})  # fmt: skip
"""Tags of which colours are made; among the others are a screen's serial number and whatever its maker likes."""

_NAMES: Final = ("sRGB IEC61966-2.1", "Display P3", "Adobe RGB (1998)", "ProPhoto RGB", "sRGB")
"""Descriptions that say nothing but which colours these are, and that programs look for."""

_OTHER: Final = "RGB or grey"

_HEADER, _ENTRY = 128, 12

_KEPT: Final = ((8, 24), (36, 40), (44, 48), (56, 80))
"""Bytes of the header that say how colours are meant: version and spaces, signature, flags, attributes and white."""


def colours_of(profile: bytes) -> bytes | None:
    """Return an ICC profile of the same colours that tells nothing else, None where it cannot be read."""
    if len(profile) < _HEADER + 4 or profile[36:40] != b"acsp":
        return None
    (count,) = struct.unpack(">I", profile[_HEADER : _HEADER + 4])
    kept: dict[bytes, bytes] = {}
    described = b""
    for at in range(_HEADER + 4, min(_HEADER + 4 + _ENTRY * count, len(profile) - _ENTRY + 1), _ENTRY):
        name, start, size = struct.unpack(">4sII", profile[at : at + _ENTRY])
        if name.decode("latin-1") in _COLOURS and start + size <= len(profile):
            kept[name] = profile[start : start + size]
        described = profile[start : start + size] if name == b"desc" else described
    if not kept:
        return None
    modern = profile[8] >= 4
    known = next((name for name in _NAMES if _coded(name, described[:4] == b"mluc") in described), _OTHER)
    kept |= {b"desc": _described(known, modern), b"cprt": _described("-", True) if modern else _plain("-")}
    return _built(profile, kept)


def _built(profile: bytes, kept: dict[bytes, bytes]) -> bytes:
    header = bytearray(_HEADER)
    for start, end in _KEPT:
        header[start:end] = profile[start:end]
    places: dict[bytes, int] = {}
    table, body = struct.pack(">I", len(kept)), b""
    for name, content in kept.items():
        # The three curves are often one.
        if content not in places:
            places[content] = _HEADER + 4 + _ENTRY * len(kept) + len(body)
            body += content + bytes(-len(content) % 4)
        table += struct.pack(">4sII", name, places[content], len(content))
    header[:4] = struct.pack(">I", _HEADER + len(table) + len(body))
    return bytes(header) + table + body


def _described(text: str, modern: bool) -> bytes:
    if modern:
        return b"mluc\0\0\0\0" + struct.pack(">II2s2sII", 1, 12, b"en", b"US", 2 * len(text), 28) + _coded(text, True)
    coded = _coded(text, False) + b"\0"
    return b"desc\0\0\0\0" + struct.pack(">I", len(coded)) + coded + bytes(4 + 4 + 2 + 1 + 67)


def _coded(text: str, modern: bool) -> bytes:
    return text.encode("utf-16-be" if modern else "ascii")


def _plain(text: str) -> bytes:
    return b"text\0\0\0\0" + text.encode("ascii") + b"\0"
