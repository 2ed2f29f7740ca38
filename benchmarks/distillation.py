"""What a teacher gives: trainings of one student with and without it, in pairs of equal seeds.

The student, its weights, its data and the recipe are the same in both; only the key `teacher` is added. Every training
is a run in `--root`: what is finished is not repeated, what was stopped goes on, so the command may be killed and given
again, or take `--trainings 1` at a time. The table is of the pairs that are whole, and is written there as CSV and
Markdown too.

    python benchmarks/distillation.py --data camvid:DIR --weights shufflenetv2_x0_5.npz --as fastestdet_npz \\
        --teacher runs/camvid_mobilenetv2-camvid_pyramid-HASH-s0 --root runs/distillation
"""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from statistics import mean, stdev
from typing import TYPE_CHECKING

from harness.command import make_parser, run, tell
from harness.conditions import conditions

from archspec.reporters import Column, Table

if TYPE_CHECKING:
    from archspec.train import TrainingResult

COLUMNS = (
    Column("seed", "Seed"),
    Column("without", "val mIoU without", kind="number", digits=4),
    Column("with", "with the teacher", kind="number", digits=4),
    Column("gain", "Gain", kind="number", digits=4),
)
ENDINGS = {"csv": ".csv", "markdown": ".md"}


def distillation(arguments: Namespace) -> tuple[Table, bool]:
    """The table of the pairs that are there; the gain is reported whatever it is."""
    seeds = range(arguments.seeds)
    left = arguments.trainings
    found: dict[tuple[int, bool], float] = {}
    for seed in seeds:
        for taught in (False, True):
            if left == 0:
                break
            result = _trained(arguments, seed, taught)
            left -= result.fresh
            if result.miou is None:
                tell(f"{result.folder} failed: {result.about['error']}")
                continue
            found[seed, taught] = result.miou
            tell(f"seed {seed}, {'with' if taught else 'without'} the teacher: {result.miou:.4f} ({result.folder})")
    whole = [seed for seed in seeds if (seed, False) in found and (seed, True) in found]
    table = _table(arguments, {seed: (found[seed, False], found[seed, True]) for seed in whole})
    _write(table, Path(arguments.root))
    return table, True


def _trained(arguments: Namespace, seed: int, taught: bool) -> TrainingResult:
    """One run, trained now or before."""
    import archspec

    teacher = {"run": str(Path(arguments.teacher).resolve()), "on": "logits"}
    teacher |= {"weight": arguments.weight, "temperature": arguments.temperature}
    written = ", ".join(f"{key}: {value}" for key, value in teacher.items())
    changes = [f"steps={arguments.steps}", "validation={}"]
    return archspec.train(
        arguments.spec,
        arguments.recipe,
        data=arguments.data,
        weights={"file": arguments.weights, "format": arguments.weights_format} if arguments.weights else None,
        seed=seed,
        recipe_overrides=[*changes, f"teacher={{{written}}}"] if taught else changes,
        output=arguments.root,
    )


def _table(arguments: Namespace, pairs: dict[int, tuple[float, float]]) -> Table:
    from archspec.train import Run

    rows: list[tuple[int | str | float | None, ...]] = []
    rows += [(str(seed), plain, taught, taught - plain) for seed, (plain, taught) in pairs.items()]
    gains = [taught - plain for plain, taught in pairs.values()]
    if pairs:
        rows.append(("mean", *(mean(column) for column in zip(*pairs.values(), strict=True)), mean(gains)))
    spread = f"{stdev(gains):.4f} over {len(gains)} pairs" if len(gains) > 1 else "not known: fewer than two pairs"
    teacher = Run(Path(arguments.teacher)).about()
    notes = conditions(
        student=f"{arguments.spec}, weights {Path(arguments.weights).name if arguments.weights else 'fresh'}",
        teacher=f"{teacher['name']}, val mIoU {teacher['metrics']['val_miou']:.4f}",
        recipe=f"{arguments.recipe} with steps={arguments.steps}; data {arguments.data.partition(':')[0]}",
        distillation=f"on logits, weight {arguments.weight:g}, temperature {arguments.temperature:g}",
        standard_deviation_of_the_gain=spread,
    )
    return Table("With and without a teacher", COLUMNS, tuple(rows), notes)


def _write(table: Table, root: Path) -> None:
    """Beside the runs, as CSV and Markdown."""
    from archspec.record import write_text
    from archspec.reporters import render

    for reporter, ending in ENDINGS.items():
        write_text(root / f"distillation{ending}", render(table, reporter))


if __name__ == "__main__":
    parser = make_parser(__doc__)
    parser.add_argument("--spec", default="camvid_shufflenetv2_05", help="the student (default: %(default)s)")
    parser.add_argument("--recipe", default="camvid_cpu", help="of every training (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=300, help="of every training (default: %(default)s)")
    parser.add_argument("--data", required=True, metavar="NAME:DIR")
    parser.add_argument("--weights", default="", help="what the student begins with")
    parser.add_argument("--as", dest="weights_format", default="fastestdet_npz", help="of them (default: %(default)s)")
    parser.add_argument("--teacher", required=True, metavar="RUN", help="the folder of a finished run")
    parser.add_argument("--weight", type=float, default=1.0, help="of what the teacher says (default: %(default)s)")
    parser.add_argument("--temperature", type=float, default=1.0, help="(default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=3, help="how many pairs (default: %(default)s)")
    parser.add_argument("--trainings", type=int, default=-1, help="train so many at most now (default: all)")
    parser.add_argument("--root", default="runs/distillation", help="folder of the runs (default: %(default)s)")
    run(distillation, parser.parse_args())
