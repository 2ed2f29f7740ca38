"""A study from its value to its folder: calibrate, search, measure the front. Run again, it repeats nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import product
from pathlib import Path

from archspec.datasets import check_channels, label_cautions, open_dataset
from archspec.errors import UserError, user_error
from archspec.experiment import LOCAL, check_same_device, device_at, evaluator_for, start_engine
from archspec.files import is_file
from archspec.ledger import Ledger, default_ledger, read_records_today
from archspec.measures import Evaluation, Settings, check_settings, measure_named, screen
from archspec.record import held, note_plugins, write_text
from archspec.search.candidates import Candidate
from archspec.search.driver import Search
from archspec.search.fidelity import Fidelity
from archspec.search.priors import Priors
from archspec.search.progress import SearchProgress, SearchResult
from archspec.search.space import Space
from archspec.search.space.cheapest import Cheapest
from archspec.search.store import TrialStore, open_store
from archspec.search.study.conclusion import Conclusion
from archspec.search.study.lineage import Lineage, check_lineage
from archspec.search.study.preparation import (
    Backbones,
    check_fidelity,
    fidelity_of,
    fingerprints,
    latency_table,
    predicts,
    settings_of,
)
from archspec.search.study.prior_networks import describe_outsiders, prior_names, priors_of
from archspec.search.study.progress import StudyProgress
from archspec.search.study.result import StudyResult
from archspec.search.study.study import Study
from archspec.spec import Spec, missing_weights
from archspec.train import load_recipe

ROOT = Path("searches")
RUNS = "runs"  # in the root: backbones and features serve all studies there
STORE_FILE, STUDY_FILE, LOCK_FILE, DEVICE_FILE = "study.db", "study.yaml", ".lock", "device.json"
FORMER_LATENCIES = "latency.json"  # where the latencies of a front were kept before they went to the ledger
_DATA = "Write data: synthetic_streets in the study"


@dataclass
class StudyRun:
    """One study in its folder `root/<name>-<hash>-s<seed>`, or in `place` where that was renamed.

    Its trials are `study.db` in there. `ledger` '' is the usual one.
    """

    study: Study
    root: Path = ROOT
    ledger: str = ""
    plugins: tuple[Path, ...] = ()
    place: Path | None = None

    @cached_property
    def space(self) -> Space:
        """The space of the study's spec. Raises `UserError`."""
        return Space.of(self.study.space)

    @cached_property
    def fingerprints(self) -> dict[str, str]:
        """What stands for the contents of the data. Raises `UserError`."""
        return fingerprints(self.study)

    @cached_property
    def name(self) -> str:
        """The study in its store, and the folder as it is made: another space, goal or data is another study."""
        study = self.study
        return f"{study.name}-{study.digest(self.fingerprints)}-s{study.seed}"

    @cached_property
    def priors(self) -> Priors:
        """Its priors, looked up in the space. Raises `UserError`."""
        return priors_of(self.study, self.space)

    @cached_property
    def prior_names(self) -> Mapping[str, str]:
        """Key of a trial -> the name of its prior. Raises `UserError`."""
        return prior_names(self.study, self.space)

    @property
    def folder(self) -> Path:
        """Where everything goes."""
        return self.place or self.root / self.name

    @property
    def store_file(self) -> Path:
        """Where trials are kept."""
        return self.folder / STORE_FILE

    @property
    def ledger_url(self) -> str:
        """Where measured numbers are kept."""
        return self.ledger or default_ledger(self.root)

    @cached_property
    def settings(self) -> Settings:
        """What candidates are measured under. The latency table is settled by `prepared`."""
        return settings_of(self.study, self.root / RUNS, self.plugins)

    @cached_property
    def fidelity(self) -> Fidelity | None:
        """The rungs of the study, with the decay that its recipe has. Raises `UserError`."""
        return fidelity_of(self.study)

    @cached_property
    def backbones(self) -> Backbones | None:
        """Where backbones come from, if the study trains its own."""
        study = self.study
        if study.pretrain is None:
            return None
        return Backbones(study.pretrain, study.data, study.seed, self.settings.output)

    def check(self) -> None:
        """Raises `UserError` with what is wrong before anything slow: metrics, data, recipes, the space, the store."""
        study = self.study
        needs = [metric for metric in study.asked if measure_named(metric).trains]
        if needs and not study.data:
            raise user_error(
                f"'{needs[0]}' needs data", "Write data: synthetic_streets in the study, or add --data NAME:DIR"
            )
        for data, spec in product(study.data if needs else (), (study.space, *study.beside.values())):
            check_channels(spec, open_dataset(data).channels)
        known = [one for one in study.priors.networks.values() if isinstance(one, Spec)]
        missing = missing_weights((study.space, *study.beside.values(), *known)) if needs else []
        if missing:
            raise UserError(missing)
        if self.backbones is not None and not study.data:
            raise user_error("'pretrain' needs data", f"{_DATA}, or add --data NAME:DIR")
        for recipe in (*study.recipes.values(), *study.front.recipes.values()):
            load_recipe(recipe)
        own = not study.target.latency_table  # it is calibrated when the study begins
        checked = tuple(one for one in study.asked if not (own and measure_named(one).predicted))
        if study.engine != LOCAL:  # the device may be on another machine: it is asked when the study begins
            checked = tuple(one for one in checked if not _of_device(one))
        check_settings(replace(self.settings, metrics=checked, limits=()))
        check_fidelity(study, self.settings)
        check_lineage(study)
        _ = self.name, self.space, self.priors

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One driver a folder: two would train in the same places."""
        with ExitStack() as stack:
            with _folder_faults(self.folder):
                alone = stack.enter_context(held(self.folder / LOCK_FILE))
            if not alone:
                fact = f"another archspec search is at work in {self.folder}"
                raise user_error(fact, "Wait for it, or stop it; more --workers make one faster")
            yield

    @contextmanager
    def opened(self, *, read_only: bool = False) -> Iterator[TrialStore]:
        """The store, made with its folder; `read_only` looks at one that is there."""
        if not read_only:
            with _folder_faults(self.folder):
                self.folder.mkdir(parents=True, exist_ok=True)
        store = open_store(self.store_file, read_only=read_only)
        try:
            yield store
        finally:
            store.close()

    def run(self, progress: StudyProgress) -> StudyResult:
        """Calibrate where that is needed, search, measure the front. Raises `UserError`, `KeyboardInterrupt`."""
        self.check()
        for line in self._label_cautions():
            progress.message(f"caution: {line}")
        with (
            self._alone(),
            self._device(progress),
            self.opened() as store,
            Ledger.open(self.ledger_url) as ledger,
        ):
            note_plugins(self.folder, self.plugins)
            write_text(self.folder / STUDY_FILE, self.study.text)
            for line in describe_outsiders(self.priors):
                progress.message(line)
            settings = self.prepared(progress)
            result = self.searched(store, ledger, settings, progress)
            return self.conclusion(settings, ledger, progress).of(result)

    @contextmanager
    def _device(self, progress: StudyProgress) -> Iterator[None]:
        """The device of the study, wherever the engine reaches it: always the one that it was begun with."""
        asked = tuple(one for one in self.study.asked if _of_device(one))
        with device_at(replace(self.settings, metrics=asked, limits=()), self.study.engine, progress.message) as found:
            check_same_device(self.folder / DEVICE_FILE, found)
            yield

    def _label_cautions(self) -> tuple[str, ...]:
        """What looks wrong about the labels, of a study that trains. Raises `UserError` where nothing is labelled."""
        if not _trains(self.study.asked):
            return ()
        return tuple(line for one in self.study.data for line in label_cautions(open_dataset(one)))

    def prepared(self, progress: StudyProgress) -> Settings:
        """The settings with a latency table, where one is needed."""
        if not predicts(self.study):
            return self.settings
        table = latency_table(self.study, self.space, self.folder, self.settings, progress)
        return replace(self.settings, latency_table=table)

    def searched(self, store: TrialStore, ledger: Ledger, settings: Settings, progress: StudyProgress) -> SearchResult:
        """The search, from where it was left."""
        return self.search(store, ledger, settings, progress).run()

    def search(self, store: TrialStore, ledger: Ledger, settings: Settings, progress: SearchProgress) -> Search:
        """The driver of it."""
        study, budget, fidelity = self.study, self.study.budget, self.fidelity
        trainings = budget.trainings
        store.redefine(self.name, study.text)  # another budget, front or number of workers is the same study
        if study.fidelity is not None:
            settings = replace(settings, training_decay=study.fidelity.decay)
        return Search(
            space=self.space,
            screen=lambda candidate: self.screened(candidate, settings),
            evaluator=evaluator_for(settings, self.ledger_url, self.backbones),
            settings=settings,
            objectives=study.objectives,
            store=store,
            study=self.name,
            budget=study.most_candidates,
            sampler=study.sampler.name,
            sampler_options=dict(study.sampler.arguments),
            seed=study.seed,
            workers=study.workers if study.workers > 1 or study.engine != LOCAL or _trains(study.searched) else 0,
            engine=partial(start_engine, engine=study.engine),
            definition=study.text,
            progress=progress,
            keep=ledger.add,
            carries=lambda metric: measure_named(metric).trains,
            priors=self.priors,
            cheapest=Cheapest(self.space),
            time_limit_s=None if budget.minutes is None else 60 * budget.minutes,
            inherited_text=None if not study.inherit else Lineage(settings, study.inherited_by, fidelity).text,
            fidelity=fidelity,
            most_steps=None if fidelity is None or trainings is None else int(trainings * fidelity.whole),
            trained=lambda metric: metric in study.trained,
        )

    def screened(self, candidate: Candidate, settings: Settings) -> Evaluation:
        """Cost, predicted latency and their limits, from the graph that is there already."""
        return screen(candidate.network, settings)

    def conclusion(self, settings: Settings, ledger: Ledger, progress: StudyProgress) -> Conclusion:
        """What comes after the search."""
        if is_file(former := self.folder / FORMER_LATENCIES):
            ledger.add(read_records_today(former))
        return Conclusion(self.study, self.space, self.folder, settings, ledger, self.ledger_url, self.backbones,
                          progress, self.prior_names)  # fmt: skip


def _of_device(metric: str) -> bool:
    """Whether a number is of a device: timed on it, or predicted from what was."""
    measure = measure_named(metric)
    return measure.in_turns or measure.predicted


def _trains(metrics: Iterable[str]) -> bool:
    return any(measure_named(metric).trains for metric in metrics)


@contextmanager
def _folder_faults(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise user_error(f"cannot make the folder {folder} ({error.strerror})", "Name another") from error
