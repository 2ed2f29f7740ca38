"""`archspec space`: how many networks a spec with open choices stands for, what they cost, and the cheapest front."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from archspec.cli._options import catalog, format_option, output_option, plugins_option, put, put_table, set_option

if TYPE_CHECKING:
    from archspec.reporters import Table
    from archspec.search.space.survey import Survey

SAMPLE = 1000


@click.command()
@click.argument("spec")
@set_option
@plugins_option
@click.option(
    "--sample",
    "count",
    type=click.IntRange(1, 1_000_000),
    default=SAMPLE,
    show_default=True,
    metavar="N",
    help="How many points to price. A space of up to 2000 points, or up to N, is priced whole.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the sample.")
@click.option(
    "--front",
    "front",
    default="params,gflops",
    show_default=True,
    metavar="PRICES",
    help="What the front trades off, the less the better; `+receptive_field`: the more the better.",
)
@click.option(
    "--limit",
    "limits",
    multiple=True,
    metavar="PRICE=MAXIMUM",
    help="Say which share of the points fits, e.g. --limit gflops=0.5. Repeatable.",
)
@format_option
@output_option
def space(
    spec: str,
    overrides: tuple[str, ...],
    plugins: tuple[Path, ...],
    count: int,
    seed: int,
    front: str,
    limits: tuple[str, ...],
    reporter: str,
    output: Path | None,
) -> None:
    """Survey a search space (a spec with open choices; a path, or a bundled name) in seconds, without TensorFlow.

    Tables tell the number of points, how many are distinct networks, the distribution of their cost, and the front.
    CSV has one row a point that was priced. Prices: gflops, params, tflite_mb, int8_mb, peak_memory_mb,
    memory_access_mb, receptive_field.
    """
    from archspec.cli._progress import count_bar
    from archspec.cli._space_report import front_tables, json_text, points_table, read_wanted, survey_table
    from archspec.search.space import Space
    from archspec.search.space.survey import survey
    from archspec.spec import load
    from archspec.spec.overrides import closed_choices

    wanted, folder = read_wanted(front, limits), catalog(plugins)
    found = Space.of(load(spec, overrides, catalog=folder))
    closed = closed_choices(load(spec, catalog=folder), found.spec) if overrides else ()
    with count_bar(f"pricing {found.spec.name}") as progress:
        result = survey(found, count, seed, wanted.prices, progress)
    if reporter == "json":
        put(json_text(found, result, wanted, seed, closed), output)
    elif reporter == "csv":
        put_table(points_table(found, result, wanted), reporter, output)
    else:
        tables = [survey_table(found, result, wanted, seed, closed), *front_tables(found, result, wanted)]
        _put_tables(tables, reporter, output)
    _need_one(result)


def _put_tables(tables: list[Table], reporter: str, output: Path | None) -> None:
    from archspec.reporters import render

    if output is not None:
        put("\n".join(render(table, reporter) for table in tables), output)
        return
    for number, table in enumerate(tables):
        if number:
            put("\n", None)
        put_table(table, reporter, None)


def _need_one(result: Survey) -> None:
    """A space of which nothing could be built is a mistake, whatever was printed."""
    from archspec.errors import user_error

    if not result.points:
        reason = max(result.failures.values(), key=lambda failure: failure.count).reason
        raise user_error(f"none of {result.looked_at} points can be built", f"Most often: {reason}")
