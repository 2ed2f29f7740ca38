"""`archspec cost`: parameters, multiply-adds, memory and file size of specs and any `.tflite`, without TensorFlow."""

from __future__ import annotations

import json
from collections.abc import Sequence
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
    put_tables,
    set_option,
)
from archspec.cli._terminal import say_cautions

if TYPE_CHECKING:
    from archspec.catalog import Catalog
    from archspec.cost import CostSheet
    from archspec.export.file_cost import FileCost
    from archspec.reporters import Table


WIDE_FROM = 5  # networks: up to four stand side by side, one line for each number


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SPEC|MODEL.tflite...")
@set_option
@plugins_option
@format_option
@output_option
@click.option("--layers", "by", flag_value="layer", help="Show one row for each layer; the same as --by layer.")
@click.option("--by", type=click.Choice(("layer", "block", "section")),
              help="Show one row for each layer, block or section instead of totals; of a .tflite for each operator, "
                   "which is its layer.")  # fmt: skip
@click.option("--by-line", is_flag=True, help="Print the YAML itself, with the cost of each line beside it.")
def cost(
    sources: tuple[str, ...],
    overrides: tuple[str, ...],
    plugins: tuple[Path, ...],
    reporter: str,
    output: Path | None,
    by: str | None,
    by_line: bool,
) -> None:
    """Print parameters, operations, memory and file size of one or several specs (a path, or a bundled name).

    Of a .tflite, anybody's, the same as the file says it. What is counted, and how, is written below the table. JSON
    of one is one object, of several a list.
    """
    from archspec.file_kinds import TFLITE, kind_of_file

    if (by or by_line) and len(sources) > 1:
        raise click.UsageError("--layers, --by and --by-line take one spec. Price them one by one")
    if by and by_line:
        raise click.UsageError("--by-line prints lines, --layers and --by print layers, blocks or sections. Take one")
    files = [source for source in sources if kind_of_file(source) == TFLITE]
    if not files:
        _price_specs(sources, overrides, catalog(plugins), reporter, output, by, by_line)
        return
    if by_line or by in ("block", "section"):
        raise click.UsageError(f"{files[0]} is a .tflite, which has no lines, blocks or sections. Take --by layer")
    if len(files) == len(sources) and overrides:
        raise click.UsageError("--set changes specs, and there is none. Leave it out")
    _price_files(sources, files, overrides, catalog(plugins), reporter, output, by)


def _price_specs(
    sources: tuple[str, ...], overrides: tuple[str, ...], folder: Catalog, reporter: str, output: Path | None,
    by: str | None, by_line: bool,
) -> None:  # fmt: skip
    from archspec.network import Network

    networks = [Network.load(source, overrides, catalog=folder) for source in sources]
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
        put_table(_stood(sheets_table(sheets), len(sheets), reporter), reporter, output)


def _price_files(
    sources: tuple[str, ...], files: list[str], overrides: tuple[str, ...], folder: Catalog, reporter: str,
    output: Path | None, by: str | None,
) -> None:  # fmt: skip
    """`.tflite` files, with the specs that stand among them: without the graph of any file."""
    from archspec.api.networks import file_cost
    from archspec.export.file_tables import files_table, kinds_table, operators_table
    from archspec.network import Network

    costs = [
        file_cost(source) if source in files else Network.load(source, overrides, catalog=folder).cost
        for source in sources
    ]
    first = costs[0]
    if by:
        table = operators_table(file_cost(files[0]))
        if reporter == "json":
            put(json.dumps({**first.to_json(), "layers": table.objects()}, indent=2) + "\n", output)
        else:
            put_table(table, reporter, output)
    elif reporter == "json":
        put(_json(costs), output)
    elif len(costs) == 1 and reporter not in DATA_FORMATS:
        file = file_cost(files[0])
        put_tables([_stood(files_table(costs), 1, reporter), kinds_table(file, notes=False)], reporter, output)
    else:
        put_table(_stood(files_table(costs), len(costs), reporter), reporter, output)


def _stood(table: Table, rows: int, reporter: str) -> Table:
    """For people, few networks side by side; data formats keep one row for each."""
    from archspec.reporters import transposed

    return transposed(table) if reporter not in DATA_FORMATS and rows < WIDE_FROM else table


def _json(costs: Sequence[CostSheet | FileCost]) -> str:
    objects = [cost.to_json() for cost in costs]
    return json.dumps(objects[0] if len(objects) == 1 else objects, indent=2) + "\n"
