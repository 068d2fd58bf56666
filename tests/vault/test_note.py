"""What a file says of its password: no secret, bound to nothing, found again; and what becomes of the password."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from visard.errors import SealError
from visard.media.metadata import tags
from visard.media.seals import FACE, SEAL
from visard.vault import carrier
from visard.vault.note import Note, noted, read_note
from visard.vault.seal import face_secret, new_salt

NOTE = Note("sdn", "ab" * 32, "cd" * 16, 0.1, "oval", ((0.1, 0.2, 0.5, 0.75),))


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".bmp"])
def test_a_note_is_found_again_and_is_no_trace_of_anybody(suffix: str, tmp_path: Path) -> None:
    file = tmp_path / f"a{suffix}"
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(file)
    with pytest.raises(SealError, match="was not hidden under a password"):
        read_note(file)
    before = np.asarray(Image.open(file))
    with noted(file, file, NOTE, overwrite=False):
        pass
    assert read_note(file) == NOTE and np.array_equal(before, np.asarray(Image.open(file)))
    assert tags(file) == []
    assert NOTE.boxes(100, 40)[0] == pytest.approx((10, 8, 50, 30))


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_a_note_and_a_seal_lie_side_by_side(suffix: str, tmp_path: Path) -> None:
    file, seal = tmp_path / f"a{suffix}", tmp_path / "seal"
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(file)
    seal.write_bytes(SEAL.magic + bytes(200_000))
    with noted(file, file, NOTE, overwrite=False):
        carrier.embed(file, seal)
    carrier.embed(file, seal)
    assert read_note(file) == NOTE and carrier.content(file) == seal.read_bytes()
    assert len(file.read_bytes()) < 202_000


def test_an_mp4_holds_both(tmp_path: Path) -> None:
    from ..test_cli import film

    file, seal = tmp_path / "a.mp4", tmp_path / "seal"
    film(file, np.zeros((64, 64, 3), np.uint8), frames=2)
    seal.write_bytes(SEAL.magic + bytes(1000))
    with noted(file, file, NOTE, overwrite=False):
        carrier.embed(file, seal)
    carrier.embed(file, seal)
    assert read_note(file) == NOTE and carrier.content(file, SEAL) == seal.read_bytes()


SHORT_SALT = b'{"method": "sdn", "network": "", "salt": "abcd", "margin": 0, "shape": "", "faces": []}'
NO_PLACE = b'{"method": "sdn", "network": "", "salt": "%b", "margin": 0, "shape": "", "faces": [[0, 0, NaN, 1]]}' % (
    b"ab" * 16
)
NO_SALT = b'{"method": "sdn", "network": "", "salt": "zz", "margin": 0, "shape": "", "faces": []}'


@pytest.mark.parametrize("told", [b"{}", b"no JSON", NO_SALT, SHORT_SALT, NO_PLACE, b"[1]"])
def test_a_broken_note_is_refused(told: bytes, tmp_path: Path) -> None:
    file, scratch = tmp_path / "a.png", tmp_path / "note"
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(file)
    scratch.write_bytes(FACE.magic + told)
    carrier.embed(file, scratch, FACE)
    with pytest.raises(SealError, match="its note is broken"):
        read_note(file)


def test_a_password_becomes_256_bits_that_nobody_else_s_become() -> None:
    """Argon2id, as a seal's, under a salt of the file's; one letter changes about half of all bits."""
    salt, other = new_salt(), new_salt()
    assert len(salt) == 16 and salt != other
    given = (("correct horse", salt), ("correct horsf", salt), ("correct horse", other))
    secrets = [face_secret(*pair) for pair in given]
    bits = [np.unpackbits(np.frombuffer(secret, np.uint8)) for secret in secrets]
    assert all(len(b) == 256 for b in bits) and secrets[0] == face_secret("correct horse", salt)
    for b in bits[1:]:
        assert 90 < int((b != bits[0]).sum()) < 166
        assert 12 < int((b[:64] != bits[0][:64]).sum()) < 52, "the first 64 alone, as well"


def test_what_opens_a_seal_opens_no_face_and_the_other_way_round(monkeypatch: pytest.MonkeyPatch) -> None:
    from visard.vault import hazmat
    from visard.vault.keys import Recipients
    from visard.vault.layout import PICTURE, Public
    from visard.vault.seal import Sealer

    asked: list[bytes] = []
    derive = hazmat.derive

    def heard(secret: bytes, salt: bytes, purpose: bytes) -> bytes:
        asked.append(purpose)
        return derive(secret, salt, purpose)

    monkeypatch.setattr(hazmat, "derive", heard)
    Sealer(io.BytesIO(), Public(PICTURE, 8, 8, bytes(32)), [1], Recipients(password="correct horse")).close()
    sealing = set(asked)
    asked.clear()
    face_secret("correct horse", bytes(16))
    assert asked == [b"visard 1 face"] and b"visard 1 face" not in sealing
