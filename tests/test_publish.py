from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from visard.errors import SourceError, TargetError, is_about
from visard.publish import DRAFT, publish


def left(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*"))


def test_a_result_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "new/deep/a.jpg"
    with publish(target) as draft:
        assert draft.suffix == ".jpg" and draft.parent == target.parent and draft.name.startswith(".")
        draft.write_bytes(b"whole")
        assert not target.exists()
    assert target.read_bytes() == b"whole" and left(tmp_path) == ["new", "new/deep", "new/deep/a.jpg"]


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, SystemExit, MemoryError, TargetError])
def test_whatever_goes_wrong_nothing_is_left(tmp_path: Path, failure: type[BaseException]) -> None:
    with pytest.raises(failure), publish(tmp_path / "new/deep/a.jpg") as draft:
        draft.write_bytes(b"half")
        raise failure("stop")
    assert left(tmp_path) == []


@pytest.mark.parametrize("name", ["a.jpg", "two  spaces.jpg", "new\nline.jpg"])
def test_a_broken_draft_is_no_broken_source_and_has_its_targets_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(TargetError, match="the draft is cut off") as caught, publish(tmp_path / name) as draft:
        raise SourceError("is cut off", where=draft)
    assert is_about(caught.value, tmp_path / name) and DRAFT not in str(caught.value) and left(tmp_path) == []
    with pytest.raises(SourceError), publish(tmp_path / name):
        raise SourceError("is cut off", where=tmp_path / "source.jpg")


def test_a_failure_keeps_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"old")
    with pytest.raises(ValueError, match="stop"), publish(tmp_path / "a.jpg", overwrite=True) as draft:
        draft.write_bytes(b"half")
        raise ValueError("stop")
    assert (tmp_path / "a.jpg").read_bytes() == b"old" and left(tmp_path) == ["a.jpg"]


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"old")
    with pytest.raises(TargetError, match="overwrite"), publish(tmp_path / "a.jpg"):
        raise AssertionError("the block must not run")
    with publish(tmp_path / "a.jpg", overwrite=True) as draft:
        draft.write_bytes(b"new")
    assert (tmp_path / "a.jpg").read_bytes() == b"new" and left(tmp_path) == ["a.jpg"]


@pytest.mark.parametrize("links", [True, False])
def test_a_file_that_appears_meanwhile_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool) -> None:
    if not links:
        monkeypatch.setattr(os, "link", _no_links)
    with pytest.raises(TargetError, match="exists"), publish(tmp_path / "a.jpg") as draft:
        draft.write_bytes(b"mine")
        (tmp_path / "a.jpg").write_bytes(b"theirs")
    assert (tmp_path / "a.jpg").read_bytes() == b"theirs" and left(tmp_path) == ["a.jpg"]


def _no_links(*_: Any) -> None:
    raise OSError(errno.EPERM, "Operation not permitted")


def test_a_disk_without_links_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", _no_links)
    with publish(tmp_path / "a.jpg") as draft:
        draft.write_bytes(b"whole")
    assert (tmp_path / "a.jpg").read_bytes() == b"whole" and left(tmp_path) == ["a.jpg"]


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TargetError, match="full"), publish(tmp_path / "a.jpg"):
        Path("/dev/full").write_bytes(b"x")
    assert left(tmp_path) == []

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TargetError, match="full"), publish(tmp_path / "a.jpg") as draft:
        draft.write_bytes(b"whole")
    assert left(tmp_path) == []


def test_impossible_targets_get_a_hint(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    for target in (tmp_path / "file/a.jpg", tmp_path / "folder", tmp_path / ("n" * 300 + ".jpg")):
        with pytest.raises(TargetError) as caught, publish(target) as draft:
            draft.write_bytes(b"x")
        assert caught.value.hint
    assert left(tmp_path) == ["file", "folder"]


def test_a_long_name_that_fits_is_written(tmp_path: Path) -> None:
    target = tmp_path / ("n" * 251 + ".jpg")
    with publish(target) as draft:
        draft.write_bytes(b"x")
    assert target.exists()


def test_the_mode_follows_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with publish(tmp_path / "a.jpg") as draft:
            draft.write_bytes(b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.jpg").stat().st_mode) == 0o640


def test_a_block_that_wrote_nothing_publishes_nothing(tmp_path: Path) -> None:
    with pytest.raises(TargetError), publish(tmp_path / "a.jpg"):
        pass
    assert left(tmp_path) == []


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(min_size=1, max_size=2000), fails=st.booleans())
def test_whole_or_not_at_all(tmp_path: Path, content: bytes, fails: bool) -> None:
    target = tmp_path / "a.bin"
    target.unlink(missing_ok=True)
    try:
        with publish(target) as draft:
            draft.write_bytes(content)
            if fails:
                raise ValueError
    except ValueError:
        pass
    assert left(tmp_path) == ([] if fails else ["a.bin"])
