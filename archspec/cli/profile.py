"""`archspec profile`: which line, block, layer or kind of operator the milliseconds go to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archspec.cli._image_options import with_size
from archspec.cli._options import (
    catalog,
    format_option,
    output_option,
    plugins_option,
    precision_option,
    put,
    put_lines,
    put_table,
    set_option,
    this_command,
)
from archspec.cli._paths import OutputFile

if TYPE_CHECKING:
    from archspec.devices import Method
    from archspec.export import Precision

WAYS = ("line", "block", "layer", "op")


@click.command()
@click.argument("source", metavar="SPEC|MODEL.tflite")
@set_option
@plugins_option
@click.option("--by", type=click.Choice(WAYS), help="What a row stands for.  [default: line; of a .tflite: layer]")
@click.option("--threads", type=click.IntRange(1, 64), default=1, show_default=True,
              help="Threads that the network runs on.")  # fmt: skip
@precision_option()
@click.option("--method", type=click.Choice(("runtime", "alone")),
              help="Take times from LiteRT's own profiler, or run each operator alone. Without it, the "
                   "first that works.")  # fmt: skip
@click.option("--size", metavar="H,W",
              help="Size of the images that a spec reads, or a .tflite that leaves its size open.")  # fmt: skip
@click.option("--chart", type=OutputFile(), metavar="FILE.svg", help="Write a bar chart to this file too.")
@format_option
@output_option
def profile(
    source: str,
    overrides: tuple[str, ...],
    plugins: tuple[Path, ...],
    by: str | None,
    threads: int,
    precision: Precision,
    method: Method | None,
    size: str | None,
    chart: Path | None,
    reporter: str,
    output: Path | None,
) -> None:
    """Measure how long every operator of SPEC, or of any .tflite, takes on this machine.

    Of a spec its own text is printed, with milliseconds beside each line. Times are scaled so that they add up to a run
    without a profiler; their sum before scaling is printed below.
    """
    from archspec.api.latency import profile_of
    from archspec.record import write_text

    overrides, image_size = with_size(overrides, size)
    report = profile_of(
        source, overrides, catalog(plugins), by=by, threads=threads, precision=precision, method=method,
        size=image_size,
    )  # fmt: skip
    if reporter == "json":
        put(json.dumps(report.to_json(this_command()), indent=2) + "\n", output)
    elif report.by == "line" and reporter == "table":
        put_lines(report.text(), report.notes(), output)
    else:
        put_table(report.to_table(), reporter, output)
    if chart is not None:
        write_text(chart, report.chart())
