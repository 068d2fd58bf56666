"""Pictures that tests share: the public-domain astronaut, and development data where there are any."""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command does, before NumPy is loaded

import socket
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from PIL import Image

from visard.types import Box, Pixels, Region

DATA = Path(os.environ.get("VISARD_DATA", Path(__file__).parents[2] / "shared" / "data"))

# Time is measured in bench/: whoever tests beside other work is slow, and that is no fault.
settings.register_profile("visard", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("visard")

ASTRONAUT_FACE = Box(175, 65, 275, 195)
"""Where the astronaut's face is, roughly, in the 512 x 512 photo."""


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test reach the network: hiding never does, and a fetch is played."""

    def refuse(self: socket.socket, address: object) -> None:
        raise AssertionError(f"a test reaches for the network: {address}")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture(scope="session")
def astronaut() -> Pixels:
    """The astronaut, (512, 512, 3) RGB: one upright face."""
    from skimage import data

    pixels = np.asarray(data.astronaut())
    pixels.flags.writeable = False
    return pixels


@pytest.fixture(scope="session")
def untaught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of generators that were never taught, with cards."""
    for package in ("torch", "onnx"):
        pytest.importorskip(package)
    from .untaught import write

    return write(tmp_path_factory.mktemp("untaught"))


@pytest.fixture
def photo(tmp_path: Path, astronaut: Pixels) -> Path:
    """The astronaut as a JPEG file."""
    path = tmp_path / "astronaut.jpg"
    Image.fromarray(astronaut).save(path, quality=92)
    return path


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of development data; tests that need it are skipped, aloud, where it is absent."""
    if not (DATA / "groups_dev").is_dir():
        pytest.skip(f"development data absent: {DATA} (set VISARD_DATA)")
    return DATA


@pytest.fixture
def face() -> Callable[..., Region]:
    """A way to make face regions."""

    def make(x0: float, y0: float, x1: float, y1: float, track: int = 1) -> Region:
        return Region("face", Box(x0, y0, x1, y1), 0.9, track=track)

    return make
