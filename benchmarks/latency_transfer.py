"""A latency table carried over by ten measured networks, against networks that were never measured for it.

The device that is taken as new is this host in `--precision` and `--threads`; the known table is `--like`, for example
the one of `archspec latency --calibrate` (float32, one thread). Beside it stands the known table times one factor.
"""

from __future__ import annotations

from argparse import Namespace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.command import make_parser, run, tell
from harness.conditions import conditions, load_average

from archspec.arrays import PRECISIONS
from archspec.devices import device, median
from archspec.network import Network
from archspec.predictor import (
    CalibrationProgress,
    LatencyTable,
    PredictionResult,
    accuracy_of,
    measure_networks,
    prediction_results,
    read_table,
    sampled_networks,
    transfer_file,
)
from archspec.predictor.transfer import MOST_POOL_MACS
from archspec.predictor.turns import NETWORK_TURNS, Turns
from archspec.record import timestamp
from archspec.reporters import Cell, Column, Table

UNSEEN, SEED = 30, 808
ERROR_BAR, SPEARMAN_BAR, ESTIMATE_BAR = 0.10, 0.95, 1.5
QUICK = Turns(rounds=3, runs=2, together=16)
COLUMNS = (
    Column("predictor", "Predictor"),
    Column("count", "n", "", "integer"),
    Column("median_error", "Median error", "%", "number", 1),
    Column("p90_error", "9 of 10 within", "%", "number", 1),
    Column("spearman", "Spearman", "", "number", 3),
    Column("estimate", "Median error, estimated", "%", "number", 1),
    Column("bar", "Bar"),
    Column("met", "Met"),
)


def latency_transfer(arguments: Namespace) -> tuple[Table, bool]:
    """The table; a bar that is missed shows in it, and is no failure of the command."""
    host, known = device("host"), read_table(arguments.like)
    turns = QUICK if arguments.quick else NETWORK_TURNS
    unseen = list(islice(sampled_networks(SEED, most_macs=MOST_POOL_MACS), 6 if arguments.quick else UNSEEN))
    loads = [load_average()]
    settings = {"threads": arguments.threads, "precision": arguments.precision, "turns": turns, "progress": _told}
    with TemporaryDirectory() as folder:
        table, _ = transfer_file(host, known, Path(folder) / "table.json", **settings)
    loads.append(load_average())
    took = measure_networks(host, unseen, table.reference_ms, **settings)
    loads.append(load_average())
    notes = conditions(
        runtime=f"{table.conditions.runtime} {table.conditions.version}, {table.conditions.precision}, threads "
        f"{table.conditions.threads}; low quartile of {turns.rounds} turns, at the pace of the reference network",
        known=f"{table.like}; {len(known.entries)} operators",
        measured=f"{table.accuracy.networks if table.accuracy else 0} networks, chosen one after the other",
        unseen=f"bundled parts and bundled networks in turns, seed {SEED}, at most {MOST_POOL_MACS / 1e9:g} GMACs",
        load=f"averages meanwhile {loads}",
        bar=f"median error, rank correlation, and the estimate within a factor {ESTIMATE_BAR:g} of the error found",
    )
    rows = (_carried_row(table, unseen, took), _factor_row(known, unseen, took))
    return Table("Latency table carried over", COLUMNS, rows, notes), True


def _carried_row(table: LatencyTable, unseen: list[Network], took: list[float]) -> tuple[Cell, ...]:
    found = accuracy_of(prediction_results(table, unseen, took), timestamp())
    estimated = table.accuracy.median_error if table.accuracy else float("nan")
    ratio = estimated / found.median_error
    is_met = found.median_error <= ERROR_BAR and found.spearman >= SPEARMAN_BAR
    is_met = is_met and 1 / ESTIMATE_BAR <= ratio <= ESTIMATE_BAR
    bar = f"≤ {100 * ERROR_BAR:g} %, ≥ {SPEARMAN_BAR:g}, × {ESTIMATE_BAR:g}"
    errors = (100 * found.median_error, 100 * found.p90_error, found.spearman)
    return ("carried over by ten networks", len(unseen), *errors, 100 * estimated, bar, "yes" if is_met else "no")


def _factor_row(known: LatencyTable, unseen: list[Network], took: list[float]) -> tuple[Cell, ...]:
    results = prediction_results(known, unseen, took)
    factor = median([ms / one.predicted_ms for one, ms in zip(results, took, strict=True)])
    scaled = [PredictionResult(one.macs, factor * one.predicted_ms, 0.0, one.measured_ms) for one in results]
    found = accuracy_of(scaled, timestamp())
    errors = (100 * found.median_error, 100 * found.p90_error, found.spearman)
    return ("the known table times the best factor for these", len(unseen), *errors, None, "", "")


def _told(progress: CalibrationProgress) -> None:
    tell(f"  {progress.stage}: {progress.done} of {progress.total}")


if __name__ == "__main__":
    parser = make_parser(__doc__)
    parser.add_argument("--like", required=True, help="the known latency table")
    parser.add_argument("--precision", choices=PRECISIONS, default="int8", help="of the device that is taken as new")
    parser.add_argument("--threads", type=int, default=2, help="of the device that is taken as new")
    run(latency_transfer, parser.parse_args())
