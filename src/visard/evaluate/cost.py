"""What hiding costs: milliseconds a face, the memory that a process of its own needs for it, and its networks."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from visard.attack.score import Score, absent
from visard.errors import ModelError
from visard.evaluate.effort import Shape, effort, watched
from visard.evaluate.hiding import hide_alone
from visard.evaluate.interval import mean
from visard.policy import Policy

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from visard.evaluate.people import Picture
    from visard.types import Region

_PICTURES = 8
_PATIENCE = 300.0
"""Seconds after which the process is given up."""


class Spent(NamedTuple):
    """What a process measured: seconds a face of each picture, its most memory in MB, and what it asked of networks.

    memory: None where unknown. calls: each network's name and input shape. faces: hidden meanwhile.
    """

    seconds: list[float]
    memory: float | None
    calls: list[tuple[str, Shape]]
    faces: int


NAMES = ("ms a face", "memory", "million parameters", "million MACs")


def cost(pictures: Sequence[Picture], regions: Sequence[Sequence[Region]], policy: Policy) -> tuple[Score, ...]:
    """Return milliseconds a face and the peak memory in MB of a new process that hides up to 8 pictures.

    Then the parameters of all networks that it asked, and their multiply-accumulates a face, in millions.

    The faces are known, and the first picture, whose models must be loaded, is hidden once before anything is timed;
    checks, reading and writing are not part of it. The times are this machine's, as busy as it is.
    """
    here, there = multiprocessing.Pipe(duplex=False)
    chosen = list(zip(pictures, regions, strict=True))[:: max(1, len(pictures) // _PICTURES)][:_PICTURES]
    # A process of its own: this one's memory holds all pictures and every network of the judge.
    process = multiprocessing.get_context("spawn").Process(target=_work, args=(there, chosen, policy), daemon=True)
    process.start()
    there.close()
    try:
        spent = here.recv() if here.poll(_PATIENCE) else None
    except EOFError:
        spent = None
    finally:
        process.kill()
        process.join()
        here.close()
    if spent is None:
        return tuple(absent(name, "the process that hides on its own did not end") for name in NAMES)
    people = [picture.person for picture, _ in chosen]
    memory = absent("memory", "this system does not tell") if spent.memory is None else Score("memory", spent.memory, 1)
    return mean("ms a face", [1000 * each for each in spent.seconds], people, "no picture"), memory, *_efforts(spent)


def _efforts(spent: Spent) -> tuple[Score, Score]:
    """Return the parameters and multiply-accumulates; a method that asks no network has none."""
    try:
        efforts = {call: effort(*call) for call in set(spent.calls)}
    except ModelError as error:
        return absent("million parameters", str(error)), absent("million MACs", str(error))
    parameters = {name: each.parameters for (name, _), each in efforts.items()}
    macs = sum(efforts[call].macs for call in spent.calls) / spent.faces
    return (
        Score("million parameters", sum(parameters.values()) / 1e6, len(parameters)),
        Score("million MACs", macs / 1e6, spent.faces),
    )


def _work(there: Connection, chosen: Sequence[tuple[Picture, Sequence[Region]]], policy: Policy) -> None:
    hide_alone(*chosen[0], policy)
    seconds = []
    for picture, regions in chosen:
        begun = perf_counter()
        hide_alone(picture, regions, policy)
        seconds.append((perf_counter() - begun) / len(regions))
    memory = _peak()
    with watched() as calls:
        for picture, regions in chosen:
            hide_alone(picture, regions, policy)
    there.send(Spent(seconds, memory, calls, sum(len(regions) for _, regions in chosen)))


def _peak() -> float | None:
    """Return the most memory in MB that this process ever held, None where the system does not tell.

    getrusage would tell that of the process from which this one was started, if that was more.
    """
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    told = [line.split() for line in lines if line.startswith("VmHWM:")]
    return int(told[0][1]) / 1024 if told else None
