"""Predicted against measured latency, on networks that neither the table nor its correction has seen.

A table is calibrated as `archspec latency --calibrate` does, on random networks of one seed, then asked for those of
others: put together of bundled parts, of (nearly) the same FLOPs, and every bundled network at ten sizes. Beside it
stand FLOPs alone and the plain sum of operators alone. `--table` keeps the table, and continues it the next time.
"""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from harness.command import make_parser, run, tell
from harness.conditions import conditions, load_average

from archspec.arrays import PRECISIONS
from archspec.catalog import Catalog
from archspec.devices import Device, device, median, percentile
from archspec.graph import Graph
from archspec.network import Network
from archspec.predictor import (
    LatencyTable,
    PredictionResult,
    Predictor,
    accuracy_of,
    read_or_none,
    spearman,
    write_table,
)
from archspec.predictor.calibration import (
    NETWORKS,
    SEED,
    CalibrationProgress,
    calibrate,
    fill,
    measure_networks,
    operators_of,
    prediction_results,
)
from archspec.predictor.calibration_models import (
    bundled_networks,
    further_operators,
    part_networks,
    sampled_networks,
)
from archspec.predictor.laws import Laws
from archspec.predictor.turns import NETWORK_TURNS, OPERATOR_TURNS, Turns
from archspec.record import timestamp
from archspec.reporters import Cell, Column, Table

ERROR_BAR, SPEARMAN_BAR, EQUAL_SPEARMAN_BAR, PREDICTION_BAR_MS = 0.06, 0.97, 0.85, 2.0
FAMILY_ERROR_BAR = 0.07
FAMILY_SIZES = 10
EQUAL_MACS = 0.2e9
EQUAL_SHARES = (0.15, 0.05)
PREDICTION_ROUNDS = 5
SEEDS = {"calibration": SEED, "parts": 202, "equal": 303, "nearly equal": 404, "families": 606}
TURNS = NETWORK_TURNS
QUICK = Turns(rounds=3, runs=2, together=16)

COLUMNS = (
    Column("predictor", "Predictor"),
    Column("networks", "Networks"),
    Column("count", "n", "", "integer"),
    Column("median_error", "Median error", "%", "number", 1),
    Column("p90_error", "9 of 10 within", "%", "number", 1),
    Column("spearman", "Spearman", "", "number", 3),
    Column("interpolated", "Interpolated", "%", "number", 0),
    Column("bar", "Bar"),
    Column("met", "Met"),
)


@dataclass(frozen=True)
class Bars:
    """The largest median error (None: not judged) and the least rank correlation."""

    error: float | None
    spearman: float

    def __str__(self) -> str:
        return f"≥ {self.spearman:g}" if self.error is None else f"≤ {100 * self.error:g} %, ≥ {self.spearman:g}"


PARTS, EQUAL = Bars(ERROR_BAR, SPEARMAN_BAR), Bars(None, EQUAL_SPEARMAN_BAR)
FAMILIES = Bars(FAMILY_ERROR_BAR, SPEARMAN_BAR)


@dataclass(frozen=True)
class Group:
    """Networks to predict, and what they took in two measurements."""

    title: str
    networks: list[Network]
    first_ms: list[float]
    second_ms: list[float]
    bars: Bars

    @property
    def measured_ms(self) -> list[float]:
        """The mean of both measurements, or the only one."""
        if not self.second_ms:
            return self.first_ms
        return [(one + other) / 2 for one, other in zip(self.first_ms, self.second_ms, strict=True)]


def predictor(arguments: Namespace) -> tuple[Table, bool]:
    """The table; a bar that is missed shows in it, and is no failure of the command."""
    counts = (10, 5, 5, 1) if arguments.quick else (NETWORKS, 40, 30, FAMILY_SIZES)
    turns = QUICK if arguments.quick else TURNS
    host = device("host")
    loads = [load_average()]
    calibration = list(islice(sampled_networks(SEEDS["calibration"]), counts[0]))
    table = _calibrated(host, calibration, arguments, turns)
    loads.append(load_average())
    parts = islice(part_networks(SEEDS["parts"]), counts[1])
    groups = [_group(host, table, "of parts, any size", list(parts), turns, PARTS)]
    for share, seed in zip(EQUAL_SHARES, (SEEDS["equal"], SEEDS["nearly equal"]), strict=True):
        sampled = part_networks(seed, EQUAL_MACS * (1 - share), EQUAL_MACS * (1 + share))
        groups.append(_group(host, table, f"FLOPs ± {100 * share:g} %", list(islice(sampled, counts[2])), turns, EQUAL))
    loads.append(load_average())
    families = _families(SEEDS["families"], counts[3])
    title = f"{len({one.name for one in families})} families at {counts[3]} sizes"
    groups.append(_group(host, table, title, families, turns, FAMILIES, rounds=1))
    loads.append(load_average())
    everything = [network for group in groups[:-1] for network in group.networks]
    filled = fill(host, table, everything, progress=_told, operator_turns=_operator_turns(arguments.quick))
    loads.append(load_average())
    ready_ms, first, again = _prediction_ms(table, everything)
    per_mac = _fitted(calibration, table, host, turns)
    rows = [row for group in groups[:-1] for row in _rows(group, table, filled, per_mac)]
    rows += _family_rows(groups[-1], table, per_mac)
    notes = conditions(
        runtime=f"{table.conditions.runtime} {table.conditions.version}, threads {table.conditions.threads}, "
        f"{table.conditions.precision}; {'processor' if arguments.threads == 1 else 'wall'} time, low quartile of "
        f"{turns.rounds} turns, at the pace of the reference network ({table.reference_ms:.2f} ms)",
        load=f"averages meanwhile {loads}",
        networks=f"random, seeds {SEEDS}; {counts[0]} to calibrate on, of {len(table.entries)} different operators; "
        f"FLOPs ±: of {2 * EQUAL_MACS / 1e9:g} GFLOPs",
        correction=str(table.correction),
        prediction=f"from a graph, processor time, the fastest of {PREDICTION_ROUNDS} calls: {_spread(first)} the "
        f"first time a network is seen, {_spread(again)} the second; {ready_ms:.0f} ms once for the laws of growth; "
        f"bar ≤ {PREDICTION_BAR_MS:g} ms by the slowest: {'met' if max(first) <= PREDICTION_BAR_MS else 'not met'}",
        noise="measured again: the same networks measured twice, the one against the other",
        families=_by_family(groups[-1], table),
        beyond=f"{100 * Laws(table).doubling_error():.1f} % error a doubling beyond the longest operator measured",
    )
    return Table("Predicted latency", COLUMNS, tuple(rows), notes), True


def _calibrated(host: Device, networks: list[Network], arguments: Namespace, turns: Turns) -> LatencyTable:
    keep: Callable[[LatencyTable], None] = lambda table: None  # noqa: E731
    path = arguments.table
    if path:
        keep = lambda table: write_table(path, table)  # noqa: E731
    begun = read_or_none(Path(path)) if path else None
    precision, threads = arguments.precision, arguments.threads
    start, cpu = time.perf_counter(), time.thread_time()
    further = further_operators(operators_of(networks, precision), precision=precision)
    table = calibrate(
        host, begun, networks, further=further, precision=precision, threads=threads, keep=keep, progress=_told,
        operator_turns=_operator_turns(arguments.quick), network_turns=turns,
    )  # fmt: skip
    tell(f"calibrated in {time.perf_counter() - start:.0f} s, {time.thread_time() - cpu:.0f} s of processor time")
    return table


def _families(seed: int, sizes: int) -> list[Network]:
    """Every bundled network at so many random sizes."""
    found: dict[str, list[Network]] = {name: [] for name in Catalog().specs()}
    for network in bundled_networks(seed):
        if len(found[network.name]) < sizes:
            found[network.name].append(network)
        elif all(len(networks) >= sizes for networks in found.values()):
            return [network for networks in found.values() for network in networks]
    raise AssertionError("bundled networks have no end")


def _operator_turns(quick: bool) -> Turns:
    return Turns(rounds=3, runs=2) if quick else OPERATOR_TURNS


def _group(
    host: Device, table: LatencyTable, title: str, networks: list[Network], turns: Turns, bars: Bars, rounds: int = 2
) -> Group:
    tell(f"{title} …")
    found = [_measured(host, networks, table, turns) for _ in range(rounds)]
    return Group(title, networks, found[0], found[1] if rounds > 1 else [], bars)


def _measured(host: Device, networks: list[Network], table: LatencyTable, turns: Turns) -> list[float]:
    held = table.conditions
    return measure_networks(
        host, networks, table.reference_ms, threads=held.threads, precision=held.precision, turns=turns, progress=_told
    )


def _fitted(calibration: list[Network], table: LatencyTable, host: Device, turns: Turns) -> float:
    """Milliseconds a multiply-add, on the networks of the calibration: the baseline knows as much as we do."""
    took = _measured(host, calibration, table, turns)
    return median([ms / one.cost.macs for ms, one in zip(took, calibration, strict=True)])


def _rows(group: Group, table: LatencyTable, filled: LatencyTable, per_mac: float) -> list[tuple[Cell, ...]]:
    plain = LatencyTable(filled.conditions, filled.reference_ms, filled.entries)
    took = group.measured_ms
    unseen, seen, summed = (prediction_results(one, group.networks, took) for one in (table, filled, plain))
    macs = [one.cost.macs for one in group.networks]
    by_flops = [PredictionResult(one, one * per_mac, 0, ms) for one, ms in zip(macs, took, strict=True)]
    again = [
        PredictionResult(one, second, 0, first)
        for one, first, second in zip(macs, group.first_ms, group.second_ms, strict=True)
    ]
    return [
        _row("table, operators unseen interpolated", group, unseen, judged=True),
        _row("table, operators unseen measured", group, seen, judged=True),
        _row("plain sum of operators alone", group, summed),
        _row("FLOPs alone", group, by_flops),
        _row("measured again", group, again),
    ]


def _family_rows(group: Group, table: LatencyTable, per_mac: float) -> list[tuple[Cell, ...]]:
    took = group.measured_ms
    macs = [one.cost.macs for one in group.networks]
    by_flops = [PredictionResult(one, one * per_mac, 0, ms) for one, ms in zip(macs, took, strict=True)]
    found = prediction_results(table, group.networks, took)
    return [
        _row("table, operators unseen interpolated", group, found, judged=True),
        _row("FLOPs alone", group, by_flops),
    ]


def _by_family(group: Group, table: LatencyTable) -> str:
    """The median error of each."""
    errors: dict[str, list[float]] = {}
    found = prediction_results(table, group.networks, group.measured_ms)
    for network, result in zip(group.networks, found, strict=True):
        errors.setdefault(network.name, []).append(abs(result.error))
    return "median error (%) by family: " + ", ".join(
        f"{name} {100 * median(all_):.1f}" for name, all_ in errors.items()
    )


def _row(title: str, group: Group, found: Sequence[PredictionResult], judged: bool = False) -> tuple[Cell, ...]:
    known = accuracy_of(found, timestamp())
    rank = spearman([one.predicted_ms for one in found], [one.measured_ms for one in found])
    bars = group.bars
    is_met = rank >= bars.spearman and (bars.error is None or known.median_error <= bars.error)
    return (
        title,
        group.title,
        len(found),
        100 * known.median_error,
        100 * known.p90_error,
        rank,
        100 * known.interpolated,
        str(bars) if judged else "",
        ("yes" if is_met else "no") if judged else "",
    )


def _prediction_ms(table: LatencyTable, networks: list[Network]) -> tuple[float, list[float], list[float]]:
    """Processor time to get a table ready; of each prediction with it, and of each again: the fastest of some."""
    ready: list[float] = []
    first: list[list[float]] = []
    second: list[list[float]] = []
    for _ in range(PREDICTION_ROUNDS):
        start = time.thread_time_ns()
        fresh = Predictor(table).prepare()
        ready.append((time.thread_time_ns() - start) / 1e6)
        first.append([_call_ms(fresh, network.graph) for network in networks])
        second.append([_call_ms(fresh, network.graph) for network in networks])
    return min(ready), *([min(calls) for calls in zip(*rounds, strict=True)] for rounds in (first, second))


def _call_ms(fresh: Predictor, graph: Graph) -> float:
    start = time.thread_time_ns()
    fresh.predict(graph)
    return (time.thread_time_ns() - start) / 1e6


def _spread(times: list[float]) -> str:
    return f"median {median(times):.2f} ms, 9 of 10 within {percentile(times, 90):.2f} ms, at most {max(times):.2f} ms"


def _told(progress: CalibrationProgress) -> None:
    tell(f"  {progress.stage}: {progress.done} of {progress.total}")


if __name__ == "__main__":
    parser = make_parser(__doc__)
    parser.add_argument("--table", help="a file to keep the table in, and to continue")
    parser.add_argument("--precision", choices=PRECISIONS, default="float32", help="of the networks")
    parser.add_argument("--threads", type=int, default=1, help="of the runtime")
    run(predictor, parser.parse_args())
