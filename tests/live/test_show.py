"""Live: on time or not at all, and never bare, whatever is slow or blind."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from visard.cli.app import run
from visard.detect import BlazeFace, find_faces
from visard.errors import SourceError
from visard.live import window
from visard.live.show import show
from visard.live.tally import Tally
from visard.media.read import probe, read
from visard.policy import Policy, Rule
from visard.types import Pixels, Region

from ..test_cli import film
from .rtsp import serve

_RATE = 24
_FRAMES = 60
_FACE = np.s_[90:170, 195:255]  # of the 512 x 512 photo: eyes, nose and mouth
FILL = Policy({"face": Rule(method="fill")})
BARE = 12
"""Grey levels: four times as far from the photo as the codec takes a bare face; a new one of like tone lies at 19."""

SLOW = 3.0
"""Seconds of delay where a test is not about time: the machine may be busy."""


@pytest.fixture
def clip(tmp_path: Path, astronaut: Pixels) -> Path:
    return film(tmp_path / "clip.mp4", astronaut, _FRAMES)


@pytest.fixture
def served(tmp_path: Path, astronaut: Pixels) -> Iterator[str]:
    """The clip's address on loopback. FFmpeg connects by itself; sockets of Python stay closed to tests."""

    clip = film(tmp_path / "clip.ts", astronaut, _FRAMES)

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(clip.parent))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/{clip.name}"
        server.shutdown()


def bare(path: Path, astronaut: Pixels) -> list[int]:
    """Numbers of the frames of a result in which the astronaut's eyes, nose and mouth are as they were, in any of the
    places where the clip has them: a result begins with the first frame that was shown, whichever that is."""
    face = astronaut[_FACE].astype(float)
    height, width = face.shape[:2]
    top, left = _FACE[0].start - 20, _FACE[1].start - 60
    shown = []
    for frame in read(probe(path)):
        places = (frame.pixels[top : top + height, left - i : left - i + width] for i in range(_FRAMES))
        if min(np.abs(place - face).mean() for place in places) < BARE:
            shown.append(frame.index)
    return shown


def test_the_clip_is_bare(clip: Path, astronaut: Pixels) -> None:
    """The measure sees what it must."""
    assert len(bare(clip, astronaut)) == _FRAMES


def test_a_served_clip_is_hidden_while_it_runs(served: str, tmp_path: Path, astronaut: Pixels) -> None:
    out, lines = tmp_path / "out.mp4", []
    tally = show(served, str(out), FILL, delay=SLOW, watch=lambda t: lines.append(t.line()))
    assert tally.came == _FRAMES and tally.shown == len(lines) > tally.flat
    assert tally.shown - tally.stalled + tally.skipped + tally.late == _FRAMES
    assert SLOW <= tally.latency() < SLOW + 1
    assert sum(1 for _ in read(probe(out))) == tally.shown
    assert not bare(out, astronaut)


def test_a_camera_on_the_network_is_hidden(tmp_path: Path, astronaut: Pixels) -> None:
    content, out = film(tmp_path / "clip.ts", astronaut, _FRAMES).read_bytes(), tmp_path / "out.mp4"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener, content, _FRAMES / _RATE), daemon=True).start()
        tally = show(f"rtsp://127.0.0.1:{listener.getsockname()[1]}/clip", str(out), FILL, delay=SLOW)
    assert tally.came >= _FRAMES - 2 and tally.shown > tally.flat
    assert not bare(out, astronaut)


def test_new_faces_come_when_they_are_cast_and_the_fallback_hides_until_then(
    clip: Path, tmp_path: Path, astronaut: Pixels
) -> None:
    out = tmp_path / "out.mp4"
    tally = show(str(clip), str(out), Policy(), delay=SLOW)
    assert tally.shown > tally.flat
    assert not bare(out, astronaut)


@pytest.mark.parametrize("pause", [0.15, 0.7])
def test_a_slow_search_leaves_no_frame_bare(
    pause: float, clip: Path, tmp_path: Path, astronaut: Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(*arguments: object) -> list[Region]:
        time.sleep(pause)
        return find_faces(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(window, "find_faces", slowly)
    tally = show(str(clip), str(tmp_path / "out.mp4"), FILL)
    assert pause < 0.5 or tally.late
    assert not bare(tmp_path / "out.mp4", astronaut)


def test_a_slow_doubt_covers_frames_whole(
    clip: Path, tmp_path: Path, astronaut: Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BlazeFace, "__call__", _after(1.0, BlazeFace.__call__))
    tally = show(str(clip), str(tmp_path / "out.mp4"), FILL)
    assert tally.shown == tally.flat > 0
    assert all(np.ptp(frame.pixels) < 8 for frame in read(probe(tmp_path / "out.mp4")))


def test_whom_the_search_does_not_see_the_doubt_covers(
    clip: Path, tmp_path: Path, astronaut: Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first frame that shows somebody is covered whole; in the others the second detector follows."""
    monkeypatch.setattr(window, "find_faces", lambda *_: [])
    tally = show(str(clip), str(tmp_path / "out.mp4"), FILL, delay=SLOW)
    assert 0 < tally.bare < tally.shown
    assert not bare(tmp_path / "out.mp4", astronaut)


def _after(seconds: float, work: Callable[..., list[Region]]) -> Callable[..., list[Region]]:
    def late(*arguments: object) -> list[Region]:
        time.sleep(seconds)
        return work(*arguments)

    return late


def test_a_stream_that_breaks_off_leaves_what_was_shown(tmp_path: Path, astronaut: Pixels) -> None:
    broken = film(tmp_path / "broken.ts", astronaut, _FRAMES)
    broken.write_bytes(broken.read_bytes()[: broken.stat().st_size // 2])
    tally = show(str(broken), str(tmp_path / "out.mp4"), FILL, delay=SLOW)
    assert 0 < tally.shown < _FRAMES
    assert probe(tmp_path / "out.mp4").frames == tally.shown


def test_ctrl_c_ends_it_and_the_file_is_whole(clip: Path, tmp_path: Path, astronaut: Pixels) -> None:
    long = film(tmp_path / "long.mp4", np.hstack([astronaut] * 2), 600)
    command = [sys.executable, "-m", "visard", "live", str(long), "--out", "out.mp4", "--method", "fill", "--offline"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as live:
        assert live.stderr is not None
        line = live.stderr.readline()
        live.send_signal(signal.SIGINT)
        rest = live.stderr.read()
    assert "a second, latency" in line and live.returncode == 0, line + rest
    assert sum(1 for _ in read(probe(tmp_path / "out.mp4"))) > 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["clip.mp4", "--out", "out.txt"], 2, "no target for live pictures"),
        (["clip.mp4", "--out", "ftp://127.0.0.1/x"], 2, "is written"),
        (["clip.mp4", "--out", "tcp://127.0.0.1:many?listen=1"], 2, "names no port"),
        (["clip.mp4", "--out", "tcp://[::1]?listen=1"], 2, "names no port"),
        (["clip.mp4", "--out", "tcp://203.0.113.1:80?listen=1"], 4, "cannot be written"),
        (["clip.mp4", "--out", "clip.mp4"], 4, "would replace its source"),
        (["clip.mp4", "--out", "camera"], 4, "virtual camera"),
        (["clip.mp4", "--out", "o.mp4", "--method", "ksame-pixel"], 2, "in groups"),
        (["none.mp4", "--out", "o.mp4"], 3, "cannot be opened"),
        (["http://127.0.0.1:9/x.mp4", "--out", "o.mp4"], 3, "cannot be opened"),
        (["gopher://x", "--out", "o.mp4"], 2, "is read"),
        (["97", "--out", "o.mp4"], 3, "cannot be opened"),
        (["list.m3u8", "--out", "o.mp4"], 3, "cannot be opened"),
        (["none.mp4", "--out", "o.mp4"], 3, "check its path"),
        (["photo.jpg", "--out", "o.mp4"], 3, "photo.jpg: cannot be opened: it is a picture; hide it with visard hide"),
        ([".", "--out", "o.mp4"], 3, ".: cannot be opened: it is a folder; name a camera"),
        (["words.mp4", "--out", "o.mp4"], 3, "it is no video that can be read"),
    ],
)
def test_what_cannot_be_shown_is_one_line(
    arguments: list[str], code: int, words: str, clip: Path, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(clip.parent)
    Path("list.m3u8").write_text(f"#EXTM3U\n#EXTINF:1,\n{clip}\n")
    Path("words.mp4").write_text("no video")
    Image.new("RGB", (8, 8)).save("photo.jpg")
    assert run(["live", *arguments, "--offline", "--quiet"]) == code
    err = capfd.readouterr().err
    assert words in err and len(err.splitlines()) == 1
    assert not Path("o.mp4").exists()


def test_a_lost_thread_ends_the_show(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> list[Region]:
        raise SourceError("planted")

    monkeypatch.setattr(window, "find_faces", fail)
    with pytest.raises(SourceError, match="planted"):
        show(str(clip), str(tmp_path / "out.mp4"), FILL)
    assert not bare_or_absent(tmp_path / "out.mp4")


def bare_or_absent(path: Path) -> bool:
    """Whether a result exists with anything but flat frames."""
    return path.exists() and any(np.ptp(frame.pixels) > 8 for frame in read(probe(path)))


def test_an_empty_tally_has_words() -> None:
    assert Tally().line().startswith("0 of 0 frames shown")
