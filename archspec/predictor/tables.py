"""A latency table as a table of facts, and what it predicts of networks as a table of numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from archspec.arrays import Precision
from archspec.errors import Fault, Problem, UserError, user_error
from archspec.network import Network
from archspec.predictor.correction import ALONE
from archspec.predictor.prediction import CALIBRATE, Predictor
from archspec.predictor.table import Accuracy, LatencyTable
from archspec.reporters import Cell, Column, Table

if TYPE_CHECKING:
    from archspec.devices import Device

WHAT = Column("what", "Calibration")
PREDICTIONS = (
    Column("network", "network"),
    Column("precision", "precision"),
    Column("threads", "threads", "", "integer"),
    Column("predicted_latency_ms", "predicted latency", "ms", "number", 2),
    Column("interpolated_percent", "interpolated", "%", "number", 0),
    Column("extrapolated_percent", "beyond sizes measured", "%", "number", 0),
    Column("expected_error_percent", "expected error", "%", "number", 1),
)


def calibration_table(calibrated: Sequence[tuple[LatencyTable, Path]]) -> Table:
    """Each one's conditions, factors and accuracy on networks that it was not fitted to: a row for each fact, a column
    for each table."""
    found = [_facts(table) for table, _ in calibrated]
    names = list(dict.fromkeys(name for facts in found for name in facts))
    rows = tuple((name, *(facts.get(name) for facts in found)) for name in names)
    columns = [Column(f"value_{number}" if number else "value", _title(table), wraps=True)
               for number, (table, _) in enumerate(calibrated)]  # fmt: skip
    notes = [f"table: {path}" for _, path in calibrated]
    if any(table.accuracy is not None and not table.accuracy.is_left_out for table, _ in calibrated):
        notes.append("scored on networks that neither an operator nor a factor was measured or fitted with")
    if any(table.like for table, _ in calibrated):
        notes.append("carried over: its error is estimated from the networks measured, each predicted without it")
    return Table("Latency table", (WHAT, *columns), rows, tuple(notes))


def _title(table: LatencyTable) -> str:
    conditions = table.conditions
    return f"{conditions.precision}, threads {conditions.threads}"


def _accuracy(table: LatencyTable) -> str:
    if table.accuracy is None:
        return "this table was never compared with whole networks: its calibration was stopped"
    return f"this table, {table.accuracy}"


def _facts(table: LatencyTable) -> dict[str, Cell]:
    conditions = table.conditions
    found: dict[str, Cell] = {
        "device": f"{conditions.device}, {conditions.cpu}",
        "runtime": f"{conditions.runtime} {conditions.version}",
        "operators measured": "none" if table.like else str(len(table.entries)),
    }
    if table.like:
        found["carried over from"] = table.like
    if table.correction is not None:
        fitted = {name: factor for name, factor in table.correction.factors.items() if factor != ALONE}
        found["fitted to networks"] = str(table.correction.networks)
        found["factors in a network"] = ", ".join(f"{name} {factor:.2f}" for name, factor in fitted.items())
    if table.accuracy is not None:
        found.update(_accuracy_rows(table.accuracy))
    return found


def _accuracy_rows(found: Accuracy) -> list[tuple[str, Cell]]:
    if found.is_left_out:
        return [
            ("networks measured", f"{found.networks}, {found.time[:10]}"),
            ("median error, estimated", f"{100 * found.median_error:.1f} %"),
            ("9 of 10 within, estimated", f"{100 * found.p90_error:.1f} %"),
        ]
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
        ("error a doubling beyond what is measured", f"{100 * found.doubling_error:.1f} %"),
    ]


@dataclass(frozen=True, slots=True)
class TablePlace:
    """The latency table of the device named `name` (with one of its delegates, "" for the one that it uses by itself)
    for a number of threads and a precision: in `path`, None for the user's cache."""

    name: str = "host"
    threads: int = 1
    precision: Precision = "float32"
    delegate: str = ""
    path: Path | None = None

    @property
    def device(self) -> Device:
        """Opened anew. Raises `UserError` for a name that is none."""
        from archspec.devices import device

        return device(self.name, **({"delegate": self.delegate} if self.delegate else {}))

    @property
    def command(self) -> str:
        """What makes the table."""
        words = ["archspec latency --calibrate"]
        words += [f"--device {self.name}"] if self.name != "host" else []
        words += [f"--threads {self.threads}"] if self.threads != 1 else []
        words += [f"--precision {self.precision}"] if self.precision != "float32" else []
        words += [f"--delegate {self.delegate}"] if self.delegate else []
        words += [f"--table {self.path}"] if self.path else []
        return " ".join(words)

    def predictor(self) -> Predictor:
        """With the table. Raises `UserError` where there is none, and where the file holds another precision."""
        from archspec.predictor.calibration import predictor_for

        found = predictor_for(
            self.device, self.path, threads=self.threads, precision=self.precision, command=self.command
        )
        held = found.table.conditions.precision
        if held != self.precision:
            fact = f"the device's latency table holds {held}, not {self.precision}"
            raise user_error(fact, f"Calibrate that too ({self.command}), or measure it without --predict")
        return found


def predictions_table(networks: Sequence[Network], tails: Sequence[str], places: Sequence[TablePlace]) -> Table:
    """`predicted_latency_ms` of each network, with or without its tail, by each table; nothing is built.

    A network with an operator that a table does not know has an empty cell there and a note. Raises `UserError` where
    the device is not calibrated, and where no network at all could be predicted.
    """
    notes: list[str] = []
    named = [one for network in networks for tail in tails for one in _named(network, tail, notes)]
    if not named:
        raise user_error("; ".join(notes), "Leave out --tail, or add 'with' to it")
    predictors = [place.predictor() for place in places]
    rows: list[tuple[Cell, ...]] = []
    faults: list[Fault] = []
    for name, network in named:
        for place, predictor in zip(places, predictors, strict=True):
            asked = (name, place.precision, place.threads)
            try:
                found = predictor.predict(network.graph)
            except (Problem, UserError) as error:
                faults.append(_fault(error, name, place.command))
                rows.append((*asked, None, None, None, None))
            else:
                expected = None if found.expected_error is None else 100 * found.expected_error
                rows.append((*asked, found.latency_ms, 100 * found.interpolated, 100 * found.extrapolated, expected))
    if len(faults) == len(rows):
        raise UserError(faults)
    accuracies = [f"{_title(one.table)}: {_accuracy(one.table)}" for one in predictors]
    return Table("", PREDICTIONS, tuple(rows), (*accuracies, *notes, *(f"not predicted: {one}" for one in faults)))


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
