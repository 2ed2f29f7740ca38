"""`archspec delegates`: which operators leave a phone's accelerators, and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from archspec.cli._options import (
    catalog,
    format_option,
    output_option,
    plugins_option,
    precision_option,
    put_table,
    set_option,
)

if TYPE_CHECKING:
    from archspec.measures._in_turns import Subject
    from archspec.reporters import Table

KINDS = ("xnnpack", "gpu", "nnapi")


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SPEC|MODEL.tflite...")
@set_option
@plugins_option
@precision_option()
@click.option("--delegate", "only", type=click.Choice(KINDS), help="List one delegate only.")
@format_option
@output_option
def delegates(
    sources: tuple[str, ...],
    overrides: tuple[str, ...],
    plugins: tuple[Path, ...],
    precision: str,
    only: str | None,
    reporter: str,
    output: Path | None,
) -> None:
    """List the operators of SPEC, or of any .tflite, that an accelerator of a phone would leave to the CPU.

    Nothing is run: the answer comes from a table of what each delegate takes, whose sources and dates are printed
    below.
    """
    from archspec.measures._in_turns import subjects

    found, _ = subjects(sources, catalog(plugins), overrides, (precision,))
    put_table(_table(found, (only,) if only else KINDS), reporter, output)


def _table(found: list[Subject], kinds: tuple[str, ...]) -> Table:
    from archspec.export.delegates import falls_back, refusals, sources_of
    from archspec.reporters import Cell, Column, Table

    columns = (
        Column("network", "Network"),
        Column("delegate", "Delegate"),
        Column("stays", "Stays on delegate"),
        Column("operator", "Operator"),
        Column("count", "Ops", kind="integer"),
        Column("why", "Why it falls back", wraps=True),
        Column("first", "First of them", detail=True),
    )
    rows: list[tuple[Cell, ...]] = []
    for subject in found:
        for kind in kinds:
            left = refusals(subject.census, kind)
            stays = falls_back(len(left))
            groups = {(one.operator, one.why): one for one in reversed(left)}
            if not groups:
                rows.append((subject.name, kind, stays, None, None, None, None))
            for (operator, why), first in reversed(groups.items()):
                count = sum((one.operator, one.why) == (operator, why) for one in left)
                rows.append((subject.name, kind, stays, operator, count, why, first.node))
    return Table("", columns, tuple(rows), tuple(line for kind in kinds for line in sources_of(kind)))
