"""Thin wrappers that load a checked network on first use; the heavy libraries are imported then.

Both are safe to share between threads: one network, one caller at a time, unless `copies` allows more. A network for
each thread costs its memory again, and both libraries use the cores inside one call.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from visard.errors import ModelError
from visard.models import store

Floats = NDArray[np.float32]

_greeting = threading.Lock()


class _Shared:
    """A network that several threads ask: one at a time, or, within `copies`, as many at a time as there are copies.

    asked: how many copies each who is within `copies` asked for. threads: OpenCV's, when nobody is.
    """

    counting: ClassVar = threading.Lock()
    asked: ClassVar[list[int]] = []
    threads: ClassVar = 0

    @staticmethod
    def copies() -> int:
        """Return how many callers each network has at a time."""
        return max(_Shared.asked, default=1)

    def __init__(self, name: str, alone: bool = False) -> None:
        self.name, self._alone = name, alone
        self._turn = threading.Condition()
        self._free: list[Any] = []
        self._busy = 0

    def load(self) -> None:
        """Load the network now, if it is not; raises ModelError."""
        with self._borrowed():
            pass

    def release(self) -> None:
        """Give the memory of what nobody is asking back, some 50 to 100 MB after large inputs; it is loaded again."""
        with self._turn:
            self._free.clear()

    @contextmanager
    def _borrowed(self) -> Iterator[Any]:
        with self._turn:
            self._turn.wait_for(lambda: self._busy < (1 if self._alone else self.copies()))
            self._busy += 1
            net = self._free.pop() if self._free else None
        try:
            net = self._load() if net is None else net
            yield net
        finally:
            with self._turn:
                self._busy -= 1
                self._free += [] if net is None else [net]
                self._turn.notify()

    def _load(self) -> Any:
        raise NotImplementedError


class OpenCvNet(_Shared):
    """An ONNX network in OpenCV, which takes inputs of any size.

    outputs: names of the results; none: the file's only one. to_onnx: turns a file of another format into ONNX.
    content: the ONNX file itself, of a network of our own, which is in no catalogue. inputs: names of its inputs, where
    it has several. alone: whether it is never copied: a quick one is worth no memory.
    """

    def __init__(
        self, name: str, outputs: Sequence[str] = (), to_onnx: Callable[[bytes], bytes] = bytes, content: bytes = b"",
        inputs: Sequence[str] = ("",), alone: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(name, alone)
        self.outputs = tuple(outputs)
        self._inputs = tuple(inputs)
        self._to_onnx = to_onnx
        self._content = content

    def __call__(self, *blobs: Floats) -> list[Floats]:
        """Return the outputs for an (N, C, H, W) float32 input, or for several; raises ModelError on first use."""
        with self._borrowed() as net:
            for name, blob in zip(self._inputs, blobs, strict=True):
                net.setInput(blob, name)
            # Copied: OpenCV may reuse its buffers in the next call.
            results = net.forward(self.outputs) if self.outputs else [net.forward()]
            return [np.array(out, np.float32) for out in results]

    def _load(self) -> Any:
        import cv2

        content = self._content or self._to_onnx(store.read(self.name))
        return cv2.dnn.readNetFromONNX(np.frombuffer(content, np.uint8))


class LiteNet(_Shared):
    """A TFLite network with one input of a fixed size."""

    def __call__(self, tensor: Floats) -> list[Floats]:
        """Return all outputs, in the file's order, for one float32 input; raises ModelError on first use."""
        with self._borrowed() as net:
            net.set_tensor(net.get_input_details()[0]["index"], tensor)
            net.invoke()
            return [net.get_tensor(out["index"]) for out in net.get_output_details()]

    def _load(self) -> Any:
        content = store.read(self.name)
        with without_info_lines():
            from ai_edge_litert.interpreter import Interpreter

            net = Interpreter(model_content=content, num_threads=max(1, 2 // self.copies()))
            net.allocate_tensors()
        return net


@contextmanager
def copies(number: int) -> Iterator[None]:
    """Let so many threads ask each network at a time, each a copy of it that works on one core.

    For work that asks small networks many times from several threads, and has memory for the copies: two cores do
    twice the work of one then, instead of 1.4 times. Where several ask for copies, all get the most that anybody asked.
    """
    import cv2

    with _Shared.counting:
        if not _Shared.asked:
            _Shared.threads = cv2.getNumThreads()
            cv2.setNumThreads(1)
        _Shared.asked.append(number)
    try:
        yield
    finally:
        with _Shared.counting:
            _Shared.asked.remove(number)
            if not _Shared.asked:
                cv2.setNumThreads(_Shared.threads)


@contextmanager
def without_info_lines() -> Iterator[None]:
    """Keep TensorFlow Lite's greetings off standard error."""
    # The library logs "INFO: Created ..." to file descriptor 2 with no switch to turn it off; what else
    # is written meanwhile, by anyone, is passed on. Two at a time would give it back to the wrong place.
    with _greeting, tempfile.TemporaryFile() as caught:
        sys.stderr.flush()
        kept = os.dup(2)
        os.dup2(caught.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            caught.seek(0)
            for line in caught:
                if not line.startswith(b"INFO:"):
                    os.write(2, line)


def let_lines_through(patience: float = 10.0) -> None:
    """Wait, for so many seconds at most, until what was written while greetings were kept off has been passed on.

    From then on none are kept off: for the end of a process, which does not wait for its threads.
    """
    _greeting.acquire(timeout=patience)


def need_torch(what: str) -> Any:
    """Return the module torch; raises ModelError, which names what needs it, where it is not installed."""
    try:
        import torch
    except ImportError:
        raise ModelError(f"{what} needs torch, which is not installed", hint="pip install 'visard[torch]'") from None
    return torch


@contextmanager
def one_thread(torch: Any) -> Iterator[None]:
    """Run torch on one thread, then let it have its threads back.

    Small networks gain little from more threads, and where another process is busy they wait for each other at every
    layer: measured 2.2 s instead of 0.015 s a picture.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
