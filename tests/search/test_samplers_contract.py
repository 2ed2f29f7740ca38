"""Every sampler file at work on every kind of space: it proposes what exists, is repeatable, and can be resumed."""

from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import pytest

from archspec.errors import UserError
from archspec.measures._settings import Limit
from archspec.search.candidates import Decision, Genome, exists
from archspec.search.fidelity import Fidelity
from archspec.search.samplers import ENDLESS, Sampler, Task, make_sampler, sampler_file, samplers
from archspec.search.trials import Objective, Trial
from tests.search.fake_space import FakeSpace, grid_96, sixteen

CONDITIONAL = FakeSpace(
    (
        Decision("head", ("basic", "dpc", "aspp")),
        Decision("dpc.filters", (64, 128, 256), ordered=True, parent="head", parent_value="dpc"),
        Decision("dpc.kind", ("a", "b"), parent="head", parent_value="dpc"),
        Decision("dpc.kind.rate", (1, 6, 21), ordered=True, parent="dpc.kind", parent_value="b"),
        Decision("aspp.rate", low=1.0, high=24.0, log=True, parent="head", parent_value="aspp"),
    )
)
CONTINUOUS = FakeSpace((Decision("width", low=0.25, high=2.0), Decision("rate", low=1e-4, high=1e-1, log=True)))
SPACES = {
    "grid": grid_96(),
    "sixteen": sixteen(),
    "conditional": CONDITIONAL,
    "continuous": CONTINUOUS,
    "single point": FakeSpace((Decision("head", ("dpc",)), Decision("depth", (3,), ordered=True))),
    "empty": FakeSpace(()),
}
NEEDS = {"gp": "torch", "cmaes": "cmaes"}
RUNGS = Fidelity((1, 3, 9))
OPTIONS: dict[str, dict[str, Any]] = {
    "keras_tuner": {"initial": 45},  # a proposal of its Gaussian process takes 0.1 s
    "keras_tuner random": {"tuner": "random"},
    "keras_tuner hyperband": {"tuner": "hyperband"},
}
NAMES = sorted({*samplers(), *OPTIONS})
ONE = (Objective("ms"),)
TWO = (Objective("miou", "maximize"), Objective("ms"))
STATES = ("done", "done", "rejected", "done", "failed")


def made(name: str, space: FakeSpace, seed: int = 0) -> Sampler:
    """A sampler, or a skip where this space or machine is not for it, provided that it says so in plain words."""
    objectives = ONE if name == "cmaes" else TWO
    options = OPTIONS.get(name, {})
    fidelity = RUNGS if options.get("tuner") == "hyperband" else None
    task = Task(space, objectives, seed, (Limit("ms", 2.0),), fidelity)
    try:
        return make_sampler(name.split()[0], task, options)
    except UserError as error:
        text = str(error)
        if name in NEEDS and find_spec(NEEDS[name]) is None:
            assert NEEDS[name] in text and f"pip install {NEEDS[name]}" in text
        else:
            assert name == "grid" and space.size is None and "finite" in text
        pytest.skip(text)


def outcome(number: int, genome: Genome) -> Trial:
    """What becomes of a genome: values and state follow from it and the number alone."""
    weight = sum((position + 1) * hash_of(value) for position, value in enumerate(genome.values()))
    values = {"miou": (weight % 97) / 97, "ms": (weight % 31) / 10}
    state = STATES[number % len(STATES)]
    return Trial(number, str(number), genome, state, values if state == "done" else {"ms": 3.0})  # type: ignore[arg-type]


def hash_of(value: object) -> int:
    return sum(map(ord, repr(value)))


def history(sampler: Sampler, count: int, told: tuple[Trial, ...] = ()) -> list[Trial]:
    """`count` trials, those of `told` first, as a resumed search tells them."""
    trials = list(told)
    for trial in told:
        sampler.tell(trial)
    while len(trials) < count:
        genome = sampler.propose(len(trials), 0)
        if genome is None:
            break
        trials.append(outcome(len(trials), genome))
        sampler.tell(trials[-1])
    return trials


def check_exists(genome: Genome, space: FakeSpace) -> None:
    expected = [decision.name for decision in space.decisions if exists(decision, genome)]
    assert list(genome) == expected
    for decision in space.decisions:
        if decision.name not in genome:
            continue
        value = genome[decision.name]
        if decision.options:
            assert any(value == option and type(value) is type(option) for option in decision.options)
        else:
            assert isinstance(value, float) and decision.low <= value <= decision.high


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("name", NAMES)
def test_what_is_proposed_exists(name: str, space: str) -> None:
    sampler = made(name, SPACES[space])
    trials = history(sampler, 30)
    assert len(trials) == min(30, SPACES[space].size or 30) if sampler.tries == ENDLESS else len(trials) == 30
    for trial in trials:
        check_exists(trial.genome, SPACES[space])


@pytest.mark.parametrize("space", ["grid", "conditional", "continuous"])
@pytest.mark.parametrize("name", NAMES)
def test_a_seed_gives_one_sequence(name: str, space: str) -> None:
    one, same = (history(made(name, SPACES[space]), 25) for _ in range(2))
    other = history(made(name, SPACES[space], seed=1), 25)
    assert one == same
    assert (one != other) != (made(name, SPACES[space]).tries == ENDLESS)


@pytest.mark.parametrize("space", ["grid", "conditional"])
@pytest.mark.parametrize("name", NAMES)
def test_a_resumed_sampler_goes_on_as_if_never_stopped(name: str, space: str) -> None:
    if name == "cmaes":
        pytest.skip("Optuna's CMA-ES draws by its own count of trials: resumed it goes on, with other draws")
    whole = history(made(name, SPACES[space]), 50)
    sampler = made(name, SPACES[space])
    if sampler.tries == ENDLESS:  # it begins anew; the driver passes over what is known
        assert history(sampler, 50) == whole
    else:
        for stop in (13, 34):
            assert history(made(name, SPACES[space]), 50, tuple(whole[:stop])) == whole


@pytest.mark.parametrize("name", NAMES)
def test_a_further_attempt_is_another_draw_and_is_repeatable(name: str) -> None:
    sampler, same = made(name, sixteen()), made(name, sixteen())
    proposals = [sampler.propose(0, attempt) for attempt in range(4)]
    assert proposals == [same.propose(0, attempt) for attempt in range(4)]
    assert len({tuple(genome.items()) for genome in proposals if genome}) == 4


@pytest.mark.parametrize("name", NAMES)
def test_it_hears_of_others_and_of_what_was_taken_instead(name: str) -> None:
    """Another driver's trial under the number it proposed for, genomes it did not propose, and one of no use."""
    space = SPACES["conditional"]
    sampler = made(name, space)
    sampler.propose(0, 0)
    sampler.tell(outcome(0, {"head": "basic"}))
    sampler.tell(outcome(1, {"head": "dpc", "dpc.filters": 64, "dpc.kind": "a"}))
    sampler.tell(outcome(3, {"head": "of an older version", "gone": 1}))
    genome = sampler.propose(2, 0)
    assert genome is not None
    check_exists(genome, space)


def test_a_learner_goes_where_it_is_better() -> None:
    """`head` decides everything: after fifty trials the learning samplers take the better one far more often."""
    for name in ("tpe", "nsga2", "evolution"):
        sampler = made(name, grid_96())
        for number in range(60):
            genome = sampler.propose(number, 0)
            assert genome is not None
            good = float(genome["head"] == "dpc")
            sampler.tell(
                replace(outcome(0, genome), number=number, state="done", values={"miou": good, "ms": 1 - good})
            )
        heads = [(sampler.propose(60, attempt) or {})["head"] for attempt in range(20)]
        assert heads.count("dpc") >= 13, name  # evolution mutates one of five: half of a fifth leave


def told_of_rungs(name: str, count: int, quality: Callable[[Genome, int], float]) -> tuple[Sampler, list[Genome]]:
    """A sampler that was told of so many candidates, every second at a second rung, every fourth at a third."""
    fidelity = Fidelity((100, 300, 900))
    objectives = ONE if name == "cmaes" else TWO
    try:
        sampler = make_sampler(name, Task(grid_96(), objectives, fidelity=fidelity))
    except UserError as error:
        pytest.skip(str(error))
    found: list[Genome] = []
    for number in range(count):
        genome = sampler.propose(number, 0)
        assert genome is not None
        check_exists(genome, grid_96())
        found.append(genome)
        for one in range(number + 1):  # who was begun one or two candidates before goes on now
            rung = {number: 0, number - 1: 1, number - 2: 2}.get(one, -1)
            if rung < 0 or one % 2**rung:
                continue
            good = quality(found[one], rung)
            rungs = tuple(
                {"miou": quality(found[one], at), "ms": 1 - quality(found[one], at)} for at in range(rung + 1)
            )
            trial = Trial(one, str(one), found[one], "done" if rung == 2 else "paused", {"miou": good, "ms": 1 - good})
            sampler.tell(replace(trial, rung=rung, rungs=rungs))
    return sampler, found


@pytest.mark.parametrize("name", samplers())
def test_it_hears_of_every_rung_and_is_repeatable(name: str) -> None:
    def quality(genome: Genome, rung: int) -> float:
        return hash_of(genome["width"]) % 7 / 10 + rung / 10

    (sampler, one), (same, other) = (told_of_rungs(name, 24, quality) for _ in range(2))
    assert one == other
    assert sampler.propose(24, 0) == same.propose(24, 0)


@pytest.mark.parametrize("name", ["tpe", "nsga2", "nsga3", "evolution", "surrogate"])
def test_a_learner_believes_the_higher_rung(name: str) -> None:
    """After a short training `basic` seems better, after a longer one `dpc` is: what is promoted tells."""

    def quality(genome: Genome, rung: int) -> float:
        late = genome["head"] == "dpc"
        return 0.1 * int(genome["depth"]) / 3 + (0.2 * (not late) if rung == 0 else 0.4 * late + 0.2)

    count, asked = (24, 10) if name == "surrogate" else (70, 20)  # it never proposes one again
    sampler, _ = told_of_rungs(name, count, quality)
    heads = [(sampler.propose(number, 0) or {})["head"] for number in range(count, count + asked)]
    assert heads.count("dpc") >= 0.6 * asked


def test_rejects_teach_too() -> None:
    """What breaks a limit by more is worse: `width` 2.0 is always rejected, and is proposed less and less."""
    for name in ("tpe", "nsga2"):
        sampler = made(name, grid_96())
        for number in range(80):
            genome = sampler.propose(number, 0)
            assert genome is not None
            wide = float(genome["width"]) > 1.0
            good = 0.1 * int(genome["depth"]) + 0.1 * (genome["head"] == "dpc")
            values = (
                {"ms": 2.0 + float(genome["width"])} if wide else {"miou": good, "ms": good + float(genome["width"])}
            )
            state = "rejected" if wide else "done"
            sampler.tell(replace(outcome(0, genome), number=number, state=state, values=values))
        widths = [float((sampler.propose(80, attempt) or {})["width"]) for attempt in range(20)]
        assert sum(width > 1.0 for width in widths) <= 6, name


def test_keras_tuner_goes_where_it_is_better_and_learns_from_the_highest_rung_that_many_have_finished() -> None:
    """One decision decides: the lowest score is at width 2.0, at the second rung; the first rung says the opposite."""
    space = FakeSpace((Decision("width", (0.5, 1.0, 1.5, 2.0), ordered=True),))
    task = Task(space, ONE, fidelity=RUNGS)
    for rungs, best in ((1, 0.5), (2, 2.0)):
        sampler = make_sampler("keras_tuner", task, {"initial": 4, "objective": "ms"})
        for number, width in enumerate((0.5, 1.0, 1.5, 2.0)):
            values: tuple[dict[str, float | None], ...] = ({"ms": width}, {"ms": -width})
            told = values[:rungs]
            sampler.tell(Trial(number, str(number), {"width": width}, "paused", told[-1], rungs=told))
        assert (sampler.propose(4, 0) or {})["width"] == best


def test_keras_tuner_refuses_what_it_cannot_do() -> None:
    with pytest.raises(UserError, match=r"hyperband divides its trainings into rungs.*Write fidelity"):
        make_sampler("keras_tuner", Task(grid_96(), TWO), {"tuner": "hyperband"})
    with pytest.raises(UserError, match=r"'mio' is no objective of this study. Did you mean 'miou'"):
        make_sampler("keras_tuner", Task(grid_96(), TWO), {"objective": "mio"})


def test_unknown_names_and_options_are_told() -> None:
    task = Task(grid_96(), TWO)
    with pytest.raises(UserError, match=r"no sampler 'nsga'. Did you mean 'nsga"):
        make_sampler("nsga", task)
    with pytest.raises(UserError, match=r"sampler 'nsga2' has no option 'populaton'. Did you mean 'population'"):
        make_sampler("nsga2", task, {"populaton": 3})
    with pytest.raises(UserError, match="cmaes works on one objective"):
        make_sampler("cmaes", task)


@pytest.mark.parametrize("name", samplers())
def test_its_first_line_says_what_it_is(name: str) -> None:
    first = sampler_file(name).read_text("utf-8").splitlines()[0]
    assert first.startswith('"""') and first.endswith('."""')
