"""What `archspec latency --calibrate` and `--predict` do: a device's latency table made, and asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from archspec.cli._progress import latency_bar
from archspec.errors import Fault, Problem, UserError, user_error
from archspec.network import Network
from archspec.reporters import Cell, Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from archspec.catalog import Catalog
    from archspec.devices import Device
    from archspec.graph import Graph
    from archspec.predictor import CalibrationProgress, Predictor

PRECISION = "float32"  # of every table that is calibrated
COLUMNS = (
    Column("network", "network"),
    Column("predicted_latency_ms", "predicted latency", "ms", "number", 2),
    Column("interpolated_percent", "interpolated", "%", "number", 0),
)


@dataclass(frozen=True, slots=True)
class TablePlace:
    """Whose table is asked, and the command that calibrates it."""

    device: Device
    threads: int
    path: Path | None
    command: str


def calibrated_table(place: TablePlace) -> Table:
    """Calibrate the device, or go on where that was stopped, and say how good its table is."""
    from archspec.cli._calibrate import calibrate_and_report
    from archspec.devices import Progress

    with latency_bar("calibrating") as rounds:

        def progress(step: CalibrationProgress) -> None:
            rounds(Progress("round", step.stage, step.done, step.total))

        return calibrate_and_report(place.device, place.path, threads=place.threads, progress=progress)


def check_question(sources: tuple[str, ...], precisions: tuple[str, ...]) -> None:
    """Raises `UserError` for what no table can answer, before the device is asked."""
    faults = [
        Fault(f"{source}: only specs can be predicted", "Leave out --predict: it can be measured")
        for source in sources
        if source.endswith(".tflite")
    ]
    others = [precision for precision in precisions if precision != PRECISION]
    if others:
        fact = f"a latency table holds {PRECISION}, not {', '.join(others)}"
        faults.append(Fault(fact, "Leave out --predict: it can be measured", path="--precision"))
    if faults:
        raise UserError(faults)


def predictions_table(
    sources: tuple[str, ...], overrides: tuple[str, ...], catalog: Catalog, tails: tuple[str, ...], place: TablePlace
) -> Table:
    """`predicted_latency_ms` of each spec, with or without its tail; nothing is built.

    A network with an operator that the table does not know has an empty cell and a note. Raises `UserError` where the
    device is not calibrated, and where no network at all could be predicted.
    """
    from archspec.predictor import predictor_for

    graphs: list[tuple[str, Graph]] = []
    notes: list[str] = []
    for source in sources:
        graphs += _graphs(source, overrides, catalog, tails, notes)
    if not graphs:
        raise user_error("; ".join(notes), "Leave out --tail, or add 'with' to it")
    predictor = predictor_for(place.device, place.path, threads=place.threads, command=place.command)
    rows, faults = _rows(graphs, predictor, place)
    if len(faults) == len(rows):
        raise UserError(faults)
    held = predictor.table.conditions
    notes.insert(0, f"{held.precision}, threads {held.threads}; the table's {predictor.table.accuracy}")
    return Table("", COLUMNS, tuple(rows), (*notes, *(f"not predicted: {fault}" for fault in faults)))


def _rows(
    graphs: list[tuple[str, Graph]], predictor: Predictor, place: TablePlace
) -> tuple[list[tuple[Cell, ...]], list[Fault]]:
    """A row a network, and a fault for each that could not be predicted."""
    rows: list[tuple[Cell, ...]] = []
    faults: list[Fault] = []
    for name, graph in graphs:
        try:
            found = predictor.predict(graph)
        except (Problem, UserError) as error:
            faults += _faults(error, name, place.command)
            rows.append((name, None, None))
        else:
            rows.append((name, found.latency_ms, 100 * found.interpolated))
    return rows, faults


def _faults(error: Problem | UserError, name: str, command: str) -> Iterator[Fault]:
    from archspec.predictor import CALIBRATE

    if isinstance(error, Problem):
        yield Fault(error.fact, f"It is added by: {command}" if error.remedy == CALIBRATE else error.remedy, name)
        return
    yield Fault("; ".join(map(str, error.faults)), path=name)


def _graphs(
    source: str, overrides: tuple[str, ...], catalog: Catalog, tails: tuple[str, ...], notes: list[str]
) -> Iterator[tuple[str, Graph]]:
    """The graph of a spec for each tail that is asked for, and what it is called in the table."""
    from archspec.graph import cut_tail

    for tail in tails:
        graph = Network.load(source, overrides, catalog=catalog).graph
        if tail == "with":
            yield graph.name, graph
        elif left := cut_tail(graph):
            notes.append(f"{graph.name}, no tail: left out {', '.join(left)}")
            yield f"{graph.name}, no tail", graph
        else:
            notes.append(f"{source}: not predicted without its tail; it ends in no upsampling, ArgMax or Softmax")
