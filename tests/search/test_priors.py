"""Priors: first trials under their names, proposals near them that give way, and a search not worse than they are."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from archspec.errors import UserError
from archspec.measures._settings import Evaluation, Limit, Settings
from archspec.network import Network
from archspec.search.candidates import Decision, Genome
from archspec.search.driver import Search
from archspec.search.fidelity import Fidelity
from archspec.search.neighbourhood import FARTHEST, Neighbourhood, distance_between, neighbour
from archspec.search.priors import Prior, Priors
from archspec.search.progress import Progress, Silent
from archspec.search.promotions import Promotions
from archspec.search.samplers import Task, make_sampler, promotion_order
from archspec.search.space import Space
from archspec.search.space.lookup import found_in
from archspec.search.store import TrialStore, open_store
from archspec.search.study import StudyRun, front_table, parse_study, shown
from archspec.search.trials import Objective, Trial
from archspec.spec import load
from tests.search.fake_space import Analytic, Below, all_feasible, cell_values, grid_96, sixteen, text_of

OBJECTIVES = (Objective("miou", "maximize"), Objective("cost"))
SETTINGS = Settings(("miou", "cost"))
SPACE = grid_96()
SMALL = {"width": 0.5, "stride": 32, "head": "basic", "depth": 1, "kernel": 3}
LARGE = {"width": 2.0, "stride": 16, "head": "dpc", "depth": 3, "kernel": 5}
OUTSIDE = Prior("outside", replace(SPACE.candidate({**SMALL, "depth": 7}), genome={}))
PRIORS = Priors((Prior("large", SPACE.candidate(LARGE)), OUTSIDE, Prior("small", SPACE.candidate(SMALL))))


def search(store: TrialStore, budget: int, **more: Any) -> Search:
    made = Search(SPACE, all_feasible, Outsiders(), SETTINGS, OBJECTIVES, store, "study", budget,
                  sampler="random", workers=0, spec_text=text_of, priors=PRIORS)  # fmt: skip
    return replace(made, **more)


class Outsiders(Analytic):
    """What is no point of the space is known by its text alone."""

    def evaluate(self, spec_text: str, genome: Genome, settings: Settings) -> Evaluation:
        return super().evaluate(spec_text, genome or {**SMALL, "depth": 7}, settings)


class StopsAfter(Silent):
    def __init__(self, count: int) -> None:
        self.count = count

    def finished(self, trial: Trial, progress: Progress) -> None:
        self.count -= 1
        if self.count <= 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("sampler", ["random", "evolution", "tpe", "nsga2", "grid"])
def test_they_are_the_first_trials_and_nothing_is_repeated(store: TrialStore, sampler: str) -> None:
    result = search(store, 20, sampler=sampler).run()
    assert [PRIORS.names.get(trial.key) for trial in result.trials[:4]] == ["large", "outside", "small", None]
    assert len({trial.key for trial in result.trials}) == 20 == result.counts["done"]


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_a_resumed_search_ends_as_an_uninterrupted_one(store: TrialStore, sampler: str) -> None:
    whole = search(store, 24, study="whole", sampler=sampler).run()
    for stop in (2, 7, 9):
        with pytest.raises(KeyboardInterrupt):
            search(store, 24, study="broken", sampler=sampler, progress=StopsAfter(stop)).run()
    broken = search(store, 24, study="broken", sampler=sampler).run()
    assert [(one.key, dict(one.genome)) for one in broken.trials] == [
        (one.key, dict(one.genome)) for one in whole.trials
    ]


def test_who_goes_on_to_the_next_rung_is_said_by_the_sampler_inside() -> None:
    task = Task(SPACE, OBJECTIVES, fidelity=Fidelity((10, 30)))
    inside = make_sampler("surrogate", task, {"startup": 2})
    sampler, alone = Neighbourhood(PRIORS, task, inside), make_sampler("random", task)
    for number, genome in enumerate((SMALL, LARGE, {**LARGE, "depth": 1})):
        values = {"miou": 0.1 * number, "cost": 1.0 + number}
        sampler.tell(Trial(number, str(number), genome, "paused", values, rungs=(values,)))
    order = promotion_order(sampler)
    assert order is not None and order([0, 1, 2], 0) == inside.promotion_order([0, 1, 2], 0)  # type: ignore[attr-defined]
    assert promotion_order(alone) is None
    order = promotion_order(Neighbourhood(PRIORS, task, alone))
    assert order is not None and order([0, 1, 2], 0) is None


def test_one_that_breaks_a_limit_is_rejected_and_costs_no_budget(store: TrialStore) -> None:
    settings = replace(SETTINGS, limits=(Limit("cost", 3.0),))
    priors = Priors(PRIORS.networks[::2])
    result = search(store, 6, priors=priors, screen=Below(3.0), settings=settings).run()
    assert (result.trials[0].state, result.trials[0].metric) == ("rejected", "cost")
    assert result.counts["done"] == 6


def test_networks_of_one_function_are_one_trial_with_both_names() -> None:
    priors = Priors((PRIORS.networks[0], replace(PRIORS.networks[0], name="again")))
    assert list(priors.names.values()) == ["large, again"]


# --- near them ----------------------------------------------------------------------------------------------------


def proposals(values: Callable[[Genome], Any], priors: Priors, count: int, space: Any = None) -> list[Genome]:
    """What a random search with these priors evaluates, `values` being the two objectives."""
    space = space or sixteen()
    task = Task(space, OBJECTIVES)
    sampler = Neighbourhood(priors, task, make_sampler("random", task))
    told: list[Genome] = []
    for number in range(count):
        first = number < len(priors.networks)
        genome = priors.networks[number].candidate.genome if first else sampler.propose(number, 0)
        assert genome is not None
        assert space.candidate(genome).key
        sampler.tell(Trial(number, space.candidate(genome).key, genome, "done", values(genome)))
        told.append(genome)
    return told


def centre() -> Genome:
    return sixteen().sample(Random(3))


def test_a_neighbour_differs_in_so_many_decisions_and_by_neighbouring_options() -> None:
    decisions = (
        Decision("rate", tuple(range(20)), ordered=True),
        Decision("head", ("a", "b", "c")),
        Decision("inside", (1, 2, 3), ordered=True, parent="head", parent_value="b"),
        Decision("real", low=1.0, high=100.0, log=True),
        Decision("only", (5,)),
    )
    genome = {"rate": 10, "head": "a", "real": 10.0, "only": 5}
    steps, seen = [], set()
    for seed in range(400):
        found = neighbour(decisions, genome, 1, Random(seed))
        assert distance_between(genome, found, 5) == 1 and ("inside" in found) == (found["head"] == "b")
        assert 1.0 <= float(found["real"]) <= 100.0
        if found["rate"] != 10:
            steps.append(abs(int(found["rate"]) - 10))
        seen |= {name for name in genome if found[name] != genome[name]}
        assert distance_between(genome, neighbour(decisions, genome, 3, Random(seed)), 5) == 3
    assert seen == {"rate", "head", "real"}
    assert 0.4 < steps.count(1) / len(steps) < 0.6  # the weights are 1/2, 1/4, …, either way
    assert max(steps) < 10


def test_near_first_then_further_then_the_samplers() -> None:
    """The first trial is the best that there is, so nothing near it is good, and its neighbourhood is left."""
    genome = centre()
    priors = Priors((Prior("best", sixteen().candidate(genome)),), share=1.0)
    best = {"miou": 1.0, "cost": 0.0}
    told = proposals(lambda one: best if one == genome else {"miou": 0.5, "cost": 1.0}, priors, 150)
    apart = [distance_between(genome, one, FARTHEST) for one in told[1:]]
    assert apart[:2] == [1, 1]
    early, late = apart[:30], apart[-60:]
    assert early.count(1) > late.count(1) / 2
    far = [sum(one > FARTHEST for one in part) / len(part) for part in (early, late)]
    assert far[0] < 0.35 and far[1] > 0.5 and far[1] > far[0] + 0.2


def test_it_stays_where_neighbours_are_good() -> None:
    """Every trial is a new point of the front: nobody gives way."""
    genome, count = centre(), iter(range(1000))
    priors = Priors((Prior("good", sixteen().candidate(genome)),), share=1.0)

    def values(one: Genome) -> dict[str, float]:
        number = float(next(count))
        return {"miou": number, "cost": number}

    told = proposals(values, priors, 60)
    nearest = [min(distance_between(one, other, 5) for other in told[:at]) for at, one in enumerate(told) if at]
    assert sum(apart <= 1 for apart in nearest) > 0.9 * len(nearest)


def test_without_a_share_they_are_first_trials_only() -> None:
    priors = Priors((Prior("one", sixteen().candidate(centre())),), share=0.0)
    told = proposals(cell_values, priors, 30)
    task = Task(sixteen(), OBJECTIVES)
    alone = make_sampler("random", task)
    assert told[1:] == [alone.propose(number, 0) for number in range(1, 30)]


def test_the_sampler_hears_nothing_of_what_is_no_point_of_the_space() -> None:
    class Hears:
        tries = 1

        def __init__(self) -> None:
            self.heard: list[int] = []

        def propose(self, number: int, attempt: int) -> Genome:
            return SMALL

        def tell(self, trial: Trial) -> None:
            self.heard.append(trial.number)

    inner = Hears()
    sampler = Neighbourhood(PRIORS, Task(SPACE, OBJECTIVES), inner)
    for number, one in enumerate(PRIORS.networks):
        sampler.tell(Trial(number, one.key, one.candidate.genome, "done", {"miou": 0.5, "cost": 1.0}))
    assert inner.heard == [0, 2]
    assert all(sampler.propose(number, attempt) for number in range(3, 40) for attempt in range(3))


# --- rungs --------------------------------------------------------------------------------------------------------


def paused(number: int, miou: float, cost: float) -> Trial:
    return Trial(number, f"k{number}", {"n": number}, "paused", {}, rungs=({"miou": miou, "cost": cost},), steps=10)


@pytest.mark.parametrize(("always", "wanted"), [(True, 5), (False, 0)])
def test_what_nothing_dominates_is_promoted_whatever_its_place(always: bool, wanted: int) -> None:
    """Six of one front and one place in it: the first objective's best has it, but for a prior."""
    promotions = Promotions(Fidelity((10, 30)), OBJECTIVES, lambda trial: always and trial.key == "k5")
    for number in range(6):
        promotions.take(paused(number, 0.9 - number / 10, 6.0 - number))
    found = promotions.next(lambda steps: True)
    assert found is not None and (found.number, found.rung) == (wanted, 1)


def test_what_is_dominated_is_promoted_by_its_rank_only() -> None:
    promotions = Promotions(Fidelity((10, 30)), OBJECTIVES, lambda trial: trial.key == "k5")
    for number in range(5):
        promotions.take(paused(number, 0.9 - number / 10, 6.0 - number))
    promotions.take(paused(5, 0.1, 9.0))
    found = promotions.next(lambda steps: True)
    assert found is not None and found.number == 0


def test_with_rungs_the_best_are_those_that_nothing_dominates_at_their_own() -> None:
    sampler = Neighbourhood(PRIORS, Task(SPACE, OBJECTIVES), make_sampler("random", Task(SPACE, OBJECTIVES)))
    low, high = {"miou": 0.3, "cost": 1.0}, {"miou": 0.6, "cost": 1.0}
    sampler.tell(Trial(0, "a", SMALL, "done", high, rungs=(low, high), rung=1))
    sampler.tell(Trial(1, "b", LARGE, "paused", {"miou": 0.4, "cost": 1.0}, rungs=({"miou": 0.4, "cost": 1.0},)))
    sampler.tell(Trial(2, "c", LARGE, "paused", {"miou": 0.2, "cost": 1.0}, rungs=({"miou": 0.2, "cost": 1.0},)))
    assert set(sampler.best()) == {0, 1}


# --- found in a space ---------------------------------------------------------------------------------------------

CELLS = {
    "head": {"dpc": {"filters": 16, "branches": {"dpc_cell": {"branches": 2, "rates": [1, 6], "grids": [1, 4]}}}},
    "width_multiplier": {"choose": [0.5, 1.0]},
}


def cells() -> Space:
    return Space.of(load("shufflenetv2_dpc", {**CELLS, "input.size": [64, 64]}))


def test_a_network_is_found_however_it_is_written() -> None:
    space = cells()
    for seed in range(8):
        genome = space.sample(Random(seed))
        found = found_in(space, Network.of_text(space.network(genome).text, file="x", catalog=space.spec.catalog))
        assert found is not None and found.key == space.candidate(genome).key
    # by its defaults alone: the published cell, filters and all, of a word
    heads = Space.of(load("width_stride_head"))
    named = found_in(heads, Network.load("shufflenetv2_dpc"))
    assert named is not None
    assert dict(named.genome) == {"width_multiplier": 1.0, "output_stride": 16, "head": "dpc", "head.dpc.filters": 256}
    assert found_in(space, Network.load("shufflenetv2_basic")) is None


def test_a_part_of_a_point_takes_its_parents_along_and_first_options_besides() -> None:
    heads = Space.of(load("width_stride_head"))
    assert dict(heads.completed({"head.dpc.filters": 256})) == {
        "width_multiplier": 0.5, "output_stride": 16, "head": "dpc", "head.dpc.filters": 256,
    }  # fmt: skip
    with pytest.raises(UserError, match=r"exists only when 'head' is dpc"):
        heads.completed({"head": "basic", "head.dpc.filters": 256})


# --- in a study ---------------------------------------------------------------------------------------------------

STUDY = """
name: small
spec: camvid_shufflenetv2_05
set: ["input.size=[64,64]"]
choices:
  width_multiplier: {choose: [0.5, 1.0]}
  head: {choose: [{basic: {filters: 16}}, {aspp: {filters: 16}}]}
objectives: {params: minimize, gflops: maximize}
budget: {evaluations: 4}
"""


def faults(text: str) -> list[str]:
    with pytest.raises(UserError) as error:
        parse_study(text, file="study.yaml")
    return [str(fault) for fault in error.value.faults]


def test_short_and_long_form_points_specs_and_changes() -> None:
    entries = (
        "{plain: {head: basic}, wide: {width_multiplier: 1.0, head: {aspp: {filters: 8}}}, named: shufflenetv2_basic}"
    )
    short = parse_study(STUDY + f"priors: {entries}\n")
    long = parse_study(STUDY + f"priors: {{networks: {entries}, share: 0.25}}\n")
    assert dict(short.priors.networks["plain"]) == {"width_multiplier": 0.5, "head": "basic"}  # type: ignore[arg-type]
    assert short.priors.share == 0.5 and long.priors.share == 0.25
    assert short.priors.networks == long.priors.networks
    assert short.priors.networks["wide"].name == "wide"  # type: ignore[union-attr]
    for study in (short, long):
        assert parse_study(study.text) == study and parse_study(study.text).digest() == study.digest()
    digests = {parse_study(STUDY).digest(), short.digest(), long.digest()}
    turned = parse_study(STUDY + "priors: {named: shufflenetv2_basic, plain: {head: basic}}\n")
    other = parse_study(STUDY + "priors: {plain: {head: basic}, named: shufflenetv2_basic}\n")
    assert len(digests | {turned.digest(), other.digest()}) == 5


def test_faults_are_told_with_line_and_nearest_name() -> None:
    told = faults(
        STUDY
        + """priors:
  networks:
    a: {head: basics}
    b: {width_multiplier: 0.7}
    c: {head: basic, width_multiplierr: 1.0}
    d: {width_multiplier: 1.0, head: {asp: {filters: 8}}}
    e: shufflenetv2_basi
    f: {width_multipler: 1.0}
  share: 2
  shar: 1
"""
    )
    line = STUDY.count("\n") + 3
    assert [one.split(":")[1] for one in told] == [str(line + at) for at in (0, 1, 2, 3, 4, 5, 6, 7)]
    assert "a.head: not an option (basics). Did you mean 'basic'?" in told[0]
    assert "not an option (0.7)" in told[1]
    assert "no such decision in this space. Did you mean 'width_multiplier'?" in told[2]
    assert "aspp" in told[3] and "shufflenetv2_basic" in told[4] and "width_multiplier" in told[5]
    assert "unknown key 'shar'. Did you mean 'share'?" in told[7]


class Messages(Silent):
    def __init__(self) -> None:
        self.said: list[str] = []

    def message(self, text: str) -> None:
        self.said.append(text)


def test_they_stand_in_the_table_under_their_names(tmp_path: Path) -> None:
    text = STUDY + (
        "limits: {params: 3000000}\n"
        "priors: {plain: {head: basic}, bundled: shufflenetv2_basic, inside: {head: {aspp: {filters: 16}}},\n"
        "         huge: {head: {aspp: {filters: 2048}}}}\n"
    )
    run = StudyRun(parse_study(text), tmp_path)
    messages = Messages()
    result = run.run(messages)  # type: ignore[arg-type]
    trials = result.result.trials
    assert [result.names.get(trial.key, "") for trial in trials[:4]] == ["plain", "bundled", "inside", "huge"]
    assert dict(trials[2].genome) == {"width_multiplier": 0.5, "head": "aspp"}  # a spec that is a point of the space
    assert [one.split("'")[1] for one in messages.said if "no point of the space" in one] == ["bundled", "huge"]
    rows = {str(row[0]): str(row[1]) for row in front_table(result).rows}
    assert "trial 0, prior plain" in rows.values()
    assert rows.get("bundled") == "trial 1, prior" or "trial 1, prior bundled" in rows.values()
    assert any(note.startswith("prior 'huge' rejected: params") for note in front_table(result).notes)
    assert front_table(shown(StudyRun(parse_study(text), tmp_path))) == front_table(result)


def test_an_outsider_survives_the_end_of_its_driver(tmp_path: Path) -> None:
    """Its text is in the store: whoever takes it over needs no more."""
    store = open_store(str(tmp_path / "trials.db"))

    class Dies(Outsiders):
        def evaluate(self, spec_text: str, genome: Genome, settings: Settings) -> Evaluation:
            if not genome:
                raise KeyboardInterrupt
            return super().evaluate(spec_text, genome, settings)

    with pytest.raises(KeyboardInterrupt):
        search(store, 6, evaluator=Dies()).run()
    result = search(store, 6).run()
    assert result.trials[1].key == OUTSIDE.key and result.trials[1].state == "done"
    assert result.counts == {"done": 6}
    store.close()
