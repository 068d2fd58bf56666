"""Docs are tested: every command of the README runs, and every method, option, check and exit code is described."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
from PIL import Image

from visard import errors
from visard.attack.recognisers import HELD_OUT, RECOGNISERS, find_recogniser
from visard.cli.app import VERBS, app, run
from visard.evaluate.table import PLAIN
from visard.methods import METHODS, defaults
from visard.types import Pixels

from .test_cli import film

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
USAGE = (ROOT / "docs" / "usage.md").read_text("utf-8")
ATTACKS_PAGE = (ROOT / "docs" / "attacks.md").read_text("utf-8")
METHODS_PAGE = (ROOT / "docs" / "methods.md").read_text("utf-8")


def commands() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", README, re.S)
    return [line for block in blocks for line in block.splitlines() if line.startswith("visard ")]


@pytest.fixture
def folder(tmp_path: Path, astronaut: Pixels, photo: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files that the README's commands name."""
    shutil.copy(photo, tmp_path / "photo.jpg")
    shutil.copy(photo, tmp_path / "group.jpg")
    (tmp_path / "holiday").mkdir()
    shutil.copy(photo, tmp_path / "holiday" / "beach.jpg")
    for name in ("me.jpg", "them.jpg"):
        Image.fromarray(astronaut[20:320, 120:420]).save(tmp_path / name)
    film(tmp_path / "clip.mp4", astronaut, frames=5)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_command_of_the_readme_runs(folder: Path) -> None:
    assert len(commands()) >= 7
    for command in commands():
        arguments = shlex.split(command)[1:]
        if arguments[0] == "hide":
            shutil.rmtree(folder / "hidden", ignore_errors=True)
        if arguments[0] == "check":
            run(["hide", "photo.jpg", "--out", "hidden", "--overwrite", "--quiet"])
        assert run(arguments) == 0, command


def test_the_python_of_the_readme_runs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.S)
    exec(code, {})
    assert capsys.readouterr().out.split() == ["0", "1"]


def test_the_two_commands_exist() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for command in re.findall(r"^make (\w+)", README, re.M):
        assert f"\n{command}:" in makefile


def test_every_method_is_described_with_its_settings() -> None:
    for name in METHODS:
        row = next(line for line in METHODS_PAGE.splitlines() if line.startswith(f"| `{name}`"))
        for setting, value in defaults(name).items():
            assert f"`{setting}` ({value})" in row


def test_every_check_is_described() -> None:
    source = "".join(path.read_text("utf-8") for path in (ROOT / "src" / "visard" / "verify").glob("*.py"))
    names = set(re.findall(r'Check\(\s*"(\w+)"', source))
    assert len(names) == 9
    for name in names:
        assert f"| `{name}` |" in METHODS_PAGE


def test_every_recogniser_is_described_with_its_card() -> None:
    for name in RECOGNISERS:
        row = next(line for line in ATTACKS_PAGE.splitlines() if line.startswith(f"| `{name}`"))
        card = find_recogniser(name).card
        told = "not measured" if card.accuracy is None else f"{100 * card.accuracy:.1f}"
        assert told in row and card.licence in row
        assert ("held out" if name in HELD_OUT else "white box") in row


def test_every_measure_is_described() -> None:
    rooms = [*(ROOT / "src/visard/attack").glob("*.py"), *(ROOT / "src/visard/evaluate").glob("*.py")]
    source = "".join(path.read_text("utf-8") for path in rooms)
    names = set(re.findall(r'(?:Score|rate|absent|mean)\(\s*"([\w -]+)"', source)) | PLAIN
    assert len(names) >= 28
    for name in names - {"x"}:
        assert f"`{name}`" in ATTACKS_PAGE, name


def test_every_exit_code_is_described() -> None:
    kinds = [v for v in vars(errors).values() if isinstance(v, type) and issubclass(v, errors.VisardError)]
    for code in {kind.exit_code for kind in kinds}:
        assert f"| {code} |" in USAGE


def test_every_option_is_described() -> None:
    import click

    for verb in VERBS:
        command = app.get_command(click.Context(app), verb)
        assert command is not None
        for option in command.params:
            for name in option.opts:
                if name.startswith("--"):
                    assert f"`{name}" in USAGE, f"{verb} {name} is not in docs/usage.md"


def test_help_names_every_verb(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    out = capfd.readouterr().out
    for verb in VERBS:
        assert verb in out
        assert run([verb, "--help"]) == 0
