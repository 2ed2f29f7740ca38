"""Decisions of a space as hyperparameters of KerasTuner, those that lie in an option under its conditional scope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from archspec.search.candidates import Decision, DecisionValue, Genome, exists

if TYPE_CHECKING:
    import keras_tuner


def declared(
    hp: keras_tuner.HyperParameters, decisions: Sequence[Decision], prefix: str = ""
) -> dict[str, DecisionValue]:
    """Every decision told to KerasTuner, and what it took of those that exist."""
    named = {decision.name: decision for decision in decisions}
    genome: dict[str, DecisionValue] = {}
    for decision in decisions:
        with ExitStack() as scopes:
            for parent, taken in _conditions(decision, named):
                scopes.enter_context(hp.conditional_scope(prefix + parent.name, [_plain_option(parent, taken)]))
            value = _taken(hp, decision, prefix)
        if exists(decision, genome):
            genome[decision.name] = value
    return genome


def _conditions(decision: Decision, named: Mapping[str, Decision]) -> list[tuple[Decision, DecisionValue]]:
    """What it exists under, the outermost first: KerasTuner finds a parent only within the parent's own scope."""
    found: list[tuple[Decision, DecisionValue]] = []
    while decision.parent:
        parent = named[decision.parent]
        found.insert(0, (parent, decision.parent_value))
        decision = parent
    return found


def hyperparameter_values(genome: Genome, decisions: Sequence[Decision]) -> dict[str, DecisionValue]:
    """A genome as the values that KerasTuner has for it."""
    return {one.name: _plain_option(one, genome[one.name]) for one in decisions if one.name in genome}


def genome_of(values: Mapping[str, DecisionValue], decisions: Sequence[Decision]) -> dict[str, DecisionValue]:
    """The genome that KerasTuner's values stand for, in the order of the decisions."""
    return {one.name: _value(one, values[one.name]) for one in decisions if one.name in values}


def _taken(hp: keras_tuner.HyperParameters, decision: Decision, prefix: str) -> DecisionValue:
    name = prefix + decision.name
    if not decision.options:
        sampling = "log" if decision.log else "linear"
        number: float = hp.Float(name, decision.low, decision.high, sampling=sampling)
        return number
    options = [_plain_option(decision, option) for option in decision.options]
    ordered = decision.ordered and not any(isinstance(one, str) for one in options)
    taken = hp.Choice(name, options, ordered=ordered)
    return decision.options[0] if taken is None else _value(decision, taken)  # None where its condition does not hold


def _value(decision: Decision, taken: DecisionValue) -> DecisionValue:
    """What KerasTuner's value stands for: an option, or a number of the range, which its logarithms may just miss."""
    if not decision.options:
        return min(decision.high, max(decision.low, float(taken)))
    return next(option for option in decision.options if _plain_option(decision, option) == taken)


def _plain_option(decision: Decision, value: DecisionValue) -> DecisionValue:
    """KerasTuner wants the options of a choice to be of one type."""
    return value if len({type(option) for option in decision.options}) <= 1 else repr(value)
