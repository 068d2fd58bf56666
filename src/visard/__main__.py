"""The command `visard`; the version is printed without loading anything else."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from visard import __version__


def main() -> None:
    """Run the command line; ends the process with the exit code of errors.py."""
    if sys.argv[1:] == ["--version"]:
        print(f"visard {__version__}")
        return
    # Before OpenBLAS is loaded: its threads spin while they wait for each other, and rooms already run side by side;
    # beside two networks an SVD of a face took a second, not 4 ms.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from visard.cli.app import run

    code = run()
    with suppress(BrokenPipeError):
        sys.stdout.flush()
        sys.stderr.flush()
    # All is written and every thread has ended: to take the networks apart piece by piece takes longer than this.
    os._exit(code)


if __name__ == "__main__":
    main()
