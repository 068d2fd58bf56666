"""The processes in which files are opened: started when needed, one order at a time, ended when they take too long."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from visard.serve.refusals import Refused

Heard = Callable[[dict[str, Any]], None]
Gone = Callable[[], Awaitable[bool]]

_MOST_ORDERS = 100
"""Orders after which a process is started anew: what libraries leave behind does not add up."""

_LONGEST_LINE = 128 << 20

_FRUGAL = {"OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": "8000000"}
"""What the command tells itself (__main__.py, cli/app.py), for a process that is started."""


def _deaf(event: dict[str, Any]) -> None:
    """Take no notice."""


class Hand:
    """One process, for one order at a time."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._orders = 0
        self._turn = asyncio.Lock()

    async def do(
        self, order: dict[str, Any], seconds: float, heard: Heard = _deaf, gone: Gone | None = None
    ) -> dict[str, Any]:
        """Return what an order came to; heard is told what happens on the way.

        gone: asked before it begins, whether whoever wanted it is there no more. Raises Refused then, or where it
        fails, takes longer than `seconds`, or the process ends. Whoever is cancelled while waiting ends the process.
        """
        async with self._turn:
            if gone is not None and await gone():
                raise Refused(409, "nobody waits for this any more")
            try:
                async with asyncio.timeout(seconds):
                    return await self._do(order, heard)
            except TimeoutError:
                await self.stop()
                minutes = f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.0f} seconds"
                raise Refused(422, f"took longer than {minutes}", "cut it into parts, or ask the operator") from None
            except Refused:
                raise
            except BaseException:  # what is still said about this order must not be taken for the next one's answer
                await self.stop()
                raise

    async def stop(self) -> None:
        """End the process, whatever it is at."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _do(self, order: dict[str, Any], heard: Heard) -> dict[str, Any]:
        if self._orders >= _MOST_ORDERS:
            await self.stop()
        process = self._process or await self._start()
        self._orders += 1
        assert process.stdin is not None and process.stdout is not None, "both are pipes"
        with suppress(BrokenPipeError, ConnectionResetError):
            process.stdin.write(json.dumps(order).encode() + b"\n")
            await process.stdin.drain()
        while line := await process.stdout.readline():
            event = json.loads(line)
            if "end" in event:
                end: dict[str, Any] = event["end"]
                return end
            if "fault" in event:
                raise Refused(422, event["fault"]["what"], event["fault"]["hint"])
            heard(event)
        await self.stop()
        raise Refused(422, "the file brought down the program that opened it", "is it whole? try another copy")

    async def _start(self) -> asyncio.subprocess.Process:
        pipe, null = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "visard.serve.worker",
            stdin=pipe, stdout=pipe, stderr=null, limit=_LONGEST_LINE, env=os.environ | _FRUGAL,
        )  # fmt: skip
        self._orders = 0
        return self._process
