"""Help: every command and every option says in whole sentences what it does."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click
import pytest

from archspec.cli import archspec_command


def commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """It and all below it, by the words that call it."""
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for word in command.list_commands(context):
            below = command.get_command(context, word)
            assert below is not None
            yield from commands(below, f"{name} {word}")


ALL = dict(commands(archspec_command, "archspec"))


@pytest.mark.parametrize("name", ALL)
def test_a_command_says_what_it_does(name: str) -> None:
    text = ALL[name].help or ""
    first = text.partition("\n\n")[0]
    assert re.match(r"[A-Z]", first) and first.rstrip().endswith("."), f"{name}: '{first}'"


@pytest.mark.parametrize("name", ALL)
def test_an_option_says_what_it_does(name: str) -> None:
    for option in ALL[name].params:
        if isinstance(option, click.Option):
            text = option.help or ""
            assert re.match(r"[A-Z]", text), f"{name} {option.opts[0]}: '{text}'"
            assert text.rstrip().endswith((".", "]")), f"{name} {option.opts[0]}: '{text}'"
            assert len(text.split()) > 2, f"{name} {option.opts[0]}: '{text}'"
