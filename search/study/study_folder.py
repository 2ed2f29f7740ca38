"""A study's outcome read from its folder, while it runs or long after: nothing is measured."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from archspec.errors import Place, UserError, user_error
from archspec.experiment import Sample
from archspec.files import DATA_BYTES, is_file, read_text
from archspec.measures import Ratio
from archspec.network import Network
from archspec.record import shell_command
from archspec.search.history import History
from archspec.search.progress import ENDLESS, SearchResult, Stopped
from archspec.search.store import TrialStore
from archspec.search.study.conclusion import beside_of, found_of
from archspec.search.study.result import Finalist, StudyResult
from archspec.search.study.result_files import RECORD_FILE
from archspec.search.study.run import STUDY_FILE, StudyRun
from archspec.search.study.study_file import load_study


def study_in(folder: Path, ledger: str = "", plugins: tuple[Path, ...] = ()) -> StudyRun:
    """The study that a folder is of. Raises `UserError` for a folder that no search made."""
    from archspec.catalog import Catalog

    file = folder / STUDY_FILE
    if not is_file(file):
        fact = f"no folder of a study (there is no {STUDY_FILE} in it)"
        raise user_error(fact, "Name a folder that archspec search made", place=Place(str(folder)))
    catalog = Catalog(plugins)
    study = load_study(file, catalog=catalog)
    plugins = catalog.plugins  # those that it was made with, too
    here = folder.resolve()
    run = StudyRun(study, folder.parent if folder.name == here.name else here.parent, ledger, plugins)
    if run.name == here.name:
        return run
    renamed = replace(run, place=folder)
    if not _holds(renamed):  # else nothing would be found in it
        fact = f"no study '{run.name}' is kept in this folder, and its {STUDY_FILE} with its data says so"
        raise user_error(fact, f"Its {STUDY_FILE} or data are not what it was made with", place=Place(str(folder)))
    return renamed


def _holds(run: StudyRun) -> bool:
    if not is_file(run.store_file):
        return False
    with run.opened(read_only=True) as store:
        return run.name in {one.name for one in store.studies()}


def known_result(store: TrialStore, run: StudyRun) -> SearchResult:
    """Every trial that is written down, as the result of a search that ends here. Raises `UserError`."""
    study = store.open_study(run.name)
    history = History(run.study.objectives, run.fidelity)
    trials, info = study.trials(), study.info
    for trial in trials:
        history.take(trial)
    started = [one.started_at for one in trials if one.started_at]
    ended = [one.finished_at for one in trials if one.finished_at]
    short = _unfinished(run, history)
    stopped: Stopped = "time" if short.startswith("not") else "budget"
    return SearchResult(
        study=run.name, objectives=run.study.objectives, trials=tuple(history.by_number()),
        front=tuple(history.front()), counts={state: count for state, count in history.counts.items() if count},
        rejects=dict(history.rejects), repeated=info.repeated, folded=info.folded, hypervolume=history.hypervolume(),
        reference=history.reference() if history.front() else None, stopped=stopped,
        message=short,
        elapsed_s=max(ended) - min(started) if ended and started else 0.0, steps=history.steps, seconds=history.seconds,
    )  # fmt: skip


def _unfinished(run: StudyRun, history: History) -> str:
    """What is left of a study's budget, in words; nothing where it is spent."""
    study, fidelity = run.study, run.fidelity
    done, most, trainings = history.counts["done"], study.most_candidates, study.budget.trainings
    if fidelity is None:
        return f"not finished: {done} of {most} evaluations" if done < most < ENDLESS else ""
    begun, works = history.counted, history.counts["running"] + history.counts["proposed"]
    left = trainings is None or history.steps + fidelity.remaining(-1) <= trainings * fidelity.whole
    lines = [] if done else [f"no candidate has finished the last rung ({fidelity.whole:,} steps) yet"]
    if works or (left and begun < most and (trainings is not None or most < ENDLESS)):
        spent = f"{history.steps / fidelity.whole:.1f} of {trainings:g} trainings" if trainings is not None else ""
        candidates = f"{begun} of {most} candidates begun" if most < ENDLESS else f"{begun} candidates begun"
        lines.insert(0, ", ".join(part for part in ("not finished: " + candidates, spent) if part))
    return "; ".join(lines)


def shown(run: StudyRun) -> StudyResult:
    """What is known: the trials from the store, what was measured afterwards from the folder's record."""
    with run.opened(read_only=True) as store:
        result = known_result(store, run)
    settings = run.settings
    study = run.study
    networks = [*found_of(study, result, run.prior_names), *beside_of(study, settings)]
    record = _record(run.folder / RECORD_FILE)
    try:
        known = {("" if one["trial"] is not None else one["name"], one["hash"]): one for one in record["networks"]}
        found = [_with(one, known.get((one.name if one.trial is None else "", one.hash))) for one in networks]
        drawn = {one["name"]: _drawn(run, one) for one in record["random"]}
        best = [one for one in record["networks"] if one["name"] in drawn and one["trial"] is None]
        found += [_with(drawn[one["name"]], one) for one in best]
    except (KeyError, TypeError, AttributeError) as error:
        raise _no_record(run.folder / RECORD_FILE, error) from error
    notes = (result.message,) if result.message else ()
    return StudyResult(study, run.folder, result, tuple(found), notes, tuple(drawn.values()), run.prior_names)


def _drawn(run: StudyRun, recorded: Mapping[str, Any]) -> Finalist:
    """A random network, which cannot be drawn again without the search that it is beside."""
    network = Network.of_text(recorded["spec"], file=f"<{recorded['name']}>", catalog=run.study.space.catalog)
    return Finalist(
        recorded["name"], network, None, recorded["values"], precision=run.study.target.precision, drawn=True
    )


def _with(network: Finalist, recorded: Mapping[str, Any] | None) -> Finalist:
    if recorded is None:
        return network
    here = {metric: value for metric, value in network.values.items() if value is not None}
    values = {**recorded["values"], **here} if network.beside else network.values
    ratio = recorded.get("ratio_to_base")
    return replace(network, values=values, measured=_readings(recorded), ratio=Ratio(*ratio) if ratio else None)


def _record(file: Path) -> dict[str, Any]:
    """What is recorded of the networks; those drawn at random are not in records of before."""
    if not is_file(file):
        return {"networks": [], "random": []}
    try:
        found = json.loads(read_text(file, most_bytes=DATA_BYTES))
        return {"networks": found["networks"], "random": found.get("random", [])}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _no_record(file, error) from error


def _no_record(file: Path, error: Exception) -> UserError:
    fact = f"not the record of a study ({error})"
    remedy = f"Run {shell_command('search', '--resume', file.parent)}: it is written anew"
    return user_error(fact, remedy, place=Place(str(file)))


def _readings(network: Mapping[str, Any]) -> dict[str, Sample]:
    return {
        metric: Sample.of_values(metric, one["values"], one["spread"], one["fault"], one.get("seeds"))
        for metric, one in network["measured"].items()
    }


def mirrored(run: StudyRun) -> str:
    """Copy what is finished to Optuna's tables in the same file; in words, what to open."""
    from archspec.search.optuna_mirror import mirror

    with run.opened(read_only=True) as store:
        result, url = known_result(store, run), store.url
    count = mirror(url, run.name, run.space, run.study.objectives, result.trials)
    return (
        f"{count} trials copied to Optuna's tables: optuna-dashboard {url} (it knows nothing of limits: the front that "
        "counts is the one below)"
    )
