"""CelebA as it is published: who is in CIAGAN's split, where the faces are, and what is wrong with a folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from visard.errors import UsageError
from visard.train.celeba import ATTRIBUTES, IDENTITIES, LANDMARKS, attributes, celeba, is_celeba

from .people import points, portrait


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three people with 3, 2 and 1 photos; the first lines of landmarks and attributes are a count and names."""
    who = {"000001.jpg": 7, "000002.jpg": 3, "000003.jpg": 7, "000004.jpg": 3, "000005.jpg": 7, "000006.jpg": 12}
    (tmp_path / "img_align_celeba").mkdir()
    for name, person in who.items():
        Image.fromarray(portrait(person)).save(tmp_path / "img_align_celeba" / name)
    places = {name: " ".join(str(round(v)) for v in points(person).ravel()) for name, person in who.items()}
    write(tmp_path / IDENTITIES, [f"{name} {person}" for name, person in who.items()])
    write(tmp_path / LANDMARKS, ["6", "lefteye_x lefteye_y", *(f"{name}  {place}" for name, place in places.items())])
    write(tmp_path / ATTRIBUTES, ["6", "Smiling Young", *(f"{name} -1  1" for name in who)])
    return tmp_path


def write(file: Path, lines: list[str]) -> None:
    file.write_text("\n".join(lines) + "\n", "utf-8")


def test_people_with_enough_photos_are_read_with_their_points(folder: Path) -> None:
    assert is_celeba(folder) and not is_celeba(folder / "img_align_celeba")
    photos, total = celeba(folder, people=2, each=2)
    read = list(photos)
    assert total == len(read) == 5 and {photo.person for photo in read} == {"3", "7"}
    assert read[0].region.points is not None and np.abs(read[0].region.points - points(7)).max() < 1
    assert {photo.person for photo in celeba(folder, people=1, each=2)[0]} == {"3"}
    assert attributes(folder)["000002.jpg"] == {"Smiling": False, "Young": True}


@pytest.mark.parametrize(("file", "text", "words"), [
    (IDENTITIES, "000001.jpg\n", "cannot be understood"),
    (LANDMARKS, "6\nx y\n000001.jpg 1 2 3\n", "cannot be understood"),
    (LANDMARKS, "6\nx y\n", "000001.jpg is missing"),
    (LANDMARKS, None, "cannot be read"),
])  # fmt: skip
def test_a_broken_folder_is_one_line(folder: Path, file: str, text: str | None, words: str) -> None:
    (folder / file).unlink() if text is None else (folder / file).write_text(text, "utf-8")
    with pytest.raises(UsageError, match=words):
        list(celeba(folder, each=1)[0])


def test_nobody_with_enough_photos_is_one_line(folder: Path) -> None:
    with pytest.raises(UsageError, match="nobody has 30 photos"):
        celeba(folder)
