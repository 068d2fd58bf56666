"""The command `visard`; the version is printed without loading anything else."""

from __future__ import annotations

import sys

from visard import __version__


def main() -> None:
    """Run the command line; ends the process with the exit code of errors.py."""
    if sys.argv[1:] == ["--version"]:
        print(f"visard {__version__}")
        return
    from visard.cli.app import run

    sys.exit(run())


if __name__ == "__main__":
    main()
