"""`archspec show`: the expanded spec, the graph as a tree or a diagram, the dense prediction cell as DeepLab's JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archspec.cli._options import catalog, output_option, plugins_option, put, put_table, set_option, wide_option
from archspec.errors import user_error

if TYPE_CHECKING:
    from archspec.network import Network

FORMS = ("spec", "tree", "mermaid", "cell")


@click.command()
@click.argument("spec")
@click.option("--as", "form", type=click.Choice(FORMS), default="spec", show_default=True,
              help="Form in which the spec is shown.")  # fmt: skip
@click.option("--layers", is_flag=True, help="Show every layer of a tree or diagram instead of every block.")
@set_option
@plugins_option
@output_option
@wide_option
def show(
    spec: str, form: str, layers: bool, overrides: tuple[str, ...], plugins: tuple[Path, ...], output: Path | None
) -> None:
    """Show SPEC as a complete spec, as a tree, as a diagram, or its dense prediction cell.

    spec: with every part and selector written out. tree: blocks with shapes and costs. mermaid: a diagram that GitHub
    draws. cell: the branches of the dense prediction cell in DeepLab's JSON, which --set head.branches=@FILE reads
    back.
    """
    from archspec.network import Network

    if layers and form not in ("tree", "mermaid"):
        raise click.UsageError(f"--layers is for --as tree and --as mermaid, not for --as {form}. Leave it out")
    network = Network.load(spec, overrides, catalog=catalog(plugins))
    graph = network.graph  # a spec of which no network can be built is refused in every form
    if form == "spec":
        from archspec.spec import dump_expanded

        put(dump_expanded(network.expanded), output)
    elif form == "cell":
        put(json.dumps(_cell(network), indent=2) + "\n", output)
    else:
        from archspec.cost import mermaid, tree, tree_table

        if form == "tree" and output is None and sys.stdout.isatty():
            put_table(tree_table(graph, layers), "table", None)
            return
        put(mermaid(graph, layers) if form == "mermaid" else tree(graph, layers), output)


def _cell(network: Network) -> list[dict[str, Any]]:
    import inspect

    from archspec.catalog import Catalog

    for section in network.expanded.sections:
        for step in section.steps:
            if step.block == "dpc":
                default = inspect.signature(Catalog().function("dpc")).parameters["branches"].default
                branches = step.arguments.get("branches", default)
                return [dict(branch) for branch in branches]
    raise user_error(
        "this network has no dense prediction cell",
        "Use a spec whose head is dpc",
        place=network.expanded.sections[0].place,
    )
