"""A latency table as a table of facts, and what it predicts of networks as a table of numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from archspec.errors import Fault, Problem, UserError, user_error
from archspec.network import Network
from archspec.predictor.prediction import ALONE, CALIBRATE
from archspec.predictor.table import Accuracy, LatencyTable
from archspec.reporters import Cell, Column, Table

if TYPE_CHECKING:
    from archspec.devices import Device

FACTS = (Column("what", "Calibration"), Column("value", "Value", wraps=True))
PREDICTIONS = (
    Column("network", "network"),
    Column("predicted_latency_ms", "predicted latency", "ms", "number", 2),
    Column("interpolated_percent", "interpolated", "%", "number", 0),
)


def calibration_table(table: LatencyTable, path: Path) -> Table:
    """Its conditions, its factors and its accuracy on networks that it was not fitted to: one row for each fact."""
    conditions = table.conditions
    rows: list[tuple[Cell, ...]] = [
        ("device", f"{conditions.device}, {conditions.cpu}"),
        ("runtime", f"{conditions.runtime} {conditions.version}, threads {conditions.threads}, {conditions.precision}"),
        ("operators measured", str(len(table.entries))),
    ]
    if table.correction is not None:
        fitted = {code: factor for code, factor in table.correction.factors.items() if factor != ALONE}
        factors = ", ".join(f"{code} {factor:.2f}" for code, factor in fitted.items())
        rows.append(("fitted to networks", str(table.correction.networks)))
        rows.append(("factors in a network", factors))
    if table.accuracy is not None:
        rows.extend(_accuracy_rows(table.accuracy))
    notes = (
        f"table: {path}",
        "scored on networks that neither an operator nor a factor was measured or fitted with",
    )
    return Table("Latency table", FACTS, tuple(rows), notes)


def _accuracy_rows(found: Accuracy) -> list[tuple[Cell, ...]]:
    equal = "fewer than 5 networks"
    if found.equal_spearman is not None:
        equal = f"{found.equal_spearman:.3f} (n = {found.equal_networks})"
    return [
        ("scored on networks", f"{found.networks}, {found.time[:10]}"),
        ("median error", f"{100 * found.median_error:.1f} %"),
        ("9 of 10 within", f"{100 * found.p90_error:.1f} %"),
        ("rank correlation", f"{found.spearman:.3f}"),
        ("rank correlation among equal FLOPs", equal),
        ("time interpolated", f"{100 * found.interpolated:.0f} %"),
    ]


def predictions_table(
    networks: Sequence[Network], tails: Sequence[str], device: Device, path: Path | None, *, threads: int, command: str
) -> Table:
    """`predicted_latency_ms` of each network, with or without its tail; nothing is built.

    `path` is the file of the device's latency table, and `command` the one that calibrates it. A network with an
    operator that the table does not know has an empty cell and a note. Raises `UserError` where the device is not
    calibrated, and where no network at all could be predicted.
    """
    from archspec.predictor.calibration import predictor_for

    notes: list[str] = []
    named = [one for network in networks for tail in tails for one in _named(network, tail, notes)]
    if not named:
        raise user_error("; ".join(notes), "Leave out --tail, or add 'with' to it")
    predictor = predictor_for(device, path, threads=threads, command=command)
    rows: list[tuple[Cell, ...]] = []
    faults: list[Fault] = []
    for name, network in named:
        try:
            found = predictor.predict(network.graph)
        except (Problem, UserError) as error:
            faults.append(_fault(error, name, command))
            rows.append((name, None, None))
        else:
            rows.append((name, found.latency_ms, 100 * found.interpolated))
    if len(faults) == len(rows):
        raise UserError(faults)
    held = predictor.table.conditions
    notes.insert(0, f"{held.precision}, threads {held.threads}; the table's {predictor.table.accuracy}")
    return Table("", PREDICTIONS, tuple(rows), (*notes, *(f"not predicted: {fault}" for fault in faults)))


def _fault(error: Problem | UserError, name: str, command: str) -> Fault:
    if isinstance(error, UserError):
        return Fault("; ".join(map(str, error.faults)), path=name)
    return Fault(error.fact, f"It is added by: {command}" if error.remedy == CALIBRATE else error.remedy, name)


def _named(network: Network, tail: str, notes: list[str]) -> Iterator[tuple[str, Network]]:
    """What the network is called in the table, with its tail or without."""
    name = network.graph.name
    if tail == "with":
        yield name, network
        return
    network, left_out = network.without_tail()
    if left_out:
        notes.append(f"{name}, no tail: left out {', '.join(left_out)}")
        yield f"{name}, no tail", network
    else:
        notes.append(f"{name}: not predicted without its tail; it ends in no upsampling, ArgMax or Softmax")
