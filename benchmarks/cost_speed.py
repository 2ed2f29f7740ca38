"""How long the cost of a network takes: ours in process and from a cold start; Keras and TensorFlow's profiler."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Callable
from typing import Any

from harness import ROOT, worker
from harness.command import make_parser, run, tell
from harness.conditions import conditions
from harness.keras_profile import concrete_function, profiled_flops
from harness.networks import CATALOG, conditions_of, read_network, variants
from harness.stopwatch import Timing, time_each

from archspec.cost import CostSheet, price
from archspec.graph.trace import trace
from archspec.reporters import Cell, Column, Table
from archspec.spec import Spec, dump, expand, load, parse

SPEC = "shufflenetv2_dpc"
IN_PROCESS_BAR_MS, COLD_START_BAR_MS, RATIO_BAR = 3.0, 500.0, 500.0
WARM_UP = 5

COLUMNS = (
    Column("what", "What"),
    Column("min_ms", "Min", "ms", "number", 2),
    Column("median_ms", "Median", "ms", "number", 2),
    Column("cpu_ms", "CPU median", "ms", "number", 2),
    Column("runs", "Runs", "", "integer"),
    Column("baseline", "Baseline"),
    Column("ratio", "Baseline / this", "", "number", 1),
    Column("bar", "Bar"),
    Column("met", "Met"),
)


def cost_speed(arguments: Namespace) -> tuple[Table, bool]:
    """The table; a bar that is missed shows in it, and is no failure of the command."""
    count = 20 if arguments.quick else 200
    tell("ours, in process …")
    total_ms, sheet_ms, text_ms = time_specs(count, totals), time_specs(count, whole_sheet), time_texts(count)
    tell("Keras and TensorFlow's profiler, in a process of their own …")
    keras = worker.ask(__file__, "1" if arguments.quick else "4")
    baseline = Timing(tuple(map(sum, keras["wall_ms"])), tuple(keras["cpu_ms"]))
    tell("cold starts …")
    cold, import_tensorflow = time_cold_starts(2 if arguments.quick else 10)

    bar = f"≤ {IN_PROCESS_BAR_MS:g} ms, > {RATIO_BAR:g}×"
    name, cold_name = "Keras build and tf.profiler", "python -c 'import tensorflow'"
    rows = (
        _row("ours: Spec to parameters and GFLOPs", total_ms, name, baseline, bar),
        _row("ours: Spec to the whole cost sheet", sheet_ms, name, baseline, f"≤ {IN_PROCESS_BAR_MS:g} ms"),
        _row("ours: YAML text to the whole cost sheet", text_ms, name, baseline, ""),
        _row(f"{name} (baseline)", baseline, "", None, ""),
        _row("archspec cost SPEC.yaml, cold start", cold, cold_name, import_tensorflow, f"< {COLD_START_BAR_MS:g} ms"),
        _row(f"{cold_name} (baseline)", import_tensorflow, "", None, ""),
    )
    met = (
        _met(total_ms.cpu_median_ms <= IN_PROCESS_BAR_MS and _ratio(baseline, total_ms) > RATIO_BAR),
        _met(sheet_ms.cpu_median_ms <= IN_PROCESS_BAR_MS),
        "",
        "",
        _met(cold.median_ms < COLD_START_BAR_MS),
        "",
    )
    build, profile = (min(column) for column in zip(*keras["wall_ms"], strict=True))
    notes = conditions(
        **conditions_of(read_network(SPEC)),
        ours="another width, size and class count each time; expand, trace, price",
        whole="adds what the profiler does not know: arena, memory access, file size at four precisions",
        baseline=f"build {build:.0f} ms, trace and profile {profile:.0f} ms at best; the same networks; "
        "tf.compat.v1.profiler, float_operation, on the concrete function",
        frozen=f"freezing the function first, as keras-flops does, adds {keras['freeze_ms']:.0f} ms, not counted here",
        check=f"the first network: {keras['gflops']:.4f} GFLOPs there (with additions), {keras['ours']:.4f} here",
        ratios="of median processor time, which others on the machine disturb less; of median wall time for processes",
        bar="in process it is held against median processor time",
    )
    table = Table("Speed of cost", COLUMNS, tuple((*row, one) for row, one in zip(rows, met, strict=True)), notes)
    return table, True


def _row(what: str, timing: Timing, name: str, baseline: Timing | None, bar: str) -> tuple[Cell, ...]:
    cpu = timing.cpu_median_ms if timing.cpu_ms else None
    ratio = _ratio(baseline, timing) if baseline else None
    return what, timing.min_ms, timing.median_ms, cpu, timing.runs, name, ratio, bar


def _ratio(baseline: Timing, timing: Timing) -> float:
    if baseline.cpu_ms and timing.cpu_ms:
        return baseline.cpu_median_ms / timing.cpu_median_ms
    return baseline.median_ms / timing.median_ms


def _met(holds: bool) -> str:
    return "yes" if holds else "no"


# --- ours --------------------------------------------------------------------------------------------------
def time_specs(count: int, question: Callable[[Spec], object]) -> Timing:
    """From a parsed spec, as a search has it; no two networks alike."""
    specs = [load(SPEC, overrides, catalog=CATALOG) for overrides in variants(count + WARM_UP)]
    return time_each(question, specs, warm_up=WARM_UP)


def time_texts(count: int) -> Timing:
    """From YAML text, every text another."""
    texts = [dump(load(SPEC, overrides, catalog=CATALOG)) for overrides in variants(count + WARM_UP)]
    return time_each(lambda text: whole_sheet(parse(text, catalog=CATALOG)), texts, warm_up=WARM_UP)


def totals(spec: Spec) -> CostSheet:
    """Expand, trace, price: what Keras and the profiler answer too."""
    network = expand(spec)
    return price(trace(network, CATALOG), classes=network.classes, output_stride=network.output_stride)


def whole_sheet(spec: Spec) -> object:
    """And memory and bytes of the network as it runs."""
    sheet = totals(spec)
    return sheet.peak_memory_bytes, sheet.memory_access_bytes, sheet.tflite_bytes


def time_cold_starts(count: int) -> tuple[Timing, Timing]:
    """`archspec cost` and `import tensorflow`, each in a new process, in turns."""
    ours = [sys.executable, "-m", "archspec", "cost", str(ROOT / "specs" / f"{SPEC}.yaml")]
    theirs = [sys.executable, "-c", "import tensorflow"]
    found: list[list[float]] = [[], []]
    for _ in range(count):
        for times, command in zip(found, (ours, theirs), strict=True):
            times.append(_process_ms(command))
    return Timing(tuple(found[0])), Timing(tuple(found[1]))


def _process_ms(command: list[str]) -> float:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    start = time.perf_counter_ns()
    subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True)
    return (time.perf_counter_ns() - start) / 1e6


# --- the baseline, in a process of its own ------------------------------------------------------------------
def profile_keras(count: int) -> dict[str, object]:
    """`[build, profile]` wall times and processor times of the same networks, and the first one's GFLOPs by both."""
    from archspec import lower

    graphs = []
    for overrides in variants(count + 1):
        network = read_network(SPEC, overrides)
        graphs.append((network, trace(network, CATALOG)))
    wall_ms: list[list[float]] = []
    cpu_ms: list[float] = []
    flops: list[float] = []
    for _, graph in graphs:
        cpu_start, start = time.process_time_ns(), time.perf_counter_ns()
        model = lower.to_keras(graph, batch_size=1)
        built = time.perf_counter_ns()
        flops.append(profiled_flops(model))
        wall_ms.append([(built - start) / 1e6, (time.perf_counter_ns() - built) / 1e6])
        cpu_ms.append((time.process_time_ns() - cpu_start) / 1e6)
    freeze_ms = _freeze_ms(model)
    network, graph = graphs[0]
    ours = price(graph, classes=network.classes, output_stride=network.output_stride).gflops
    return {
        "wall_ms": wall_ms[1:],
        "cpu_ms": cpu_ms[1:],
        "freeze_ms": freeze_ms,
        "gflops": flops[0] / 1e9,
        "ours": ours,
    }


def _freeze_ms(model: Any) -> float:
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    concrete = concrete_function(model)
    start = time.perf_counter_ns()
    convert_variables_to_constants_v2(concrete)
    return (time.perf_counter_ns() - start) / 1e6


if __name__ == "__main__":
    if worker.is_worker():
        worker.answer(profile_keras(int(worker.worker_arguments()[0])))
    else:
        run(cost_speed, make_parser(__doc__).parse_args())
