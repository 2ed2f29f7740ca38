"""Rungs of a search from outside: who goes on, what it costs, what is on the front, and that nothing is done twice."""

import random
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt
from pathlib import Path
from typing import Any

import pytest

from archspec.measures._settings import Evaluation, Limit, Rejection, Settings
from archspec.search.candidates import Candidate, Decision, Genome
from archspec.search.driver import Search
from archspec.search.fidelity import Fidelity
from archspec.search.pareto import non_dominated, pareto_front
from archspec.search.progress import ENDLESS, SearchResult, Silent
from archspec.search.promotions import Promotions, spread_out
from archspec.search.store import TrialStore
from archspec.search.trials import Objective, Trial
from tests.search.fake_space import Curves, FakeSpace, accuracy_and_cost, all_feasible, grid_96, text_of

OBJECTIVES = (Objective("miou", "maximize"), Objective("cost"))
FIDELITY = Fidelity((100, 300, 900), decay=0.3)
ADDED = (100, 230, 690)  # 300 - 70 and 900 - 210: trunks are not repeated
SETTINGS = Settings(("miou", "cost"))


def of_miou(metric: str) -> bool:
    return metric == "miou"


def search(store: TrialStore, budget: int = ENDLESS, **more: Any) -> Search:
    made = Search(grid_96(), all_feasible, Curves(noise=0.2), SETTINGS, OBJECTIVES, store, "study", budget,
                  sampler="random", workers=0, spec_text=text_of, fidelity=FIDELITY, carries=of_miou,
                  trained=of_miou)  # fmt: skip
    return replace(made, **more)


def outline(result: SearchResult) -> list[tuple[Any, ...]]:
    return [(t.number, t.key, t.state, t.rung, dict(t.values), [*map(dict, t.rungs)], t.steps) for t in result.trials]


def reached(trials: Sequence[Trial], rung: int) -> list[Trial]:
    return [trial for trial in trials if len(trial.rungs) > rung]


# --- who goes on -------------------------------------------------------------------------------------------------


def test_of_one_objective_the_best_third_goes_on_rung_by_rung(store: TrialStore, tmp_path: Path) -> None:
    """The order of 27 networks is the same at each rung, so every one that should have gone on has."""
    log = tmp_path / "log"
    result = search(store, 27, objectives=OBJECTIVES[:1], evaluator=Curves(log=str(log))).run()
    assert len(result.trials) == 27 and result.stopped == "budget" and result.message == ""
    best = sorted(result.trials, key=lambda trial: -(accuracy_and_cost(trial.genome)["miou"] or 0.0))
    assert {trial.number for trial in best[:9]} <= {trial.number for trial in reached(result.trials, 1)}
    assert {trial.number for trial in best[:3]} <= {trial.number for trial in reached(result.trials, 2)}
    assert [trial.number for trial in result.front] == [best[0].number]
    lines = log.read_text().splitlines()
    assert len(lines) == len(set(lines)) == sum(len(trial.rungs) for trial in result.trials)
    assert Counter(line.partition("@")[2] for line in lines)["100"] == 27


def test_what_a_trial_costs_is_what_its_rungs_add(store: TrialStore) -> None:
    result = search(store, 30).run()
    for trial in result.trials:
        assert trial.steps == sum(ADDED[: len(trial.rungs)])
        assert trial.state == ("done" if len(trial.rungs) == 3 else "paused") and trial.rung == len(trial.rungs) - 1
        assert trial.values == trial.rungs[-1]
    assert result.steps == sum(trial.steps for trial in result.trials) and result.seconds > 0
    assert [trial.key for trial in result.front] == [trial.key for trial in pareto_front(result.trials, OBJECTIVES)]
    assert result.front and {trial.state for trial in result.front} == {"done"}
    assert result.counts.keys() == {"done", "paused"}


def test_few_go_on(store: TrialStore) -> None:
    """Not more than a third of each rung and, as who is best changes while candidates come, some that were best."""
    result = search(store, 90, evaluator=Curves()).run()
    numbers = [len(reached(result.trials, rung)) for rung in range(3)]
    assert numbers[0] == 90 and 30 <= numbers[1] <= 45 and numbers[1] / 3 <= numbers[2] <= numbers[1] / 2


def test_ranks_first_then_the_farthest() -> None:
    """The first front of three all go, and of the second, of five along a line, the ends and the middle."""
    first = [(0.0, 3.0), (1.0, 1.0), (3.0, 0.0)]
    second = [(4.0 + step, 8.0 - step) for step in range(5)]
    promotions = Promotions(replace(FIDELITY, eta=2.0), (Objective("a"), Objective("b")))
    points = dict(enumerate([*second, *first, *((20.0 + n, 20.0 + n) for n in range(4))]))
    for number, (a, b) in points.items():
        values = {"a": a, "b": b}
        promotions.take(Trial(number, str(number), {}, "paused", values, rungs=(values,), steps=100))
    chosen = []
    for _ in range(6):
        trial = promotions.next(lambda steps: True)
        assert trial is not None and (trial.rung, trial.steps, trial.state) == (1, 330, "running")
        chosen.append(points[trial.number])
        promotions.take(trial)
    assert promotions.next(lambda steps: True) is None  # half of twelve
    assert chosen[:3] == [first[0], first[2], first[1]] and chosen[3:] == [second[0], second[4], second[2]]


def paused(number: int, loss: float) -> Trial:
    return Trial(number, str(number), {}, "paused", {"a": loss}, rungs=({"a": loss},), steps=100)


def test_a_model_says_who_goes_on_and_not_how_many() -> None:
    """By their losses 0 and 1 of six would go on; the model wants 5 and 3, and is asked as long as there is a place."""
    promotions, asked = Promotions(FIDELITY, (Objective("a"),)), []
    for number in range(6):
        promotions.take(paused(number, 1.0 + number))

    def order(numbers: Sequence[int], rung: int) -> list[int]:
        asked.append((list(numbers), rung))
        return sorted(numbers, key=[5, 3, 0, 1, 2, 4].index)

    went = []
    for _ in range(2):
        trial = promotions.next(lambda steps: True, order)
        assert trial is not None
        went.append(trial.number)
        promotions.take(trial)
    assert went == [5, 3] and promotions.next(lambda steps: True, order) is None
    assert asked == [([0, 1, 2, 3, 4, 5], 0), ([0, 1, 2, 3, 4], 0)]


def test_where_the_model_does_not_know_yet_the_rung_decides() -> None:
    promotions = Promotions(FIDELITY, (Objective("a"),))
    for number in range(3):
        promotions.take(paused(number, 3.0 - number))
    trial = promotions.next(lambda steps: True, lambda numbers, rung: None)
    assert trial is not None and trial.number == 2


def test_coordinates_count_alike_whatever_their_units() -> None:
    points = {n: (float(n), 1e6 * (10 - n) ** 2) for n in range(11)}
    ranges = [10.0, 1e8]
    scaled = {n: (a / 10.0, b / 1e8) for n, (a, b) in points.items()}
    assert [*spread_out(points, ranges, 5)] == [*spread_out(scaled, [1.0, 1.0], 5)]


# --- budgets -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trainings", [1.14, 1.5, 2, 3.7, 10])
@pytest.mark.parametrize("workers", [0, 2])
def test_steps_are_spent_and_end_in_full_trainings(store: TrialStore, trainings: float, workers: int) -> None:
    most = int(trainings * 900)
    result = search(store, most_steps=most, workers=workers).run()
    assert sum(trial.steps for trial in result.trials) <= most and result.counts["done"] >= 1 and result.front
    assert result.stopped == "budget" and "running" not in result.counts
    left = most - result.steps
    assert left < min([sum(ADDED), *(sum(ADDED[len(t.rungs) :]) for t in result.trials if t.state == "paused")])


def test_the_end_of_a_space_closes_the_rungs(store: TrialStore) -> None:
    """Four candidates: of each rung a third, rounded up."""
    space = FakeSpace((Decision("n", (1, 2, 3, 4)),))
    evaluator = Curves(values=by_number)
    result = search(store, space=space, evaluator=evaluator).run()
    assert result.stopped == "exhausted" and result.front[0].genome["n"] == 4
    assert result.counts["done"] >= 1 and sum(result.counts.values()) == 4


def by_number(genome: Genome) -> dict[str, float | None]:
    return {"miou": float(genome["n"]), "cost": 1.0}


def test_no_time_ends_without_a_front_and_says_so(store: TrialStore) -> None:
    result = search(store, evaluator=Curves(sleep_s=0.2), time_limit_s=0.1).run()
    assert result.stopped == "time" and not result.front and result.counts["paused"] == 1
    assert "no candidate has finished the last rung (900 steps), so the front is empty: 1 wait" in result.message


def test_time_is_kept_for_the_last_rung(store: TrialStore) -> None:
    """About 1 s a full training: of five, the last is not spent on new candidates."""
    result = search(store, evaluator=Slow(), time_limit_s=4.0).run()
    assert result.stopped == "time" and result.counts["done"] >= 1
    assert result.elapsed_s < 4.6


@dataclass(frozen=True)
class Slow(Curves):
    def evaluate(self, spec_text: str, genome: Genome, settings: Settings) -> Evaluation:
        rung = FIDELITY.steps.index(settings.training_steps)
        threading.Event().wait(ADDED[rung] / 900)
        return super().evaluate(spec_text, genome, settings)


# --- limits --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Limited(Curves):
    """Rejects by the limits it is handed, as the ladder does."""

    def evaluate(self, spec_text: str, genome: Genome, settings: Settings) -> Evaluation:
        found = super().evaluate(spec_text, genome, settings)
        for limit in settings.limits:
            if limit.broken_by(found.values[limit.metric]):
                return replace(found, rejected=Rejection(limit.metric, "broken"))
        return found


def test_limits_on_what_is_trained_hold_at_the_last_rung_only(store: TrialStore) -> None:
    settings = replace(SETTINGS, limits=(Limit("miou", 0.8, at_most=False), Limit("cost", 5.0)))
    result = search(store, 60, evaluator=Limited(noise=0.2), settings=settings).run()
    by_metric = {metric: [t for t in result.trials if t.metric == metric] for metric in ("miou", "cost")}
    assert all(trial.rung == 2 and trial.steps == sum(ADDED) for trial in by_metric["miou"])
    assert by_metric["cost"] and all(trial.rung == trial.steps == 0 for trial in by_metric["cost"])  # nothing trained
    assert any((trial.values["miou"] or 0.0) < 0.8 for trial in result.trials if trial.state == "paused")
    assert all((trial.values["miou"] or 0.0) >= 0.8 for trial in result.front)


# --- stopped and resumed; several drivers ------------------------------------------------------------------------


class StopsAfter(Silent):
    def __init__(self, count: int) -> None:
        self.count = count

    def finished(self, trial: object, progress: object) -> None:
        self.count -= 1
        if self.count <= 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize(("sampler", "workers"), [("random", 1), ("evolution", 0), ("tpe", 0), ("nsga2", 0),
                                                     ("surrogate", 0)])  # fmt: skip
def test_a_resumed_search_ends_as_an_uninterrupted_one(store: TrialStore, sampler: str, workers: int) -> None:
    make = {"sampler": sampler, "workers": workers, "most_steps": 9000}
    whole = search(store, study="whole", **make).run()
    assert {trial.rung for trial in whole.trials} == {0, 1, 2}
    for stop in (6, 1, 9, 4):
        with pytest.raises(KeyboardInterrupt):
            search(store, study="broken", progress=StopsAfter(stop), **make).run()
    assert outline(search(store, study="broken", **make).run()) == outline(whole)


def test_a_sampler_hears_of_every_rung_in_its_order(store: TrialStore, monkeypatch: pytest.MonkeyPatch) -> None:
    from archspec.search.samplers import random as sampler_file

    heard: list[tuple[int, str, int]] = []
    monkeypatch.setattr(
        sampler_file._Random, "tell", lambda self, trial: heard.append((trial.number, trial.state, len(trial.rungs)))
    )
    result = search(store, most_steps=5000).run()
    live = list(heard)
    assert [one[:1] + one[2:] for one in live if one[1] == "done"] == [
        (number, 3) for number, state, _ in live if state == "done"
    ]
    assert len(live) == sum(len(trial.rungs) for trial in result.trials) == len(set(live))
    heard.clear()
    search(store, most_steps=5000).run()
    assert heard == live


# --- equivalents ---------------------------------------------------------------------------------------------------

SAME = replace(grid_96(), same=("kernel",), macs=lambda genome: int(genome["kernel"]))
"""A kernel of 5 computes what one of 3 does, and costs more."""


def screened(candidate: Candidate) -> Evaluation:
    return Evaluation({"cost": accuracy_and_cost(candidate.genome)["cost"]})


def spelled(candidate: Candidate) -> str:
    return repr(sorted(candidate.genome.items()))


@pytest.mark.parametrize("workers", [0, 2])
def test_the_cheapest_stands_at_every_rung(store: TrialStore, tmp_path: Path, workers: int) -> None:
    log = tmp_path / "log"
    evaluator = Curves(log=str(log))
    result = search(store, space=SAME, screen=screened, spec_text=spelled, workers=workers, evaluator=evaluator).run()
    assert result.stopped == "exhausted" and len(result.trials) == 48
    for trial in result.trials:
        assert trial.genome["kernel"] == 3 and trial.spec == repr(sorted(trial.genome.items()))
        assert {one["cost"] for one in trial.rungs} == {accuracy_and_cost(trial.genome)["cost"]}
    lines = log.read_text().splitlines()
    assert len(lines) == len(set(lines))  # of a cheaper network the next rung is trained, what is known is not
    by_key = {trial.key: trial for trial in result.trials}
    whole = [line for line in lines if line.endswith("@900")]
    assert len(whole) == result.counts["done"] and by_key


def test_a_network_without_a_trunk_pays_for_it() -> None:
    """Its numbers are of an equivalent network: the next rung is trained from its first step."""
    promotions = Promotions(FIDELITY, OBJECTIVES)
    values = {"miou": 0.5, "cost": 1.0}
    for number in range(3):
        promotions.take(
            Trial(number, str(number), {}, "paused", values, reason="another's", rungs=(values,), steps=100)
        )
    trial = promotions.next(lambda steps: True)
    assert trial is not None and trial.steps == 100 + 300 and trial.reason == ""


# --- late bloomers -----------------------------------------------------------------------------------------------


def lost(seed: int, early: float | None, count: int = 27) -> tuple[bool, bool]:
    """Whether the best of so many candidates was lost at the first rung, and whether it was at all.

    What the first two rungs say of it is chance (or `early`), and so is all that they say of the others.
    """
    generator, best = random.Random(seed), seed % count
    promotions, trials = Promotions(FIDELITY, (Objective("loss"),)), dict[int, Trial]()
    while True:
        trial = promotions.next(lambda steps: True)
        if trial is None and len(trials) < count:
            trial = Trial(len(trials), str(len(trials)), {}, "running", steps=100)
        trial = trial or promotions.closing(lambda steps: True, limited=False)
        if trial is None:
            return len(trials[best].rungs) < 2, trials[best].state != "done"
        promotions.take(trial)
        loss = generator.random()
        if trial.number == best:
            loss = -1.0 if trial.rung == 2 else loss if early is None else early
        rungs = (*trial.rungs, {"loss": loss})
        trial = replace(trial, state="done" if trial.rung == 2 else "paused", values=rungs[-1], rungs=rungs)
        promotions.take(trial)
        trials[trial.number] = trial


def test_a_late_bloomer_is_lost_as_often_as_eta_says() -> None:
    """Where a rung says nothing of the end, one of `eta` goes on: it is lost at the first of two such rungs with a
    probability of at most 1 - 1/3, and at either with at most 1 - 1/9. The bound that is tested is that, and three
    standard deviations of a share of so many seeds."""
    count = 600
    found = [lost(seed, None) for seed in range(count)]
    for index, share in ((0, 2 / 3), (1, 8 / 9)):
        assert sum(one[index] for one in found) <= count * share + 3 * sqrt(count * share * (1 - share))
    assert sum(one[1] for one in found) > count / 2  # the test sees losses


def test_who_is_among_the_best_of_each_rung_is_never_lost() -> None:
    assert not any(lost(seed, -0.5)[1] for seed in range(50))


def test_who_is_last_at_a_rung_is_lost() -> None:
    """Rungs cannot see it: this is what they cost, and why their rank correlation is printed."""
    assert all(lost(seed, 2.0)[0] for seed in range(5, 27))


def test_points_of_fronts_are_those_of_done_trials(store: TrialStore) -> None:
    result = search(store, most_steps=9000, evaluator=Curves(noise=0.4)).run()
    points = [(-(t.values["miou"] or 0.0), t.values["cost"] or 0.0) for t in result.trials if len(t.rungs) == 3]
    assert [(-(t.values["miou"] or 0.0), t.values["cost"]) for t in result.front] == non_dominated(points)
