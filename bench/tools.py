"""Other tools in environments of their own, so that neither their dependencies nor ours disturb the other's."""

from __future__ import annotations

import os
import shutil
import subprocess
import venv
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "visard" / "bench"


def install(name: str, *arguments: str) -> Path:
    """Return the folder of an environment's commands, made on first use, outside the tree.

    arguments: of `pip install`.
    """
    home = CACHE / name
    commands = home / ("Scripts" if os.name == "nt" else "bin")
    whole = home / "whole"
    if not whole.exists():
        shutil.rmtree(home, ignore_errors=True)
        venv.create(home, with_pip=True)
        subprocess.run([str(commands / "python"), "-m", "pip", "install", "-q", *arguments], check=True)
        whole.touch()  # what was interrupted is begun again
    return commands
