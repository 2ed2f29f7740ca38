"""The surrogate sampler: its model against formulas and draws, its proposals against random ones."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from archspec.measures._settings import Evaluation, Limit, Rejection
from archspec.search.candidates import Candidate, Decision, Genome
from archspec.search.fidelity import Fidelity
from archspec.search.pareto import hypervolume, reference_point
from archspec.search.samplers import Task, Watcher, make_sampler, promotion_order
from archspec.search.samplers._feature_rows import Scaling, genome_row
from archspec.search.samplers._forecast import Forecast, Onlooker
from archspec.search.samplers._gaussian_process import GaussianProcess, Inputs
from archspec.search.samplers._improvement import expected_improvement
from archspec.search.samplers._rungs import Lift
from archspec.search.trials import Objective, Trial, costs
from tests.search.fake_space import FakeSpace, grid_96, steep

TWO = (Objective("miou", "maximize"), Objective("cost"))
FRONT, REFERENCE = [(0.1, 0.8), (0.3, 0.5), (0.7, 0.2)], (1.0, 1.0)


def added(point: tuple[float, ...]) -> float:
    return hypervolume([*FRONT, point], REFERENCE) - hypervolume(FRONT, REFERENCE)


@pytest.mark.parametrize("known", [0, 1])
def test_with_one_cost_known_the_improvement_is_that_of_many_draws(known: int) -> None:
    mean, deviation = np.array([[0.4, 0.35], [0.05, 0.9], [0.9, 0.15], [0.9, 0.9]]), np.full((4, 2), 0.15)
    deviation[:, known] = 0.0
    found = expected_improvement(FRONT, REFERENCE, mean, deviation)
    draws = np.random.default_rng(1).standard_normal((4000, 2))
    for row in range(4):
        points = mean[row] + draws * deviation[row]
        expected = [added(tuple(point)) if (point < REFERENCE).all() else 0.0 for point in points]
        assert found[row] == pytest.approx(np.mean(expected), abs=4 * np.std(expected) / math.sqrt(4000) + 1e-6)


def test_known_costs_add_what_they_add() -> None:
    mean = np.array([[0.2, 0.4], [0.5, 0.6], [0.65, 0.1]])
    found = expected_improvement(FRONT, REFERENCE, mean, np.zeros((3, 2)))
    assert found == pytest.approx([added(tuple(point)) for point in mean.tolist()])
    third = np.column_stack([mean, np.zeros(3)])
    front = [(*point, 0.5) for point in FRONT]
    several = expected_improvement(front, (1.0, 1.0, 1.0), third, np.zeros((3, 3)))
    before = hypervolume(front, (1.0, 1.0, 1.0))
    wanted = [hypervolume([*front, tuple(point)], (1.0, 1.0, 1.0)) - before for point in third.tolist()]
    assert several == pytest.approx(wanted, rel=1e-6)


def test_one_objective_has_the_usual_expected_improvement() -> None:
    found = expected_improvement([(0.5,)], (1.0,), np.array([[0.5], [0.7]]), np.array([[0.2], [0.0]]))
    assert found == pytest.approx([0.2 / math.sqrt(2 * math.pi), 0.0])


def test_the_process_knows_what_it_saw_and_doubts_what_it_did_not() -> None:
    x = np.linspace(0, 1, 9)[:, None]
    inputs = Inputs(x, np.zeros((9, 0)), np.zeros(9))
    values = 0.3 + np.sin(4 * x[:, 0])
    process = GaussianProcess(inputs, values)
    mean, deviation = process.predict(inputs)
    assert mean == pytest.approx(values, abs=0.02)
    between, far = (process.predict(Inputs(np.array([[at]]), np.zeros((1, 0)), np.zeros(1))) for at in (0.44, 1.8))
    assert between[0][0] == pytest.approx(0.3 + math.sin(4 * 0.44), abs=0.03)
    assert far[1][0] > 5 * max(between[1][0], deviation.max())


def test_a_short_training_tells_of_a_long_one() -> None:
    """Twelve networks with both rungs, twelve with the first alone: those are predicted at the last."""
    generator = np.random.default_rng(0)
    x = generator.uniform(size=(24, 2))
    truth = x[:, 0] - 0.5 * x[:, 1]
    rows = np.concatenate([np.arange(24), np.arange(12)])
    steps = np.repeat([math.log(100), math.log(900)], [24, 12])
    values = truth[rows] + 0.02 * generator.standard_normal(36)
    process = GaussianProcess(Inputs(x[rows], np.zeros((36, 0)), steps), values)
    mean, deviation = process.predict(Inputs(x[12:], np.zeros((12, 0)), np.full(12, math.log(900))))
    assert np.corrcoef(mean, truth[12:])[0, 1] > 0.95
    assert (np.abs(mean - truth[12:]) < 4 * deviation + 0.05).all()


def test_what_a_network_has_by_itself_goes_with_it_from_rung_to_rung() -> None:
    """Scores are a line of x and, half as large, something that is each network's own. Of sixteen, twelve were trained
    long: of the others the model knows their own part by the short training alone."""
    generator = np.random.default_rng(1)
    x = np.linspace(0, 1, 16)[:, None]
    own = 0.15 * generator.standard_normal(16)
    truth = 0.3 + 0.4 * x[:, 0] + own
    longer = np.setdiff1d(np.arange(16), [2, 6, 9, 13])
    rows = np.concatenate([np.arange(16), longer])
    steps = np.repeat([math.log(100), math.log(900)], [16, 12])
    process = GaussianProcess(Inputs(x[rows], np.zeros((28, 0)), steps), truth[rows])
    short = np.setdiff1d(np.arange(16), longer)
    mean, deviation = process.predict(Inputs(x[short], np.zeros((4, 0)), np.full(4, math.log(900))))
    assert mean == pytest.approx(truth[short], abs=0.06)
    _, unknown = process.predict(Inputs(np.array([[0.5 + 1 / 60]]), np.zeros((1, 0)), np.full(1, math.log(900))))
    assert process.kernel.own > 0 and unknown[0] > 2 * deviation.max()


def test_who_goes_on_is_who_adds_most_to_those_that_did() -> None:
    """Every fourth of 96 has finished the first rung, of these two have gone to the end. The true gains are known."""
    space, fidelity = grid_96(), Fidelity((100, 300, 900))

    def screen(candidate: Candidate) -> Evaluation:
        return Evaluation({"cost": steep(candidate.genome)["cost"]})

    def trial(number: int, genome: Genome) -> Trial:
        rungs = tuple({**steep(genome), "miou": (steep(genome)["miou"] or 0) - 0.1 * (2 - rung)} for rung in range(3))
        done = number in (3, 14)
        rungs = rungs if done else rungs[:1]
        return Trial(number, space.candidate(genome).key, genome, "done" if done else "paused", rungs[-1],
                     rung=len(rungs) - 1, rungs=rungs)  # fmt: skip

    trials = [trial(number, genome) for number, genome in enumerate(list(space.genomes())[::4])]
    points = {one.number: point for one in trials if (point := costs(TWO, steep(one.genome)))}
    ahead, reference = [points[3], points[14]], reference_point(list(points.values()))
    gains = {number: hypervolume([*ahead, point], reference) for number, point in points.items()}
    sampler = make_sampler("surrogate", Task(space, TWO, fidelity=fidelity, screen=screen))
    order = promotion_order(sampler)
    waiting = [number for number in points if number not in (3, 14)]
    assert order is not None and order(waiting, 0) is None  # it has heard of nothing
    for one in trials:
        sampler.tell(one)
    found = list(order(waiting, 0) or ())
    assert sorted(found) == waiting
    best = sorted(waiting, key=lambda number: -gains[number])
    assert found[0] in best[:2] and gains[found[0]] > gains[found[-1]]
    assert list(order([*waiting, 99], 0) or ())[-1] == 99  # one that it was never told of


def test_what_is_believed_leaves_means_as_they_are_and_narrows_the_doubt_around_it() -> None:
    x = np.array([0.0, 0.2, 0.4, 1.0])[:, None]
    process = GaussianProcess(Inputs(x, np.zeros((4, 0)), np.zeros(4)), np.sin(4 * x[:, 0]))
    at = np.linspace(0, 1, 21)[:, None]
    asked = Inputs(at, np.zeros((21, 0)), np.zeros(21))
    believed = process.believing(Inputs(np.array([[0.7]]), np.zeros((1, 0)), np.zeros(1)))
    (mean, deviation), (then, narrower) = process.predict(asked), believed.predict(asked)
    assert then == pytest.approx(mean, abs=1e-6)
    assert (narrower <= deviation + 1e-9).all() and narrower[14] < 0.3 * deviation[14]  # 0.7 is the 15th


def test_what_is_running_is_not_tried_again_next_door() -> None:
    """A long row of networks, each much like the next: the best four lie side by side, until it hears of each begun."""
    space = FakeSpace((Decision("x", tuple(range(80)), ordered=True),))

    def values(genome: Genome) -> dict[str, float | None]:
        at = float(genome["x"]) / 79
        return {"miou": math.sin(5 * at), "cost": 1 + at}

    def nearest_two(*, hears: bool) -> float:
        task = Task(space, TWO, screen=lambda candidate: Evaluation({"cost": values(candidate.genome)["cost"]}))
        sampler = make_sampler("surrogate", task, {"startup": 4})
        for number, at in enumerate((5, 40, 60, 79)):
            sampler.tell(Trial(number, str(at), {"x": at}, "done", values({"x": at})))
        found: list[float] = []
        for number in range(4, 8):
            attempt = 0
            while (genome := sampler.propose(number, attempt) or {})["x"] in found:
                attempt += 1
            found.append(float(genome["x"]))
            if hears and isinstance(sampler, Watcher):
                sampler.began(Trial(number, f"{genome['x']:g}", genome, "running"))
        return min(abs(one - other) for one, other in itertools.combinations(found, 2))

    assert nearest_two(hears=True) > nearest_two(hears=False) == 1


def test_values_of_a_lower_rung_are_lifted_by_what_was_seen_of_both() -> None:
    lift = Lift.of([(0.2, 0.5), (0.4, 0.7), (0.3,), (0.1,)])
    assert lift(0.3, 0) == pytest.approx(0.6) and lift(0.6, 1) == 0.6  # a shift of 0.3
    assert Lift.of([(0.2,), (0.4,)])(0.3, 0) == 0.3


def test_rows_say_what_lies_beside_what() -> None:
    decisions = (
        Decision("head", ("basic", "dpc", "aspp")),
        Decision("rate", (1, 6, 12), ordered=True, parent="head", parent_value="aspp"),
        Decision("width", low=1.0, high=100.0, log=True),
    )
    basic, dpc = (genome_row(decisions, {"head": head, "width": 10.0}) for head in ("basic", "dpc"))
    assert math.dist(basic, dpc) == pytest.approx(1.0) and basic[-1] == pytest.approx(0.5)
    near, far = (genome_row(decisions, {"head": "aspp", "rate": rate, "width": 10.0}) for rate in (6, 12))
    assert math.dist(near, far) == pytest.approx(0.5)
    scaled = Scaling([{"a": 1.0, "same": 2.0}, {"a": 3.0, "same": 2.0}]).rows([{"a": 2.0}, {"a": 99.0}])
    assert scaled.tolist() == [[0.0], [4.0]]


def evaluated(space: FakeSpace, sampler_name: str, count: int, task: Task) -> list[Genome]:
    sampler, found = make_sampler(sampler_name, task), []
    for number in range(count):
        attempt = 0
        while (genome := sampler.propose(number, attempt)) in found:
            attempt += 1
        assert genome is not None
        found.append(genome)
        sampler.tell(Trial(number, space.candidate(genome).key, genome, "done", steep(genome)))
    return found


def test_with_the_cost_known_it_finds_in_twenty_what_random_finds_in_sixty() -> None:
    space = replace(grid_96(), known=lambda genome: {"log_cost": math.log(steep(genome)["cost"] or 1.0)})
    every = [point for genome in space.genomes() if (point := costs(TWO, steep(genome)))]
    reference = reference_point(every)

    def screen(candidate: Candidate) -> Evaluation:
        return Evaluation({"cost": steep(candidate.genome)["cost"]})

    def share(sampler: str, count: int, seed: int) -> float:
        genomes = evaluated(space, sampler, count, Task(space, TWO, seed, screen=screen))
        points = [point for genome in genomes if (point := costs(TWO, steep(genome)))]
        return hypervolume(points, reference)

    assert sum(share("surrogate", 20, seed) >= share("random", 60, seed) for seed in range(3)) >= 2


def test_what_the_screen_rejects_is_not_proposed() -> None:
    space = grid_96()

    def screen(candidate: Candidate) -> Evaluation:
        cost = steep(candidate.genome)["cost"] or 0.0
        return Evaluation({"cost": cost}, rejected=Rejection("cost", "too much") if cost > 3 else None)

    sampler = make_sampler("surrogate", Task(space, TWO, limits=(Limit("cost", 3.0),), screen=screen), {"startup": 2})
    for number in range(2):
        genome = sampler.propose(number, 0)
        assert genome is not None
        sampler.tell(Trial(number, str(number), genome, "done", steep(genome)))
    proposed = [sampler.propose(2, attempt) or {} for attempt in range(20)]
    assert all((steep(genome)["cost"] or 0.0) <= 3 for genome in proposed)


def test_a_limit_on_what_is_measured_is_learnt() -> None:
    """`ms` is known after an evaluation only; what has a large kernel breaks its limit."""
    space, sampler = grid_96(), make_sampler("surrogate", Task(grid_96(), TWO, limits=(Limit("ms", 1.0),)))
    for number, genome in enumerate(list(space.genomes())[::5]):
        slow = genome["kernel"] == 5
        values = steep(genome) | {"ms": 2.0 if slow else 0.5}
        sampler.tell(Trial(number, str(number), genome, "rejected" if slow else "done", values))
    assert [(sampler.propose(40, attempt) or {})["kernel"] for attempt in range(8)] == [3] * 8


def test_a_limit_on_an_objective_says_where_to_look() -> None:
    """An eighth of the space keeps the limit, 2 of the 24 that are known: what broke it tells of the others, too."""
    space = grid_96()
    values = {space.candidate(genome).key: steep(genome) for genome in space.genomes()}
    bound = sorted(found["miou"] or 0 for found in values.values())[84]

    def keeps(genome: Genome) -> bool:
        return (steep(genome)["miou"] or 0) >= bound

    def screen(candidate: Candidate) -> Evaluation:
        return Evaluation({"cost": values[candidate.key]["cost"]})

    task = Task(space, TWO, limits=(Limit("miou", bound, at_most=False),), screen=screen)
    sampler = make_sampler("surrogate", task)
    trials = []
    for number, genome in enumerate(list(space.genomes())[::4]):
        state = "done" if keeps(genome) else "rejected"
        trials.append(Trial(number, space.candidate(genome).key, genome, state, steep(genome)))  # type: ignore[arg-type]
        sampler.tell(trials[-1])
    assert sum(keeps(trial.genome) for trial in trials) == 2
    assert sum(keeps(sampler.propose(24, attempt) or {}) for attempt in range(12)) >= 6


def test_children_are_of_what_should_keep_the_limits_first() -> None:
    """None is trained to the end: the front at the first rung holds networks that cost little and that are too bad."""
    space, fidelity = grid_96(), Fidelity((100, 900))
    bound = sorted(steep(genome)["miou"] or 0 for genome in space.genomes())[60]
    task = Task(space, TWO, fidelity=fidelity, limits=(Limit("miou", bound, at_most=False),))
    trials = [
        Trial(number, space.candidate(genome).key, genome, "paused", steep(genome), rung=0, rungs=(steep(genome),))
        for number, genome in enumerate(list(space.genomes())[::4])
    ]
    found = [steep(genome)["miou"] or 0 for genome in Forecast(task, Onlooker(task), trials).parents(12)]
    good = [value >= bound for value in found]
    assert len(found) == 12 and good == sorted(good, reverse=True) and 0 < sum(good) < 12


def test_it_takes_in_rungs_and_forgets_the_order_of_news() -> None:
    fidelity = Fidelity((100, 300, 900))
    genomes = list(grid_96().genomes())[::4]
    told = []
    for number, genome in enumerate(genomes):
        finished = 1 + (number % 3 == 0) + (number % 9 == 0)
        rungs = tuple({**steep(genome), "miou": (steep(genome)["miou"] or 0) - 0.1 * (2 - r)} for r in range(finished))
        state = "done" if finished == 3 else "paused"
        told.append(Trial(number, str(number), genome, state, rungs[-1], rung=finished - 1, rungs=rungs))  # type: ignore[arg-type]
    one, other = (make_sampler("surrogate", Task(grid_96(), TWO, fidelity=fidelity)) for _ in range(2))
    for trial in told:
        one.tell(replace(trial, state="paused", rung=0, rungs=trial.rungs[:1], values=trial.rungs[0]))
        one.tell(trial)
    for trial in reversed(told):
        other.tell(trial)
    proposed = [one.propose(24, attempt) for attempt in range(5)]
    assert proposed == [other.propose(24, attempt) for attempt in range(5)]
    assert not any(genome in genomes for genome in proposed)
