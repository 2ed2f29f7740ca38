"""`archspec weights`: trained weights from elsewhere into a network of ours, and what a file of weights holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from archspec.cli._options import (
    catalog,
    format_option,
    more_kinds_option,
    output_option,
    plugins_option,
    put_table,
    set_option,
)
from archspec.cli._paths import OutputFile

if TYPE_CHECKING:
    from archspec.catalog import Catalog
    from archspec.graph import Graph
    from archspec.spec import ExpandedSpec


@click.group()
def weights() -> None:
    """Import trained weights, or show what is in a file of weights."""


@weights.command(name="import")
@click.argument("file")
@click.argument("spec", required=False)
@click.option("--as", "format_name", metavar="FORMAT",
              help="Format of FILE; `archspec weights show` lists the formats. archspec's own files, .pth and "
                   "TensorFlow's checkpoints need none.")  # fmt: skip
@click.option("--only", multiple=True, metavar="NAME",
              help="Load only this section (such as backbone) or layer. Repeatable.")  # fmt: skip
@click.option("--output", type=OutputFile(), required=True, metavar="FILE.npz",
              help="File to write; a spec names it as `weights: FILE.npz`.")  # fmt: skip
@click.option("--every", is_flag=True, help="Show one row for each array, not one for each part of the network.")
@set_option
@plugins_option
@format_option
def import_command(
    file: str,
    spec: str | None,
    format_name: str | None,
    only: tuple[str, ...],
    output: Path,
    every: bool,
    overrides: tuple[str, ...],
    plugins: tuple[Path, ...],
    reporter: str,
) -> None:
    """Convert FILE to the conventions of SPEC (a path, or a bundled name), and write the weights that were loaded.

    Without SPEC it is the bundled network that the file fits. The table lists what was loaded, what was skipped and
    why; what does not fit is an error.
    """
    from archspec.network import import_weights
    from archspec.weights import imported_table, save_weights, usual_format

    folder = catalog(plugins)
    name = format_name or usual_format(file)
    network, graph, words = _network(file, spec, name, overrides, folder)
    found = import_weights(file, name, graph, output_stride=network.output_stride, only=only)
    save_weights(output, found.arrays, graph, spec=found.spec, settings=found.settings, source=Path(file).name)
    put_table(imported_table(found, graph, words, output, every or reporter != "table"), reporter, None)


def _network(
    file: str, spec: str | None, format_name: str, overrides: tuple[str, ...], folder: Catalog
) -> tuple[ExpandedSpec, Graph, str]:
    """The network that is wanted, and how to call it."""
    from archspec.errors import user_error
    from archspec.network import Network, hold_weights

    if spec is None:
        held = hold_weights(file, format_name)
        if not held.spec:
            raise user_error("the file does not say which network it is of", "Name a SPEC after the file")
        spec, overrides = held.spec, (*held.settings, *overrides)
    found = Network.load(spec, overrides, catalog=folder)
    return found.expanded, found.graph, " ".join((spec, *(f"--set {setting}" for setting in overrides)))


@weights.command()
@click.argument("file", required=False)
@click.option("--as", "format_name", metavar="FORMAT", help="Format of FILE, where its name does not tell it.")
@more_kinds_option
@format_option
@output_option
def show(file: str | None, format_name: str | None, reporter: str, output: Path | None) -> None:
    """List every tensor of FILE by its own name. Without FILE, list the formats with their conventions."""
    from archspec.weights import formats_table, read_shapes, tensors_table, usual_format

    if file is None:
        put_table(formats_table(), reporter, output)
        return
    name = format_name or usual_format(file)
    put_table(tensors_table(file, name, read_shapes(file, name)), reporter, output)
