"""`latency` and `predict_latency`: how long networks take, measured, and asked of a table."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from archspec.api.networks import Plugins, Source, check_word, load, several
from archspec.catalog import Catalog
from archspec.devices import Interrupted, Progress
from archspec.export import PRECISIONS
from archspec.ledger import shared_ledger
from archspec.measures import LatencyResult, Timing
from archspec.measures._in_turns import (
    TAILS,
    Subject,
    compared_to_first,
    is_file,
    reference_subject,
    settings,
    subjects,
    timed_subject,
)
from archspec.measures._latency_tables import known_notes, rows_of
from archspec.network import Network
from archspec.reporters import Table

if TYPE_CHECKING:
    from archspec.devices import SetModel
    from archspec.export import Precision
    from archspec.ledger import KnownNumbers

Tail = Literal["with", "without"]


def latency(
    networks: Source | Sequence[Source],
    *,
    device: str = "host",
    threads: int | Sequence[int] = 1,
    procedure: str = "default",
    precision: Precision | Sequence[Precision] = "float32",
    delegate: str | Sequence[str] = "",
    tail: Tail | Sequence[Tail] = "with",
    size: tuple[int, int] | None = None,
    update: bool = False,
    ledger: str = "",
    plugins: Plugins = (),
    progress: Callable[[Progress], None] = lambda step: None,
) -> LatencyResult:
    """Time networks in turns on one device, so that drift hits all alike.

    Args:
        networks: as of `archspec.load`, or `.tflite` files, ours or not; one or several. One alone is timed beside the
            bundled shufflenetv2_basic.
        device: `"host"`, `"adb"`, `"adb:SERIAL"`, `"ssh:…"` or one of your own.
        threads, precision, delegate, tail: one or several, each is measured. `delegate` is `"xnnpack"` or `"none"` of
            the host; `tail` is whether the last upsampling and what follows it are in.
        procedure: `"quick"`, `"default"` or `"paper"` (30 s of warm-up, 300 frames).
        size: height and width, for a `.tflite` that leaves its size open.
        update: measure again what the ledger has.
        ledger: where numbers are kept and looked up: a file, or a database's URL; else `runs/ledger.db`.
        plugins: folders of your own blocks and devices.
        progress: is called back between runs, never during one.

    Returns:
        One row for each setting, in ms: `to_frame()` has the median and its spread, and `paired_ratio`, the ratio to
        the first row taken round by round. `latencies` has every sample.

    Raises:
        UserError: for a device that does not answer, and a network that it cannot run.

    Example:
        >>> import archspec
        >>> small, large = (archspec.load("shufflenetv2_basic", {"input.size": [side, side]}) for side in (32, 64))
        >>> frame = archspec.latency([small, large], procedure="quick").to_frame()
        >>> list(frame["paired_ratio"])[0], len(frame)
        (1.0, 2)
    """
    folders = Catalog(tuple(map(Path, plugins)))
    sources = [timed_source(one, plugins) for one in several(networks)]
    chosen, notes = chosen_settings(
        sources, folders, precisions=several(precision), tails=several(tail), size=size, threads=several(threads),
        delegates=several(delegate),
    )  # fmt: skip
    with shared_ledger(ledger, message=warnings.warn) as kept:
        found = time_in_turns(chosen, notes, device, procedure, kept, again=update, progress=progress)
    if found.stopped:
        raise found.stopped
    return found


def predict_latency(
    networks: Source | Sequence[Source],
    *,
    device: str = "host",
    threads: int = 1,
    precision: Precision = "float32",
    table: str | os.PathLike[str] | None = None,
    plugins: Plugins = (),
) -> Table:
    """Predict the latency of networks from a device's table, in milliseconds and without building anything.

    Args:
        networks: as of `archspec.load`; one or several.
        device, threads, precision: whose table; `archspec latency --calibrate` measures it once.
        table: its file; else the one in the user's cache.
        plugins: folders of your own blocks.

    Returns:
        One row for each network: `predicted_latency_ms`, and how much of it is interpolated; the table's own error is
        in the notes.

    Raises:
        UserError: for a device without a table, and where no network could be predicted.

    Example:
        >>> import archspec
        >>> archspec.predict_latency("shufflenetv2_basic", table="mine.json")
        Traceback (most recent call last):
        ...
        archspec.errors.UserError: host (...) was never calibrated. Calibrate it first (...); the table will be ...
    """
    from archspec.predictor import TablePlace, predictions_table

    found = [load(one, plugins=plugins) for one in several(networks)]
    path = None if table is None else Path(table)
    return predictions_table(found, ("with",), [TablePlace(device, threads, precision, path=path)])


def chosen_settings(
    sources: Sequence[str | Network],
    catalog: Catalog,
    overrides: Sequence[str] = (),
    *,
    precisions: Sequence[str],
    tails: Sequence[str],
    size: tuple[int, int] | None,
    threads: Sequence[int],
    delegates: Sequence[str],
) -> tuple[list[tuple[Subject, SetModel]], list[str]]:
    """Everything that is timed, exported, and in words what could not be made; the reference beside a single one."""
    for precision in precisions:
        check_word(precision, PRECISIONS, "precision")
    for tail in tails:
        check_word(tail, TAILS, "tail")
    found, notes = subjects(sources, catalog, overrides, precisions, tails, size)
    chosen = settings(found, threads, delegates)
    if len(chosen) == 1:
        chosen = settings([reference_subject(), *found], threads, delegates)
    return chosen, notes


def time_in_turns(
    chosen: Sequence[tuple[Subject, SetModel]],
    notes: Sequence[str],
    place: str,
    procedure: str,
    ledger: KnownNumbers | None,
    *,
    again: bool,
    progress: Callable[[Progress], None],
) -> LatencyResult:
    """Their latencies, those that the ledger has from there. An interrupt keeps whole rounds, and is in the result."""
    timing = Timing(place, procedure, ledger=ledger, again=again, progress=progress)
    try:
        found = timing.run([timed_subject(*one) for one in chosen])
    except Interrupted as stop:
        if len(stop.latencies) < len(chosen):
            raise
        return LatencyResult(tuple(rows_of(chosen, compared_to_first(stop.latencies))), tuple(notes), stop)
    apart = [number for number, one in enumerate(found) if one.measurement != found[0].measurement]
    latencies = compared_to_first([one.latency for one in found], apart)
    return LatencyResult(tuple(rows_of(chosen, latencies)), (*notes, *known_notes(found)))


def timed_source(source: Source, plugins: Plugins) -> str | Network:
    """The path of a `.tflite`; of anything else the network."""
    if isinstance(source, str | os.PathLike) and is_file(os.fspath(source)):
        return os.fspath(source)
    return load(source, plugins=plugins)
