"""`search`: from a study to the networks that no other beats in all of its objectives."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archspec.api.networks import Plugins, changes_of, names, unguarded, written
from archspec.catalog import Catalog
from archspec.experiment import AtWork, engine_named
from archspec.network import Network
from archspec.record import check_folder, without_password
from archspec.reporters import Column, Table, Tabular, render, scatter_svg
from archspec.search.progress import Silent
from archspec.search.study import (
    StudyProgress,
    StudyResult,
    StudyRun,
    counts_table,
    front_panels,
    front_table,
    load_study,
    study_record,
    write_outcome,
)
from archspec.spec import Changes, Written

if TYPE_CHECKING:
    from archspec.devices import Progress as Rounds
    from archspec.predictor import CalibrationProgress

ROOT = "searches"


@dataclass(frozen=True)
class FrontResult(Tabular):
    """What a search found. As a table it is the front: one row for each network, with what it was searched for."""

    result: StudyResult

    @property
    def front(self) -> list[Network]:
        """The networks that no other beats in all objectives."""
        return [one.network for one in self.result.front]

    @property
    def folder(self) -> Path:
        """Where the study is: its trials, the specs of the front, tables, a picture."""
        return self.result.folder

    @property
    def trials(self) -> Table:
        """Every candidate: what became of it, its numbers, its choices."""
        trials, searched = self.result.result.trials, self.result.study.searched
        rungs = ("rung", "steps") if self.result.study.fidelity is not None else ()
        decisions = list(dict.fromkeys(name for trial in trials for name in trial.genome))
        names = self.result.names
        prior = (Column("prior", "prior"),) if names else ()
        columns = (
            Column("trial", "trial", kind="integer"), *prior, Column("state", "state"), Column("reason", "reason"),
            *(Column(name, name, kind="integer") for name in rungs),
            *(Column(metric, metric, kind="number") for metric in searched),
            *(Column(f"choice:{name}", name) for name in decisions),
        )  # fmt: skip
        rows = tuple(
            (trial.number, *((names.get(trial.key, ""),) if names else ()), trial.state, trial.reason,
             *((trial.rung + 1, trial.steps) if rungs else ()),
             *(trial.values.get(metric) for metric in searched), *(trial.genome.get(name) for name in decisions))
            for trial in trials
        )  # fmt: skip
        return Table(f"{self.result.study.name}: trials", columns, rows)

    @property
    def counts(self) -> Table:
        """What became of everything that was proposed."""
        return counts_table(self.result)

    def to_table(self) -> Table:
        """One row for each network of the front, and those beside it."""
        return front_table(self.result)

    def _repr_html_(self) -> str:
        panels = front_panels(self.result)
        picture = scatter_svg(panels) if panels else ""
        return f"{picture[picture.find('<svg') :] if picture else ''}{render(self.to_table(), 'html')}"


class SilentStudy(Silent):
    """Hears of a study and is silent, but for cautions, which become warnings of Python."""

    def message(self, text: str) -> None:
        """A caution as a warning."""
        if text.startswith("caution:"):
            warnings.warn(text, stacklevel=2)

    def calibrating(self, progress: CalibrationProgress) -> None:
        """Nothing."""

    def timing(self, progress: Rounds) -> None:
        """Nothing."""

    def measuring(self, what: str, done: int, total: int) -> None:
        """Nothing."""

    def at_work(self, several: Mapping[str, AtWork]) -> None:
        """Nothing."""


def search(
    study: Written = "default",
    overrides: Changes = (),
    *,
    trials: int | None = None,
    trainings: float | None = None,
    minutes: float | None = None,
    workers: int | None = None,
    engine: str | None = None,
    sampler: str | None = None,
    seed: int | None = None,
    data: str | Sequence[str] = (),
    weights: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    study_overrides: Sequence[str] = (),
    output: str | os.PathLike[str] = ROOT,
    ledger: str = "",
    plugins: Plugins = (),
    progress: StudyProgress | None = None,
) -> FrontResult:
    """Search a space for the networks that no other beats; called again it goes on, and repeats nothing.

    Args:
        study: what to search and by which objectives and limits: a path, the name of a bundled study, YAML text, or a
            mapping with the keys of a study, in which a spec may be a `Network`.
        overrides: changes of the spec that is searched, as of `archspec.load`.
        trials, trainings, minutes: evaluate so many candidates, train so many full trainings' steps, for so long.
        workers, engine: processes of this machine that evaluate; or a Ray cluster (`"auto"`, `"ray://HOST:10001"`).
        sampler, seed: who proposes (`archspec list samplers`), its seed.
        data, weights: what to train on, `"NAME:FOLDER"`; the file that every candidate starts from.
        study_overrides: changes of the study, such as `["limits.gflops=0.5"]`.
        output, ledger: the study is the folder `output/<name>-<hash>-s<seed>`; numbers are in `output/ledger.db`.
        plugins, progress: folders of your own blocks, measures, …; what is called back while it works.

    Returns:
        `front` (a list of `Network`), `to_frame()` (a row each), `trials` (every candidate), `folder`. In a notebook it
        shows the picture of the front.

    Raises:
        UserError: with every fault of the study, before anything slow. KeyboardInterrupt: all that was done is kept.

    Example:
        >>> import archspec
        >>> found = archspec.search({
        ...     "name": "tiny", "spec": "shufflenetv2_basic", "set": ["input.size=[64,64]"],
        ...     "choices": {"width_multiplier": {"choose": [0.5, 1.0, 1.5]}, "output_stride": {"choose": [8, 16]}},
        ...     "objectives": {"params": "minimize", "peak_memory_mb": "minimize"}, "sampler": "random",
        ... }, trials=4)
        >>> len(found.trials.to_frame()) >= 4, all(net.cost.params for net in found.front)
        (True, True)
    """
    changes = changes_of(overrides, weights)
    catalog = Catalog(tuple(map(Path, plugins)))
    options = study_options(trials, trainings, minutes, workers, sampler, seed, names(data))
    found = load_study(written(study), changes=study_overrides, options=options, overrides=changes, catalog=catalog)
    found = replace(found, engine=engine_named(engine, found.engine))
    check_folder((run := StudyRun(found, Path(output), ledger, catalog.plugins)).root)
    with unguarded():
        result = run.run(progress or SilentStudy())
    write_result(result, run)
    return FrontResult(result)


def study_options(
    trials: int | None, trainings: float | None, minutes: float | None, workers: int | None, sampler: str | None,
    seed: int | None, data: Sequence[str],
) -> dict[str, tuple[str, Any]]:  # fmt: skip
    """The values of a study that have an option of their own: path -> the option that messages name, and the value."""
    found = {
        "budget.evaluations": ("--trials", trials), "budget.minutes": ("--minutes", minutes),
        "budget.trainings": ("--trainings", trainings),
        "workers": ("--workers", workers), "sampler": ("--sampler", sampler), "seed": ("--seed", seed),
        "data": ("--data", list(data) or None),
    }  # fmt: skip
    return {path: (option, value) for path, (option, value) in found.items() if value is not None}


def write_result(result: StudyResult, run: StudyRun) -> list[Path]:
    """The specs of the front, its tables and picture, and the record that repeats it, in the study's folder."""
    record = study_record(
        result,
        size=run.space.size,
        storage=str(run.store_file),
        ledger=without_password(run.ledger_url),
        fingerprints=run.fingerprints,
    )
    return write_outcome(result, record)
