"""The only door: whole or not at all, nothing overwritten unasked, nothing left behind."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from visard.errors import SourceError, TargetError
from visard.publish import publish


def test_a_file_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "er" / "a.txt"
    with publish(target) as draft:
        draft.write_text("whole")
        assert not target.exists() and draft.suffix == ".txt"
    assert target.read_text() == "whole"
    assert list(target.parent.iterdir()) == [target]
    mask = os.umask(0)
    os.umask(mask)
    assert target.stat().st_mode & 0o777 == 0o666 & ~mask


@pytest.mark.parametrize("failure", [KeyboardInterrupt, SourceError, ZeroDivisionError, SystemExit])
def test_a_failure_leaves_nothing(tmp_path: Path, failure: type[BaseException]) -> None:
    with pytest.raises(failure), publish(tmp_path / "deep" / "a.txt") as draft:
        draft.write_text("half")
        raise failure("no")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(TargetError, match="--overwrite"), publish(target):
        raise AssertionError("the block must not run")
    with publish(target, overwrite=True) as draft:
        draft.write_text("new")
    assert target.read_text() == "new"


def test_not_even_in_a_race(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    with pytest.raises(TargetError, match="exists"), publish(target) as draft:
        draft.write_text("mine")
        target.write_text("theirs")
    assert target.read_text() == "theirs" and list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EFBIG, errno.EDQUOT])
def test_a_full_disk_is_one_line(tmp_path: Path, number: int) -> None:
    with pytest.raises(TargetError, match="the disk is full"), publish(tmp_path / "a.txt"):
        raise OSError(number, "no space")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["file/a.txt", "x" * 300])
def test_a_place_that_cannot_be(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("I am a file")
    with pytest.raises(TargetError), publish(tmp_path / name) as draft:
        draft.write_text("never")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
