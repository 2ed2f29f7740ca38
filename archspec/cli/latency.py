"""`archspec latency`: specs and any `.tflite`, timed in turns on one device."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from archspec.cli._options import catalog, format_option, output_option, plugins_option, put, put_table, set_option
from archspec.cli._paths import InputPath

if TYPE_CHECKING:
    from collections.abc import Callable

    from archspec.devices import Device

PRECISIONS = ("float32", "float16", "dynamic", "int8")


class Several(click.ParamType[tuple[str, ...]]):
    """Words with commas between them, each of a known kind: `1,2`, `xnnpack,none`."""

    name = "several"

    def __init__(self, choices: tuple[str, ...] = ()) -> None:
        self._choices = choices

    def convert(
        self, value: str | tuple[str, ...], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """The words, each once. A word that is not known is an error with the nearest one."""
        if isinstance(value, tuple):
            return value
        words = tuple(dict.fromkeys(word.strip() for word in value.split(",") if word.strip()))
        for word in words:
            if self._choices and word not in self._choices:
                self.fail(f"'{word}' is none of {', '.join(self._choices)}", param, ctx)
            if not self._choices and not (word.isdigit() and 1 <= int(word) <= 64):
                self.fail(f"'{word}' is not a number of threads from 1 to 64", param, ctx)
        if not words:
            self.fail("nothing is named", param, ctx)
        return words


@click.command()
@click.argument("sources", nargs=-1, metavar="SPEC|MODEL.tflite...")
@set_option
@plugins_option
@click.option("--device", "place", default="host", show_default=True, metavar="NAME", help="Where to run.")
@click.option("--threads", type=Several(), default="1", show_default=True, metavar="N,…", help="Each is measured.")
@click.option("--preset", type=click.Choice(("quick", "default", "paper")), default="default", show_default=True,
              help="How long; paper: 30 s of warm-up and 300 frames.")  # fmt: skip
@click.option("--precision", type=Several(PRECISIONS), default="float32", show_default=True, metavar="KIND,…",
              help="Of specs: float32, float16, dynamic, int8. A .tflite is as it is.")  # fmt: skip
@click.option("--delegate", type=Several(("xnnpack", "none")), metavar="NAME,…",
              help="On the host: xnnpack, none. Each is measured. Else as the device does by itself.")  # fmt: skip
@click.option("--tail", type=Several(("with", "without")), default="with", show_default=True, metavar="with,without",
              help="Of specs: with or without the last upsampling and what follows it.")  # fmt: skip
@click.option("--calibrate", is_flag=True,
              help="Measure the device's latency table, or go on where that was stopped; without SPECs.")  # fmt: skip
@click.option("--predict", is_flag=True, help="Ask that table about SPECs instead of running them.")
@click.option("--table", type=InputPath(), metavar="FILE",
              help="Where the latency table is kept; else in the user's cache.")  # fmt: skip
@format_option
@output_option
def latency(
    sources: tuple[str, ...],
    overrides: tuple[str, ...],
    plugins: tuple[Path, ...],
    place: str,
    threads: tuple[str, ...],
    preset: str,
    precision: tuple[str, ...],
    delegate: tuple[str, ...] | None,
    tail: tuple[str, ...],
    calibrate: bool,
    predict: bool,
    table: Path | None,
    reporter: str,
    output: Path | None,
) -> None:
    """Time specs (paths, or bundled names) and .tflite files, ours or not, all in turns on one device.

    The ratio is to the first row, round by round: it stays where milliseconds drift. A network alone is paired with
    the bundled shufflenetv2_basic. JSON holds every sample.

    --predict answers in milliseconds without building anything, from a table that --calibrate measures once a device,
    and says how wrong that table was on networks it was not fitted to.
    """
    if calibrate or predict:
        _ask_table(sources, overrides, plugins, place, threads, calibrate, table, reporter, output)
        return
    if not sources:
        raise click.UsageError("Missing argument 'SPEC|MODEL.tflite...'")
    from archspec.cli._latency_tables import latencies_json, latencies_table, rows_of
    from archspec.cli._progress import waiting, watching
    from archspec.devices import Interrupted, measure_settings
    from archspec.evaluate.timing import reference_subject, settings, subjects

    with waiting("exporting"):
        found, notes = subjects(sources, catalog(plugins), overrides, precision, tail)
    chosen = settings(found, tuple(map(int, threads)), delegate or ("",))
    if len(chosen) == 1:
        chosen = settings([reference_subject(), *found], tuple(map(int, threads)), delegate or ("",))
    stopped: Interrupted | None = None
    with watching("latency") as watch:
        try:
            measured = measure_settings([one for _, one in chosen], _device(place), procedure=preset, progress=watch)
        except Interrupted as stop:
            measured, stopped = stop.latencies, stop
    if not measured and stopped:
        raise stopped
    rows = rows_of(chosen, measured)
    if reporter == "json":
        put(latencies_json(rows, notes), output)
    else:
        put_table(latencies_table(rows, notes), reporter, output)
    if stopped:
        raise stopped


def _ask_table(
    sources: tuple[str, ...],
    overrides: tuple[str, ...],
    plugins: tuple[Path, ...],
    place: str,
    threads: tuple[str, ...],
    calibrate: bool,
    table: Path | None,
    reporter: str,
    output: Path | None,
) -> None:
    """--calibrate or --predict."""
    from archspec.cli._predictions import calibrated_table, predictions_table
    from archspec.record import check_file

    if len(threads) > 1:
        raise click.UsageError("A latency table is of one number of threads: give --threads one")
    if calibrate == bool(sources):
        raise click.UsageError("--calibrate takes no SPEC, and --predict at least one")
    device, count = _device(place)(""), int(threads[0])
    if calibrate:
        if table is not None:
            check_file(table, "Name another with --table", with_folder=True)
        found = calibrated_table(device, count, table)
    else:
        found = predictions_table(sources, overrides, catalog(plugins), device, count, table)
    put_table(found, reporter, output)


def _device(place: str) -> Callable[[str], Device]:
    """What makes the device for a delegate's name; "" is what the device does by itself."""
    from archspec.devices import device

    return lambda delegate: device(place, **({"delegate": delegate} if delegate else {}))
