"""The loop: an interrupted run equals an uninterrupted one, and what cannot be gone on with is said in one line."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from visard.errors import TargetError, UsageError
from visard.types import Pixels

torch = pytest.importorskip("torch")

from visard.train.checkpoint import read  # noqa: E402
from visard.train.loop import CHECKPOINT, LOG, SHEET, train  # noqa: E402


class Pair(NamedTuple):
    x: Any
    y: Any


class Numbers:
    def __len__(self) -> int:
        return 2**40

    def __getitem__(self, n: int) -> Pair:
        rng = np.random.default_rng(n)
        x = rng.standard_normal(4).astype(np.float32)
        return Pair(x, x[:1] * 3)


class Line:
    """The least lesson: a line through numbers."""

    name = "line"
    batch = 4

    def __init__(self, rate: float = 0.01) -> None:
        torch.manual_seed(0)
        self.device = torch.device("cpu")
        self.samples: Any = Numbers()
        self.net = torch.nn.Linear(4, 1)
        self.memory = torch.optim.Adam(self.net.parameters(), rate)
        self.stop_after, self.rate = -1, rate

    @property
    def recipe(self) -> Mapping[str, Any]:
        return {"rate": self.rate}

    def parts(self) -> dict[str, Any]:
        return {"net": self.net, "memory": self.memory}

    def learn(self, batch: Pair, step: int) -> dict[str, float]:
        loss = (self.net(batch.x) - batch.y).square().mean()
        self.memory.zero_grad()
        loss.backward()
        self.memory.step()
        if step == self.stop_after:
            os.kill(os.getpid(), signal.SIGINT)
        return {"loss": float(loss.detach())}

    def sheet(self) -> Pixels:
        return np.zeros((4, 4, 3), np.uint8)


def weights(folder: Path) -> dict[str, Any]:
    return read(folder / CHECKPOINT)[1]


def test_an_interrupted_run_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    whole = train(Line(), tmp_path / "whole", 1, steps=10)
    train(Line(), tmp_path / "parts", 1, steps=3)
    train(Line(), tmp_path / "parts", 1, resume=True, steps=4)
    parts = train(Line(), tmp_path / "parts", 1, resume=True, steps=3)
    assert (parts.steps, parts.images) == (whole.steps, whole.images) == (10, 40)
    one, other = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    assert one.keys() == other.keys()
    assert all(torch.equal(one[key], other[key]) for key in one)


def test_ctrl_c_ends_after_the_step_and_leaves_a_checkpoint(tmp_path: Path) -> None:
    lesson = Line()
    lesson.stop_after = 5
    progress = train(lesson, tmp_path, 10)
    assert progress.steps == 6 and read(tmp_path / CHECKPOINT)[0]["progress"]["steps"] == 6
    lines = [json.loads(line) for line in (tmp_path / LOG).read_text().splitlines()]
    assert lines[-1]["images"] == 24 and lines[-1]["loss"] > 0
    assert (tmp_path / SHEET).read_bytes().startswith(b"\x89PNG")


def test_what_was_begun_is_not_begun_again(tmp_path: Path) -> None:
    train(Line(), tmp_path, 1, steps=1)
    with pytest.raises(TargetError, match="exists already"):
        train(Line(), tmp_path, 1, steps=1)


@pytest.mark.parametrize(("break_it", "words"), [
    (lambda file: None, "there is no checkpoint"),
    (lambda file: file.write_bytes(b"12345678{}"), "is no checkpoint"),
])  # fmt: skip
def test_what_is_no_checkpoint_is_not_resumed(tmp_path: Path, break_it: Any, words: str) -> None:
    break_it(tmp_path / CHECKPOINT)
    with pytest.raises(UsageError, match=words):
        train(Line(), tmp_path, 1, resume=True, steps=1)


def test_another_recipe_is_not_gone_on_with(tmp_path: Path) -> None:
    train(Line(), tmp_path, 1, steps=1)
    with pytest.raises(UsageError, match="another recipe: rate"):
        train(Line(rate=0.1), tmp_path, 1, resume=True, steps=1)


def test_nothing_is_left_of_numbers_that_went_astray(tmp_path: Path) -> None:
    lesson = Line()
    for value in chain(lesson.net.parameters()):
        value.data.fill_(float("nan"))
    with pytest.raises(UsageError, match="went astray"):
        train(lesson, tmp_path, 1, steps=3)
    assert not (tmp_path / CHECKPOINT).exists()
