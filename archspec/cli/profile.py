"""`archspec profile`: which line, block, layer or kind of operator the milliseconds go to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    representative_option,
    set_option,
    this_command,
)
from archspec.cli._paths import OutputFile

if TYPE_CHECKING:
    from archspec.devices import Method
    from archspec.export import Precision
    from archspec.measures import SensitivityReport

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
@click.option("--sensitivity", is_flag=True,
              help="With --precision int8: what quantising each layer costs the logits in signal-to-noise, beside its "
                   "milliseconds.")  # fmt: skip
@representative_option
@click.option("--data", metavar="NAME:FOLDER",
              help="With --sensitivity: data set to take the mean IoU on, of the first layers in float32.")  # fmt: skip
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Take it on the first N images only.")
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
    sensitivity: bool,
    representative: Path | None,
    data: str | None,
    limit: int | None,
    size: str | None,
    chart: Path | None,
    reporter: str,
    output: Path | None,
) -> None:
    """Measure how long every operator of SPEC, or of any .tflite, takes on this machine.

    Of a spec its own text is printed, with milliseconds beside each line. Times are scaled so that they add up to a run
    without a profiler; their sum before scaling is printed below. With --sensitivity a row is a layer or a block, that
    whose quantisation costs most first; SPEC may be a run's folder.
    """
    from archspec.api.profile import profile_of
    from archspec.record import write_text

    overrides, image_size = with_size(overrides, size)
    if sensitivity:
        _check_sensitivity(source, precision, by, chart)
        found = _sensitivity(
            source, overrides, plugins, by=by or "layer", threads=threads, method=method,
            representative=representative, data=data or "", limit=limit,
        )  # fmt: skip
        if reporter == "json":
            put(json.dumps(found.to_json(this_command()), indent=2) + "\n", output)
        else:
            put_table(found.to_table(), reporter, output)
        return
    if representative or data or limit:
        raise click.UsageError("--representative, --data and --limit go with --sensitivity")
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


def _check_sensitivity(source: str, precision: str, by: str | None, chart: Path | None) -> None:
    """Raise `UsageError` for what does not go with it."""
    if precision != "int8":
        raise click.UsageError("--sensitivity says what int8 costs. Add --precision int8")
    if by in ("line", "op"):
        raise click.UsageError("--sensitivity tries layers or blocks. Use --by layer or --by block")
    if chart is not None:
        raise click.UsageError("--chart draws milliseconds. Leave it out, or --sensitivity")
    if source.lower().endswith(".tflite"):
        raise click.UsageError("--sensitivity quantises a spec's network. Name a spec, or a run's folder")


def _sensitivity(
    source: str, overrides: tuple[str, ...], plugins: tuple[Path, ...], **options: Any
) -> SensitivityReport:
    from archspec.api.networks import load
    from archspec.api.profile import sensitivity
    from archspec.cli._terminal import count_bar

    network = load(source, overrides, plugins=catalog(plugins, source).plugins)
    with count_bar("quantising layer by layer", ticking=True) as bar:
        return sensitivity(network, **options, progress=lambda words, done, total: bar(done, total))
