"""EXIF as bytes: the entries of a TIFF structure, read one by one and written one by one."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final, NamedTuple

EXIF_IFD: Final = 0x8769
GPS_IFD: Final = 0x8825
INTEROP_IFD: Final = 0xA005
SUB_IFDS: Final = 0x014A
_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8}
_SWAPS: Final = {3: 2, 8: 2, 4: 4, 9: 4, 13: 4, 11: 4, 5: 4, 10: 4, 12: 8, 16: 8}
_MOST_TABLES: Final = 4096


class Entry(NamedTuple):
    """One tag: the table it is in (`0`, `1`, ..., `exif`, `gps`, `interop`, `sub`) and its value, little-endian."""

    table: str
    tag: int
    type: int
    number: int
    value: bytes


def entries(data: bytes) -> list[Entry]:
    """Return every entry in a TIFF structure, with those of its sub-tables; broken parts end the list."""
    data = data.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(bytes(data[:2]))
    if order is None or len(data) < 8:
        return []
    big = struct.unpack_from(f"{order}H", data, 2)[0] == 43
    at = struct.unpack_from(f"{order}Q", data, 8)[0] if big else struct.unpack_from(f"{order}I", data, 4)[0]
    found: list[Entry] = []
    with suppress(struct.error, IndexError):
        _chain(data, order, big, at, found)
    return found


def build(kept: Iterable[Entry]) -> bytes:
    """Return an EXIF block, with its `Exif` mark, that holds the entries of tables `0` and `exif` alone."""
    chosen = sorted(set(kept), key=lambda e: e.tag)
    main = [e for e in chosen if e.table == "0"]
    inner = [e for e in chosen if e.table == "exif"]
    pointer = [Entry("0", EXIF_IFD, 4, 1, b"\0\0\0\0")] if inner else []
    after = 8 + len(table([*main, *pointer], 8))
    pointer = [Entry("0", EXIF_IFD, 4, 1, struct.pack("<I", after))] if inner else []
    first = table([*main, *pointer], 8)
    return b"Exif\0\0II*\0\x08\0\0\0" + first + (table(inner, after) if inner else b"")


def table(rows: Iterable[Entry], at: int, following: int = 0) -> bytes:
    """Return one little-endian table of entries and their values, to stand at an even offset of a file."""
    rows = sorted(rows, key=lambda e: e.tag)
    far = at + 2 + 12 * len(rows) + 4
    head, values = struct.pack("<H", len(rows)), b""
    for row in rows:
        value = row.value
        if len(value) > 4:
            head += struct.pack("<HHII", row.tag, row.type, row.number, far + len(values))
            values += value + b"\0" * (len(value) % 2)
        else:
            head += struct.pack("<HHI", row.tag, row.type, row.number) + value.ljust(4, b"\0")
    return head + struct.pack("<I", following) + values


def _chain(data: bytes, order: str, big: bool, at: int, found: list[Entry]) -> None:
    seen: set[int] = set()
    todo = [(at, "0")]
    while todo and len(seen) < _MOST_TABLES:
        at, name = todo.pop(0)
        if not at or at in seen:
            continue
        seen.add(at)
        for item, following in _rows(data, order, big, at, name):
            if item is not None:
                found.append(item)
                todo += _below(item)
            elif name.isdigit():
                todo.append((following, str(int(name) + 1)))


def _below(item: Entry) -> list[tuple[int, str]]:
    names = {EXIF_IFD: "exif", GPS_IFD: "gps", INTEROP_IFD: "interop", SUB_IFDS: "sub"}
    if item.tag not in names or item.type not in (4, 13, 16):
        return []
    size = _SIZES[item.type]
    offsets = [int.from_bytes(item.value[i : i + size], "little") for i in range(0, len(item.value), size)]
    return [(offset, names[item.tag]) for offset in offsets]


def _rows(data: bytes, order: str, big: bool, at: int, name: str) -> Iterator[tuple[Entry | None, int]]:
    """Yield the entries of one table, then None with the offset of the table that follows."""
    counter, row, near = ("Q", "HHQ", 8) if big else ("H", "HHI", 4)
    number = struct.unpack_from(order + counter, data, at)[0]
    at += struct.calcsize(order + counter)
    width = struct.calcsize(order + row) + near
    for _ in range(number):
        tag, kind, count = struct.unpack_from(order + row, data, at)
        size = _SIZES.get(kind, 1) * count
        place = at + width - near
        if size > near:
            place = struct.unpack_from(order + ("Q" if big else "I"), data, place)[0]
        yield Entry(name, tag, kind, count, _little(data[place : place + size], kind, order)), 0
        at += width
    yield None, struct.unpack_from(order + ("Q" if big else "I"), data, at)[0]


def _little(value: bytes, kind: int, order: str) -> bytes:
    unit = _SWAPS.get(kind, 1)
    if order == "<" or unit == 1:
        return bytes(value)
    return b"".join(value[i : i + unit][::-1] for i in range(0, len(value), unit))
