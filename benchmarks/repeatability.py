"""How far a latency can be trusted: over restarts, between networks 5 % apart, and against LiteRT's own tool.

1. The paired ratio of a network to a reference in turns with it, in several fresh processes: the coefficient of
   variation of the ratio and, to compare, of the plain median.
2. Two networks whose latencies are 5 % apart, measured in fresh processes: how often they are ranked right. They are
   one network, and the same one for a slightly wider image; which is slower is known from their multiply-adds.
3. `python -m ai_edge_litert.tools.benchmark_litert_model` and our host on the same file, in turns.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness import worker
from harness.command import make_parser, run, tell
from harness.conditions import conditions, load_average
from harness.networks import conditions_of, read_graph, read_network

from archspec.cost import layer_costs
from archspec.devices import Procedure, measure, median
from archspec.export import export
from archspec.graph import Graph
from archspec.graph.weights import initialise
from archspec.reporters import Cell, Column, Table

REFERENCE = "shufflenetv2_basic"
APART = 0.05
WIDER = (2, 6, 10, 14, 20, 28)  # pixels
QUICK = Procedure("quick", warmup_s=0.1, rounds=3, runs_per_round=3)
FULL = Procedure("benchmark", warmup_s=1.0, rounds=20, runs_per_round=5)
TOOL_WARMUPS = 20

COLUMNS = (
    Column("what", "What"),
    Column("value", "Value"),
    Column("bar", "Bar"),
    Column("met", "Met"),
    Column("detail", "Over"),
)


def repeatability(arguments: Namespace) -> tuple[Table, bool]:
    """The table; a bar that is missed shows in it, and is no failure of the command."""
    restarts, pairs, turns = (2, 2, 2) if arguments.quick else (arguments.restarts, arguments.pairs, arguments.turns)
    speed = "quick" if arguments.quick else "full"
    network = read_network(arguments.spec)
    loads = [load_average()]
    with tempfile.TemporaryDirectory() as folder:
        tell("exporting, and trying what is 5 % slower …")
        gap = worker.ask(__file__, "write", arguments.spec, folder, speed)
        rows: list[tuple[Cell, ...]] = []
        tell(f"restarts: {restarts} processes …")
        rows += _restarts([worker.ask(__file__, "restart", folder, speed) for _ in range(restarts)])
        loads.append(load_average())
        tell(f"ranking: {pairs} processes …")
        rows.append(_ranking([worker.ask(__file__, "pair", folder, speed) for _ in range(pairs)], gap))
        loads.append(load_average())
        tell(f"LiteRT's tool: {turns} turns …")
        rows.append(_agreement(folder, turns, speed))
        loads.append(load_average())
    steps = QUICK if arguments.quick else FULL
    notes = conditions(
        **conditions_of(network),
        reference=REFERENCE,
        procedure=f"{steps.warmup_s:g} s of warm-up, {steps.rounds} rounds of {steps.runs_per_round} runs in turns, "
        "1 thread, each process fresh",
        load_averages=f"{loads}, before and after each part",
        pair=f"one network, and the same one for images {gap['pixels']} pixels wider: {gap['macs_more']:.1%} more "
        "multiply-adds",
    )
    return Table(f"Repeatability of {network.name}", COLUMNS, tuple(rows), notes), True


def _restarts(runs: Sequence[dict[str, float]]) -> list[tuple[Cell, ...]]:
    ratios, medians = [run_["ratio"] for run_ in runs], [run_["median_ms"] for run_ in runs]
    spread = variation(ratios)
    return [
        ("coefficient of variation of the paired ratio", f"{spread:.2%}", "≤ 3 %", _met(spread <= 0.03),
         f"{len(runs)} processes, {min(ratios):.3f} to {max(ratios):.3f}"),
        ("coefficient of variation of the plain median", f"{variation(medians):.2%}", "", "",
         f"{len(runs)} processes, {min(medians):.2f} to {max(medians):.2f} ms"),
    ]  # fmt: skip


def _ranking(ratios: Sequence[float], gap: dict[str, float]) -> tuple[Cell, ...]:
    right = sum(ratio > 1 for ratio in ratios)
    return (
        f"two networks about {APART:.0%} apart, ranked right",
        f"{right} of {len(ratios)}",
        "≥ 9 of 10",
        _met(right >= 0.9 * len(ratios)),
        f"ratios {min(ratios):.3f} to {max(ratios):.3f}, median {median(ratios):.3f}, {gap['tried']:.3f} when chosen",
    )


def _agreement(folder: str, turns: int, speed: str) -> tuple[Cell, ...]:
    """The tool and we take turns; the order is turned round every time."""
    file = Path(folder) / "network.tflite"
    ratios = []
    for turn in range(turns):
        if turn % 2:
            ours = worker.ask(__file__, "alone", folder, speed)
            theirs = _tool(file, speed)
        else:
            theirs = _tool(file, speed)
            ours = worker.ask(__file__, "alone", folder, speed)
        ratios.append(ours / theirs)
    ratio = median(ratios)
    return (
        "our median over that of LiteRT's tool", f"{ratio:.3f}", "within 5 %", _met(abs(ratio - 1) <= 0.05),
        f"{turns} turns, {min(ratios):.3f} to {max(ratios):.3f}",
    )  # fmt: skip


def _tool(file: Path, speed: str) -> float:
    """Median ms by `benchmark_litert_model`."""
    steps = QUICK if speed == "quick" else FULL
    answer = file.with_suffix(".json")
    command = [sys.executable, "-m", "ai_edge_litert.tools.benchmark_litert_model", "--model", str(file),
               "--num_runs", str(steps.runs), "--warmup_runs", str(TOOL_WARMUPS), "--num_threads", "1",
               "--result_json", str(answer)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        raise SystemExit(f"benchmark_litert_model failed: {done.stderr.strip().splitlines()[-1:]}")
    return _median_in(json.loads(answer.read_text("utf-8")))


def _median_in(answer: Any) -> float:
    """The tool's median, wherever in its answer it stands. Raises `SystemExit` when it is not there."""
    found = [value for key, value in _leaves(answer) if "median" in key]
    if not found:
        raise SystemExit(f"benchmark_litert_model says no median: {sorted(key for key, _ in _leaves(answer))}")
    return float(found[0])


def _leaves(value: Any, key: str = "") -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [leaf for name, inner in value.items() for leaf in _leaves(inner, f"{key}.{name}")]
    return [(key, value)]


def variation(values: Sequence[float]) -> float:
    """Standard deviation of a sample over its mean."""
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)) / mean


def _met(is_met: bool) -> str:
    return "yes" if is_met else "no"


# --- in processes of their own -------------------------------------------------------------------------------
def write(spec: str, folder: str, speed: str) -> dict[str, float]:
    """The network, the reference, and of wider images' networks the one that is nearest to 5 % slower when tried."""
    graph = read_graph(spec)
    wider = _wider(spec)
    files = {"network": graph, "reference": read_graph(REFERENCE)} | {
        f"wider{more}": one for more, one in wider.items()
    }
    for name, one in files.items():
        (Path(folder) / f"{name}.tflite").write_bytes(export(one, initialise(one)).data)
    found = _measured(folder, speed, "network", *(f"wider{more}" for more in wider))
    ratios = {more: latency.paired_ratio for more, latency in zip(wider, found[1:], strict=True)}
    chosen = nearest_to(1 + APART, ratios)
    (Path(folder) / f"wider{chosen}.tflite").rename(Path(folder) / "slower.tflite")
    return {"pixels": chosen, "tried": ratios[chosen], "macs_more": _macs(wider[chosen]) / _macs(graph) - 1}


def _wider(spec: str) -> dict[int, Graph]:
    """The network for images that are some pixels wider; each has more multiply-adds than the one before."""
    height, width = read_network(spec).input_size
    return {more: read_graph(spec, [f"input.size=[{height},{width + more}]"]) for more in WIDER}


def nearest_to(wanted: float, ratios: dict[int, float]) -> int:
    """The key whose ratio is nearest to what is wanted."""
    return min(ratios, key=lambda key: abs(ratios[key] - wanted))


def _macs(graph: Graph) -> int:
    return sum(cost.macs for cost in layer_costs(graph))


def restart(folder: str, speed: str) -> dict[str, float]:
    """Ratio to the reference and plain median, in this fresh process."""
    _, found = _measured(folder, speed, "reference", "network")
    return {"ratio": found.paired_ratio, "median_ms": found.median_ms}


def pair(folder: str, speed: str) -> float:
    """The slower network over the other."""
    return float(_measured(folder, speed, "network", "slower")[1].paired_ratio)


def alone(folder: str, speed: str) -> float:
    """Our median, with nobody in between, as the tool measures."""
    return float(_measured(folder, speed, "network")[0].median_ms)


def _measured(folder: str, speed: str, *names: str) -> Any:
    files = [Path(folder) / f"{name}.tflite" for name in names]
    return measure(files, procedure=QUICK if speed == "quick" else FULL)


if __name__ == "__main__":
    if worker.is_worker():
        task, *rest = worker.worker_arguments()
        worker.answer({"write": write, "restart": restart, "pair": pair, "alone": alone}[task](*rest))
    else:
        parser = make_parser(__doc__)
        parser.add_argument("spec", nargs="?", default="shufflenetv2_dpc", help="a bundled name or a file")
        parser.add_argument("--restarts", type=int, default=5, help="processes for the ratio (default: 5)")
        parser.add_argument("--pairs", type=int, default=10, help="processes for the ranking (default: 10)")
        parser.add_argument("--turns", type=int, default=6, help="turns with LiteRT's tool (default: 6)")
        run(repeatability, parser.parse_args())
