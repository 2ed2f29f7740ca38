"""`archspec cost`: parameters, multiply-adds, memory and file size at once, without TensorFlow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from archspec.cli._options import (
    DATA_FORMATS,
    catalog,
    format_option,
    output_option,
    plugins_option,
    put,
    put_lines,
    put_table,
    set_option,
)
from archspec.cli._terminal import say_cautions

if TYPE_CHECKING:
    from archspec.cost import CostSheet


WIDE_FROM = 5  # networks: up to four stand side by side, one line for each number


@click.command()
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...")
@set_option
@plugins_option
@format_option
@output_option
@click.option("--layers", "by", flag_value="layer", help="Show one row for each layer; the same as --by layer.")
@click.option("--by", type=click.Choice(("layer", "block", "section")),
              help="Show one row for each layer, block or section instead of totals.")  # fmt: skip
@click.option("--by-line", is_flag=True, help="Print the YAML itself, with the cost of each line beside it.")
def cost(
    specs: tuple[str, ...],
    overrides: tuple[str, ...],
    plugins: tuple[Path, ...],
    reporter: str,
    output: Path | None,
    by: str | None,
    by_line: bool,
) -> None:
    """Print parameters, operations, memory and file size of one or several specs (a path, or a bundled name).

    What is counted, and how, is written below the table. JSON of one spec is one object, of several a list.
    """
    from archspec.network import Network

    if (by or by_line) and len(specs) > 1:
        raise click.UsageError("--layers, --by and --by-line take one spec. Price them one by one")
    if by and by_line:
        raise click.UsageError("--by-line prints lines, --layers and --by print layers, blocks or sections. Take one")
    folder = catalog(plugins)
    networks = [Network.load(source, overrides, catalog=folder) for source in specs]
    network = networks[0]
    say_cautions(networks)
    if by_line:
        from archspec.cost import COSTS, by_line_table, lines_of, lines_text

        lines = lines_of(network.spec, network.graph)
        if reporter == "table":
            put_lines(lines_text(lines, COSTS), (), output)
        else:
            put_table(by_line_table(network.graph.name, lines), reporter, output)
        return
    from archspec.cost import detail_json, detail_table, sheets_table

    if by:
        if reporter == "json":
            put(detail_json(network.graph, network.cost, by), output)
        else:
            put_table(detail_table(network.graph, by), reporter, output)
        return
    sheets = [network.cost for network in networks]
    if reporter == "json":
        put(_json(sheets), output)
    else:
        from archspec.reporters import transposed

        table = sheets_table(sheets)
        for_people = reporter not in DATA_FORMATS  # which keep one row for each network
        put_table(transposed(table) if for_people and len(sheets) < WIDE_FROM else table, reporter, output)


def _json(sheets: list[CostSheet]) -> str:
    import json

    objects = [sheet.to_json() for sheet in sheets]
    return json.dumps(objects[0] if len(objects) == 1 else objects, indent=2) + "\n"
