"""`archspec latency`: specs and any `.tflite`, timed in turns on one device."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from archspec.arrays import PRECISIONS
from archspec.cli._image_options import with_size
from archspec.cli._options import (
    catalog,
    format_option,
    ledger_option,
    output_option,
    plugins_option,
    procedure_option,
    put,
    put_table,
    set_option,
    update_option,
)
from archspec.cli._paths import InputPath
from archspec.cli._terminal import latency_bar, say, spinner

if TYPE_CHECKING:
    from archspec.predictor import CalibrationProgress, LatencyTable, TablePlace
    from archspec.reporters import Table


IN_VAIN = {"calibrate": ("overrides", "procedure", "tail", "size"), "predict": ("procedure",)}
"""Options that do nothing there."""


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
@click.option("--device", "place", default="host", show_default=True, metavar="NAME",
              help="Device to run on; `archspec devices` lists them.")  # fmt: skip
@click.option("--threads", type=Several(), default="1", show_default=True, metavar="N,…",
              help="Numbers of threads; each is measured.")  # fmt: skip
@procedure_option("default")
@click.option("--precision", type=Several(PRECISIONS), default="float32", show_default=True, metavar="KIND,…",
              help="Numeric precisions in which specs are exported: float32, float16, dynamic, int8. A "
                   ".tflite is run as it is.")  # fmt: skip
@click.option("--delegate", type=Several(("xnnpack", "none")), metavar="NAME,…",
              help="Delegates to measure with on the host: xnnpack, none. Without it, the one that the "
                   "device uses by itself.")  # fmt: skip
@click.option("--tail", type=Several(("with", "without")), default="with", show_default=True, metavar="with,without",
              help="Measure specs with their last upsampling and what follows it, without it, or both.")  # fmt: skip
@click.option("--size", metavar="H,W",
              help="Size of the images that a spec reads, or a .tflite that leaves its size open.")  # fmt: skip
@click.option("--calibrate", is_flag=True,
              help="Measure the device's latency table, or go on with one that was stopped. It takes no "
                   "SPEC.")  # fmt: skip
@click.option("--predict", is_flag=True, help="Predict the latency of SPECs from that table instead of running them.")
@click.option("--like", type=InputPath(), metavar="TABLE",
              help="With --calibrate: measure ten networks instead of thousands of operators, and carry over this "
                   "latency table of another device, precision or number of threads.")  # fmt: skip
@click.option("--table", type=InputPath(), metavar="FILE",
              help="File that holds the latency table. Without it, one in the user's cache.")  # fmt: skip
@ledger_option("runs")
@update_option
@format_option
@output_option
def latency(
    sources: tuple[str, ...],
    overrides: tuple[str, ...],
    plugins: tuple[Path, ...],
    place: str,
    threads: tuple[str, ...],
    procedure: str,
    precision: tuple[str, ...],
    delegate: tuple[str, ...] | None,
    tail: tuple[str, ...],
    size: str | None,
    calibrate: bool,
    predict: bool,
    like: Path | None,
    table: Path | None,
    ledger: str,
    update: bool,
    reporter: str,
    output: Path | None,
) -> None:
    """Measure the latency of specs (paths, or bundled names) and of any .tflite files, in turns on one device.

    The ratio compares each row with the first one, round by round; it is steadier than milliseconds, which drift. A
    network alone is compared with the bundled shufflenetv2_basic. JSON holds every sample. What the
    ledger has is shown and not measured again.

    --predict gives milliseconds without building anything, from a table that --calibrate measures once for a device,
    and states how wrong that table was on networks it was not fitted to.
    """
    overrides, image_size = with_size(overrides, size)
    if calibrate or predict:
        _check_table_question(calibrate, predict, bool(sources), len(threads) * len(precision), delegate, table)
        places = _table_places(place, threads, precision, delegate, table)
        if like is not None and not calibrate:
            raise click.UsageError("--like is for --calibrate. Leave it out")
        put_table(_answer(places, calibrate, like, sources, overrides, plugins, tail), reporter, output)
        return
    if like is not None:
        raise click.UsageError("--like is for --calibrate. Leave it out")
    if table is not None:
        raise click.UsageError("--table is the file of --predict and --calibrate. Leave it out")
    if not sources:
        raise click.UsageError("Missing argument 'SPEC|MODEL.tflite...'")
    from archspec.api.latency import chosen_settings, time_in_turns
    from archspec.ledger import shared_ledger

    with spinner("exporting"):
        chosen, notes = chosen_settings(
            sources, catalog(plugins), overrides, precisions=precision, tails=tail, size=image_size,
            threads=tuple(map(int, threads)), delegates=delegate or ("",),
        )  # fmt: skip
    with shared_ledger(ledger, message=say) as kept, latency_bar("latency") as bar:
        found = time_in_turns(chosen, notes, place, procedure, kept, again=update, progress=bar)
    if reporter == "json":
        put(found.to_json(), output)
    else:
        put_table(found.to_table(), reporter, output)
    if found.stopped:
        raise found.stopped


def _answer(
    places: list[TablePlace], calibrate: bool, like: Path | None, sources: tuple[str, ...],
    overrides: tuple[str, ...], plugins: tuple[Path, ...], tail: tuple[str, ...],
) -> Table:  # fmt: skip
    """What latency tables say: how good they are once calibrated, or of each network."""
    from archspec.network import Network
    from archspec.predictor import calibration_table, predictions_table, read_table
    from archspec.record import check_file

    if calibrate:
        for place in places:
            if place.path is not None:
                check_file(place.path, "Name another with --table", with_folder=True)
        known = None if like is None else read_table(like)
        return calibration_table([_calibrated(place, known, len(places) > 1) for place in places])
    _check_predictable(sources)
    parts = catalog(plugins)
    networks = [Network.load(source, overrides, catalog=parts) for source in sources]
    return predictions_table(networks, tail, places)


def _calibrated(place: TablePlace, known: LatencyTable | None, is_one_of_several: bool) -> tuple[LatencyTable, Path]:
    """The device's table, measured or gone on with where that was stopped, or carried over from a `known` one, and its
    file."""
    from archspec.devices import Progress
    from archspec.predictor import calibrate_file, transfer_file

    which = f" {place.precision}, threads {place.threads}" if is_one_of_several else ""
    with latency_bar(f"calibrating{which}") as rounds:

        def progress(step: CalibrationProgress) -> None:
            rounds(Progress("round", step.stage, step.done, step.total))

        asked: dict[str, Any] = {"threads": place.threads, "precision": place.precision, "progress": progress}
        if known is not None:
            return transfer_file(place.device, known, place.path, **asked)
        return calibrate_file(place.device, place.path, **asked)


def _check_predictable(sources: tuple[str, ...]) -> None:
    """Raises `UserError` for what no table can answer, before the device is asked."""
    from archspec.errors import Fault, UserError

    remedy = "Leave out --predict: it can be measured"
    files = [source for source in sources if source.endswith(".tflite")]
    faults = [Fault(f"{source}: only specs can be predicted", remedy) for source in files]
    if faults:
        raise UserError(faults)


def _check_table_question(
    calibrate: bool, predict: bool, sources: bool, tables: int, delegate: tuple[str, ...] | None, file: Path | None
) -> None:
    """Raises `UsageError` for options that a latency table has nothing to say to: none is passed over in silence."""
    if calibrate in (sources, predict):
        raise click.UsageError("--calibrate takes no SPEC, and --predict at least one")
    if file is not None and tables > 1:
        raise click.UsageError("A file holds one precision and one number of threads: leave out --table, or give one")
    if delegate and len(delegate) > 1:
        raise click.UsageError("A latency table is of one delegate: give --delegate one")
    context = click.get_current_context()
    for name in IN_VAIN["calibrate" if calibrate else "predict"]:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            option = next(one for one in context.command.params if one.name == name).opts[0]
            fact = "--calibrate measures in a procedure of its own" if calibrate else "--predict runs nothing"
            raise click.UsageError(f"{fact}: leave out {option}")


def _table_places(
    place: str, threads: tuple[str, ...], precisions: tuple[str, ...], delegate: tuple[str, ...] | None,
    table: Path | None,
) -> list[TablePlace]:  # fmt: skip
    """Which tables they are, one for each precision and number of threads."""
    from archspec.predictor import TablePlace

    chosen = [one for one in PRECISIONS if one in precisions]
    alone = delegate[0] if delegate else ""
    return [TablePlace(place, int(count), precision, alone, table) for precision in chosen for count in threads]
