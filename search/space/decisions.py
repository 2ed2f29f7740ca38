"""Decisions, some of which exist only when another has been taken in one way: counted, enumerated, sampled, changed."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Container, Iterator, Mapping
from functools import partial

from archspec.errors import Problem, nearest, user_error
from archspec.search.candidates import Decision, DecisionValue, Genome


class Decisions:
    """Parameters as a forest. Knows nothing of specs or networks."""

    def __init__(self, decisions: tuple[Decision, ...]) -> None:
        self.decisions = decisions
        self._named = {decision.name: decision for decision in decisions}
        self._inside: dict[tuple[str, DecisionValue], tuple[Decision, ...]] = {}
        for one in decisions:
            key = (one.parent, one.parent_value)
            self._inside[key] = (*self._inside.get(key, ()), one)
        self._roots = self._inside.get(("", ""), ())
        self._counts: dict[str, int] = {}

    def size(self) -> int | None:
        """The exact number of genomes; None where a range is continuous."""
        if any(not one.options for one in self.decisions):
            return None
        return self._together(self._roots)

    def _together(self, decisions: tuple[Decision, ...]) -> int:
        return math.prod(map(self._count, decisions))

    def _count(self, decision: Decision) -> int:
        if decision.name not in self._counts:
            inside = (self._inside.get((decision.name, option), ()) for option in decision.options)
            self._counts[decision.name] = sum(map(self._together, inside))
        return self._counts[decision.name]

    def at(self, index: int) -> Genome:
        """The genome at a position (from 0) of `genomes`, without listing those before. No range is continuous."""
        return self._at(self._roots, index)

    def _at(self, decisions: tuple[Decision, ...], index: int) -> dict[str, DecisionValue]:
        found: dict[str, DecisionValue] = {}
        for number, one in enumerate(decisions):
            own, index = divmod(index, self._together(decisions[number + 1 :]))
            for option in one.options:
                inside = self._inside.get((one.name, option), ())
                count = self._together(inside)
                if own < count:
                    found[one.name] = option
                    found |= self._at(inside, own)
                    break
                own -= count
        return found

    def genomes(self) -> Iterator[Genome]:
        """Every genome once, the last decision changing fastest. Raises `Problem` where a range is continuous."""
        continuous = next((one.name for one in self.decisions if not one.options), None)
        if continuous is not None:
            raise Problem(
                f"the range of '{continuous}' is continuous, so its points cannot be listed", "Give the range a step"
            )
        return self._walk(self._roots, {})

    def _walk(self, pending: tuple[Decision, ...], taken: dict[str, DecisionValue]) -> Iterator[Genome]:
        if not pending:
            yield dict(taken)
            return
        first, rest = pending[0], pending[1:]
        for option in first.options:
            taken[first.name] = option
            yield from self._walk((*self._inside.get((first.name, option), ()), *rest), taken)
        del taken[first.name]

    def sample(self, generator: random.Random) -> Genome:
        return self._completed({}, partial(drawn, generator=generator))

    def mutated(self, genome: Genome, generator: random.Random) -> Genome:
        """A neighbour: one decision taken anew and otherwise, what lay in the old taking dropped, the new sampled.

        The genome itself where no decision has another value.
        """
        open_ones = [name for name in genome if len(self._named[name].options) != 1]
        if not open_ones:
            return dict(genome)
        name = generator.choice(open_ones)
        changed = {**genome, name: self._other(self._named[name], genome[name], generator)}
        return self._completed(changed, partial(drawn, generator=generator))

    def _other(self, decision: Decision, old: DecisionValue, generator: random.Random) -> DecisionValue:
        """Even over the other options; in a continuous range anywhere."""
        if not decision.options:
            return drawn(decision, generator)
        others = [option for option in decision.options if option != old]
        return generator.choice(others)

    def completed(self, part: Genome) -> Genome:
        """The genome of a part of one: the options that it lies in are taken, too, and elsewhere the first option (of a
        continuous range the lower end). Raises `UserError`, told by the name of the decision."""
        taken = dict(part)
        for name in part:
            self._check_one(name, part[name])
            inside = self._named[name]
            while inside.parent:
                taken.setdefault(inside.parent, inside.parent_value)
                inside = self._named[inside.parent]
        found = self._completed(taken, first_option)
        self._check_extra(part, found)
        return found

    def changed(self, genome: Genome, name: str, option: DecisionValue) -> Genome:
        """With one decision taken otherwise: what no longer exists is left out, what newly exists takes a first
        option."""
        return self._completed({**genome, name: option}, first_option)

    def _completed(
        self, taken: Mapping[str, DecisionValue], fill: Callable[[Decision], DecisionValue]
    ) -> dict[str, DecisionValue]:
        """What exists, as taken where it was, else filled in; in the order of `genomes`."""
        found: dict[str, DecisionValue] = {}
        pending = list(reversed(self._roots))
        while pending:
            one = pending.pop()
            value = taken[one.name] if one.name in taken else fill(one)
            found[one.name] = value
            pending.extend(reversed(self._inside.get((one.name, value), ())))
        return found

    def check(self, genome: Genome) -> None:
        """Raises `UserError` for a genome that is not one of these: told by the name of the decision."""
        for name, value in genome.items():
            self._check_one(name, value)
        wanted = self._existing(genome)
        missing = next((name for name in wanted if name not in genome), None)
        if missing is not None:
            raise user_error("this decision is not taken", "Take one of its options", missing)
        self._check_extra(genome, wanted)

    def _check_one(self, name: str, value: DecisionValue) -> None:
        if name not in self._named:
            raise user_error("no such decision in this space", nearest(name, self._named), name)
        _check_value(self._named[name], value)

    def _check_extra(self, genome: Genome, wanted: Container[str]) -> None:
        extra = next((name for name in genome if name not in wanted), None)
        if extra is not None:
            one = self._named[extra]
            fact = f"exists only when '{one.parent}' is {one.parent_value}"
            raise user_error(fact, "Leave it out", extra)

    def _existing(self, genome: Genome) -> set[str]:
        found: set[str] = set()
        pending = list(self._roots)
        while pending:
            one = pending.pop()
            found.add(one.name)
            if one.name in genome:
                pending.extend(self._inside.get((one.name, genome[one.name]), ()))
        return found


def first_option(decision: Decision) -> DecisionValue:
    """What is taken where nothing is said: the first option, or the lower end of a continuous range."""
    return decision.options[0] if decision.options else decision.low


def drawn(decision: Decision, generator: random.Random) -> DecisionValue:
    """One value: each option alike; in a range evenly, or evenly in the logarithm."""
    if not decision.log:
        return generator.choice(decision.options) if decision.options else generator.uniform(*_bounds(decision))
    if not decision.options:
        low, high = map(math.log, _bounds(decision))
        return min(decision.high, max(decision.low, math.exp(generator.uniform(low, high))))
    weights = [math.log((float(one) + 0.5) / (float(one) - 0.5)) for one in decision.options]
    return generator.choices(decision.options, weights)[0]


def _bounds(decision: Decision) -> tuple[float, float]:
    return decision.low, decision.high


def _check_value(decision: Decision, value: DecisionValue) -> None:
    if decision.options:
        if value not in decision.options:
            raise user_error(f"not an option ({value})", nearest(value, decision.options), decision.name)
    elif isinstance(value, str) or not decision.low <= value <= decision.high:
        remedy = f"Take a number from {decision.low:g} to {decision.high:g}"
        raise user_error(f"not in the range ({value})", remedy, decision.name)
