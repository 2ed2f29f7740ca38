"""The search from outside: what is evaluated, what is kept, when it ends, and what one bad candidate can do."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from archspec.errors import UserError
from archspec.measures._settings import Evaluation, Limit, Rejection, Settings
from archspec.record import Record
from archspec.search.candidates import Candidate, Decision, Genome
from archspec.search.driver import FAILURES_IN_A_ROW, Search
from archspec.search.pareto import non_dominated
from archspec.search.priors import Prior, Priors
from archspec.search.progress import Progress, SearchResult, Silent
from archspec.search.samplers import Task, make_sampler
from archspec.search.store import TrialStore, open_store
from archspec.search.trials import Objective, Trial, costs
from tests.search.fake_space import (
    Analytic,
    Below,
    FakeSpace,
    accuracy_and_cost,
    all_feasible,
    cell_values,
    grid_96,
    sixteen,
    text_of,
)

OBJECTIVES = (Objective("miou", "maximize"), Objective("cost"))
SETTINGS = Settings(("miou", "cost"))


def search(store: TrialStore, budget: int, **more: Any) -> Search:
    made = Search(grid_96(), all_feasible, Analytic(), SETTINGS, OBJECTIVES, store, "study", budget,
                  sampler="random", workers=0, spec_text=text_of)  # fmt: skip
    return replace(made, **more)


def evaluated(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []


def outline(result: SearchResult) -> list[tuple[Any, ...]]:
    return [(t.number, t.key, dict(t.genome), t.state, dict(t.values), t.reason) for t in result.trials]


# --- budget and duplicates ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("budget", [50, 96])
@pytest.mark.parametrize("sampler", ["random", "tpe", "nsga2", "nsga3", "evolution", "grid"])
def test_nothing_is_evaluated_twice(store: TrialStore, tmp_path: Path, sampler: str, budget: int) -> None:
    """The issue's bar: no duplicate on a grid of 96 at 50 and at all 96."""
    log = tmp_path / "log"
    result = search(store, budget, sampler=sampler, evaluator=Analytic(log=str(log))).run()
    assert len(evaluated(log)) == len(set(evaluated(log))) == budget
    assert (result.stopped, result.message, result.counts) == ("budget", "", {"done": budget})


def test_the_front_is_that_of_all_points_once_all_are_known(store: TrialStore) -> None:
    result = search(store, 96).run()
    points = [costs(OBJECTIVES, accuracy_and_cost(genome)) for genome in grid_96().genomes()]
    assert [costs(OBJECTIVES, trial.values) for trial in result.front] == non_dominated(p for p in points if p)
    assert result.hypervolume > 0 and result.reference is not None


def test_networks_of_one_function_are_one_candidate(store: TrialStore, tmp_path: Path) -> None:
    """`head` does not matter here: 48 candidates in 96 genomes."""
    log = tmp_path / "log"
    space = replace(grid_96(), same=("head",))
    result = search(store, 96, space=space, evaluator=Analytic(log=str(log))).run()
    assert result.stopped == "exhausted"
    assert result.message == "the space is exhausted: 48 of 96 evaluations, no candidate is left"
    assert sorted(evaluated(log)) == sorted({space.candidate(genome).key for genome in space.genomes()})
    assert result.folded > 0


@pytest.mark.parametrize("sampler", ["random", "tpe", "nsga2", "evolution", "grid"])
def test_a_space_of_one_point_is_searched(store: TrialStore, sampler: str) -> None:
    space = FakeSpace((Decision("head", ("dpc",)),))
    evaluator = Analytic(values=one_value)
    result = search(store, 5, space=space, sampler=sampler, evaluator=evaluator, objectives=(Objective("ms"),)).run()
    assert (result.stopped, [dict(trial.genome) for trial in result.front]) == ("exhausted", [{"head": "dpc"}])


def one_value(genome: Genome) -> dict[str, float | None]:
    return {"ms": 1.0}


# --- limits --------------------------------------------------------------------------------------------------------


def test_rejects_cost_no_budget_and_are_kept_with_their_reason(store: TrialStore, tmp_path: Path) -> None:
    log, screen = tmp_path / "log", Below(2.0)
    result = search(store, 15, screen=screen, evaluator=Analytic(log=str(log))).run()
    over = {trial.key: trial for trial in result.trials if trial.state == "rejected"}
    assert result.counts["done"] == 15 and result.counts["rejected"] == len(over) > 5
    assert result.rejects == {"cost": len(over)}
    assert not over.keys() & set(evaluated(log))
    for trial in over.values():
        value = trial.values["cost"]
        assert value is not None and value > 2.0
        assert (trial.metric, trial.reason) == ("cost", f"cost {value:g} is over 2")
    assert len(screen.seen) == len(set(screen.seen)) == len(result.trials)


def test_what_cannot_be_built_is_rejected(store: TrialStore) -> None:
    result = search(store, 96, space=replace(grid_96(), impossible=(("width", 2.0),))).run()
    assert (result.counts, result.stopped) == ({"done": 72, "rejected": 24}, "exhausted")
    assert result.rejects == {"cannot be built": 24}
    assert {t.reason for t in result.trials if t.state == "rejected"} == {"cannot be built: width cannot be 2.0"}


@dataclass
class FirstRejects:
    """Rejects the first `count`."""

    count: int

    def __call__(self, candidate: Candidate) -> Evaluation:
        self.count -= 1
        return Evaluation({"cost": 9.0}, rejected=Rejection("cost", "too much")) if self.count >= 0 else Evaluation({})


@pytest.mark.parametrize("sampler", ["random", "nsga2"])
def test_a_thousand_rejects_in_a_row_do_not_stop_it(store: TrialStore, tmp_path: Path, sampler: str) -> None:
    log = tmp_path / "log"
    settings = Settings(("miou", "cost"), (Limit("cost", 1.0),))
    evaluator = Analytic(values=cell_values, log=str(log))
    result = search(store, 5, space=sixteen(), screen=FirstRejects(1000), sampler=sampler, settings=settings,
                    evaluator=evaluator).run()  # fmt: skip
    assert result.counts == {"rejected": 1000, "done": 5}
    assert len(evaluated(log)) == 5


def test_it_gives_up_when_everything_is_rejected(store: TrialStore) -> None:
    result = search(store, 5, space=sixteen(), screen=FirstRejects(10**9), patience=300).run()
    assert (result.stopped, result.counts) == ("patience", {"rejected": 300})
    assert result.message.startswith("given up: 300 proposals in a row were rejected or known (0 of 5 evaluations)")
    assert (result.front, result.reference, result.hypervolume) == ((), None, 0.0)


@dataclass(frozen=True)
class LateReject(Analytic):
    """Finds only when it measures that narrow networks break a limit."""

    def evaluate(self, spec_text: str, genome: Genome, settings: Settings) -> Evaluation:
        found = super().evaluate(spec_text, genome, settings)
        if genome["width"] == 0.5:
            return replace(found, rejected=Rejection("host_ms", "host_ms 12 is over 10"))
        return found


def test_a_limit_broken_late_costs_no_budget_either(store: TrialStore) -> None:
    result = search(store, 72, evaluator=LateReject()).run()
    assert result.counts["done"] == 72
    assert result.rejects == {"host_ms": result.counts["rejected"]}
    assert all(trial.genome["width"] != 0.5 for trial in result.front)


# --- resume ----------------------------------------------------------------------------------------------------------


@dataclass
class StopsAfter(Silent):
    """Interrupts the search, as Ctrl-C does, after so many trials."""

    count: int

    def finished(self, trial: Trial, progress: Progress) -> None:
        self.count -= 1
        if self.count <= 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("sampler", ["random", "tpe", "nsga2", "evolution", "grid"])
@pytest.mark.parametrize("workers", [0, 1])
def test_a_resumed_search_ends_as_an_uninterrupted_one(
    store: TrialStore, tmp_path: Path, sampler: str, workers: int
) -> None:
    log = tmp_path / "log"
    settings = Settings(("miou", "cost"), (Limit("cost", 6.0),))
    make = {"sampler": sampler, "screen": Below(6.0), "settings": settings, "workers": workers}
    whole = search(store, 40, study="whole", **make).run()
    broken = search(store, 40, study="broken", evaluator=Analytic(log=str(log)), **make)
    for stop in (7, 1, 20):
        with pytest.raises(KeyboardInterrupt):
            replace(broken, progress=StopsAfter(stop)).run()
    result = broken.run()
    assert outline(result) == outline(whole)
    assert len(evaluated(log)) == len(set(evaluated(log))) == 40


def test_a_finished_search_is_shown_again_and_can_be_prolonged(store: TrialStore, tmp_path: Path) -> None:
    log = tmp_path / "log"
    make = search(store, 10, evaluator=Analytic(log=str(log)))
    assert outline(make.run()) == outline(make.run())
    assert len(evaluated(log)) == 10
    assert outline(replace(make, budget=20).run()) == outline(search(store, 20, study="at once").run())


class Hearing:
    """A random sampler that notes what it hears."""

    def __init__(self, task: Task, heard: list[tuple[str, int]]) -> None:
        self._inner, self._heard = make_sampler("random", task), heard
        self.tries = self._inner.tries

    def propose(self, number: int, attempt: int) -> Genome | None:
        return self._inner.propose(number, attempt)

    def tell(self, trial: Trial) -> None:
        self._heard.append((trial.state, trial.number))

    def began(self, trial: Trial) -> None:
        self._heard.append(("began", trial.number))


@pytest.mark.parametrize("known", [0, 1])
def test_a_sampler_hears_of_what_begins_before_how_it_came_out(
    store: TrialStore, monkeypatch: pytest.MonkeyPatch, known: int
) -> None:
    """Through the neighbourhood of priors too, which is around it."""
    heard: list[tuple[str, int]] = []
    monkeypatch.setattr("archspec.search.session.make_sampler", lambda _name, task, _options: Hearing(task, heard))
    space = grid_96()
    priors = Priors(tuple(Prior("known", space.candidate(genome)) for genome in list(space.genomes())[:known]))
    search(store, 4, priors=priors).run()
    assert heard == [(what, number) for number in range(4) for what in ("began", "done")]


# --- workers and their deaths ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Troubled(Analytic):
    """Does something terrible for wide networks."""

    trouble: str = ""
    asleep: str = "1000"

    def evaluate(self, spec_text: str, genome: Genome, settings: Settings) -> Evaluation:
        if genome["width"] == 2.0:
            TROUBLES[self.trouble](self)
        return super().evaluate(spec_text, genome, settings)


def raises(_: Troubled) -> None:
    raise ValueError("no such layer")


def hangs(evaluator: Troubled) -> None:
    subprocess.Popen(["sleep", evaluator.asleep])
    time.sleep(1000)


TROUBLES: dict[str, Callable[[Troubled], object]] = {
    "raises": raises,
    "is killed": lambda _: os.kill(os.getpid(), signal.SIGKILL),
    "exits": lambda _: os._exit(7),
    "hangs": hangs,
}
REASONS = {
    "raises": "ValueError: no such layer",
    "is killed": "its worker was killed (SIGKILL, out of memory?)",
    "exits": "its worker ended with code 7",
    "hangs": "took longer than 0.3 s, and was ended",
}
SMALL = FakeSpace(
    (
        Decision("width", (1.0, 2.0), ordered=True),
        Decision("stride", (16, 32), ordered=True),
        Decision("head", ("dpc",)),
        Decision("depth", (1, 2), ordered=True),
        Decision("kernel", (3,), ordered=True),
    )
)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_bad_candidate_fails_alone(store: TrialStore, tmp_path: Path, trouble: str, workers: int) -> None:
    log = tmp_path / "log"
    evaluator = Troubled(trouble=trouble, timeout_s=0.3 if trouble == "hangs" else 60.0, log=str(log))
    result = search(store, 8, space=SMALL, evaluator=evaluator, workers=workers).run()
    assert (result.counts, result.stopped) == ({"done": 4, "failed": 4}, "exhausted")
    failed = [trial for trial in result.trials if trial.state == "failed"]
    assert {trial.reason for trial in failed} == {REASONS[trouble]}
    assert {trial.crashes for trial in failed} == {3 if trouble in ("is killed", "exits") else 0}
    assert len(evaluated(log)) == 4


def test_what_a_hanging_evaluation_started_ends_with_it(store: TrialStore) -> None:
    asleep = f"1000.{os.getpid()}"  # to be found among all processes
    evaluator = Troubled(trouble="hangs", timeout_s=0.3, asleep=asleep)
    search(store, 8, space=SMALL, evaluator=evaluator, workers=1).run()
    commands = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert b"sleep\0" + asleep.encode() + b"\0" not in commands


@dataclass(frozen=True)
class CrashesOnce(Analytic):
    """Kills its worker the first time it sees a candidate."""

    seen: str = ""

    def evaluate(self, spec_text: str, genome: Genome, settings: Settings) -> Evaluation:
        mark = Path(self.seen) / spec_text
        if not mark.exists():
            mark.touch()
            os._exit(1)
        return super().evaluate(spec_text, genome, settings)


def test_a_candidate_whose_worker_died_once_is_tried_again(store: TrialStore, tmp_path: Path) -> None:
    result = search(store, 6, evaluator=CrashesOnce(seen=str(tmp_path)), workers=2).run()
    assert result.counts == {"done": 6}
    assert {trial.crashes for trial in result.trials} == {1}


@dataclass(frozen=True)
class WhoAmI(Analytic):
    """Its value is the process it runs in."""

    def evaluate(self, spec_text: str, genome: Genome, settings: Settings) -> Evaluation:
        return Evaluation({"miou": float(os.getpid()), "cost": float(os.environ["OMP_NUM_THREADS"])})


def test_processes_are_kept_or_fresh_as_the_evaluator_says(store: TrialStore) -> None:
    for limit, expected in ((0, 1), (1, 6), (2, 3)):
        evaluator = WhoAmI(evaluations_per_process=limit)
        result = search(store, 6, study=f"{limit}", evaluator=evaluator, workers=1).run()
        processes = {trial.values["miou"] for trial in result.trials}
        assert len(processes) == expected and os.getpid() not in processes


@dataclass(frozen=True)
class Broken(Analytic):
    """Never has a number."""

    def evaluate(self, spec_text: str, genome: Genome, settings: Settings) -> Evaluation:
        return Evaluation({"miou": 0.5, "cost": None})


def test_when_all_fail_it_stops_and_says_why(store: TrialStore) -> None:
    with pytest.raises(UserError, match=f"the last {FAILURES_IN_A_ROW} evaluations failed .*no number for cost"):
        search(store, 90, evaluator=Broken()).run()
    states = Counter(trial.state for trial in store.open_study("study").trials())
    assert states == {"failed": FAILURES_IN_A_ROW}


def test_not_a_number_is_no_result(store: TrialStore) -> None:
    result = search(store, 3, evaluator=Analytic(values=sometimes_nan)).run()
    failed = [trial for trial in result.trials if trial.state == "failed"]
    assert failed and all(t.reason == "no number for miou" and t.genome["head"] == "dpc" for t in failed)
    assert result.counts["done"] == 3


def sometimes_nan(genome: Genome) -> dict[str, float | None]:
    return {"miou": float("nan") if genome["head"] == "dpc" else 0.5, "cost": 1.0}


# --- ends ------------------------------------------------------------------------------------------------------------


def test_records_are_handed_on_before_a_trial_is_closed(store: TrialStore) -> None:
    kept: list[tuple[Record, ...]] = []

    def keep(records: tuple[Record, ...]) -> None:
        states = [trial.state for trial in store.open_study("study").trials()]
        assert states[-1] == "running"
        kept.append(records)

    search(store, 4, evaluator=Recording(), keep=keep).run()
    assert [record.value for (record,) in kept] == [0.5] * 4


@dataclass(frozen=True)
class Recording(Analytic):
    def evaluate(self, spec_text: str, genome: Genome, settings: Settings) -> Evaluation:
        found = super().evaluate(spec_text, genome, settings)
        return replace(found, records=(Record(hash="h", metric="miou", value=0.5),))


def test_a_time_limit_ends_it(store: TrialStore) -> None:
    result = search(store, 96, evaluator=Analytic(sleep_s=0.05), time_limit_s=0.2).run()
    assert result.stopped == "time" and 0 < result.counts["done"] < 96
    assert result.message.startswith("the time is up: ")


INTERRUPTED = """
import sys
from tests.search.killed import search
try:
    search(sys.argv[1], sys.argv[2], 60, 2, "random", sleep_s=0.1).run()
except KeyboardInterrupt:
    print("clean")
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_gives_back_what_was_running(tmp_path: Path, root: Path, how: signal.Signals) -> None:
    store, log = str(tmp_path / "trials.db"), tmp_path / "log"
    process = subprocess.Popen([sys.executable, "-c", INTERRUPTED, store, str(log)], cwd=root, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
    deadline = time.monotonic() + 60
    while len(evaluated(log)) < 4 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(how)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, errors) == (0, "clean\n", "")
    trials = open_store(store).open_study("killed").trials()
    states = Counter(trial.state for trial in trials)
    assert states["running"] == 0 and states["done"] >= 1 and 1 <= states["proposed"] <= 2


def test_progress_says_how_it_goes(store: TrialStore) -> None:
    seen: list[Progress] = []
    counts: list[dict[str, int]] = []

    class Watching(Silent):
        def finished(self, trial: Trial, progress: Progress) -> None:
            seen.append(progress)
            counts.append(dict(progress.counts))
            assert progress.left_s is not None or progress.counts.get("done", 0) == 0

    result = search(store, 20, screen=Below(6.0), progress=Watching()).run()
    assert len(counts) == len(result.trials)
    assert counts[-1] == result.counts and seen[-1].rejects == result.rejects
    assert [trial.number for trial in seen[-1].front] == [trial.number for trial in result.front]
    assert seen[-1].hypervolume == pytest.approx(result.hypervolume)
    assert seen[-1].left_s == 0.0


# --- the disk and the lock ------------------------------------------------------------------------------------------

ON_A_FULL_DISK = """
import resource, signal, sys
from archspec.errors import UserError
from tests.search.killed import search
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
made = search(sys.argv[1], sys.argv[2], 80, 0, "random", sleep_s=0.0)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
try:
    made.run()
except UserError as error:
    sys.exit(str(error))
"""


def test_a_full_disk_ends_it_with_what_was_done_kept(tmp_path: Path, root: Path) -> None:
    store, log = str(tmp_path / "trials.db"), tmp_path / "log"
    done = subprocess.run([sys.executable, "-c", ON_A_FULL_DISK, store, str(log)], cwd=root, text=True,
                          capture_output=True, timeout=120)  # fmt: skip
    assert done.returncode == 1 and "cannot be written" in done.stderr and "Traceback" not in done.stderr
    noted = [line.split(" ")[2] for line in evaluated(log) if line.startswith("trial done")]
    kept = [trial.key for trial in open_store(store).open_study("killed").trials() if trial.state == "done"]
    assert noted == kept and 0 < len(kept) < 80


def test_a_lock_that_stays_ends_it_with_what_was_done_kept(tmp_path: Path) -> None:
    file = tmp_path / "trials.db"
    other = sqlite3.connect(file, isolation_level=None)

    class Locking(Silent):
        def finished(self, trial: Trial, progress: Progress) -> None:
            if progress.counts["done"] == 5:
                other.execute("BEGIN IMMEDIATE")

    made = search(open_store(str(file), wait_s=0.0), 20, progress=Locking())
    with pytest.raises(UserError, match="stayed locked"):
        made.run()
    other.execute("ROLLBACK")
    assert Counter(trial.state for trial in made.store.open_study("study").trials())["done"] == 5
    assert replace(made, progress=Silent()).run().counts == {"done": 20}
