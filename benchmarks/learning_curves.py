"""A table of learning curves: networks drawn from a space, each trained at three lengths with two seeds.

Every network is a row (its genome, hash and costs, and the mIoU on the validation split at the end of the decay of each
length), appended when it is whole. Give the command again to go on where it was stopped, with another --networks for
more; no network is trained twice. The images are scaled down once, into --images.

    python benchmarks/learning_curves.py --data camvid:DIR --weights FOLDER --processes 2

A table on which samplers are compared: benchmarks/search_quality.py.
"""

from __future__ import annotations

import os
import random
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING

from harness.command import make_parser, run, tell
from harness.conditions import conditions as machine_conditions
from harness.curve_evaluator import CurveEvaluator, curve_row
from harness.curve_progress import CurveProgress, curve_progress
from harness.curve_table import Conditions, CurveTable
from harness.small_images import small_images

from archspec.datasets import open_dataset
from archspec.errors import Problem, UserError, user_error
from archspec.experiment.engines import Work, start_engine
from archspec.measures import Settings
from archspec.record import interruption, package_versions
from archspec.reporters import Column, Table
from archspec.search.candidates import Candidate
from archspec.search.space import Space
from archspec.spec import dump, load, override, parse
from archspec.train import load_recipe

if TYPE_CHECKING:
    from archspec.train import Recipe

TABLES = Path(__file__).parent / "tables"
POLL_S = 0.5
QUICK = 2
KNOWN_IN_A_ROW = 10_000
COLUMNS = (
    Column("steps", "Steps", kind="integer"),
    Column("networks", "Networks", kind="integer"),
    Column("lowest", "Lowest mIoU", kind="number", digits=3),
    Column("mean", "Mean", kind="number", digits=3),
    Column("highest", "Highest", kind="number", digits=3),
    Column("apart", "Seeds apart, mean", kind="number", digits=3),
)


def learning_curves(arguments: Namespace) -> tuple[Table, bool]:
    """Make the table, or go on with it; what it holds at the end."""
    os.environ["ARCHSPEC_WEIGHTS"] = str(arguments.weights.resolve())
    recipe = load_recipe(str(arguments.recipe))
    size = recipe.stages[0].augmentation.size
    reference = small_images(arguments.data, arguments.images.resolve(), size)
    wanted = QUICK if arguments.quick else arguments.networks
    conditions = wanted_conditions(arguments, recipe, reference)
    with CurveTable.opened(arguments.table, conditions) as table, curve_progress(wanted) as progress:
        fill(table, recipe.text, reference, wanted, arguments, progress)
    return overview(table), bool(table.trained)


def wanted_conditions(arguments: Namespace, recipe: Recipe, reference: str) -> Conditions:
    """What the table is to hold under. A table that is there keeps its own space, unless another is asked for."""
    known = arguments.table.with_suffix(".json").exists()
    if known and arguments.space is None:
        space = CurveTable.read(arguments.table).conditions.space
    else:
        space = dump(load(arguments.space or "camvid_mobile")).replace(f"{arguments.weights.resolve()}{os.sep}", "")
    dataset = open_dataset(reference)
    about = {
        "command": "python benchmarks/learning_curves.py --data camvid:DIR --weights FOLDER",
        "versions": package_versions(("keras", "numpy", "tensorflow", "tensorflow-cpu")),
        "machine": machine_conditions()[0],
    }
    return Conditions(
        space, recipe.text, tuple(arguments.rungs), arguments.decay, tuple(arguments.seeds),
        recipe.stages[0].augmentation.size, arguments.draw,
        ", ".join(f"{split} {dataset.fingerprint(split)}" for split in ("train", "val")), about,
    )  # fmt: skip


def fill(
    table: CurveTable, recipe: str, reference: str, wanted: int, arguments: Namespace, progress: CurveProgress
) -> None:
    """Train until the table has so many networks. Raises `KeyboardInterrupt`; rows that are whole are kept."""
    conditions = table.conditions
    latency_table = str(arguments.latency_table.resolve()) if arguments.latency_table else ""
    evaluator = CurveEvaluator(recipe, reference, conditions.steps, conditions.decay, conditions.seeds, latency_table)
    settings = Settings(("miou",), data=(reference,), training_threads=1)
    candidates = drawn(conditions, {row.key for row in table.rows})
    engine, running = start_engine(arguments.processes, evaluator), dict[int, Candidate]()
    trained = sum(not row.fault for row in table.rows)
    progress.known(trained)
    with interruption() as wish:
        try:
            while trained < wanted:
                wish.check()
                while engine.free and trained + len(running) < wanted:
                    number, candidate = next(candidates)
                    running[number] = candidate
                    engine.start(Work(number, candidate.network.text, settings, candidate.genome))
                    progress.started(number)
                for ended in engine.wait(POLL_S):
                    row = curve_row(ended, running.pop(ended.number), conditions)
                    table.add(row)
                    trained += not row.fault
                    progress.finished(row)
        finally:
            engine.stop()


def low_resolution(conditions: Conditions) -> Space:
    """The space of a table: its networks read images of the table's size."""
    spec = parse(conditions.space, file="space of the table")
    return Space.of(override(spec, {"input.size": list(conditions.size)}))


def drawn(conditions: Conditions, known: set[str]) -> Iterator[tuple[int, Candidate]]:
    """Candidates by their number in the draw, without those that compute the function of a known one. The draw is the
    same whenever it is begun. Raises `UserError` when nothing new comes any more."""
    space, generator = low_resolution(conditions), random.Random(conditions.draw)
    seen, in_a_row, number = set(known), 0, -1
    while in_a_row < KNOWN_IN_A_ROW:
        number, in_a_row = number + 1, in_a_row + 1
        genome = space.sample(generator)
        try:
            candidate = space.candidate(genome)
        except (UserError, Problem):
            continue  # it cannot be built
        if candidate.key not in seen:
            seen.add(candidate.key)
            in_a_row = 0
            yield number, candidate
    raise user_error(f"the space has no more than {len(seen)} networks, or hardly", "Ask for fewer --networks")


def overview(table: CurveTable) -> Table:
    """The scores at each rung."""
    rows = []
    for rung, steps in enumerate(table.conditions.steps):
        trained = [row for row in table.rows if not row.fault]
        found = [row.judged(rung) for row in trained]
        apart = [max(scores) - min(scores) for row in trained if (scores := _of_rung(row.scores, rung))]
        if found:
            rows.append((steps, len(found), min(found), mean(found), max(found), mean(apart)))
    failed = sum(bool(row.fault) for row in table.rows)
    hours = sum(row.cpu_seconds for row in table.rows) / 3600
    notes = machine_conditions(
        table=table.file.name, failed=f"{failed} networks", trained=f"{hours:.2f} hours of processor time",
    )  # fmt: skip
    return Table("Learning curves", COLUMNS, tuple(rows), notes)


def _of_rung(scores: object, rung: int) -> list[float]:
    return [score for (at, _), score in dict(scores).items() if at == rung]  # type: ignore[call-overload]


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


if __name__ == "__main__":
    parser = make_parser(__doc__)
    parser.add_argument("--data", required=True, help="camvid:DIR")
    parser.add_argument("--weights", required=True, type=Path, help="the folder of the backbones' weights")
    parser.add_argument("--space", help="a bundled name or a file (default: camvid_mobile, or that of the table)")
    parser.add_argument("--table", type=Path, default=TABLES / "camvid_mobile.csv")
    parser.add_argument("--recipe", type=Path, default=TABLES / "camvid_mobile_recipe.yaml")
    parser.add_argument("--networks", type=int, default=200, help="so many in all (default: 200)")
    parser.add_argument("--processes", type=int, default=2, help="each of one thread (default: 2)")
    parser.add_argument("--rungs", type=_numbers, default=(20, 60, 180), help="steps (default: 20,60,180)")
    parser.add_argument("--decay", type=float, default=0.3, help="share of a rung's steps (default: 0.3)")
    parser.add_argument("--seeds", type=_numbers, default=(0, 1), help="default: 0,1")
    parser.add_argument("--draw", type=int, default=0, help="seed of the draw of networks (default: 0)")
    parser.add_argument("--images", type=Path, default=Path("runs/learning_curves"), help="where small images lie")
    parser.add_argument("--latency-table", type=Path, help="of archspec latency --calibrate (default: none predicted)")
    try:
        run(learning_curves, parser.parse_args())
    except KeyboardInterrupt:
        tell("stopped; rows that are whole are kept, give the command again to go on")
        sys.exit(130)
