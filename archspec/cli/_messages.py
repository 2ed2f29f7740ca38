"""Everything that the command line says beside its results: one place, where what could drive a terminal is escaped.

Names, paths and values come from files of others; a line of a message may hold any of them.
"""

from __future__ import annotations

import re
import sys

import click

from archspec.errors import escaped, nearest

_NOT_ONE_OF = re.compile(r"(['\"])(?P<word>.*?)\1 is not one of ", re.DOTALL)
_NO_COMMAND = re.compile(r"No such command '(?P<word>.*)'", re.DOTALL)


def say(message: object) -> None:
    """Print a message to the error stream at once; its own line breaks stay, other control characters are escaped."""
    print(safe(str(message)), file=sys.stderr, flush=True)


def safe(text: str) -> str:
    """Lines of text that are safe on a terminal."""
    return "\n".join(map(escaped, text.split("\n")))


def usage_message(error: click.ClickException) -> str:
    """What click says of a wrong command line, with the nearest option, value or command for one that is not there."""
    message = error.format_message()
    if isinstance(error, click.NoSuchOption) and error.ctx is not None:
        options = [name for one in error.ctx.command.get_params(error.ctx) for name in one.opts if name[:2] == "--"]
        return f"no option '{error.option_name}'. {nearest(error.option_name, options)}"
    command = error.ctx.command if isinstance(error, click.UsageError) and error.ctx is not None else None
    unknown = _NO_COMMAND.match(error.message)
    if unknown and isinstance(command, click.Group):
        commands = command.list_commands(error.ctx)  # type: ignore[attr-defined]
        return f"no command '{unknown['word']}'. {nearest(unknown['word'], commands)}"
    kind = error.param.type if isinstance(error, click.BadParameter) and error.param is not None else None
    wrong = _NOT_ONE_OF.match(error.message)
    if wrong and isinstance(kind, click.Choice):
        close = nearest(wrong["word"], kind.choices)
        return f"{message} {close}" if close.startswith("Did") else message
    return message
