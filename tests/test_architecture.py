"""The architecture is a test: rooms have an order, imports point one way, and importing loads nothing heavy."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

SRC = Path(__file__).parents[1] / "src" / "visard"

ORDER = [
    "types", "errors", "roster", "policy", "flow", "models", "stores", "media", "detect", "track", "kinship",
    "outlining", "found", "shape", "nets", "people", "whom", "warmth", "methods", "gallery", "paste", "roles",
    "figures", "crowd", "hider", "belongings", "backdrop", "echoes", "smoothing", "tracing", "verify", "publish",
    "report", "vault", "reveal", "edit", "live", "pipeline", "pool", "cluster", "sources", "regions", "run",
    "verbs", "train", "attack", "evaluate", "serve", "cli",
]  # fmt: skip


def rooms() -> list[tuple[str, Path]]:
    return [(p.relative_to(SRC).parts[0].removesuffix(".py"), p) for p in sorted(SRC.rglob("*.py"))]


def imports(path: Path) -> set[str]:
    """Names of the rooms that a file imports, at module level or inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("visard."):
            found.add(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            found |= {a.name.split(".")[1] for a in node.names if a.name.startswith("visard.")}
    return found


@pytest.mark.parametrize(("room", "path"), rooms(), ids=lambda v: v if isinstance(v, str) else v.name)
def test_imports_point_upstream(room: str, path: Path) -> None:
    if room in ("__init__", "__main__"):
        return
    assert room in ORDER, f"{room} has no place in the house"
    for other in imports(path):
        assert ORDER.index(other) <= ORDER.index(room), f"{path.name} imports {other}, which lies after {room}"


def test_every_room_stays_small() -> None:
    long = {p.name: n for _, p in rooms() if (n := len(p.read_text("utf-8").splitlines())) > 300}
    assert not long


def _modules_of(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sys.modules)"
    out = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True
    ).stdout
    return set(out.split())


def _loaded_by(statement: str) -> set[str]:
    return {module.split(".")[0] for module in _modules_of(statement)}


def test_importing_the_lobby_loads_nothing_heavy() -> None:
    heavy = {"numpy", "cv2", "torch", "av", "PIL", "dlib", "ai_edge_litert", "click"}
    assert not heavy & _loaded_by("import visard")


def test_the_version_costs_nothing() -> None:
    run = subprocess.run([sys.executable, "-X", "importtime", "-m", "visard", "--version"],
                         capture_output=True, text=True, check=True)  # fmt: skip
    assert run.stdout.startswith("visard ")
    assert "numpy" not in run.stderr and "click" not in run.stderr


def test_algebra_is_told_to_use_one_thread_before_it_is_loaded() -> None:
    code = """import importlib.abc, os, sys
class Watch(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "numpy":
            print("threads", os.environ.get("OPENBLAS_NUM_THREADS"))
sys.meta_path.insert(0, Watch()); sys.argv = ["visard", "models", "list"]
import visard.__main__
visard.__main__.main()"""
    env = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    assert run.stdout.startswith("threads 1")


def test_danger_has_one_door() -> None:
    """Cryptography's tools are touched by hazmat.py, and hazmat.py by seal.py, alone."""
    for _, path in rooms():
        text = path.read_text("utf-8")
        assert "cryptography" not in text or path.name == "hazmat.py" or "import" not in _lines(text, "cryptography")
        assert path.name in ("seal.py", "hazmat.py") or "hazmat" not in _lines(text, "import")


def _lines(text: str, word: str) -> str:
    return "\n".join(line for line in text.splitlines() if word in line)


WALLED_OFF = {"train", "attack", "evaluate"}
"""Rooms behind the wall: what hides people does not need them, and only they may need torch."""


def test_only_the_command_line_reaches_behind_the_wall() -> None:
    for room, path in rooms():
        if room not in WALLED_OFF:
            assert room == "cli" or not imports(path) & WALLED_OFF, path


def test_no_verb_but_their_own_loads_what_is_behind_the_wall() -> None:
    assert "visard.attack" not in _modules_of("import visard.verbs, visard.pipeline, visard.cli.app, visard.cli.hide")


TORCH = {*WALLED_OFF, "nets"}
"""Rooms that only the torch extra can load. Methods may ask nets for a gradient, but only when they are called."""


def _needed(path: Path, function: bool) -> set[str]:
    """Names of packages that a file needs: at once, or also from inside its functions; types alone need nothing."""
    body = ast.parse(path.read_text("utf-8")).body
    found: set[str] = set()
    for top in body:
        if isinstance(top, ast.If) and ast.unparse(top.test) == "TYPE_CHECKING":
            continue
        if isinstance(top, ast.FunctionDef | ast.ClassDef) and not function:
            continue
        for node in ast.walk(top):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module)
    return found


def test_torch_is_never_needed_by_the_core() -> None:
    for room, path in rooms():
        if room not in TORCH and path.name != "runtimes.py":  # whose need_torch says what to install
            assert not any(name.split(".")[0] == "torch" for name in _needed(path, function=True)), path
            assert not any(name.startswith("visard.nets") for name in _needed(path, function=False)), path


def test_methods_that_need_torch_are_described_without_it() -> None:
    from visard.methods import METHODS

    modules = ", ".join(sorted({place.partition(":")[0] for place in METHODS.values()}))
    assert "torch" not in _loaded_by(f"import {modules}")


def test_no_room_hides_a_name_of_the_lobby() -> None:
    """A module of that name would take the name's place as soon as anything imports it."""
    import visard

    assert not {room for room, _ in rooms()} & set(visard.__all__)


def test_the_lobby_is_small_and_complete() -> None:
    import visard

    assert len(visard.__all__) <= 15
    for name in visard.__all__:
        assert getattr(visard, name) is not None
    with pytest.raises(AttributeError):
        visard.no_such_name  # noqa: B018
