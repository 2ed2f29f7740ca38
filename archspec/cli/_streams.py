"""Standard input, output and error: there before a command runs, and given up when they cannot be written.

A descriptor 0, 1 or 2 that is closed is the first that the next file gets: what a library prints would then stand in
that file. So whatever is closed becomes the null device, and closed standard output is a fault.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from archspec.errors import user_error

_OUTPUT, _ERROR = 1, 2


def open_standard_streams() -> None:
    """Open what is closed; exit with 2 and a line where it is standard output, which would be lost."""
    closed = [number for number in (0, _OUTPUT, _ERROR) if not _is_open(number)]
    for _ in closed:
        os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
    if _ERROR in closed or sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - for the life of the process
    if sys.stdout is None:
        fault = user_error("standard output is closed", "Send it to a file, to a pipe, or to /dev/null")
        print(f"archspec: {fault}", file=sys.stderr)
        sys.exit(2)


def discard_output() -> None:
    """What is still buffered goes nowhere, so that the end of the process says nothing more of it."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
