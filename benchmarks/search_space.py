"""How fast a search looks at cells of the DPC space before anything is built: candidates a second, and 28,000 of them.

A candidate is sampled, closed, expanded, traced, priced, keyed and held against limits; only distinct ones that fit
count as passed, and every distinct one counts as looked at.
"""

from __future__ import annotations

import random
import time
from argparse import Namespace
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from harness import worker
from harness.command import make_parser, run, tell
from harness.conditions import conditions
from harness.keras_profile import profiled_flops

from archspec.reporters import Column, Table
from archspec.search.candidates import Candidate, Genome
from archspec.search.space import Space
from archspec.spec import load

SPACE, SEED = "dpc_cell", 0
GFLOPS, PARAMS, TFLITE_MB = 0.65, 1.6e6, 6.5  # about the middle of the space
PAPER, PROCESSES = 28_000, 2
RATE_BAR, PAPER_BAR_S = 300.0, 120.0
WARM_UP = 20

COLUMNS = (
    Column("what", "What"),
    Column("candidates", "Distinct", "", "integer"),
    Column("cpu_s", "CPU", "s", "number", 2),
    Column("wall_s", "Wall", "s", "number", 2),
    Column("rate", "Distinct a CPU second", "", "number", 1),
    Column("ratio", "To the baseline", "", "number", 0),
    Column("bar", "Bar"),
    Column("met", "Met"),
)


def search_space(arguments: Namespace) -> tuple[Table, bool]:
    """The table; a bar that is missed shows in it, and is no failure of the command."""
    count, paper, built = (100, 1000, 1) if arguments.quick else (1500, PAPER, 5)
    tell("ours, one process …")
    gate, sheet = (worker.ask(__file__, "ours", what, str(count)) for what in ("gate", "sheet"))
    tell("Keras and TensorFlow's profiler …")
    keras = worker.ask(__file__, "keras", str(built))
    tell(f"{paper:,} cells on {PROCESSES} processes …")
    start = time.perf_counter()
    with ThreadPoolExecutor(PROCESSES) as pool:
        parts = pool.map(lambda part: worker.ask(__file__, "paper", str(part), str(paper)), range(PROCESSES))
        keys = {key for part in parts for key in part["keys"]}
    wall_s = time.perf_counter() - start
    base = _rate(keras)
    bar, name = f"≥ {RATE_BAR:g} a second", "Keras build and tf.profiler (baseline)"
    rows = (
        _row("sample to price, key and gate", gate, base, bar, _rate(gate) >= RATE_BAR),
        _row("the same, with file size and peak memory", sheet, base, "", None),
        _row(name, keras, None, "", None),
        (f"{paper:,} cells on {PROCESSES} processes, with their starts", len(keys), None, wall_s, None, None,
         f"< {PAPER_BAR_S:g} s for {PAPER:,}", _met(wall_s * PAPER / paper < PAPER_BAR_S)),
    )  # fmt: skip
    space = Space.of(load(SPACE))
    notes = conditions(
        space=f"{SPACE}, {space.size:,} points, seed {SEED}; {space.spec.values['input']['size']} pixels",
        gate=f"GFLOPs ≤ {GFLOPS:g}, parameters ≤ {PARAMS:g}: {gate['passed']} of {gate['candidates']} pass",
        baseline=f"the same cells, {keras['candidates']} of them, closed and traced by us, then built and profiled",
        bar="held against processor time: others on the machine disturb it less than the wall",
    )
    return Table("Cells of a search space before training", COLUMNS, rows, notes), True


def _row(what: str, found: dict[str, Any], base: float | None, bar: str, met: bool | None) -> tuple[Any, ...]:
    ratio = None if base is None else _rate(found) / base
    shown = "" if met is None else _met(met)
    return what, found["candidates"], found["cpu_s"], found["wall_s"], _rate(found), ratio, bar, shown


def _rate(found: dict[str, Any]) -> float:
    return float(found["candidates"] / found["cpu_s"])


def _met(holds: bool) -> str:
    return "yes" if holds else "no"


# --- in processes of their own -----------------------------------------------------------------------------
def fits(candidate: Candidate) -> bool:
    """The cheap half of a gate."""
    return candidate.network.cost.gflops <= GFLOPS and candidate.network.cost.params <= PARAMS


def look(space: Space, genomes: Iterable[Genome], with_sheet: bool) -> tuple[set[str], int]:
    """The keys of the candidates, and how many pass the gate."""
    keys: set[str] = set()
    passed = 0
    for genome in genomes:
        candidate = space.candidate(genome)
        if candidate.key in keys:
            continue
        keys.add(candidate.key)
        sheet = candidate.network.cost
        if with_sheet:
            passed += (
                sheet.tflite_bytes["float32"] <= TFLITE_MB * 1e6 and sheet.peak_memory_bytes > 0 and fits(candidate)
            )
        else:
            passed += fits(candidate)
    return keys, passed


def ours(what: str, count: int) -> dict[str, Any]:
    """Candidates one after the other."""
    space, generator = Space.of(load(SPACE)), random.Random(SEED)
    look(space, (space.sample(generator) for _ in range(WARM_UP)), what == "sheet")
    cpu, wall = time.process_time(), time.perf_counter()
    keys, passed = look(space, (space.sample(generator) for _ in range(count)), what == "sheet")
    cpu_s, wall_s = time.process_time() - cpu, time.perf_counter() - wall
    return {"candidates": len(keys), "passed": passed, "cpu_s": cpu_s, "wall_s": wall_s}


def paper_part(part: int, count: int) -> dict[str, Any]:
    """One process's share of the paper's number of cells, distinct points of the space."""
    space = Space.of(load(SPACE))
    positions = random.Random(SEED).sample(range(space.size or 0), count)
    keys, passed = look(space, map(space.at, positions[part::PROCESSES]), with_sheet=False)
    return {"keys": sorted(keys), "passed": passed}


def profile_keras(count: int) -> dict[str, Any]:
    """The same question asked of Keras and TensorFlow: FLOPs and parameters of a cell's network."""
    from archspec import lower

    space, generator = Space.of(load(SPACE)), random.Random(SEED)
    graphs = [space.candidate(space.sample(generator)).network.graph for _ in range(count + 1)]
    cpu = wall = 0.0
    for number, graph in enumerate(graphs):
        if number == 1:  # the first one loads and warms
            cpu, wall = time.process_time(), time.perf_counter()
        model = lower.to_keras(graph, batch_size=1)
        profiled_flops(model)
        model.count_params()
    return {"candidates": count, "cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall}


def _answer(what: str, *arguments: str) -> dict[str, Any]:
    if what == "ours":
        return ours(arguments[0], int(arguments[1]))
    return paper_part(int(arguments[0]), int(arguments[1])) if what == "paper" else profile_keras(int(arguments[0]))


if __name__ == "__main__":
    if worker.is_worker():
        worker.answer(_answer(*worker.worker_arguments()))
    else:
        run(search_space, make_parser(__doc__).parse_args())
