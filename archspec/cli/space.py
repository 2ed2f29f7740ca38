"""`archspec space`: how many networks a spec with open choices stands for, what they cost, and the cheapest front."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from archspec.cli._options import (
    catalog,
    format_option,
    output_option,
    plugins_option,
    put,
    put_table,
    put_tables,
    set_option,
)
from archspec.cli._terminal import count_bar
from archspec.errors import nearest, user_error

if TYPE_CHECKING:
    from archspec.search.space.report import Wanted
    from archspec.search.space.survey import Survey

SAMPLE = 1000


@click.command()
@click.argument("spec")
@set_option
@plugins_option
@click.option("--sample", "count", type=click.IntRange(1, 1_000_000), default=SAMPLE, show_default=True, metavar="N",
              help="How many points to price. A space of up to 2000 points, or up to N, is priced "
                   "completely.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the sample.")
@click.option("--front", "front", default="params,gflops", show_default=True, metavar="PRICES",
              help="Prices that the front trades off. Less is better, except of one that is written with "
                   "a plus: `+receptive_field`.")  # fmt: skip
@click.option("--limit", "limits", multiple=True, metavar="PRICE=MAXIMUM",
              help="Say which share of the points stays within a limit, e.g. --limit gflops=0.5. "
                   "Repeatable.")  # fmt: skip
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

    Tables show the number of points, how many are distinct networks, the distribution of their costs, and the front.
    CSV has one row for each point that was priced. Prices: gflops, params, tflite_mb, int8_mb, peak_memory_mb,
    memory_access_mb, receptive_field.
    """
    from archspec.search.space import Space
    from archspec.search.space.report import front_tables, json_text, points_table, survey_table
    from archspec.search.space.survey import survey
    from archspec.spec import closed_choices, load

    wanted, folder = _wanted(front, limits), catalog(plugins)
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
        put_tables(tables, reporter, output)
    _need_one(result)


def _wanted(front_text: str, limit_texts: tuple[str, ...]) -> Wanted:
    """What --front and --limit ask for. Raises `UserError`."""
    from archspec.search.space.report import Wanted

    names = [name.strip() for name in front_text.split(",") if name.strip()]
    if not names:
        raise user_error("--front names no price", "Write --front params,gflops")
    least = tuple(_known(name, "--front") for name in names if not name.startswith("+"))
    most = tuple(_known(name[1:], "--front") for name in names if name.startswith("+"))
    if len(set(least + most)) < len(names):
        raise user_error(f"--front names a price twice ({front_text})", "Name each once")
    return Wanted(least, most, dict(map(_limit, limit_texts)))


def _known(name: str, option: str) -> str:
    from archspec.search.space.survey import PRICES

    if name not in PRICES:
        raise user_error(f"{option}: unknown price '{name}'", nearest(name, PRICES))
    return name


def _limit(text: str) -> tuple[str, float]:
    name, equals, value = text.replace("<=", "=").partition("=")
    try:
        maximum = float(value)
    except ValueError:
        maximum = float("nan")
    if not equals or not 0 <= maximum < float("inf"):
        raise user_error(f"--limit: not a limit ('{text}')", "Write --limit gflops=0.5")
    return _known(name.strip(), "--limit"), maximum


def _need_one(result: Survey) -> None:
    """A space of which nothing could be built is a mistake, whatever was printed."""
    if not result.points:
        reason = max(result.failures.values(), key=lambda failure: failure.count).reason
        raise user_error(f"none of {result.looked_at} points can be built", f"Most often: {reason}")
