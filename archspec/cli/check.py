"""`archspec check`: every fault of one or many specs, without building anything."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from archspec.cli._options import catalog, plugins_option, set_option
from archspec.cli._terminal import safe, say, say_cautions
from archspec.errors import UserError

if TYPE_CHECKING:
    from archspec.catalog import Catalog


@click.command()
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...")
@set_option
@plugins_option
def check(specs: tuple[str, ...], overrides: tuple[str, ...], plugins: tuple[Path, ...]) -> None:
    """Check specs for mistakes: syntax, names, types, values, geometry. Nothing is built.

    A spec with open choices is checked as far as it is fixed. All mistakes of all files are printed; where there is
    one, the command exits with 2. Cautions are of what can be built and does nothing at this size of the image.
    """
    folder = catalog(plugins)
    faults = 0
    for source in specs:
        try:
            print(safe(f"{source}: {_verdict(source, overrides, folder)}"))
        except UserError as error:
            faults += len(error.faults)
            for fault in error.faults:
                say(fault)
    if faults:
        say(f"{faults} fault{'s' if faults > 1 else ''}")
        raise click.exceptions.Exit(2)


def _verdict(source: str, overrides: tuple[str, ...], folder: Catalog) -> str:
    from archspec.graph.program import build_program
    from archspec.network import Network

    network = Network.load(source, overrides, catalog=folder)
    choices = network.spec.choices()
    if choices:
        plural = "s" if len(choices) > 1 else ""
        return f"valid, with {len(choices)} open choice{plural} ({', '.join(choice.path for choice in choices)})"
    build_program(network.graph)  # every layer has a rule for the phone
    network.with_auxiliary()  # which raises what is wrong with a head
    say_cautions([network])
    return f"valid, {len(network.graph.nodes)} layers"
