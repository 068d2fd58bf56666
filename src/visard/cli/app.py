"""The command line as a whole: verbs are loaded when called; every failure is one line and an exit code."""

from __future__ import annotations

import ctypes
import importlib
import os
import sys
import traceback
from pathlib import Path
from typing import Any

import click

from visard.errors import Interrupted, VisardError

VERBS = {
    "hide": "Hide the people in pictures, videos and folders.",
    "find": "Write what would be hidden, as JSON or CSV, to look at or to edit.",
    "check": "Doubt a hidden file: compare it with its original.",
    "count": "Count the people in pictures, videos and folders, before and after hiding.",
    "live": "Hide the people in a camera's pictures or a stream, while it runs.",
    "keygen": "Make a key for one who may open what is sealed.",
    "unseal": "Give the hidden pixels back to whoever holds a key.",
    "reveal": "Bring faces back that a network hid under a password.",
    "edit": "Strengthen or weaken an attribute of faces, by degrees.",
    "share": "Disclose one person's originals, and nobody else's.",
    "rekey": "Seal the same originals for other recipients.",
    "attack": "Try to recognise the people in hidden pictures.",
    "evaluate": "Hide, attack and measure pictures of known people, as one table.",
    "serve": "Serve a page for finding, reviewing and hiding, and an HTTP service.",
    "models": "List, fetch and verify the networks that visard uses.",
    "train": "Make donors, and teach networks, from your own photos.",
}


class _Verbs(click.Group):
    """A group that knows its verbs by name and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command: click.Command = importlib.import_module(f"visard.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="visard", message="visard %(version)s")
def app() -> None:
    """Replace the identity of people in pictures and videos, keep everything else, and prove it.

    Exit codes: 0 done and checked; 1 several kinds of failure, or an unexpected one; 2 usage or policy;
    3 a source cannot be read; 4 a result cannot be written; 5 a check failed; 6 a model is missing or
    altered; 7 nothing found (--strict); 8 a seal cannot be opened; 130 stopped.
    """


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code; failures are one line on standard error."""
    _use_one_heap()
    try:
        result: Any = app.main(arguments, prog_name="visard", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except VisardError as error:
        return _fail(str(error), error.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return error.exit_code
    except click.UsageError as error:
        verb = error.ctx.command_path if error.ctx else "visard"
        return _fail(f"{error.format_message().rstrip('.')}; see {verb} --help", error.exit_code)
    except click.ClickException as error:
        return _fail(error.format_message(), error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        return _fail("stopped", Interrupted.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # a fault of ours is a line like any other, and says where it lies
        what = f"unexpected {type(error).__name__}: {error}"
        return _fail(str(VisardError(what, where=_place(error), hint="please report it")), VisardError.exit_code)


def _use_one_heap() -> None:
    """Tell glibc to keep one heap for all threads and to give large blocks back.

    Its default, a heap for each thread, keeps up to 80 MB of freed frames. Other systems need no telling.
    """
    arena_max, mmap_threshold = -8, -3
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(arena_max, 1)
    mallopt(mmap_threshold, 8_000_000)


def _place(error: Exception) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(last.filename).name}:{last.lineno}"


def _fail(line: str, code: int) -> int:
    click.echo(f"visard: {line}", err=True)
    return code
