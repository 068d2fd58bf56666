"""Threads keep order, stay bounded, pass failures on, and stop when nobody listens."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visard.flow import Aside, ahead, side_by_side


@given(st.lists(st.integers()), st.integers(1, 5))
def test_ahead_yields_the_same_items_in_order(items: list[int], depth: int) -> None:
    assert list(ahead(items, depth)) == items


@given(st.lists(st.integers()), st.integers(1, 4))
def test_side_by_side_keeps_order(items: list[int], workers: int) -> None:
    assert list(side_by_side(lambda x: x * 2, items, workers)) == [x * 2 for x in items]


def test_a_failure_arrives_in_its_place() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise ValueError("torn")

    stream = ahead(broken())
    assert next(stream) == 1
    with pytest.raises(ValueError, match="torn"):
        next(stream)


def test_it_never_runs_far_ahead_and_stops_when_closed() -> None:
    made: list[int] = []
    closed = threading.Event()

    def endless() -> Iterator[int]:
        try:
            for number in iter(int, 1):
                made.append(number)
                yield len(made)
        finally:
            closed.set()

    stream = ahead(endless(), depth=3)
    assert next(stream) == 1
    time.sleep(0.05)
    assert len(made) <= 6
    stream.close()  # type: ignore[attr-defined]  # it is a generator
    assert closed.wait(2)


def test_side_by_side_passes_failures_on() -> None:
    with pytest.raises(ZeroDivisionError):
        list(side_by_side(lambda x: 1 // x, [1, 0, 1]))


def test_tasks_aside_are_done_in_order_and_few_wait() -> None:
    go, done = threading.Event(), list[int]()

    def task(number: int) -> None:
        go.wait(2)
        done.append(number)

    aside = Aside(behind=3)
    for number in range(4):
        aside(task, number)
    assert not done
    threading.Timer(0.05, go.set).start()
    aside(task, 4)
    assert done, "one of four was waited for"
    aside.end()
    assert done == [0, 1, 2, 3, 4]


def test_a_failure_aside_is_told_to_whoever_gives_the_next_task_or_waits() -> None:
    aside = Aside(behind=0)
    aside(divmod, 1, 0)  # type: ignore[arg-type]  # what it returns is dropped
    with pytest.raises(ZeroDivisionError):
        aside(divmod, 1, 1)  # type: ignore[arg-type]
    aside.end()
    last = Aside(behind=1)
    last(divmod, 1, 0)  # type: ignore[arg-type]
    with pytest.raises(ZeroDivisionError):
        last.end()
