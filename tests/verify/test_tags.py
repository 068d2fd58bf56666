from __future__ import annotations

from pathlib import Path

from PIL import Image

from visard.types import Pixels
from visard.verify.tags import check_tags


def test_tags_nobody_asked_for_fail_the_check(tmp_path: Path, astronaut: Pixels) -> None:
    exif = Image.Exif()
    exif[315], exif[270] = "Anna", "at home"
    picture = Image.fromarray(astronaut[:64, :64])
    picture.save(tmp_path / "tagged.jpg", exif=exif)
    picture.save(tmp_path / "clean.jpg")
    assert check_tags(tmp_path / "clean.jpg", ()).passed
    check = check_tags(tmp_path / "tagged.jpg", ("Artist",))
    assert (check.name, check.value, check.passed) == ("tags", 1.0, False)
    assert check_tags(tmp_path / "tagged.jpg", ("Artist", "ImageDescription")).passed
