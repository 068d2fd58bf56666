"""A checkpoint travels in parts: they make the file again to the byte, or nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from visard.cli.app import run
from visard.errors import UsageError
from visard.train.pack import PART, pack, unpack


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "checkpoint.safetensors"
    made.write_bytes(np.random.default_rng(0).bytes(250_001))
    return made


@pytest.mark.parametrize("part", [100_000, 250_001, PART])
def test_parts_make_the_file_again(file: Path, tmp_path: Path, part: int) -> None:
    *parts, index = pack(file, tmp_path / "parts", part)
    assert all(one.stat().st_size <= part for one in parts)
    assert unpack(index, tmp_path / "there").read_bytes() == file.read_bytes()


def test_a_part_that_is_lost_or_altered_leaves_nothing(file: Path, tmp_path: Path) -> None:
    *parts, index = pack(file, tmp_path / "parts", 100_000)
    parts[1].write_bytes(parts[1].read_bytes()[::-1])
    with pytest.raises(UsageError, match="altered"):
        unpack(index, tmp_path / "there")
    parts[1].unlink()
    with pytest.raises(UsageError, match="missing"):
        unpack(index, tmp_path / "there")
    assert not (tmp_path / "there").exists()


def test_a_list_that_names_files_elsewhere_is_refused(file: Path, tmp_path: Path) -> None:
    index = pack(file, tmp_path / "parts")[-1]
    index.write_text(index.read_text().replace('"file": "checkpoint', '"file": "../checkpoint'))
    with pytest.raises(UsageError, match="elsewhere"):
        unpack(index, tmp_path / "there")


def test_the_verbs(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "pack", str(file), "--out", str(tmp_path / "parts")]) == 0
    index = capsys.readouterr().out.split()[-1]
    assert run(["train", "unpack", index, "--out", str(tmp_path / "there")]) == 0
    assert run(["train", "unpack", index, "--out", str(tmp_path / "there")]) == 4
    assert run(["train", "unpack", str(file), "--out", str(tmp_path / "there")]) == 2
