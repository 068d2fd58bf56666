"""Networks shared by threads: one caller at a time, or copies side by side, with the same numbers either way."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from visard.models.runtimes import LiteNet, OpenCvNet, copies, without_info_lines


class Meeting(OpenCvNet):
    """A network whose every call waits for a second one."""

    def __init__(self) -> None:
        super().__init__("toy")
        self.met = threading.Barrier(2)
        self.loaded = 0

    def _load(self) -> Any:
        self.loaded += 1
        return self

    def setInput(self, blob: Any, name: str) -> None:  # noqa: N802  # OpenCV's name
        self.blob = blob

    def forward(self) -> Any:
        self.met.wait(timeout=0.5 if self.loaded == 1 else 10)
        return self.blob


def test_copies_of_a_network_are_asked_at_a_time() -> None:
    net = Meeting()
    with copies(2), ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(net, [np.full((1,), i, np.float32) for i in range(4)]))
    assert len(answers) == 4 and net.loaded == 2


def test_without_copies_one_is_asked_at_a_time() -> None:
    net = Meeting()
    with ThreadPoolExecutor(2) as pool, pytest.raises(threading.BrokenBarrierError):
        list(pool.map(net, [np.zeros(1, np.float32)] * 2))
    assert net.loaded == 1


def test_copies_give_the_same_numbers() -> None:
    inputs = list(np.random.default_rng(0).random((4, 1, 192, 192, 3), np.float32))
    alone = [LiteNet("blazeface_full_range")(each) for each in inputs]
    with copies(2), ThreadPoolExecutor(2) as pool:
        together = list(pool.map(LiteNet("blazeface_full_range"), inputs))
    assert all(
        np.array_equal(a, b)
        for one, other in zip(alone, together, strict=True)
        for a, b in zip(one, other, strict=True)
    )


def test_released_networks_are_loaded_again() -> None:
    net = Meeting()
    net.met = threading.Barrier(1)
    for _ in range(2):
        net(np.zeros(1, np.float32))
        net.release()
    assert net.loaded == 2


def test_a_release_holds_nobody_up() -> None:
    """Whoever waits for a network gets it, though another gives its memory back meanwhile."""
    net, stop = Meeting(), threading.Event()
    net.met = threading.Barrier(1)

    def release() -> None:
        while not stop.is_set():
            net.release()

    with ThreadPoolExecutor(4) as pool:
        pool.submit(release)
        try:
            asked = [pool.submit(net, np.zeros(1, np.float32)) for _ in range(300)]
            assert all(each.result(timeout=20) is not None for each in asked)
        finally:
            stop.set()


def test_standard_error_is_given_back_however_many_keep_it_clean(capfd: pytest.CaptureFixture[str]) -> None:
    def greet(number: int) -> None:
        with without_info_lines():
            os.write(2, b"INFO: hello\nWARNING: heed\n")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(greet, range(20)))
    os.write(2, b"still here\n")
    said = capfd.readouterr().err
    assert said.count("heed") == 20 and "hello" not in said and "still here" in said
