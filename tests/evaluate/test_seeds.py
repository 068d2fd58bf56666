"""The seeds' tables: published rows word for word, ours with the name of what was measured, and no invented zero."""

from __future__ import annotations

from pathlib import Path

import pytest

import visard.evaluate
from visard.attack.recognisers import RECOGNISERS
from visard.attack.score import Score, absent, rate
from visard.cli.evaluate import TABLES
from visard.evaluate.results import CLEAR, NO_RECOGNISER, PICTURES, RECOVERY, Result
from visard.evaluate.seeds import reproduce

ROOM = Path(visard.evaluate.__file__).parent


def results() -> list[Result]:
    pictures = Score("fd_mobilenetv2", 12.345, 40), rate("CenterFace any", 40, 40), absent("pose", "no face was found")
    return [
        Result("x", CLEAR, PICTURES, (Score("fd_mobilenetv2", 0.0, 40),)),
        Result("x", "blur", PICTURES, pictures),
        Result("x", "blur", "facenet", (rate("label agreement", 1, 40),)),
    ]


def test_every_table_is_named_on_the_command_line() -> None:
    assert {file.stem for file in (ROOM / "tables").glob("*.toml")} == set(TABLES)


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_whole_and_every_substitute_exists(name: str) -> None:
    source = "".join(path.read_text("utf-8") for path in ROOM.parent.glob("[ae][tv]*/*.py"))
    for table in reproduce(name, results()):
        assert table.rows and all(len(row) == len(table.head) for row in table.rows)
    import tomllib

    for table in tomllib.loads((ROOM / "tables" / f"{name}.toml").read_text("utf-8"))["tables"]:
        for column in table["columns"]:
            assert ("reason" in column) != ("measures" in column)
            for measure in column.get("measures", ()):
                assert column["group"] in NO_RECOGNISER or column["group"] in RECOGNISERS
                assert measure.removesuffix(" any").removeprefix("recovered ") in source


def test_cells_name_what_was_measured_and_gaps_say_why() -> None:
    (table,) = reproduce("anonygan", results())
    assert ["AnonyGAN (68) (published)", "22.53", "100 %", "100 %", "3.52 %", "1.60 %", "0.16"] in table.rows
    ours = next(row for row in table.rows if row[0] == "visard: blur")
    assert ours[1] == "12.35 (n = 40) fd_mobilenetv2" or ours[1] == "12.34 (n = 40) fd_mobilenetv2"
    assert ours[4].startswith("2.5 (") and ours[4].endswith("label agreement by facenet")
    assert ours[3] == ours[5] == ours[6] == ""
    notes = "\n".join(table.notes)
    assert "pose (less) of blur: no face was found" in notes
    assert "label agreement by faceres was not measured" in notes
    assert "not recognition" in notes, "the difference of protocol"


def test_what_is_never_measured_has_published_rows_alone() -> None:
    degrees = next(table for table in reproduce("sdn", results()) if "degrees" in table.title)
    assert [row[0] for row in degrees.rows] == [f"{n} (published)" for n in ("Smiling", "Mouth", "Mustache")]
    assert any("by degrees" in note for note in degrees.notes)


def test_a_substitute_stands_in_under_its_own_name_alone() -> None:
    missing, there = absent("recovered LPIPS", "no AlexNet"), Score("recovered lpips_mobilenetv2", 0.0, 8)
    back = Result("x", "blur", RECOVERY, (missing, there, absent("recovered PSNR", "infinite")))
    table = next(table for table in reproduce("sdn", [*results(), back]) if "recovery" in table.title)
    ours = next(row for row in table.rows if row[0] == "visard: blur")
    assert ours[1] == "0.00 (n = 8) recovered lpips_mobilenetv2" and ours[2] == ""
    assert any("PSNR" in note and "infinite" in note for note in table.notes)
