"""How long a .tflite takes: ours from the spec's file to the bytes, TensorFlow's converter from a built Keras model.

Each in a process of its own; ours never imports TensorFlow, and says so.
"""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from collections.abc import Callable
from typing import Any

from harness import ROOT, worker
from harness.command import make_parser, run, tell
from harness.conditions import conditions
from harness.networks import conditions_of, read_graph, read_network
from harness.stopwatch import Timing, time_each

from archspec.export import export
from archspec.graph.weights import initialise
from archspec.reporters import Column, Table

RATIO_BAR = 50.0
CONVERTER = "TFLiteConverter.from_keras_model"

COLUMNS = (
    Column("what", "What"),
    Column("first_ms", "First", "ms", "number", 0),
    Column("min_ms", "Min", "ms", "number", 1),
    Column("median_ms", "Median", "ms", "number", 1),
    Column("cpu_ms", "CPU median", "ms", "number", 1),
    Column("runs", "Runs", "", "integer"),
    Column("ratio", f"{CONVERTER} / this", "", "number", 1),
    Column("cpu_ratio", "in CPU time", "", "number", 1),
    Column("met", f"≥ {RATIO_BAR:g}×"),
)


def export_speed(arguments: Namespace) -> tuple[Table, bool]:
    """The table; a bar that is missed shows in it, and is no failure of the command."""
    network = read_network(arguments.spec)
    tell("ours …")
    ours = worker.ask(__file__, "ours", arguments.spec, "3" if arguments.quick else "20")
    tell("TensorFlow's converter (20 s a run) …")
    theirs = worker.ask(__file__, "tensorflow", arguments.spec, "1" if arguments.quick else "3")
    found = {what: _timing(times) for what, times in {**ours["times"], **theirs["times"]}.items()}
    baseline = found[CONVERTER]
    rows = []
    for what, timing in found.items():
        ratio, cpu_ratio = baseline.median_ms / timing.median_ms, baseline.cpu_median_ms / timing.cpu_median_ms
        judged = what in ours["times"]
        rows.append(
            (
                what,
                timing.wall_ms[0],
                timing.min_ms,
                timing.median_ms,
                timing.cpu_median_ms,
                timing.runs,
                None if what == CONVERTER else ratio,
                None if what == CONVERTER else cpu_ratio,
                ("yes" if min(ratio, cpu_ratio) >= RATIO_BAR else "no") if judged else "",
            )
        )
    notes = conditions(
        **conditions_of(network),
        ours=f"float32, {ours['bytes']:,} bytes, operators checked, metadata inside; TensorFlow imported: "
        f"{ours['tensorflow']}; peak memory {ours['peak_mb']:.0f} MB",
        tensorflow=f"{theirs['bytes']:,} bytes; the Keras model is built before the clock starts "
        f"({theirs['build_ms']:,.0f} ms, not counted), batch 1; peak memory {theirs['peak_mb']:.0f} MB",
        first="the first call; the first row's is the first of its process and imports NumPy and the schema on the way",
        ratios="of medians; CPU time is that of the whole process, all threads",
    )
    return Table("Speed of export", COLUMNS, tuple(rows), notes), True


def _timing(times: dict[str, list[float]]) -> Timing:
    return Timing(tuple(times["wall_ms"]), tuple(times["cpu_ms"]))


# --- in processes of their own -------------------------------------------------------------------------------
def ours(spec: str, count: int) -> dict[str, Any]:
    """From the file of a spec to the bytes of a .tflite, with weights made on the way and with given ones."""
    path = ROOT / "specs" / f"{spec}.yaml"
    source = str(path) if path.exists() else spec

    def everything(_: int) -> bytes:
        graph = read_graph(source)
        return export(graph, initialise(graph)).data

    made = _process_times(everything, count)
    graph = read_graph(source)
    weights = initialise(graph, 0, "random")
    size = len(export(graph, weights).data)
    given = _process_times(lambda _: export(read_graph(source), weights).data, count)
    times = {"ours, from YAML, weights initialised": made, "ours, from YAML, weights given": given}
    return {
        "times": times,
        "bytes": size,
        "tensorflow": "yes" if "tensorflow" in sys.modules else "no",
        "peak_mb": _peak_mb(),
    }


def tensorflow(spec: str, count: int) -> dict[str, Any]:
    """From a built Keras model to bytes, by TensorFlow's documented way and by the fastest one that it has."""
    from archspec import lower

    graph = read_graph(spec)
    start = time.perf_counter_ns()
    model = lower.to_keras(graph, initialise(graph, 0, "random"), batch_size=1)
    build_ms = (time.perf_counter_ns() - start) / 1e6
    data: list[bytes] = []
    slow = _process_times(lambda _: data.append(lower.convert_with_tensorflow(model, route="keras_model")), count)
    fast = _process_times(lambda _: lower.convert_with_tensorflow(model), count)
    times = {CONVERTER: slow, "TFLiteConverter, variables made constants first": fast}
    return {"times": times, "bytes": len(data[0]), "build_ms": build_ms, "peak_mb": _peak_mb()}


def _process_times(function: Callable[[int], object], count: int) -> dict[str, list[float]]:
    """Wall times, and processor times of all threads: the converter uses several."""
    cpu_ms: list[float] = []

    def counted(number: int) -> None:
        start = time.process_time_ns()
        function(number)
        cpu_ms.append((time.process_time_ns() - start) / 1e6)

    timing = time_each(counted, range(count))
    return {"wall_ms": list(timing.wall_ms), "cpu_ms": cpu_ms}


def _peak_mb() -> float:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    if worker.is_worker():
        task, spec_name, times_to_run = worker.worker_arguments()
        worker.answer({"ours": ours, "tensorflow": tensorflow}[task](spec_name, int(times_to_run)))
    else:
        parser = make_parser(__doc__)
        parser.add_argument("spec", nargs="?", default="shufflenetv2_dpc", help="a bundled name or a file")
        run(export_speed, parser.parse_args())
