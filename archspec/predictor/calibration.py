"""Calibrate the latency table of a device, keep it in a file, and find it again.

Operators are timed alone, a correction is fitted to whole networks, and predictions are compared with other networks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from archspec.arrays import Precision
from archspec.devices import Device, Model, median
from archspec.errors import user_error
from archspec.export.calibration import synthetic_images
from archspec.files import exists
from archspec.network import Network, reference_model
from archspec.predictor.accuracy import PredictionResult, accuracy_of
from archspec.predictor.calibration_models import further_operators, one_operator, sampled_networks
from archspec.predictor.correction import fit_correction
from archspec.predictor.laws import Laws
from archspec.predictor.prediction import Predictor
from archspec.predictor.signature import Signature, kind, network_signatures
from archspec.predictor.table import (
    Conditions,
    LatencyTable,
    OperatorTime,
    read_or_none,
    read_table,
    table_path,
    write_table,
)
from archspec.predictor.turns import NETWORK_TURNS, OPERATOR_TURNS, Taken, Turns, in_turns
from archspec.record import make_folder, timestamp

FEWEST_NETWORKS = 8  # to fit a correction to
PACE_RUNS = 20
NETWORKS, HELD_OUT = 120, 60  # sampled ones, to fit to and to compare with
SEED, HELD_OUT_SEED = 101, 505


@dataclass(frozen=True, slots=True)
class CalibrationProgress:
    """`stage` is "operators" or "networks"; `done` of `total`."""

    stage: str
    done: int
    total: int


Keep = Callable[[LatencyTable], None]
OnProgress = Callable[[CalibrationProgress], None]


def calibrate(
    device: Device,
    table: LatencyTable | None,
    networks: Sequence[Network],
    held_out: Sequence[Network] = (),
    *,
    further: Sequence[Signature] = (),
    threads: int = 1,
    precision: Precision = "float32",
    keep: Keep = lambda table: None,
    progress: OnProgress = lambda progress: None,
    operator_turns: Turns = OPERATOR_TURNS,
    network_turns: Turns = NETWORK_TURNS,
    reference: Model | None = None,
) -> LatencyTable:
    """A table that knows every operator of `networks` and those `further` ones, is fitted to `networks`, and scored on
    `held_out`.

    `table` (None: a new one) is continued: what it has is not measured again, and `keep` gets it after every few
    operators, to be written. No operator that only `held_out` has is measured, so the score is that of predictions
    for networks never seen. Raises `UserError` for a table of another device, and for a network that cannot run.
    """
    reference = reference or Model("reference", reference_model())
    table = table_of(device, table, reference, threads, precision)
    bench = _Bench(device, reference, threads, keep, progress, precision)
    table = bench.fill(table, list(dict.fromkeys([*operators_of(networks, precision), *further])), operator_turns)
    if len(networks) < FEWEST_NETWORKS:
        return table
    measured = bench.networks([*networks, *held_out], table.reference_ms, network_turns)
    predictor = Predictor(table)
    sums = [predictor.sums(network.graph) for network in networks]
    kinds = set(map(kind, table.entries))
    table = replace(table, correction=fit_correction(sums, measured[: len(networks)], kinds), accuracy=None)
    if held_out:
        scored = accuracy_of(prediction_results(table, held_out, measured[len(networks) :]), timestamp())
        table = replace(table, accuracy=replace(scored, doubling_error=Laws(table).doubling_error()))
    keep(table)
    return table


def fill(
    device: Device,
    table: LatencyTable,
    networks: Sequence[Network],
    *,
    keep: Keep = lambda table: None,
    progress: OnProgress = lambda progress: None,
    operator_turns: Turns = OPERATOR_TURNS,
    reference: Model | None = None,
) -> LatencyTable:
    """The table with every operator of `networks` measured: their predictions then interpolate nothing."""
    reference = reference or Model("reference", reference_model())
    threads, precision = table.conditions.threads, table.conditions.precision
    table = table_of(device, table, reference, threads, precision)
    bench = _Bench(device, reference, threads, keep, progress, precision)
    return bench.fill(table, operators_of(networks, precision), operator_turns)


def table_of(
    device: Device,
    table: LatencyTable | None,
    reference: Model,
    threads: int,
    precision: Precision = "float32",
) -> LatencyTable:
    """`table`, or a new one with this device's pace for None. Raises `UserError` where it is of another device."""
    with closing(device.open(reference, threads=threads)) as session:
        machine, system = device.machine(), session.system
        runtime = f"{system.runtime}+{system.delegate}" if system.delegate else system.runtime  # it has other kernels
        here = Conditions(device.name, machine.fingerprint, machine.cpu, runtime, system.version, threads, precision)
        if table is not None:
            table.check(here)
            return table
        samples = session.run(PACE_RUNS)
    return LatencyTable(here, median([one.wall_ms if one.cpu_ms is None else one.cpu_ms for one in samples]))


def operators_of(networks: Iterable[Network], precision: Precision = "float32") -> list[Signature]:
    """Every different operator of these networks' files, in order."""
    return list(dict.fromkeys(one for network in networks for one in network_signatures(network.graph, precision)))


def prediction_results(
    table: LatencyTable, networks: Sequence[Network], measured_ms: Sequence[float]
) -> list[PredictionResult]:
    """Each network's prediction and its measured latency."""
    predictor = Predictor(table)
    found = []
    for network, took in zip(networks, measured_ms, strict=True):
        prediction = predictor.predict(network.graph)
        found.append(PredictionResult(network.cost.macs, prediction.latency_ms, prediction.interpolated, took))
    return found


def measure_networks(
    device: Device,
    networks: Sequence[Network],
    reference_ms: float,
    *,
    threads: int = 1,
    precision: Precision = "float32",
    turns: Turns = NETWORK_TURNS,
    progress: OnProgress = lambda progress: None,
    reference: Model | None = None,
) -> list[float]:
    """The measured latency of whole networks, in ms at the pace of a table (its `reference_ms`)."""
    reference = reference or Model("reference", reference_model())
    bench = _Bench(device, reference, threads, lambda table: None, progress, precision)
    return bench.networks(networks, reference_ms, turns)


@dataclass(frozen=True, slots=True)
class _Bench:
    """The device and the settings of one calibration."""

    device: Device
    reference: Model
    threads: int
    keep: Keep
    progress: OnProgress
    precision: Precision = "float32"

    def fill(self, table: LatencyTable, asked: Sequence[Signature], turns: Turns) -> LatencyTable:
        """The table with the entries that it lacked; it is kept after each group."""
        missing = [one for one in asked if one not in table.entries]
        models = (Model(_name(one), one_operator(one, self.precision)) for one in missing)
        done = 0
        for taken in self._turns(models, turns):
            times = taken.at(table.reference_ms)
            table = table.with_entries(dict(zip(missing[done:], map(_positive, times), strict=False)))
            done += len(times)
            self.keep(table)
            self.progress(CalibrationProgress("operators", done, len(missing)))
        return table

    def networks(self, networks: Sequence[Network], reference_ms: float, turns: Turns) -> list[float]:
        """The warm times of whole networks."""
        found: list[float] = []
        for taken in self._turns((_exported(one, self.precision) for one in networks), turns):
            found.extend(time.warm_ms for time in taken.at(reference_ms))
            self.progress(CalibrationProgress("networks", len(found), len(networks)))
        return found

    def _turns(self, models: Iterator[Model], turns: Turns) -> Iterator[Taken]:
        return in_turns(models, self.reference, self.device, threads=self.threads, turns=turns)


def _name(signature: Signature) -> str:
    shapes = ["x".join(map(str, one.shape)) for one in (*signature.inputs, *signature.outputs)]
    return f"{signature.code} {' '.join(shapes)}"


def _exported(network: Network, precision: Precision) -> Model:
    """As a file with fresh weights: latency depends neither on their values nor on the ranges of int8."""
    images = None
    if precision == "int8":
        entrance = network.graph.inputs[0]
        images = synthetic_images(entrance.size, entrance.channels, 1)
    weights = network.fresh_weights()
    return Model(network.name, network.to_tflite(weights=weights, precision=precision, representative=images).data)


def _positive(time: OperatorTime) -> OperatorTime:
    """At least a nanosecond: a coarse clock may read 0 ms, which nothing can be divided by."""
    return OperatorTime(max(time.cold_ms, 1e-6), max(time.warm_ms, 1e-6))


def calibrate_file(
    device: Device,
    path: Path | None = None,
    *,
    threads: int = 1,
    precision: Precision = "float32",
    networks: int = NETWORKS,
    held_out: int = HELD_OUT,
    progress: OnProgress = lambda progress: None,
    operator_turns: Turns = OPERATOR_TURNS,
    network_turns: Turns = NETWORK_TURNS,
    reference: Model | None = None,
) -> tuple[LatencyTable, Path]:
    """Calibrate a device on sampled networks, score it on others, keep the table in `path` (None: the user's cache).

    Operators that these networks lack, but bundled specs or single layers have, are measured too. A file that is there
    is continued, also one that an interrupted calibration left. Raises `UserError` for a file that is of another device
    or no table.
    """
    reference = reference or Model("reference", reference_model())
    started = table_of(device, None, reference, threads, precision)
    path = path or table_path(started.conditions)
    make_folder(path.parent, "Name another file")
    fitted = list(islice(sampled_networks(SEED), networks))
    begun = read_or_none(path)
    return calibrate(
        device,
        started if begun is None or begun.like else begun,  # what was carried over is not measured
        fitted,
        list(islice(sampled_networks(HELD_OUT_SEED), held_out)),
        further=further_operators(operators_of(fitted, precision), precision=precision),
        threads=threads,
        precision=precision,
        keep=lambda table: write_table(path, table),
        progress=progress,
        operator_turns=operator_turns,
        network_turns=network_turns,
        reference=reference,
    ), path


def predictor_for(
    device: Device,
    path: Path | None = None,
    *,
    threads: int = 1,
    precision: Precision = "float32",
    reference: Model | None = None,
    command: str = "archspec latency --calibrate",
) -> Predictor:
    """The predictor of a device that was calibrated. Raises `UserError` for one that was not, or whose runtime changed.

    The device is asked who it is, so a table copied from elsewhere is refused. `command` is what makes such a table.
    In `path` it may be of any precision; without, it is that of `precision`, or where there is none, of float32.
    """
    here = table_of(device, None, reference or Model("reference", reference_model()), threads).conditions
    if path is None:
        asked = table_path(replace(here, precision=precision))
        path = asked if exists(asked) or not exists(table_path(here)) else table_path(here)
    if not exists(path):
        asked_for = f"threads {threads}" if precision == "float32" else f"threads {threads}, {precision}"
        fact = f"{here.device} ({here.cpu}, {here.runtime} {here.version}, {asked_for}) was never calibrated"
        raise user_error(fact, f"Calibrate it first ({command}); the table will be {path}")
    table = read_table(path)
    table.check(replace(here, precision=table.conditions.precision))
    return Predictor(table).prepare()
