"""`archspec ablate`: a table of what each change of a network costs and brings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archspec.cli._at_work import WorkBars, work_bars
from archspec.cli._options import (
    DATA_FORMATS,
    catalog,
    data_option,
    engine_option,
    formats_option,
    ledger_option,
    output_option,
    plugins_option,
    procedure_option,
    put_table,
    set_option,
    update_option,
    weights_changes,
    weights_options,
)
from archspec.cli._paths import OutputFolder
from archspec.cli._terminal import latency_bar, say

if TYPE_CHECKING:
    from archspec.ablation import Ablation
    from archspec.experiment import ExperimentProgress


@click.command()
@click.argument("file")
@click.option("--dry-run", is_flag=True, help="Print the rows, what they cost and what would be measured, and stop.")
@click.option("--only", multiple=True, metavar="ROW", help="Measure only this row and the base. Repeatable.")
@update_option
@click.option("--seeds", metavar="N,N,…", help="Train with these seeds instead of those of the file.")
@data_option
@weights_options("File of weights that every row starts from.")
@click.option("--workers", type=click.IntRange(1), metavar="N",
              help="How many trainings run at a time on this machine.")  # fmt: skip
@engine_option
@procedure_option(words="How latency is measured: quick, default or paper.")
@click.option("--correct", type=click.Choice(("none", "holm")),
              help="Correct p for the number of rows in this way instead of the file's.")  # fmt: skip
@ledger_option("the folder of --runs")
@click.option("--runs", type=OutputFolder(), default=Path("runs"), show_default=True, metavar="FOLDER",
              help="Folder that the trainings are written to.")  # fmt: skip
@formats_option("How to print. csv and json have a column for each number, the others a cell for each metric.")
@output_option
@set_option
@plugins_option
def ablate(
    file: str,
    dry_run: bool,
    only: tuple[str, ...],
    update: bool,
    seeds: str | None,
    references: tuple[str, ...],
    weights: Path | None,
    weights_format: str | None,
    workers: int | None,
    engine: str | None,
    procedure: str | None,
    correct: str | None,
    ledger: str,
    runs: Path,
    reporter: str,
    output: Path | None,
    overrides: tuple[str, ...],
    plugins: tuple[Path, ...],
) -> None:
    """Compare the rows of an ablation FILE (a path, or a bundled name) with its base.

    Only numbers that the ledger does not have are measured. A run that was stopped goes on where it was. --set changes
    every row.
    """
    from archspec.ablation import chosen, load_ablation
    from archspec.ablation.run import AblationRun
    from archspec.ledger import default_ledger

    folder = catalog(plugins)
    ablation = load_ablation(file, overrides=[*overrides, *weights_changes(weights, weights_format)], catalog=folder)
    ablation = chosen(
        ablation, rows=only, seeds=_numbers(seeds), data=references, workers=workers, engine=engine,
        procedure=procedure, correct=correct,
    )  # fmt: skip
    run = AblationRun(ablation, ledger or default_ledger(runs), runs, folder.plugins)
    if dry_run:
        from archspec.ablation.run import plan_table

        put_table(plan_table(run), reporter, output)
        return
    from archspec.record import check_folder

    check_folder(runs, "Name another with --runs")
    with _progress_of(ablation) as progress:
        result = run.run(progress, update=update)
    say(f"{result.measured} numbers measured, the others from {run.ledger}")
    put_table(result.to_table() if reporter in DATA_FORMATS else result.table_for_people(), reporter, output)


def _numbers(text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    try:
        found = tuple(int(part) for part in text.split(","))
    except ValueError:
        found = ()
    if not found or any(one < 0 for one in found):
        raise click.UsageError(f"--seeds wants numbers from 0 ({text}). Write --seeds 0,1,2")
    return tuple(dict.fromkeys(found))


@contextmanager
def _progress_of(ablation: Ablation) -> Iterator[ExperimentProgress]:
    with work_bars(f"{ablation.name}: trainings") as trainings, latency_bar(f"{ablation.name}: latency") as timing:
        yield _Bars(trainings, timing)


class _Bars:
    """Bars on a terminal, one line for each training in a pipe."""

    def __init__(self, trainings: WorkBars, timing: Any) -> None:
        self._timing = timing
        self.measuring, self.at_work, self.message = trainings.count, trainings.at_work, trainings.message

    def timing(self, progress: Any) -> None:
        """Between runs."""
        self._timing(progress)
