"""Latency of what we export against what TensorFlow makes of the same network, all in turns on this machine.

Against ours (float32, channel shuffles followed) stand: ours with literal shuffles, TensorFlow's conversion of the
literal Keras network, its conversion of a naive one (harness/naive_keras.py), and our other precisions.
"""

from __future__ import annotations

import tempfile
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness import worker
from harness.command import make_parser, run, tell
from harness.conditions import conditions, load_average
from harness.networks import conditions_of, read_graph, read_network

from archspec.devices import Latency, Procedure, measure, median, percentile
from archspec.export import export, take_census
from archspec.graph.weights import initialise
from archspec.reporters import Cell, Column, Table

QUICK = Procedure("quick", warmup_s=0.1, rounds=3, runs_per_round=2)
FULL = Procedure("benchmark", warmup_s=0.5, rounds=24, runs_per_round=5)
OURS, TENSORFLOW, NAIVE, INT8 = "ours", "tensorflow", "naive", "int8"


@dataclass(frozen=True)
class Contestant:
    """One file: how we export it, or by which conversion it comes, and the bar on its ratio."""

    name: str
    title: str
    options: dict[str, Any] = field(default_factory=dict)
    bar: float | None = None
    ours_over_it: bool = True  # the bar is on ours / it, else on it / ours


CONTESTANTS = (
    Contestant(OURS, "ours: float32, shuffles followed"),
    Contestant("transpose", "ours: float32, literal shuffles", {"shuffle": "transpose"}),
    Contestant(TENSORFLOW, "TensorFlow: literal Keras network", bar=0.96),
    Contestant(NAIVE, "TensorFlow: naive Keras network", bar=0.6),
    Contestant("uint8", "ours: float32, uint8 image", {"input_dtype": "uint8"}),
    Contestant("float16", "ours: float16 weights", {"precision": "float16"}),
    Contestant("dynamic", "ours: dynamic (int8 convolutions)", {"precision": "dynamic"}),
    Contestant(INT8, "ours: int8", {"precision": "int8"}, bar=0.52, ours_over_it=False),
    Contestant("int8_uint8", "ours: int8, uint8 image", {"precision": "int8", "input_dtype": "uint8"}),
)

COLUMNS = (
    Column("file", "File"),
    Column("mb", "Size", "MB", "number", 2),
    Column("delegated", "Delegated", "ops"),
    Column("median_ms", "Median", "ms", "number", 2),
    Column("cpu_p10_ms", "CPU p10", "ms", "number", 2),
    Column("ratio", "This / ours", "", "number", 3),
    Column("inverse", "Ours / this", "", "number", 3),
    Column("spread", "Over restarts"),
    Column("wall_ratio", "This / ours, wall", "", "number", 3),
    Column("bar", "Bar"),
    Column("met", "Met"),
)


def latency(arguments: Namespace) -> tuple[Table, bool]:
    """The table; a bar that is missed shows in it, and is no failure of the command."""
    restarts = 1 if arguments.quick else arguments.restarts
    network = read_network(arguments.spec)
    loads = [load_average()]
    with tempfile.TemporaryDirectory() as folder:
        tell("exporting and converting (20 s) …")
        worker.ask(__file__, "convert", arguments.spec, folder)
        runs = []
        for number in range(restarts):
            tell(f"measuring, process {number + 1} of {restarts} …")
            runs.append(worker.ask(__file__, "measure", folder, "quick" if arguments.quick else "full"))
            loads.append(load_average())
        sizes = {one.name: _file(folder, one).stat().st_size / 1e6 for one in CONTESTANTS}
        census = {name: take_census(_file(folder, name).read_bytes()).operations for name in (OURS, TENSORFLOW, NAIVE)}
    rows = tuple(_row(one, sizes[one.name], [run_[one.name] for run_ in runs]) for one in CONTESTANTS)
    steps = QUICK if arguments.quick else FULL
    notes = conditions(
        **conditions_of(network),
        weights="seed 0, random batch-norm statistics; the naive network's are Keras's fresh ones",
        runtime=f"LiteRT, XNNPACK, 1 thread; {restarts} processes, in each {steps.warmup_s:g} s of warm-up a file and "
        f"{steps.rounds} rounds of {steps.runs_per_round} runs in turns; load averages meanwhile {loads}",
        ratios="a file's median processor time in a round over ours in that round; the median over all rounds and "
        "processes. Over restarts: lowest and highest median of a process, of the ratio with a bar (else this / ours)",
        naive="same layers and widths, open batch, shuffle and split as x[..., ::2], x[..., 1::2], from_keras_model",
        **{f"operators of {name}": _listed(found) for name, found in census.items()},
    )
    return Table(f"Latency of {network.name}", COLUMNS, rows, notes), True


def _row(one: Contestant, megabytes: float, runs: Sequence[dict[str, Any]]) -> tuple[Cell, ...]:
    ratios = [median(run_["cpu_ratios"]) for run_ in runs]
    ratio = median([value for run_ in runs for value in run_["cpu_ratios"]])
    judged = [1 / value for value in ratios] if one.bar and one.ours_over_it else ratios
    overall = 1 / ratio if one.ours_over_it else ratio
    is_ours = one.name == OURS
    return (
        one.title,
        megabytes,
        runs[0]["delegated"],
        median([value for run_ in runs for value in run_["wall_ms"]]),
        percentile([value for run_ in runs for value in run_["cpu_ms"]], 10),
        None if is_ours else ratio,
        None if is_ours else 1 / ratio,
        "" if is_ours else f"{min(judged):.3f} to {max(judged):.3f}",
        None if is_ours else median([value for run_ in runs for value in run_["wall_ratios"]]),
        "" if one.bar is None else f"{'ours / this' if one.ours_over_it else 'this / ours'} ≤ {one.bar:g}",
        "" if one.bar is None else "yes" if overall <= one.bar else "no",
    )


def _listed(operations: dict[str, int]) -> str:
    return ", ".join(f"{count} {code}" for code, count in operations.items())


def _file(folder: str, one: Contestant | str) -> Path:
    return Path(folder) / f"{one if isinstance(one, str) else one.name}.tflite"


# --- in processes of their own -------------------------------------------------------------------------------
def convert(spec: str, folder: str) -> None:
    """Write every file. TensorFlow is imported here, and nowhere near the measurement."""
    from harness.naive_keras import naive_keras

    from archspec import lower

    graph = read_graph(spec)
    weights = initialise(graph, 0, "random")
    literal = lower.convert_with_tensorflow(lower.to_keras(graph, weights))
    naive = lower.convert_with_tensorflow(naive_keras(graph), route="keras_model")
    by_tensorflow = {TENSORFLOW: literal, NAIVE: naive}
    for one in CONTESTANTS:
        data = by_tensorflow.get(one.name) or export(graph, weights, **one.options).data
        _file(folder, one).write_bytes(data)


def measure_all(folder: str, speed: str) -> dict[str, dict[str, Any]]:
    """One interleaved run over all files in this fresh process."""
    steps = QUICK if speed == "quick" else FULL
    files = [_file(folder, one) for one in CONTESTANTS]
    found = dict(zip((one.name for one in CONTESTANTS), measure(files, procedure=steps), strict=True))
    ours = found[OURS]
    return {
        name: {
            "wall_ms": latency_.samples_ms,
            "cpu_ms": latency_.cpu_samples_ms,
            "wall_ratios": latency_.round_ratios,
            "cpu_ratios": _round_ratios(latency_, ours),
            "delegated": f"{latency_.system.delegated}/{latency_.system.operations}",
        }
        for name, latency_ in found.items()
    }


def _round_ratios(one: Latency, other: Latency) -> list[float]:
    """Median processor time of a round over the other's in the same round."""
    step = one.procedure.runs_per_round
    starts = range(0, len(one.cpu_samples_ms), step)
    return [
        median(one.cpu_samples_ms[start : start + step]) / median(other.cpu_samples_ms[start : start + step])
        for start in starts
    ]


if __name__ == "__main__":
    if worker.is_worker():
        task, *rest = worker.worker_arguments()
        worker.answer({"convert": convert, "measure": measure_all}[task](*rest))
    else:
        parser = make_parser(__doc__)
        parser.add_argument("spec", nargs="?", default="shufflenetv2_dpc", help="a bundled name or a file")
        parser.add_argument("--restarts", type=int, default=5, help="processes to measure in (default: 5)")
        run(latency, parser.parse_args())
