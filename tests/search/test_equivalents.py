"""Of candidates that compute the same function the cheapest stands in the study, whichever was proposed first."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from archspec.measures._settings import Evaluation, Limit, Rejection, Settings
from archspec.search.candidates import Candidate, Genome
from archspec.search.driver import Search
from archspec.search.history import History
from archspec.search.progress import Silent
from archspec.search.store import TrialStore
from archspec.search.trials import Objective, Trial
from tests.search.fake_space import Analytic, accuracy_and_cost, grid_96

OBJECTIVES = (Objective("miou", "maximize"), Objective("cost"))
SETTINGS = Settings(("miou", "cost"))
SPACE = replace(grid_96(), same=("kernel",), macs=lambda genome: int(genome["kernel"]))
"""A kernel of 5 computes what one of 3 does, and costs more: 48 functions in 96 genomes."""


def cost(genome: Genome) -> float:
    found = accuracy_and_cost(genome)["cost"]
    assert found is not None
    return found


def screened(candidate: Candidate, bound: float = 99.0) -> Evaluation:
    value = cost(candidate.genome)
    rejected = Rejection("cost", f"cost {value:g} is over {bound:g}") if value > bound else None
    return Evaluation({"cost": value}, rejected=rejected)


def below_3(candidate: Candidate) -> Evaluation:
    return screened(candidate, 3.0)


def text(candidate: Candidate) -> str:
    return repr(sorted(candidate.genome.items()))


def search(store: TrialStore, budget: int = 96, **more: Any) -> Search:
    made = Search(SPACE, screened, Analytic(), SETTINGS, OBJECTIVES, store, "study", budget,
                  sampler="random", workers=0, spec_text=text)  # fmt: skip
    return replace(made, **more)


@pytest.mark.parametrize("sampler", ["random", "tpe", "grid"])
def test_the_cheapest_stands_with_its_own_numbers(store: TrialStore, tmp_path: Path, sampler: str) -> None:
    log = tmp_path / "log"
    result = search(store, sampler=sampler, evaluator=Analytic(log=str(log))).run()
    assert result.stopped == "exhausted" and result.counts == {"done": 48}
    assert len(log.read_text().splitlines()) == 48  # nothing is evaluated again
    for trial in result.trials:
        assert trial.genome["kernel"] == 3
        assert trial.values["cost"] == cost(trial.genome)
        assert trial.spec == repr(sorted(trial.genome.items()))
    assert all(trial.genome["kernel"] == 3 for trial in result.front) and result.front


def test_what_costs_more_does_not_take_its_place(store: TrialStore) -> None:
    result = search(store, space=replace(SPACE, macs=lambda genome: 0)).run()
    assert {trial.genome["kernel"] for trial in result.trials} == {3, 5}


def test_what_was_rejected_is_evaluated_when_it_is_written_cheaper(store: TrialStore, tmp_path: Path) -> None:
    settings = replace(SETTINGS, limits=(Limit("cost", 3.0),))
    result = search(store, screen=below_3, settings=settings).run()
    feasible = {SPACE.candidate(genome).key for genome in SPACE.genomes() if cost({**genome, "kernel": 3}) <= 3.0}
    assert {trial.key for trial in result.trials if trial.state == "done"} == feasible
    assert result.counts == {"done": len(feasible), "rejected": 48 - len(feasible)}
    assert result.rejects == {"cost": 48 - len(feasible)}
    assert all(trial.genome["kernel"] == 3 for trial in result.trials)


def test_two_workers_end_with_the_cheapest_too(store: TrialStore) -> None:
    result = search(store, workers=2, evaluator=Analytic(sleep_s=0.01)).run()
    assert result.counts == {"done": 48} and all(trial.genome["kernel"] == 3 for trial in result.trials)


def test_a_number_that_is_the_networks_own_keeps_it_where_it_is(store: TrialStore) -> None:
    """What a device took for it is not what it takes for another."""
    result = search(store, carries=lambda metric: metric != "miou").run()
    for trial in result.trials:
        assert dict(trial.values) == accuracy_and_cost(trial.genome)
    assert {trial.genome["kernel"] for trial in result.trials} == {3, 5}


class StopsAfter(Silent):
    def __init__(self, count: int) -> None:
        self.count = count

    def finished(self, trial: object, progress: object) -> None:
        self.count -= 1
        if self.count <= 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize(("sampler", "workers"), [("random", 1), ("evolution", 0), ("tpe", 0)])
def test_a_resumed_search_ends_as_an_uninterrupted_one(store: TrialStore, sampler: str, workers: int) -> None:
    settings = replace(SETTINGS, limits=(Limit("cost", 3.0),))
    make = {"screen": below_3, "settings": settings, "sampler": sampler, "workers": workers}
    whole = search(store, 25, study="whole", **make).run()
    for stop in (6, 1, 9):
        with pytest.raises(KeyboardInterrupt):
            search(store, 25, study="broken", progress=StopsAfter(stop), **make).run()
    broken = search(store, 25, study="broken", **make).run()
    assert [(one.number, one.key, dict(one.genome), one.state, dict(one.values)) for one in broken.trials] == [
        (one.number, one.key, dict(one.genome), one.state, dict(one.values)) for one in whole.trials
    ]


def test_a_done_trial_may_change() -> None:
    history = History(OBJECTIVES)

    def done(number: int, miou: float, price: float) -> Trial:
        return Trial(number, f"k{number}", {"n": price}, "done", {"miou": miou, "cost": price})

    for number, price in enumerate((4.0, 5.0)):
        assert history.take(done(number, 0.5, price))
    assert [trial.number for trial in history.front()] == [0]
    assert not history.take(done(1, 0.5, 3.0))
    assert [trial.number for trial in history.front()] == [1] and history.counts["done"] == 2
    assert not history.take(done(1, 0.5, 6.0))
    assert [trial.number for trial in history.front()] == [0]
