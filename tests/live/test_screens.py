"""Where live pictures are seen: a real window on a display of its own, and a virtual camera of one's own making."""

from __future__ import annotations

import gc
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from fractions import Fraction
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image, ImageGrab

from visard.cli.app import run
from visard.errors import Interrupted, TargetError
from visard.live.screens import opened_screen
from visard.live.show import show
from visard.media.read import probe, read
from visard.media.stream import opened_stream
from visard.policy import Policy, Rule
from visard.types import Frame, Pixels

from ..test_cli import film

FILL = Policy({"face": Rule(method="fill")})


@pytest.fixture
def clip(tmp_path: Path, astronaut: Pixels) -> Path:
    return film(tmp_path / "clip.mp4", astronaut)


@pytest.fixture
def display(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A display that nobody looks at."""
    pytest.importorskip("tkinter")
    if shutil.which("Xvfb") is None:
        pytest.skip("no display to open a window on: install the package `xvfb`")
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1200x800x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL) as server:
        os.close(writing)
        with os.fdopen(reading) as answer:
            name = f":{answer.readline().strip()}"
        monkeypatch.setenv("DISPLAY", name)
        yield name
        server.terminate()


def bare(frame: Pixels, astronaut: Pixels) -> bool:
    """Whether the astronaut's eyes are as they were, in any of the places where the clip has them."""
    eyes, seen = astronaut[100:130, 200:250].astype(int), frame[80:110].astype(int)
    return min(float(np.abs(seen[:, 140 - i : 190 - i] - eyes).mean()) for i in range(24)) < 20


def root() -> Any:
    import tkinter

    return tkinter._get_default_root()  # type: ignore[attr-defined]


def seen(display: str, width: int, height: int) -> Pixels:
    """Return what a window in the display's corner shows."""
    return np.asarray(ImageGrab.grab(xdisplay=display).convert("RGB"))[:height, :width]


def apart(work: Callable[..., None], *arguments: object) -> None:
    """Do it in a process of its own: X ends one whose display goes away, as a test's does."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        pool.submit(work, *arguments).result(120)


def test_a_window_shows_each_frame_in_its_own_proportions(display: str, clip: Path) -> None:
    apart(_shows_each_frame, display, clip)


def _shows_each_frame(display: str, clip: Path) -> None:
    with opened_stream(str(clip)) as stream, opened_screen("window", stream.like, stream.first) as screen:
        height, width = stream.first.pixels.shape[:2]
        for pixels in (stream.first.pixels, stream.first.pixels[::-1]):
            screen(Frame(pixels, 0, 0.0))
            assert np.array_equal(seen(display, width, height), pixels)
        root().geometry(f"{3 * width}x{2 * height}")
        root().update()
        screen(stream.first)
        shown = seen(display, 3 * width, 2 * height)
    large = np.asarray(Image.fromarray(stream.first.pixels).resize((2 * width, 2 * height), Image.Resampling.BILINEAR))
    assert np.array_equal(shown[:, width // 2 : -(width // 2)], large)
    assert not shown[:, : width // 2].any() and not shown[:, -(width // 2) :].any()


def test_a_large_picture_stays_on_the_screen_and_its_pixels_need_not_be_square(display: str) -> None:
    apart(_stays_on_the_screen)


def _stays_on_the_screen() -> None:
    from visard.live.pane import opened_pane

    with opened_pane(Frame(np.full((2000, 1000, 3), 90, np.uint8), 0, 0.0), Fraction(2)):
        assert (root().winfo_width(), root().winfo_height()) == (640, 640)


def test_the_viewer_ends_it_and_nothing_of_the_window_stays(display: str, clip: Path) -> None:
    apart(_ends, clip)


def _ends(clip: Path) -> None:
    import tkinter

    for way in ("<Escape>", "q", "WM_DELETE_WINDOW"):
        with opened_stream(str(clip)) as stream, opened_screen("window", stream.like, stream.first) as screen:
            screen(stream.first)
            if way == "WM_DELETE_WINDOW":
                root().tk.call(root().protocol(way))
            else:
                root().focus_force()
                root().event_generate(way)
            with pytest.raises(Interrupted):
                screen(stream.first)
        assert not [thing for thing in gc.get_objects() if isinstance(thing, (tkinter.Tk, tkinter.Label))]


def test_nobody_is_bare_in_the_window(display: str, clip: Path, astronaut: Pixels) -> None:
    apart(_hides, display, clip, astronaut)


def _hides(display: str, clip: Path, astronaut: Pixels) -> None:
    shown: list[Pixels] = []
    tally = show(str(clip), "window", FILL, delay=3.0, watch=lambda _: shown.append(seen(display, 320, 240)))
    assert tally.shown == len(shown) > tally.flat
    assert not any(bare(frame, astronaut) for frame in shown)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a display")
def test_no_display_is_one_line(clip: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tkinter")
    monkeypatch.delenv("DISPLAY", raising=False)
    assert run(["live", str(clip), "--offline", "--quiet"]) == 4
    err = capfd.readouterr().err
    assert "no window can be opened: no display" in err and "--out camera" in err and len(err.splitlines()) == 1


def test_a_python_without_tkinter_is_one_line(
    clip: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "visard.live.pane", raising=False)
    monkeypatch.setitem(sys.modules, "tkinter", None)
    assert run(["live", str(clip), "--offline", "--quiet"]) == 4
    err = capfd.readouterr().err
    assert "no tkinter" in err and "python3-tk" in err and len(err.splitlines()) == 1


def test_a_viewer_on_the_network_is_sent_what_is_shown(clip: Path, astronaut: Pixels) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    seen: list[Pixels] = []
    viewer = threading.Thread(target=_view, args=(f"tcp://127.0.0.1:{port}", seen), daemon=True)
    viewer.start()
    tally = show(str(clip), f"tcp://127.0.0.1:{port}?listen=1", FILL, delay=3.0)
    viewer.join(30)
    assert len(seen) == tally.shown > tally.flat
    assert not any(bare(frame, astronaut) for frame in seen)


def _view(address: str, seen: list[Pixels]) -> None:
    """Take what comes, once somebody listens."""
    for _ in range(600):
        with suppress(OSError), av.open(address) as stream:
            seen.extend(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in stream.decode(video=0))
            return
        time.sleep(0.1)


class _Device:
    """What pyvirtualcam asks of a way to make a camera, without one: it keeps what it is sent."""

    made: list[_Device]

    def __init__(self, *, width: int, height: int, fps: float, fourcc: int, device: str | None) -> None:
        self.shape, self.rate, self.closed = (height, width, 3), fps, 0
        self.sent: list[Pixels] = []
        _Device.made.append(self)

    def send(self, frame: Pixels) -> None:
        assert frame.ndim == 1 and frame.dtype == np.uint8 and frame.flags.c_contiguous
        self.sent.append(frame.reshape(self.shape).copy())

    def close(self) -> None:
        self.closed += 1


def test_a_virtual_camera_is_sent_what_is_shown(clip: Path, astronaut: Pixels, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through pyvirtualcam itself; the device alone is played."""
    camera = pytest.importorskip(
        "pyvirtualcam.camera", reason="pyvirtualcam is not installed: pip install 'visard[live]'"
    )
    _Device.made = []
    monkeypatch.setattr(camera, "BACKENDS", {"kept": _Device})
    tally = show(str(clip), "camera", FILL, delay=3.0)
    (device,) = _Device.made
    assert len(device.sent) == tally.shown > tally.flat and device.closed == 1
    assert device.shape == (240, 320, 3) and device.rate == 24
    assert not any(bare(frame, astronaut) for frame in device.sent)
    assert all(bare(frame.pixels, astronaut) for frame in read(probe(clip))), "the measure sees nobody"


def test_a_machine_without_a_virtual_camera_says_what_to_install(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    camera = pytest.importorskip(
        "pyvirtualcam.camera", reason="pyvirtualcam is not installed: pip install 'visard[live]'"
    )
    if any(Path("/dev").glob("video*")) or sys.platform != "linux":
        pytest.skip("there may be a virtual camera here")
    assert camera.BACKENDS
    with pytest.raises(TargetError, match="v4l2loopback on Linux, OBS elsewhere"):
        show(str(clip), "camera", FILL)
