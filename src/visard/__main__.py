"""The command `visard`; the version is printed without loading anything else."""

from __future__ import annotations

import atexit
import io
import os
import signal
import sys
import warnings
from contextlib import suppress

from visard import __version__

_STOPPED = 130


def main() -> None:
    """Run the command line; ends the process with the exit code of errors.py."""
    if sys.argv[1:] == ["--version"]:
        print(f"visard {__version__}")
        return
    # Before OpenBLAS is loaded: its threads spin while they wait for each other, and rooms already run side by side;
    # beside two networks an SVD of a face took a second, not 4 ms.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    _stop_alike()
    _keep_to_lines()
    try:
        from visard.cli.app import run

        code = run()
    except KeyboardInterrupt:  # before there was anybody to take it
        print("visard: stopped", file=sys.stderr)
        code = _STOPPED
    with suppress(BrokenPipeError):
        sys.stdout.flush()
        sys.stderr.flush()
    if runtimes := sys.modules.get("visard.models.runtimes"):
        runtimes.let_lines_through()  # a failure is quicker than the networks that load meanwhile
    if code == _STOPPED:
        # Whoever stops it twice does not wait for threads that still write: their drafts, and copies of originals, go.
        atexit._run_exitfuncs()
    # All is written: to take the networks apart piece by piece takes longer than this.
    os._exit(code)


def _keep_to_lines() -> None:
    """Have names of files that are no text printed as they are, and no library's warnings beside our lines."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")
    if not sys.warnoptions:
        warnings.simplefilter("ignore")


def _stop_alike() -> None:
    """Have the end of a terminal, of a container or of a service stop a run as Ctrl-C does: nothing is left behind."""
    for name in ("SIGTERM", "SIGHUP"):  # not every system has both
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)


if __name__ == "__main__":
    main()
