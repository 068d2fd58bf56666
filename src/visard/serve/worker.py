"""The process in which files are opened: takes orders as lines of JSON, tells what happens as lines of JSON.

A process of its own, so that a time limit can end it and a broken file cannot take the service with it. It ends when
its orders do, whatever it is at.
"""

from __future__ import annotations

import importlib
import json
import os
import queue
import sys
import threading
from collections.abc import Callable
from typing import Any, TextIO

Tell = Callable[[dict[str, Any]], None]

ORDERS = {
    "look": "looking:look",
    "hide": "hiding:hide",
    "page": "hiding:page",
    "frame": "viewing:frame",
    "preview": "viewing:preview",
    "face": "viewing:face",
    "follow": "viewing:follow",
}
"""Order -> module and function of this room; each takes the order's values and a way to tell, and returns values."""


def main() -> None:
    """Do what standard input asks for until it closes; answers go to standard output, and nothing else does."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    orders: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(orders,), daemon=True).start()
    lock = threading.Lock()

    def tell(event: dict[str, Any]) -> None:
        with lock:
            _write(answers, event)

    while True:
        order = orders.get()
        tell(_answer(order, tell))


def _listen(orders: queue.SimpleQueue[dict[str, Any]]) -> None:
    for line in sys.stdin:
        orders.put(json.loads(line))
    os._exit(0)  # the service has ended: nobody would take what is still being made


def _answer(order: dict[str, Any], tell: Tell) -> dict[str, Any]:
    from visard.errors import VisardError
    from visard.serve.refusals import in_words

    module, _, function = ORDERS[order.pop("order")].partition(":")
    try:
        work = getattr(importlib.import_module(f"visard.serve.{module}"), function)
        return {"end": work(tell=tell, **order)}
    except VisardError as error:
        return {"fault": in_words(error)}
    except MemoryError:
        return {"fault": {"what": "it does not fit into memory", "hint": "scale it down, or cut it into parts"}}
    except Exception as error:  # the message could hold a name or a path
        return {"fault": {"what": f"unexpected {type(error).__name__}", "hint": "please report this kind of file"}}


def _write(answers: TextIO, event: dict[str, Any]) -> None:
    answers.write(json.dumps(event) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
