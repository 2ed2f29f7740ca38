"""Everything that the command line says beside its results: one place, where what could drive a terminal is escaped.

Names, paths and values come from files of others; a line of a message may hold any of them.
"""

from __future__ import annotations

import sys

from archspec.errors import escaped


def say(message: object) -> None:
    """Print a message to the error stream at once; its own line breaks stay, other control characters are escaped."""
    print(safe(str(message)), file=sys.stderr, flush=True)


def safe(text: str) -> str:
    """Lines of text that are safe on a terminal."""
    return "\n".join(map(escaped, text.split("\n")))
