"""Regions survive their files, and a malformed row is named."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visard.errors import UsageError
from visard.found import Found
from visard.regions import load_regions, to_csv, to_json
from visard.types import Box, Region

numbers = st.floats(-100, 5000).map(lambda v: round(v, 2))
points = st.lists(st.tuples(numbers, numbers), max_size=5).map(lambda p: np.array(p, np.float32) if p else None)
regions = st.builds(
    lambda x, y, w, h, score, p, track, hide: Region("face", Box(x, y, x + w, y + h), score, p, track, hide),
    numbers, numbers, st.floats(1, 900), st.floats(1, 900), st.floats(0, 1), points, st.integers(0, 99), st.booleans(),
)  # fmt: skip
founds = st.dictionaries(st.integers(0, 99), st.lists(regions, min_size=1, max_size=3).map(tuple), max_size=3)
names = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=12)


@given(st.dictionaries(names, founds.map(Found), max_size=3), st.sampled_from(["json", "csv"]))
def test_regions_survive_their_file(found: dict[str, Found], form: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"r.{form}")
        path.write_text(to_json(found) if form == "json" else to_csv(found), "utf-8", newline="")
        back = load_regions(path)
    assert set(back) == {name for name, own in found.items() if own.regions}
    for name, own in back.items():
        assert set(own.regions) == set(found[name].regions)
        for index, rows in own.regions.items():
            for one, two in zip(rows, found[name].regions[index], strict=True):
                assert np.allclose(one.box, two.box, atol=0.01) and one.track == two.track and one.hide == two.hide
                assert (one.points is None) == (two.points is None)


ROW = '"source": "a", "frame": 0, "kind": "face", "x0": 0, "y0": 0, "x1": 1, "y1": 9'


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ('{"source": "a", "frame": 0, "kind": "face", "x0": 5, "y0": 0, "x1": 1, "y1": 9}', "left of x1"),
        ('{"source": "a", "frame": 0, "kind": "cat", "x0": 0, "y0": 0, "x1": 1, "y1": 9}', "unknown kind"),
        ('{"source": "a", "frame": 0, "kind": "face", "x0": NaN, "y0": 0, "x1": 1, "y1": 9}', "left of x1"),
        ('{"source": "a", "frame": 0, "kind": "face", "x0": -1e300, "y0": 0, "x1": 1, "y1": 9}', "no place"),
        (f'{{{ROW}, "points": [[NaN, 1]]}}', "no place"),
        (f'{{{ROW}, "points": [[1e39, 1]]}}', "no place"),
        (f'{{{ROW}, "outline": [[0, 0], [1e20, 0], [0, 9]]}}', "no place"),
        (f'{{{ROW}, "score": NaN}}', "score or track"),
        (f'{{{ROW}, "track": -5}}', "score or track"),
        (f'{{{ROW}, "track": 4294967295}}', "score or track"),
        ('{"source": "a"}', "frame"),
        ("7", "malformed"),
    ],
)
def test_a_malformed_row_is_named(tmp_path: Path, row: str, message: str) -> None:
    path = tmp_path / "r.json"
    path.write_text(f'{{"regions": [{row}]}}')
    with pytest.raises(UsageError, match="region 1") as caught:
        load_regions(path)
    assert message in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"regions": 3}', "\x00"])
def test_what_is_no_regions_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "r.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"r\.json: not a regions file"):
        load_regions(path)


def test_a_table_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("source,frame\n" + "x" * 200_000)
    with pytest.raises(UsageError, match=r"r\.csv: not a regions file"):
        load_regions(path)


@pytest.mark.parametrize("form", ["json", "csv"])
def test_a_name_that_is_no_text_comes_back(form: str, tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.jpg")
    found = {name: Found({0: (Region("face", Box(1, 2, 30, 40), 0.9, track=1),)})}
    file = tmp_path / f"regions.{form}"
    file.write_text(to_json(found) if form == "json" else to_csv(found), "utf-8", "surrogateescape")
    assert load_regions(file).keys() == {name}
