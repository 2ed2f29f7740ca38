"""`archspec worker`: more machines for a search whose trials are in a database."""

from __future__ import annotations

from pathlib import Path

import click

from archspec.cli._options import plugins_option
from archspec.cli._paths import DatabasePlace, OutputFolder
from archspec.cli._terminal import safe, say


@click.command()
@click.option("--storage", required=True, metavar="URL", help="The database of the search.")
@click.option("--study", metavar="NAME", help="Which of its studies; may be left out where there is one.")
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, metavar="N",
              help="Processes that evaluate, on this machine.")  # fmt: skip
@click.option("--data", "references", metavar="NAME:DIR", multiple=True,
              help="Where the study's data are on this machine, if elsewhere. Repeatable.")  # fmt: skip
@click.option("--ledger", type=DatabasePlace(), default="", metavar="WHERE", envvar="ARCHSPEC_LEDGER",
              help="Where measured numbers are kept; else ledger.db in the output folder.")  # fmt: skip
@click.option("--output", "root", type=OutputFolder(), default=Path("searches"),
              show_default=True, metavar="FOLDER", help="Where this machine's trainings and features go.")  # fmt: skip
@plugins_option
def worker(
    storage: str,
    study: str | None,
    workers: int,
    references: tuple[str, ...],
    ledger: str,
    root: Path,
    plugins: tuple[Path, ...],
) -> None:
    """Join a search that `archspec search --storage URL` began, until its budget is spent.

    Every candidate is evaluated by one of all that take part; what a dead one was at, another takes over. A SQLite
    file is for one machine and is refused: its locks do not hold over a network.
    """
    from archspec.cli._search_progress import watching_study
    from archspec.record import check_folder
    from archspec.search.study.joining import join, joined

    check_folder(root)
    run = joined(storage, study, root=root, ledger=ledger, data=references, plugins=plugins)
    run.study = run.study.with_workers(workers)
    say(f"joins {run.name}")
    with watching_study(run.study) as watch:
        result = join(run, watch)
    counts = ", ".join(f"{count} {state}" for state, count in sorted(result.counts.items()))
    print(safe(f"{run.name}: {counts}, {len(result.front)} on the front"))
    if result.message:
        print(safe(result.message))
