"""What an evaluation costs beside itself, on worker processes of this machine and on a Ray cluster; and how much four
nodes are faster than one. The clusters are started here, each node with one processor.
"""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.command import make_parser, run, tell
from harness.conditions import conditions

from archspec.experiment.engines import Engine, Work, start_engine
from archspec.measures import Evaluation, Settings
from archspec.reporters import Column, Table
from archspec.spec import Named

SLEEP_S = 0.5
LEAST_SPEED_UP, MOST_MS = 3.6, 15.0

COLUMNS = (
    Column("engine", "Engine"),
    Column("overhead_ms", "No work, each", "ms", "number", 1),
    Column("sleeping_s", "Sleeping, in all", "s", "number", 2),
    Column("speed_up", "Speed-up", "", "number", 2),
    Column("met", "bar"),
)


@dataclass(frozen=True)
class Sleeping:
    """Sleeps as long as the text says."""

    timeout_s: float | None = None
    evaluations_per_process: int = 0
    preload: tuple[str, ...] = ()

    def evaluate(self, spec_text: str, genome: Mapping[str, Any], settings: Settings) -> Evaluation:
        """Nothing else."""
        time.sleep(float(spec_text))
        return Evaluation({"slept_s": float(spec_text)})


def engines(arguments: Namespace) -> tuple[Table, bool]:
    """The table, and whether both bars are met."""
    from benchmarks.engines import Sleeping as OnNodes  # by a name that nodes can import, too
    from tests.experiment.ray_cluster import cluster_of, disconnect

    count, naps = (30, 8) if arguments.quick else (200, 40)
    tell("local …")
    rows: list[tuple[object, ...]] = [
        ("local, 1 worker", _overhead_ms(start_engine(1, Sleeping()), count), *(None,) * 2, "")
    ]
    sleeping: dict[int, float] = {}
    passed = True
    for nodes in (1, 4):
        tell(f"ray, {nodes} nodes …")
        with cluster_of(*({},) * nodes) as cluster:
            engine = start_engine(nodes, OnNodes(), Named("ray", {"address": cluster.address}))
            overhead = _overhead_ms(engine, count)
            _seconds(engine, SLEEP_S, 2 * nodes)  # every node has its process
            sleeping[nodes] = _seconds(engine, SLEEP_S, naps)
            engine.stop()
            disconnect()
        speed_up = sleeping[1] / sleeping[nodes]
        good = overhead <= MOST_MS if nodes == 1 else speed_up >= LEAST_SPEED_UP
        passed &= good
        bar = f"≤ {MOST_MS:g} ms" if nodes == 1 else f"≥ {LEAST_SPEED_UP:g} times"
        rows.append((f"ray, {nodes} nodes", overhead, sleeping[nodes], speed_up, f"{bar}: {'yes' if good else 'no'}"))
    notes = conditions(
        no_work=f"{count} evaluations, one after the other as places are free, from `start` to the last result",
        sleeping=f"{naps} evaluations of {SLEEP_S:g} s",
        cluster="all nodes are processes of this machine; worker processes are warm",
    )
    return Table("Engines", COLUMNS, tuple(rows), notes), passed


def _overhead_ms(engine: Engine, count: int) -> float:
    _seconds(engine, SLEEP_S, 2 * engine.free)  # every place has its process
    return _seconds(engine, 0.0, count) / count * 1e3


def _seconds(engine: Engine, each_s: float, count: int) -> float:
    """From the first start to the last result."""
    begun, ended, start = 0, 0, time.perf_counter()
    while ended < count:
        while begun < count and engine.free:
            engine.start(Work(begun, str(each_s), Settings((), seed=begun)))
            begun += 1
        ended += len(list(engine.wait(5.0)))
    return time.perf_counter() - start


if __name__ == "__main__":
    run(engines, make_parser(__doc__).parse_args())
