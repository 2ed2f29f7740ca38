"""Candidates a minute on one core, from a spec's text to a measured host latency: ours, and through Keras.

The same candidates go both ways, each way in a process of its own: random dense prediction cells on ShuffleNetV2 at
three widths, 224 × 224. Ours traces, initialises, exports and measures; the other builds a Keras model and converts it
with `TFLiteConverter.from_keras_model`. Both measure alike, in turns with the reference network.
"""

from __future__ import annotations

import json
import random
import sys
import time
from argparse import Namespace
from collections.abc import Callable
from typing import Any

from harness import worker
from harness.command import make_parser, run, tell
from harness.conditions import conditions, load_average
from harness.networks import read_graph

from archspec.devices import Latency, Model, Procedure, measure, median
from archspec.network import reference_model
from archspec.predictor import spearman
from archspec.reporters import Column, Table

BAR_A_MINUTE = 150.0
SEED = 404
SEARCH = Procedure("search", warmup_s=0.02, rounds=4, runs_per_round=2)
STAGES = ("trace", "build and convert", "measure")
OURS, KERAS = "ours", "Keras and TFLiteConverter.from_keras_model"

COLUMNS = (
    Column("path", "From spec to latency"),
    Column("candidates", "Candidates", "", "integer"),
    Column("trace_ms", "Spec to graph", "ms CPU", "number", 1),
    Column("convert_ms", "Graph to .tflite", "ms CPU", "number", 0),
    Column("measure_ms", "Latency", "ms CPU", "number", 0),
    Column("total_ms", "Together", "ms CPU", "number", 0),
    Column("per_minute", "Candidates", "a minute", "number", 1),
    Column("wall_per_minute", "Candidates, wall", "a minute", "number", 1),
    Column("met", f"≥ {BAR_A_MINUTE:g}"),
)


def throughput(arguments: Namespace) -> tuple[Table, bool]:
    """The table; a bar that is missed shows in it, and is no failure of the command."""
    loads = [load_average()]
    tell("ours …")
    ours = worker.ask(__file__, "ours", "4" if arguments.quick else "40")
    loads.append(load_average())
    tell("Keras and TensorFlow's converter (20 s a candidate) …")
    keras = worker.ask(__file__, "keras", "1" if arguments.quick else "4")
    loads.append(load_average())
    rows = []
    for title, found in ((OURS, ours), (KERAS, keras)):
        stages = [median(found["cpu_ms"][stage]) for stage in STAGES]
        count = len(found["wall_ms"])
        per_minute = 60_000 * count / sum(map(sum, found["cpu_ms"].values()))
        met = ("yes" if per_minute >= BAR_A_MINUTE else "no") if title == OURS else ""
        rows.append((title, count, *stages, sum(stages), per_minute, 60_000 * count / sum(found["wall_ms"]), met))
    notes = conditions(
        candidates=f"shufflenetv2_dpc, 224 × 224, output stride 16, widths 0.5 to 1.5, random cells, seed {SEED}; the "
        "Keras path takes the first of the same ones",
        latency=f"{SEARCH.rounds} rounds of {SEARCH.runs_per_round} runs after {SEARCH.warmup_s:g} s of warm-up, in "
        "turns with the reference network, whose runs are counted too",
        processor_time="of the whole process, all threads; medians by stage, candidates a minute by the sum of all; "
        f"imports and the first candidate of each process are not counted; load averages meanwhile {loads}",
        tensorflow=f"imported by ours: {ours['tensorflow']}",
        repeatability="of our ratios to the reference (processor time), first half of the rounds against second: "
        f"median difference {100 * median([abs(one / other - 1) for one, other in ours['halves']]):.1f} %, "
        f"rank correlation {spearman(*zip(*ours['halves'], strict=True)):.3f}",
    )
    return Table("Throughput of a search", COLUMNS, tuple(rows), notes), True


# --- in processes of their own -------------------------------------------------------------------------------
def ours(count: int) -> dict[str, Any]:
    """Without TensorFlow."""
    from archspec.export import export
    from archspec.graph.weights import initialise

    found = _each(count, lambda graph: export(graph, initialise(graph)).data)
    return {**found, "tensorflow": "yes" if "tensorflow" in sys.modules else "no"}


def keras(count: int) -> dict[str, Any]:
    """The way a search takes that knows Keras only. The model is let go of between candidates."""
    from archspec import lower
    from archspec.lower.framework import keras as framework

    def converted(graph: Any) -> bytes:
        framework.backend.clear_session()
        return lower.convert_with_tensorflow(lower.to_keras(graph, None, batch_size=1), route="keras_model")

    return _each(count, converted)


def _each(count: int, convert: Callable[[Any], bytes]) -> dict[str, Any]:
    """Times of `count` candidates by stage, after one that is not counted."""
    draw = random.Random(SEED)
    reference = Model("reference", reference_model())
    cpu_ms: dict[str, list[float]] = {stage: [] for stage in STAGES}
    wall_ms: list[float] = []
    halves: list[list[float]] = []
    for number in range(count + 1):
        overrides = _overrides(draw)
        wall, marks = time.perf_counter(), [time.process_time()]
        graph = read_graph("shufflenetv2_dpc", overrides)
        marks.append(time.process_time())
        model = Model("candidate", convert(graph))
        marks.append(time.process_time())
        beside, latency = measure([reference, model], procedure=SEARCH)
        marks.append(time.process_time())
        if number:
            wall_ms.append((time.perf_counter() - wall) * 1000)
            halves.append([_ratio(latency, beside, half) for half in (0, 1)])
            for stage, start, stop in zip(STAGES, marks, marks[1:], strict=False):
                cpu_ms[stage].append((stop - start) * 1000)
    return {"cpu_ms": cpu_ms, "wall_ms": wall_ms, "halves": halves}


def _ratio(latency: Latency, reference: Latency, half: int) -> float:
    """The fastest run of a half of the rounds over the reference's fastest in that half."""
    runs = SEARCH.runs // 2
    own, other = (one.cpu_samples_ms[half * runs : (half + 1) * runs] for one in (latency, reference))
    return min(own) / min(other)


def _overrides(draw: random.Random) -> list[str]:
    branches = [
        {"op": "conv", "kernel": 3, "rate": [draw.choice((1, 3, 6, 9, 12, 15)) for _ in "hw"], "input": source}
        for source in (draw.randrange(-1, index) for index in range(5))
    ]
    head = {"dpc": {"filters": draw.choice((128, 192, 256)), "branches": branches}}
    return [f"width_multiplier={draw.choice((0.5, 1.0, 1.5))}", f"head={json.dumps(head)}"]


if __name__ == "__main__":
    if worker.is_worker():
        task, number_of = worker.worker_arguments()
        worker.answer({"ours": ours, "keras": keras}[task](int(number_of)))
    else:
        run(throughput, make_parser(__doc__).parse_args())
