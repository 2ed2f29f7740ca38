"""Gaussian process over graph features: evaluates what should improve the front most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from archspec.search.candidates import Genome
from archspec.search.samplers import Sampler, Task
from archspec.search.trials import Trial

if TYPE_CHECKING:
    from archspec.search.samplers._forecast import Forecast, Looked

LISTED_UP_TO = 256  # points: of a smaller space every one is a candidate
STEPS = (1, 1, 1, 2, 2, 3)  # decisions that a child of the front has changed
PARENTS = 12
STAY = 8  # proposals that a random network of the pool is looked at for


def surrogate(task: Task, startup: int = 10, pool: int = 96) -> Sampler:
    """A Gaussian process over graph features, and expected hypervolume improvement; the first `startup` are random.

    Every number that only an evaluation gives is predicted; what the screen knows (parameters, predicted latency) is
    taken as it is. With a fidelity, who goes on to the next rung is said by the same improvement, over those that have
    gone on already. What is running counts as if it had come out as expected, so that many workers spread out.

    `pool`: how many networks are looked at for a proposal: half are random, half a few decisions from the front.
    """
    return _Surrogate(task, startup, pool)


class _Surrogate:
    tries = 24  # the best of the pool, one after the other: others may be at work on the first

    def __init__(self, task: Task, startup: int, pool: int) -> None:
        from archspec.search.samplers._forecast import Onlooker

        self._task, self._startup, self._pool = task, max(2, startup), pool
        self._onlooker = Onlooker(task)
        self._told: dict[int, Trial] = {}
        self._running: dict[int, Trial] = {}
        self._ranked: tuple[int, list[Genome]] | None = None
        self._fitted: Forecast | None = None  # to what was told
        self._made: Forecast | None = None  # with what is running

    def tell(self, trial: Trial) -> None:
        self._running.pop(trial.number, None)
        if self._onlooker.fits(trial.genome):
            self._told[trial.number] = trial
            self._fitted = None
        self._ranked = self._made = None

    def began(self, trial: Trial) -> None:
        if self._onlooker.fits(trial.genome):
            self._running[trial.number] = trial
            self._ranked = self._made = None

    def promotion_order(self, numbers: Sequence[int], rung: int) -> list[int] | None:
        return self._forecast.promotion_order(numbers, rung) if self._knows_enough else None

    def propose(self, number: int, attempt: int) -> Genome:
        space, generator = self._task.space, self._task.generator(number, attempt)
        if not self._knows_enough:
            return space.sample(generator)
        if self._ranked is None or self._ranked[0] != number:
            self._ranked = number, self._ranking(number)
        ranking = self._ranked[1]
        return ranking[attempt] if attempt < len(ranking) else space.sample(generator)

    @property
    def _knows_enough(self) -> bool:
        from archspec.search.samplers._forecast import evaluated

        return sum(map(evaluated, self._told.values())) >= self._startup

    @property
    def _forecast(self) -> Forecast:
        """Of everything that was told so far, and of what is running."""
        from archspec.search.samplers._forecast import Forecast

        if self._fitted is None:
            self._fitted = Forecast(self._task, self._onlooker, by_number(self._told))
        if self._made is None:
            self._made = self._fitted.expecting(by_number(self._running))
        return self._made

    def _ranking(self, number: int) -> list[Genome]:
        """The pool without what is known, the most promising first."""
        trials, forecast = [*self._told.values(), *self._running.values()], self._forecast
        genomes = {genome_name(genome): genome for genome in self._pooled(number, forecast.parents(PARENTS))}
        for trial in trials:
            genomes.pop(genome_name(trial.genome), None)
        known = {trial.key for trial in trials}
        new: dict[str, Looked] = {}
        for found in map(self._onlooker.look, genomes.values()):
            if found is not None and not found.rejected and found.key not in known:
                new.setdefault(found.key, found)
        return [found.genome for found in forecast.ranked(list(new.values()))]

    def _pooled(self, number: int, parents: list[Genome]) -> Iterator[Genome]:
        space, half = self._task.space, self._pool // 2
        if space.size is not None and space.size <= LISTED_UP_TO:
            yield from space.genomes()
            return
        first = number * max(1, half // STAY)
        for index in range(first, first + half):
            yield space.sample(self._task.generator(index, 0, "pool"))
        generator = self._task.generator(number, 0, "children")
        for index in range(self._pool - half if parents else 0):
            genome = generator.choice(parents)
            for _ in range(STEPS[index % len(STEPS)]):
                genome = space.mutated(genome, generator)
            yield genome


def by_number(trials: dict[int, Trial]) -> list[Trial]:
    """By number: what is worked out does not depend on the order of news."""
    return [trials[number] for number in sorted(trials)]


def genome_name(genome: Genome) -> tuple[tuple[str, object], ...]:
    """A genome as a key."""
    return tuple(sorted(genome.items()))
