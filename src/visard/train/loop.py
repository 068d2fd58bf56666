"""The loop that every recipe of a network shares: it learns until time is up or somebody stops it, and can go on later.

In the folder lie `checkpoint.safetensors`, `log.jsonl` with a line a tick, and `sheet.png`. An interrupted run that was
resumed equals an uninterrupted one, on the CPU bit for bit.
"""

from __future__ import annotations

import json
import platform
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from itertools import count, islice
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from visard.errors import TargetError, UsageError
from visard.media.png import encoded
from visard.publish import publish
from visard.train.checkpoint import Parts, Progress, restore, save
from visard.types import Pixels

CHECKPOINT, LOG, SHEET = "checkpoint.safetensors", "log.jsonl", "sheet.png"

_TICK, _SAVE = 20.0, 180.0
"""Seconds between lines of the log, and between checkpoints with their sheets."""

Tick = Callable[[Mapping[str, float]], None]
"""Called with each line of the log."""


class Lesson(Protocol):
    """What is learnt: parts that a checkpoint keeps, one step, and a sheet to look at.

    samples: the n-th is a named tuple of arrays, a function of n alone.
    """

    name: str
    device: torch.device

    batch: int
    samples: Dataset[Any]

    @property
    def recipe(self) -> Mapping[str, Any]:
        """Return every number that decides the outcome."""
        ...

    def parts(self) -> Parts:
        """Return the networks and optimisers, by name."""
        ...

    def learn(self, batch: Any, step: int) -> Mapping[str, Any]:
        """Learn from a batch, on the device; return losses by name, as numbers or tensors of one."""
        ...

    def sheet(self) -> Pixels:
        """Return a picture of what was learnt."""
        ...


def train(
    lesson: Lesson, out: Path, minutes: float, resume: bool = False, steps: int | None = None,
    told: Tick = lambda line: None,
) -> Progress:  # fmt: skip
    """Learn for some minutes, or so many steps, and leave a checkpoint in a folder; Ctrl-C ends it early, as well.

    Raises UsageError where a checkpoint is there that is not to be resumed, or cannot be; TargetError.
    """
    file, progress, parts = out / CHECKPOINT, Progress(), lesson.parts()
    if resume:
        progress = restore(file, lesson.name, lesson.recipe, parts)
    elif file.exists():
        raise TargetError("exists already", where=file, hint="go on with --resume, or choose another --out")
    out.mkdir(parents=True, exist_ok=True)
    progress = replace(progress, machine=_machine(lesson.device))
    cv2.setNumThreads(1)  # or it would wait for torch's threads, and they for its
    begun, before = time.monotonic(), progress.seconds
    last_tick = last_save = begun
    sums: dict[str, list[Any]] = defaultdict(list)
    with _stopping() as stopped:
        for batch in islice(_batches(lesson, progress.images), steps):
            for key, value in lesson.learn(batch, progress.steps).items():
                sums[key].append(value)  # not looked at yet: a GPU would have to be waited for
            now = time.monotonic()
            progress = replace(
                progress, steps=progress.steps + 1, images=progress.images + lesson.batch, seconds=before + now - begun
            )
            over, due = stopped.is_set() or now - begun >= 60 * minutes, now - last_save >= _SAVE
            if over or due or now - last_tick >= _TICK:
                _tell(out / LOG, progress, sums, told)
                last_tick = now
                sums.clear()
            if due and not over:
                save(file, lesson.name, lesson.recipe, parts, progress)
                _draw(out / SHEET, lesson)
                last_save = now
            if over:
                break
        if sums:
            _tell(out / LOG, progress, sums, told)
        save(file, lesson.name, lesson.recipe, parts, progress)
        _draw(out / SHEET, lesson)
    return progress


def _batches(lesson: Lesson, start: int) -> Iterator[Any]:
    """Yield batches on the device, from the start-th sample on."""
    cuda = lesson.device.type == "cuda"
    # On the CPU the cores are the network's; beside a GPU they are free to draw samples.
    workers = max(1, (torch.multiprocessing.cpu_count() or 2) - 1) if cuda else 0
    loader: DataLoader[Any] = DataLoader(
        lesson.samples, lesson.batch, sampler=count(start), num_workers=workers, pin_memory=cuda,
        prefetch_factor=4 if workers else None,
    )  # fmt: skip
    for batch in loader:
        yield type(batch)(*(value.to(lesson.device, non_blocking=True) for value in batch))


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """Turn Ctrl-C and a polite kill into an event, so that the step at hand is finished and kept."""
    stopped = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stopped
        return
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: stopped.set()) for number in signals]
    try:
        yield stopped
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)


def _tell(log: Path, progress: Progress, sums: Mapping[str, list[Any]], told: Tick) -> None:
    """Write a line of the log; raises UsageError where a loss is no number any more, before anything is kept."""
    means = {key: float(np.mean([float(value) for value in values])) for key, values in sums.items()}
    if not np.isfinite(list(means.values())).all():
        hint = "go on from the last checkpoint with --resume"
        raise UsageError(f"went astray before step {progress.steps}", where=log.parent, hint=hint)
    line = {"time": round(time.time()), **asdict(progress)} | means
    with log.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
    told({key: value for key, value in line.items() if isinstance(value, int | float)})


def _draw(file: Path, lesson: Lesson) -> None:
    with publish(file, overwrite=True) as draft:
        draft.write_bytes(encoded(lesson.sheet()))


def _machine(device: torch.device) -> str:
    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    return f"{platform.machine()} CPU, {torch.get_num_threads()} threads"
