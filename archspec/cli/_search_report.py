"""What a search says before it begins and once it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archspec.cli._options import put_table
from archspec.cli._terminal import safe, say
from archspec.record import describe_plugins, shell_command

if TYPE_CHECKING:
    from archspec.search.study.outcome import StudyOutcome
    from archspec.search.study.running import StudyRun


def begun(run: StudyRun) -> None:
    """Which study it is, how large its space, where it goes. Raises `UserError` with what is wrong with it."""
    run.check()
    study, size = run.study, run.space.size
    points = "a continuous space" if size is None else f"{size:,} points"
    goals = ", ".join(one.said for one in study.objectives)
    lines = [
        f"{study.name}: {points}; {goals}",
        f"sampler {study.sampler.name}, seed {study.seed}, {study.budget.said}",
        f"in {run.folder}",
    ]
    say("\n".join(lines))


def going_on(run: StudyRun) -> str:
    """The command that goes on with a study, wherever it keeps its trials and numbers."""
    where = (("--storage", run.storage), ("--ledger", run.ledger))
    words = (word for pair in where if pair[1] for word in pair)
    return shell_command("search", "--resume", run.folder, *words) + describe_plugins(run.plugins)


def written(outcome: StudyOutcome, run: StudyRun) -> str:
    """Write the outcome's files; where they are, in words."""
    from archspec.search.study.provenance import study_record
    from archspec.search.study.showing import without_password
    from archspec.search.study.writing import write_outcome

    record = study_record(
        outcome,
        size=run.space.size,
        storage=without_password(run.store_url),
        ledger=without_password(run.ledger_url),
        fingerprints=run.fingerprints,
    )
    files = write_outcome(outcome, record)
    specs = [file for file in files if file.suffix == ".yaml"]
    pictures = ", ".join(file.name for file in files if file.suffix != ".yaml")
    lines = [f"{outcome.folder}: {pictures}"]
    if specs:
        build = shell_command("build", specs[len(specs) // 2])
        lines.append(f"build a point of the front:\n  {build}{describe_plugins(run.plugins)}")
    return "\n".join(lines)


def put_outcome(outcome: StudyOutcome, run: StudyRun, reporter: str) -> None:
    """The front; for people also what became of the candidates, how well cheap numbers rank, and how to go on."""
    from archspec.search.study.agreement import agreements
    from archspec.search.study.tables import agreement_table, counts_table, front_table

    put_table(front_table(outcome), reporter, None)
    if reporter != "table":
        return
    tables = [counts_table(outcome)]
    found = agreements(outcome)
    tables += [agreement_table(found)] if found else []
    for table in tables:
        print()
        put_table(table, "table", None)
    result = outcome.result
    lines = [note for note in outcome.notes if note]
    if result.reference is not None:
        point = ", ".join(f"{abs(value):.4g}" for value in result.reference)
        lines.append(f"hypervolume {result.hypervolume:.6g} from the reference point ({point})")
    if result.stopped == "time":
        lines.append(f"go on:\n  {going_on(run)}")
    print()
    print(safe("\n".join(dict.fromkeys(lines))))
