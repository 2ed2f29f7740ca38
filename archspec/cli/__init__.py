"""The `archspec` command: each subcommand is a file here with a click command of its own name, imported when called."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import click

import archspec
from archspec.catalog import load, members, plugins_of_call
from archspec.cli._paths import WORDS
from archspec.cli._terminal import discard_output, open_standard_streams, say, usage_message
from archspec.errors import NOWHERE, Problem, UserError, nearest

USER_ERROR = 2
INTERRUPTED = 130


class Commands(click.Group):
    """Subcommands by file name; nothing is imported before it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command file."""
        return sorted(members("commands"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, or None."""
        if cmd_name not in self.list_commands(ctx):
            return None
        return cast(click.Command, getattr(load("commands", cmd_name), cmd_name))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with the nearest name for one that does not exist."""
        if args and args[0] not in self.list_commands(ctx) and not args[0].startswith("-"):
            raise click.UsageError(f"no command '{args[0]}'. {nearest(args[0], self.list_commands(ctx))}", ctx)
        ctx.meta[WORDS] = tuple(args)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """As click does, once the current folder is known to exist.

        A pipe whose reader has closed it is no error here: click would make it one.
        """
        try:
            os.getcwd()
        except OSError as error:
            fact = f"the current folder cannot be used ({error.strerror}): was it removed?"
            raise click.ClickException(f"{fact} Change to another one") from None
        try:
            with plugins_of_call():
                result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            discard_output()
            raise click.exceptions.Exit(0) from None
        return result


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(archspec.__version__, prog_name="archspec")
def archspec_command() -> None:
    """Build, price, train, search and export semantic segmentation networks for phones, each written as a YAML spec."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit: with 0, with 2 for a mistake that the user can correct, with 130 when interrupted."""
    open_standard_streams()
    _warn_of_namesake()
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except OSError as error:
        say(f"archspec: {_fault_of_system(error)}")
        code = USER_ERROR
    sys.exit(code)


def _run(arguments: Sequence[str] | None) -> int:
    """The exit code of one command; its faults are printed."""
    try:
        code = archspec_command.main(arguments, prog_name="archspec", standalone_mode=False)
    except UserError as error:
        lines, code = [str(fault) for fault in error.faults], USER_ERROR
    except Problem as problem:  # a fact that nobody between here and there could place
        lines, code = [f"archspec: {problem.at(NOWHERE)}"], USER_ERROR
    except click.exceptions.NoArgsIsHelpError as help_wanted:
        lines, code = [help_wanted.format_message()], USER_ERROR
    except click.ClickException as error:
        lines, code = [f"archspec: {usage_message(error)}"], USER_ERROR
    except (KeyboardInterrupt, click.Abort):
        lines, code = ["archspec: interrupted; what was finished is kept"], INTERRUPTED
    else:
        return code if isinstance(code, int) else 0  # a command that raises `Exit` comes back as its code
    for line in lines:
        say(line)
    return int(code)


def _fault_of_system(error: OSError) -> str:
    """What the system refused: a file that was not checked before, else the output."""
    reason = error.strerror or str(error)
    if error.filename:
        return f"{error.filename}: cannot be used ({reason})"
    discard_output()
    return f"the output cannot be written ({reason}). Free the disk, or send it elsewhere"


def _warn_of_namesake() -> None:
    """Another distribution of the import name `archspec` (a CPU library that conda uses) lies in the same folder."""
    if (Path(archspec.__file__).parent / "cpu" / "__init__.py").is_file():
        say(
            "archspec: the unrelated package 'archspec' (a CPU library) is installed in this environment too; "
            "they overwrite each other. Install archspec-keras in a virtual environment of its own."
        )
