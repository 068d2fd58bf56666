"""The seal: what goes in comes out, for those who may; for everybody else, and after any change, nothing does."""

from __future__ import annotations

import io
import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visard.errors import SealError, UsageError
from visard.vault.keys import PUBLIC, SECRET, Recipients, Secrets, from_text, read_keys, to_text
from visard.vault.layout import CHUNK_SIZE, SEVERAL, Public, padded, refusal
from visard.vault.seal import Opened, Sealer, new_pair, public_of

from .reader import Reader

MINE, YOURS, THEIRS = (bytes([i]) * 32 for i in (1, 2, 3))
PUBLIC_PART = Public(0, 640, 480, b"p" * 32)
CHANGES = 10_000

Records = dict[int, list[bytes]]


def sealed(records: Records, recipients: Recipients, interleave: bool = False) -> bytes:
    file = io.BytesIO()
    sealer = Sealer(file, PUBLIC_PART, list(records), recipients)
    rows = [(n, r) for n, own in records.items() for r in own]
    if interleave:
        rows.sort(key=lambda row: len(row[1]))
    for number, record in rows:
        sealer.add(number, record)
    sealer.close()
    return file.getvalue()


def opened(data: bytes, secrets: Secrets) -> Records:
    seal = Opened.by(lambda: io.BytesIO(data), secrets)
    return {number: list(seal.records(number)) for number in seal.numbers}


def for_keys(*secrets: bytes, password: str | None = None) -> Recipients:
    return Recipients(tuple(map(public_of, secrets)), password)


blobs = st.one_of(st.binary(min_size=1, max_size=200), st.integers(1, 3 * CHUNK_SIZE).map(lambda n: b"\7" * n))
people = st.dictionaries(st.integers(0, 9) | st.just(SEVERAL), st.lists(blobs, max_size=4), min_size=1, max_size=4)


@settings(max_examples=60)
@given(people, st.booleans())
def test_sealing_and_opening_is_the_identity_and_the_document_is_enough(records: Records, interleave: bool) -> None:
    data = sealed(records, for_keys(MINE, YOURS), interleave)
    ordered = {n: sorted(own, key=len) if interleave else own for n, own in records.items()}
    for secret in (MINE, YOURS):
        assert opened(data, Secrets((THEIRS, secret))) == ordered
    other = Reader(data, YOURS)
    assert other.records == ordered and (other.width, other.height, other.pixels) == (640, 480, b"p" * 32)


def test_a_password_opens_and_another_one_does_not() -> None:
    data = sealed({1: [b"face"]}, for_keys(MINE, password="correct horse"))
    assert opened(data, Secrets((), "correct horse")) == {1: [b"face"]}
    assert Reader(data, password="correct horse").records == {1: [b"face"]}
    with pytest.raises(SealError):
        opened(data, Secrets((), "correct house"))


VECTOR = Path(__file__).with_name("vector.visard")
"""Sealed once, for `MINE` and the password `correct horse`: what version 1 is, it stays."""

HELD: Records = {1: [b"one", b"t" * 70_000], 2: [b"two"], SEVERAL: []}


def test_the_vector_still_opens() -> None:
    data = VECTOR.read_bytes()
    for secrets in (Secrets((MINE,)), Secrets((), "correct horse")):
        assert opened(data, secrets) == HELD
    assert Reader(data, MINE).records == HELD


def changed(data: bytes, rng: random.Random, older: bytes) -> bytes:
    """Return the bytes with one change of a kind that an attacker might try."""
    kind = rng.randrange(7)
    at = rng.randrange(len(data))
    new = bytearray(data)
    if kind == 0:
        new[at] ^= 1 << rng.randrange(8)
    elif kind == 1:
        del new[at:]
    elif kind == 2:
        new += rng.randbytes(rng.randrange(1, 90))
    elif kind == 3:  # two stretches change places
        size, other = rng.randrange(1, 200), rng.randrange(len(data))
        new[at : at + size], new[other : other + size] = new[other : other + size], new[at : at + size]
    elif kind == 4:  # a header of another, earlier seal of the same pixels
        new[:at] = older[:at]
    elif kind == 5:
        del new[at : at + rng.randrange(1, 200)]
    else:  # a chunk comes twice
        new[at:at] = new[max(0, at - 100) : at]
    return bytes(new)


def test_no_change_of_any_byte_yields_anything_and_all_get_one_answer() -> None:
    records: Records = {1: [b"a" * 300, b"b"], 2: [b"c" * 900], SEVERAL: [b"d"]}
    data, older = sealed(records, for_keys(MINE)), sealed(records, for_keys(MINE, YOURS))
    rng, same = random.Random(7), 0
    for _ in range(CHANGES):
        new = changed(data, rng, older)
        if new in (data, older):
            same += 1
            continue
        with pytest.raises(SealError) as caught:
            opened(new, Secrets((MINE,)))
        assert str(caught.value) == str(refusal())
    assert same < CHANGES / 20


def chunks(data: bytes, start: int) -> list[bytes]:
    found = []
    while start < len(data):
        size = 8 + int.from_bytes(data[start + 4 : start + 8], "big")
        found.append(data[start : start + size])
        start += size
    return found


def test_whole_chunks_cannot_be_moved_dropped_or_given_to_somebody_else() -> None:
    data = sealed({1: [b"x" * 200_000], 2: [b"y" * 200_000]}, for_keys(MINE))
    start = len(data) - sum(map(len, chunks(data, header_size(data))))
    parts = chunks(data, start)
    orders: list[Sequence[bytes]] = [parts[1:], parts[:-1], [*parts, parts[0]], [parts[1], parts[0], *parts[2:]]]
    orders.append([bytes(3) + b"\2" + part[4:] if part[3] == 1 else part for part in parts])
    for order in orders:
        with pytest.raises(SealError):
            opened(data[:start] + b"".join(order), Secrets((MINE,)))


def header_size(data: bytes) -> int:
    stanzas = int.from_bytes(data[65:67], "big")
    at = 67 + 81 * stanzas
    return at + 4 + 52 * int.from_bytes(data[at : at + 4], "big") + 32


def test_recipients_cannot_be_rolled_back() -> None:
    """Neither an older header before newer chunks, nor a stanza from another seal, lets a former recipient in."""
    records: Records = {1: [b"face" * 100]}
    older, newer = sealed(records, for_keys(MINE, YOURS)), sealed(records, for_keys(MINE))
    rolled = older[: header_size(older)] + newer[header_size(newer) :]
    stanza = older[67 + 81 : 67 + 162]
    added = newer[:65] + b"\0\2" + newer[67 : 67 + 81] + stanza + newer[67 + 81 :]
    for data in (rolled, added):
        for secret in (MINE, YOURS):
            with pytest.raises(SealError):
                opened(data, Secrets((secret,)))


@pytest.mark.parametrize("broken", [0, 10, 66, 80, 200, 250, -1])
def test_a_broken_seal_takes_as_long_as_a_wrong_password(broken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2id is what takes time: it runs once, whatever is wrong."""
    data = bytearray(sealed({1: [b"face"]}, Recipients((), "correct horse")))
    asked = []

    def stretch(password: bytes, salt: bytes) -> bytes:
        asked.append(salt)
        return bytes(32)

    monkeypatch.setattr("visard.vault.hazmat.stretch", stretch)
    data[broken] ^= 255
    for content in (bytes(data), bytes(data[:broken])):
        asked.clear()
        with pytest.raises(SealError):
            opened(content, Secrets((), "wrong"))
        assert len(asked) == 1


def test_lengths_tell_little() -> None:
    assert all(size <= padded(size) <= 1.12 * size + 8 for size in range(1, 100_000, 37))
    assert len({padded(size) for size in range(60_000, 70_000)}) < 12
    sizes = {len(sealed({1: [b"z" * n]}, for_keys(MINE))) for n in range(40_000, 40_400, 10)}
    assert len(sizes) <= 2


def test_every_seal_is_another_one() -> None:
    records: Records = {1: [b"face"]}
    assert sealed(records, for_keys(MINE)) != sealed(records, for_keys(MINE))


def test_keys_survive_as_text_and_slips_are_noticed(tmp_path: Path) -> None:
    secret, public = new_pair()
    line = to_text(PUBLIC, public)
    assert from_text(PUBLIC, line) == public and public_of(from_text(SECRET, to_text(SECRET, secret))) == public
    file = tmp_path / "keys"
    file.write_text(f"# two\n{line}\n\n{to_text(PUBLIC, bytes(32))}\n")
    assert read_keys(PUBLIC, str(file)) == [public, bytes(32)]
    slip = line[:-3] + ("a" if line[-3] != "a" else "b") + line[-2:]
    for wrong in (slip, line[:-1], to_text(SECRET, secret), "hello"):
        with pytest.raises(UsageError) as caught:
            from_text(PUBLIC, wrong)
        assert wrong not in str(caught.value)
