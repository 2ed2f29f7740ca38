"""`archspec search`: from a space to a Pareto front of specs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archspec.cli._options import (
    catalog,
    data_option,
    engine_option,
    formats_option,
    ledger_option,
    plugins_option,
    put_table,
    put_tables,
    set_option,
    weights_changes,
    weights_options,
)
from archspec.cli._paths import InputPath, OutputFolder
from archspec.cli._terminal import safe, say

if TYPE_CHECKING:
    from archspec.search.study import Study, StudyResult, StudyRun
    from archspec.spec import Named, Spec

DEFAULT = "default"
SHOW = "show"
PAUSED_SHOWN = 12  # candidates that wait at a rung


@click.command()
@click.argument("what", nargs=-1, metavar="[FILE | show FOLDER]")
@click.option("--trials", type=click.IntRange(1), metavar="N",
              help="Stop after N candidates are evaluated (with rungs: begun). Rejected and repeated ones do not "
                   "count.")  # fmt: skip
@click.option("--trainings", type=click.FloatRange(1), metavar="N",
              help="Stop when all rungs together have cost as many steps as N full trainings.")  # fmt: skip
@click.option("--minutes", type=click.FloatRange(0, min_open=True), help="Propose nothing new after this many minutes.")
@click.option("--workers", type=click.IntRange(1), metavar="N",
              help="How many processes of this machine evaluate candidates.")  # fmt: skip
@engine_option
@click.option("--sampler", metavar="NAME",
              help="Algorithm that proposes candidates; `archspec list samplers` lists them.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), help="Seed of the proposals and of the trainings.")
@data_option
@weights_options("File of weights that every candidate starts from.")
@ledger_option("the output folder (runs/ledger.db for the usual one)")
@click.option("--output", "root", type=OutputFolder(), default=Path("searches"), show_default=True, metavar="FOLDER",
              help="Write the study to FOLDER/<name>-<hash>-s<seed>/.")  # fmt: skip
@click.option("--resume", type=InputPath(), metavar="FOLDER", help="Go on with the study of this folder.")
@click.option("--dashboard", is_flag=True,
              help="Also write the trials to Optuna's tables in the same file, for optuna-dashboard.")  # fmt: skip
@click.option("--set-study", "changes", metavar="PATH=VALUE", multiple=True,
              help="Change a value of the study, e.g. --set-study limits.gflops=0.5. Repeatable.")  # fmt: skip
@formats_option("How to print the front.")
@set_option
@plugins_option
def search(
    what: tuple[str, ...],
    trials: int | None,
    trainings: float | None,
    minutes: float | None,
    workers: int | None,
    engine: str | None,
    sampler: str | None,
    seed: int | None,
    references: tuple[str, ...],
    weights: Path | None,
    weights_format: str | None,
    ledger: str,
    root: Path,
    resume: Path | None,
    dashboard: bool,
    changes: tuple[str, ...],
    reporter: str,
    overrides: tuple[str, ...],
    plugins: tuple[Path, ...],
) -> None:
    """Search the space of a study FILE (a path, or a bundled name) for the networks that no other beats in all
    objectives.

    Without FILE a study of five minutes is run that needs no download. A search that was stopped goes on with the same
    command or with --resume. `archspec search show FOLDER` prints what is known so far.
    """
    from archspec.api.search import study_options
    from archspec.experiment import engine_named

    options = study_options(trials, trainings, minutes, workers, sampler, seed, references)
    if what[:1] == (SHOW,) or resume is not None:
        folder = _folder(what, resume)
        if what and (options or changes or overrides or weights):
            raise click.UsageError("show changes nothing. Leave out the options that change a study")
        run = _of_folder(folder, ledger, plugins, options, changes, overrides)
        if resume is None:
            from archspec.search.study import shown

            _put(shown(run), run, reporter)
            return
    else:
        if len(what) > 1:
            raise click.UsageError(f"one study FILE is wanted ({len(what)} given)")
        run = _of_file(what[0] if what else DEFAULT, weights, weights_format, changes, options, overrides, plugins)
        run.root, run.ledger = root, ledger
    run.study = replace(run.study, engine=engine_named(engine, run.study.engine))
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
    from archspec.search.study import StudyRun, load_study

    more: list[str | dict[str, Any]] = [*overrides, *weights_changes(weights, weights_format)]
    folder = catalog(plugins)
    study = load_study(file, changes=changes, options=options, overrides=more, catalog=folder)
    if more:
        _report_changes(study, load_study(file, changes=changes, options=options, catalog=folder), more)
    return StudyRun(study, plugins=folder.plugins)


def _report_changes(study: Study, written: Study, changes: Sequence[str | dict[str, Any]]) -> None:
    """Say which choices of the file are closed now, and which networks beside the front a change does not reach."""
    from archspec.spec import closed_choices, describe_change, describe_closed, describe_unreached, unreached

    closed = closed_choices(written.space, study.space)
    lines = [describe_closed(closed)] if closed else []
    for change in changes:
        names = unreached(change, _named_specs(study), _named_specs(written))
        lines += [describe_unreached(describe_change(change), names)] if names else []
    for line in lines:
        say(line)


def _named_specs(study: Study) -> dict[str, Spec]:
    """The networks beside the front, and the priors that are specs."""
    from archspec.spec import Spec

    priors = {name: one for name, one in study.priors.networks.items() if isinstance(one, Spec)}
    return {**priors, **study.beside}


def _of_folder(
    folder: Path,
    ledger: str,
    plugins: tuple[Path, ...],
    options: dict[str, tuple[str, Any]],
    changes: tuple[str, ...],
    overrides: tuple[str, ...],
) -> StudyRun:
    from archspec.errors import user_error
    from archspec.search.study import load_study, study_in

    kept = run = study_in(folder, ledger, plugins)
    if options or changes or overrides:
        file = folder / "study.yaml"
        study = load_study(file, changes=changes, options=options, overrides=overrides, catalog=catalog(plugins))
        run = replace(kept, study=study)
    if run.name != kept.name:
        fact = f"with these changes (or data) this is another study, {run.name}, not {folder.name}"
        raise user_error(fact, "Start it from its file; only the budget, workers and front of a study may change")
    return run


def _search(run: StudyRun, reporter: str, dashboard: bool) -> None:
    from archspec.cli._search_progress import study_progress
    from archspec.files import is_file
    from archspec.ledger import FORMER_LEDGER, default_ledger
    from archspec.record import check_folder

    check_folder(run.root)
    run.check()
    say(_describe_study(run))
    if not run.ledger and is_file(FORMER_LEDGER) and run.ledger_url == default_ledger():
        say(f"{FORMER_LEDGER} is not read any more: archspec ledger migrate moves its numbers to {run.ledger_url}")
    try:
        with study_progress(run.study) as progress:
            outcome = run.run(progress)
    except KeyboardInterrupt:
        say(f"go on with: {_resume_command(run)}")
        raise
    files = _write_files(outcome, run)
    if dashboard:
        from archspec.search.study import mirrored

        say(mirrored(run))
    _put(outcome, run, reporter)
    print(safe(f"\n{files}"), file=sys.stdout if reporter == "table" else sys.stderr)


def _describe_study(run: StudyRun) -> str:
    """Which study it is, how large its space, where it goes."""
    study, size = run.study, run.space.size
    points = "a continuous space" if size is None else f"{size:,} points"
    goals = ", ".join(one.describe() for one in study.objectives)
    lines = [
        f"{study.name}: {points}; {goals}",
        f"sampler {study.sampler.name}, seed {study.seed}, {study.budget.describe()}",
        f"in {run.folder}",
        *([f"on {_describe_engine(study.engine)}"] if study.engine.name != "local" else []),
    ]
    if study.priors.networks:
        lines.insert(2, f"priors: {study.priors.describe()}")
    return "\n".join(lines)


def _describe_engine(engine: Named) -> str:
    """`ray (address ray://lab:10001, gpus 0.25)`."""
    options = ", ".join(f"{name} {value}" for name, value in engine.arguments.items())
    return f"{engine.name} ({options})" if options else engine.name


def _resume_command(run: StudyRun) -> str:
    """The command that goes on with a study, wherever it keeps its numbers."""
    from archspec.record import describe_plugins, shell_command

    where = ("--ledger", run.ledger) if run.ledger else ()
    return shell_command("search", "--resume", run.folder, *where) + describe_plugins(run.plugins)


def _write_files(outcome: StudyResult, run: StudyRun) -> str:
    """Write the files of the result. Gives a text that says where they are."""
    from archspec.api.search import write_result
    from archspec.record import describe_plugins, shell_command

    files = write_result(outcome, run)
    specs = [file for file in files if file.suffix == ".yaml"]
    pictures = ", ".join(file.name for file in files if file.suffix != ".yaml")
    lines = [f"{outcome.folder}: {pictures}"]
    if specs:
        build = shell_command("build", specs[len(specs) // 2])
        lines.append(f"build a point of the front:\n  {build}{describe_plugins(run.plugins)}")
    return "\n".join(lines)


def _put(outcome: StudyResult, run: StudyRun, reporter: str) -> None:
    """The front; for people also what became of the candidates, how well cheap numbers rank, and how to go on."""
    from archspec.search.study import (
        agreement_table,
        agreements,
        counts_table,
        front_table,
        paused_table,
        rung_table,
    )

    put_table(front_table(outcome), reporter, None)
    if reporter != "table":
        return
    found = agreements(outcome)
    print()
    tables = [counts_table(outcome)]
    if outcome.study.fidelity is not None:
        tables.append(rung_table(outcome))
        tables += [paused_table(outcome, PAUSED_SHOWN)] if outcome.result.counts.get("paused") else []
    put_tables([*tables, *([agreement_table(found)] if found else [])], reporter)
    result = outcome.result
    lines = [note for note in outcome.notes if note]
    if result.reference is not None:
        point = ", ".join(f"{abs(value):.4g}" for value in result.reference)
        lines.append(f"hypervolume {result.hypervolume:.6g} from the reference point ({point})")
    if result.stopped == "time":
        lines.append(f"go on:\n  {_resume_command(run)}")
    print()
    print(safe("\n".join(dict.fromkeys(lines))))
