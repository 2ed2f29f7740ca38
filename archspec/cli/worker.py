"""`archspec worker`: more machines for a search whose trials are in a database."""

from __future__ import annotations

from pathlib import Path

import click

from archspec.cli._options import ledger_option, plugins_option
from archspec.cli._paths import OutputFolder
from archspec.cli._terminal import safe, say


@click.command()
@click.option("--storage", required=True, metavar="URL", help="Database of the search.")
@click.option("--study", metavar="NAME", help="Which study of the database; needed where there are several.")
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, metavar="N",
              help="How many processes of this machine evaluate candidates.")  # fmt: skip
@click.option("--data", "references", metavar="NAME:DIR", multiple=True,
              help="Where a data set of the study is on this machine, if elsewhere. Repeatable.")  # fmt: skip
@ledger_option("the output folder")
@click.option("--output", "root", type=OutputFolder(), default=Path("searches"), show_default=True, metavar="FOLDER",
              help="Folder that the trainings and features of this machine are written to.")  # fmt: skip
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

    Each candidate is evaluated by one of the workers; when a worker dies, another one takes over its candidate. A
    SQLite file is refused: its locks do not work over a network.
    """
    from archspec.cli._search_progress import study_progress
    from archspec.record import check_folder
    from archspec.search.study import join, joined

    check_folder(root)
    run = joined(storage, study, root=root, ledger=ledger, data=references, plugins=plugins)
    run.study = run.study.with_workers(workers)
    say(f"joins {run.name}")
    with study_progress(run.study) as progress:
        result = join(run, progress)
    counts = ", ".join(f"{count} {state}" for state, count in sorted(result.counts.items()))
    print(safe(f"{run.name}: {counts}, {len(result.front)} on the front"))
    if result.message:
        print(safe(result.message))
