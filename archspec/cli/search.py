"""`archspec search`: from a space to a Pareto front of specs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archspec.cli._options import catalog, formats_option, plugins_option, set_option
from archspec.cli._paths import DatabasePlace, InputPath, OutputFolder
from archspec.cli._terminal import safe, say

if TYPE_CHECKING:
    from archspec.search.study import Study
    from archspec.search.study.outcome import StudyOutcome
    from archspec.search.study.running import StudyRun

DEFAULT = "default"
SHOW = "show"


@click.command()
@click.argument("what", nargs=-1, metavar="[FILE | show FOLDER]")
@click.option("--trials", type=click.IntRange(1), metavar="N",
              help="Evaluate so many candidates; rejected and repeated ones are not counted.")  # fmt: skip
@click.option("--minutes", type=click.FloatRange(0, min_open=True), help="Propose nothing new after so long.")
@click.option("--workers", type=click.IntRange(1), metavar="N", help="Processes that evaluate, on this machine.")
@click.option("--sampler", metavar="NAME", help="Who proposes: archspec list samplers.")
@click.option("--seed", type=click.IntRange(0), help="Of proposals and of trainings.")
@click.option("--data", "references", metavar="NAME:DIR", multiple=True, help="What to train on. Repeatable.")
@click.option("--weights", type=InputPath(), metavar="FILE",
              help="What every candidate starts from.")  # fmt: skip
@click.option("--as", "weights_format", metavar="FORMAT", help="Where --weights come from, unless archspec's own.")
@click.option("--storage", type=DatabasePlace(), default="", metavar="URL",
              help="A database that several machines share (postgresql+psycopg2://…); else a file.")  # fmt: skip
@click.option("--ledger", type=DatabasePlace(), default="", metavar="WHERE", envvar="ARCHSPEC_LEDGER",
              help="Where measured numbers are kept; else ledger.db in the output folder.")  # fmt: skip
@click.option("--output", "root", type=OutputFolder(), default=Path("searches"),
              show_default=True, metavar="FOLDER", help="The study is FOLDER/<name>-<hash>-s<seed>/.")  # fmt: skip
@click.option("--resume", type=InputPath(), metavar="FOLDER",
              help="Go on with the study of this folder.")  # fmt: skip
@click.option("--dashboard", is_flag=True,
              help="Also write the trials to Optuna's tables in the same database, for optuna-dashboard.")  # fmt: skip
@click.option("--set-study", "changes", metavar="PATH=VALUE", multiple=True,
              help="Change a value of the study, e.g. --set-study limits.gflops=0.5. Repeatable.")  # fmt: skip
@formats_option("How to print the front.")
@set_option
@plugins_option
def search(
    what: tuple[str, ...],
    trials: int | None,
    minutes: float | None,
    workers: int | None,
    sampler: str | None,
    seed: int | None,
    references: tuple[str, ...],
    weights: Path | None,
    weights_format: str | None,
    storage: str,
    ledger: str,
    root: Path,
    resume: Path | None,
    dashboard: bool,
    changes: tuple[str, ...],
    reporter: str,
    overrides: tuple[str, ...],
    plugins: tuple[Path, ...],
) -> None:
    """Search the space of a study FILE (a path, or a bundled name; without one a study of five minutes that needs no
    download) for the networks that no other beats in all of its objectives.

    Stopped anywhere and begun again, by the same command or --resume, it repeats nothing. `archspec search show
    FOLDER` prints what is known so far.
    """
    options: dict[str, tuple[str, Any]] = {
        path: (option, value)
        for path, option, value in (
            ("budget.evaluations", "--trials", trials), ("budget.minutes", "--minutes", minutes),
            ("workers", "--workers", workers), ("sampler", "--sampler", sampler), ("seed", "--seed", seed),
            ("data", "--data", list(references) or None),
        )
        if value is not None
    }  # fmt: skip
    if what[:1] == (SHOW,) or resume is not None:
        folder = _folder(what, resume)
        if what and (options or changes or overrides or weights):
            raise click.UsageError("show takes the folder of a study and nothing that would change it")
        run = _of_folder(folder, storage, ledger, plugins, options, changes, overrides)
        if resume is None:
            _put(_shown(run), run, reporter)
            return
    else:
        if len(what) > 1:
            raise click.UsageError(f"one study FILE is wanted ({len(what)} given)")
        run = _of_file(what[0] if what else DEFAULT, weights, weights_format, changes, options, overrides, plugins)
        run.root, run.storage, run.ledger = root, storage, ledger
    _search(run, reporter, dashboard)


def _folder(what: tuple[str, ...], resume: Path | None) -> Path:
    if resume is not None:
        if what:
            raise click.UsageError("--resume FOLDER knows its study. Leave FILE out")
        return resume
    if len(what) != 2:
        raise click.UsageError("show wants the folder of one study: archspec search show searches/NAME")
    return Path(what[1])


def _of_file(
    file: str,
    weights: Path | None,
    weights_format: str | None,
    changes: tuple[str, ...],
    options: dict[str, tuple[str, Any]],
    overrides: tuple[str, ...],
    plugins: tuple[Path, ...],
) -> StudyRun:
    from archspec.search.study import load_study
    from archspec.search.study.running import StudyRun

    more: list[str | dict[str, Any]] = list(overrides)
    if weights is not None:
        more.append({"weights": {"file": str(weights)} | ({"format": weights_format} if weights_format else {})})
    folder = catalog(plugins)
    study = load_study(file, changes=changes, options=options, overrides=more, catalog=folder)
    if more:
        _say_what_is_changed(study, load_study(file, changes=changes, options=options, catalog=folder), more)
    return StudyRun(study, plugins=folder.plugins)


def _say_what_is_changed(study: Study, written: Study, changes: Sequence[str | dict[str, Any]]) -> None:
    """Which choices of the file are closed now, and which networks beside the front do not hear of it."""
    from archspec.spec.overrides import closed_choices, closed_note, note_of, option_text, unreached

    closed = closed_choices(written.space, study.space)
    lines = [closed_note(closed)] if closed else []
    for change in changes:
        names = unreached(change, study.beside, written.beside)
        lines += [note_of(option_text(change), names)] if names else []
    for line in lines:
        say(line)


def _of_folder(
    folder: Path,
    storage: str,
    ledger: str,
    plugins: tuple[Path, ...],
    options: dict[str, tuple[str, Any]],
    changes: tuple[str, ...],
    overrides: tuple[str, ...],
) -> StudyRun:
    from archspec.errors import user_error
    from archspec.search.study import load_study
    from archspec.search.study.showing import study_in

    kept = run = study_in(folder, storage, ledger, plugins)
    if options or changes or overrides:
        file = folder / "study.yaml"
        study = load_study(file, changes=changes, options=options, overrides=overrides, catalog=catalog(plugins))
        run = replace(kept, study=study)
    if run.name != kept.name:
        fact = f"with these changes (or data) this is another study, {run.name}, not {folder.name}"
        raise user_error(fact, "Start it from its file; only the budget, workers and front of a study may change")
    return run


def _shown(run: StudyRun) -> StudyOutcome:
    from archspec.search.study.showing import shown

    return shown(run)


def _search(run: StudyRun, reporter: str, dashboard: bool) -> None:
    from archspec.cli._search_progress import watching_study
    from archspec.cli._search_report import begun, going_on, written
    from archspec.record import check_folder

    check_folder(run.root)
    begun(run)
    try:
        with watching_study(run.study) as watch:
            outcome = run.run(watch)
    except KeyboardInterrupt:
        say(f"go on with: {going_on(run)}")
        raise
    files = written(outcome, run)
    if dashboard:
        from archspec.search.study.showing import mirrored

        say(mirrored(run))
    _put(outcome, run, reporter)
    print(safe(f"\n{files}"), file=sys.stdout if reporter == "table" else sys.stderr)


def _put(outcome: StudyOutcome, run: StudyRun, reporter: str) -> None:
    from archspec.cli._search_report import put_outcome

    put_outcome(outcome, run, reporter)
