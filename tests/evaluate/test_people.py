"""People to measure on are chosen by their names alone, and those who judge are never tuned on."""

from __future__ import annotations

import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from visard.errors import SourceError, UsageError
from visard.evaluate.people import Fold, load


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """A folder of 8 people with three pictures each, and one with a single picture."""
    for person in (*"abcdefgh", "lonely"):
        (tmp_path / "album" / person).mkdir(parents=True)
        for i in range(1 if person == "lonely" else 3):
            colour = np.full((8, 9, 3), ord(person[0]) + i, np.uint8)
            Image.fromarray(colour).save(tmp_path / "album" / person / f"{i}.png")
    (tmp_path / "album" / "notes.txt").write_text("not a picture")
    return tmp_path / "album"


def test_a_folder_and_a_tar_give_the_same(album: Path, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "album.tar", "w") as tar:
        tar.add(album, arcname=".")
    one, other = load(album, 5, 2), load(tmp_path / "album.tar", 5, 2)
    assert [Path(p.name).as_posix() for p in one] == [Path(p.name).as_posix() for p in other]
    assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(one, other, strict=True))
    assert len(one) == 10 and len({p.person for p in one}) == 5 and one[0].pixels.shape == (8, 9, 3)


def test_folds_share_nobody_and_leave_out_nobody(album: Path) -> None:
    def people(fold: Fold, many: int) -> set[str]:
        return {p.person for p in load(album, many, 2, fold)}

    (album / "lonely" / "1.png").write_bytes((album / "lonely" / "0.png").read_bytes())
    tune, judge = people("tune", 4), people("judge", 5)
    assert not tune & judge and tune | judge == people("all", 9)


@pytest.mark.parametrize(("many", "pictures"), [(9, 3), (2, 4), (1, 2), (2, 1)])
def test_too_few_people_or_pictures_are_one_line(album: Path, many: int, pictures: int) -> None:
    with pytest.raises(UsageError) as caught:
        load(album, many, pictures)
    assert caught.value.hint


def test_what_cannot_be_read_is_named(album: Path, tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_bytes(b"no tar")
    for wrong in (tmp_path / "x.tar", tmp_path / "absent"):
        with pytest.raises(SourceError, match=wrong.name):
            load(wrong, 2, 2)
    for person in "abcdefgh":
        (album / person / "1.png").write_bytes(b"no picture")
    with pytest.raises(SourceError, match=r"1\.png"):
        load(album, 2, 2)
