"""Decisions against brute force: what exists, how many, in which order, drawn how evenly, changed into what."""

from __future__ import annotations

import itertools
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archspec.errors import Problem, UserError
from archspec.search.candidates import Decision, DecisionValue, Genome
from archspec.search.space.decisions import Decisions


@st.composite
def forests(draw: st.DrawFn) -> tuple[Decision, ...]:
    """Up to six parameters, each always there or inside an option of an earlier one; parents first."""
    found: list[Decision] = []
    for number in range(draw(st.integers(1, 6))):
        options = tuple(range(10 * number, 10 * number + draw(st.integers(1, 3))))
        parent = draw(st.sampled_from([None, *found]))
        if parent is None:
            found.append(Decision(f"p{number}", options, True))
        else:
            taken = draw(st.sampled_from(parent.options))
            found.append(Decision(f"p{number}", options, True, parent=parent.name, parent_value=taken))
    return tuple(found)


def brute_force(parameters: tuple[Decision, ...]) -> set[frozenset[tuple[str, DecisionValue]]]:
    """Every assignment of everything, without what does not exist in it."""
    found = set()
    for genes in itertools.product(*(one.options for one in parameters)):
        existing: dict[str, DecisionValue] = {}
        for one, gene in zip(parameters, genes, strict=True):
            if not one.parent or (one.parent in existing and existing[one.parent] == one.parent_value):
                existing[one.name] = gene
        found.add(frozenset(existing.items()))
    return found


def as_set(genome: Genome) -> frozenset[tuple[str, DecisionValue]]:
    return frozenset(genome.items())


@given(forests())
def test_genomes_are_all_there_are_each_once(parameters: tuple[Decision, ...]) -> None:
    decisions = Decisions(parameters)
    listed = list(decisions.genomes())
    expected = brute_force(parameters)
    assert decisions.size() == len(listed) == len(expected)
    assert set(map(as_set, listed)) == expected
    assert [decisions.at(index) for index in range(len(listed))] == listed
    assert all(list(decisions.at(index)) == list(one) for index, one in enumerate(listed))


@given(forests(), st.integers(0, 999))
def test_what_is_sampled_or_mutated_is_a_genome(parameters: tuple[Decision, ...], seed: int) -> None:
    decisions, generator = Decisions(parameters), random.Random(seed)
    every = brute_force(parameters)
    genome = decisions.sample(generator)
    for _ in range(5):
        decisions.check(genome)
        assert as_set(genome) in every
        changed = decisions.mutated(genome, generator)
        kept = [name for name in genome if changed.get(name) == genome[name]]
        if len(every) > 1 and any(len(one.options) > 1 for one in parameters if one.name in genome):
            assert changed != genome
            # One decision changed; the others changed only by lying in what it had taken or has.
            roots = [
                one.name
                for one in parameters
                if one.name in genome and one.name not in kept and (not one.parent or one.parent in kept)
            ]
            assert len(roots) == 1
        genome = changed


def test_samples_are_even_over_each_decision() -> None:
    parameters = (
        Decision("a", ("x", "y")),
        Decision("b", (1, 2, 3), True, parent="a", parent_value="y"),
    )
    decisions, generator, count = Decisions(parameters), random.Random(0), 6000
    seen = Counter(as_set(decisions.sample(generator)) for _ in range(count))
    expected = {as_set({"a": "x"}): 1 / 2} | {as_set({"a": "y", "b": b}): 1 / 6 for b in (1, 2, 3)}
    assert set(seen) == set(expected)
    for genome, share in expected.items():
        deviation = (count * share * (1 - share)) ** 0.5
        assert abs(seen[genome] - count * share) < 4 * deviation


def test_a_continuous_range() -> None:
    plain, log = Decision("x", low=2.0, high=4.0), Decision("y", low=1e-4, high=1.0, log=True)
    decisions, generator = Decisions((plain, log)), random.Random(1)
    assert decisions.size() is None
    with pytest.raises(Problem, match="the range of 'x' is continuous"):
        decisions.genomes()
    drawn = [decisions.sample(generator) for _ in range(2000)]
    assert all(2 <= float(one["x"]) <= 4 and 1e-4 <= float(one["y"]) <= 1 for one in drawn)
    assert abs(sum(float(one["x"]) < 3 for one in drawn) - 1000) < 100
    assert abs(sum(float(one["y"]) < 1e-2 for one in drawn) - 1000) < 100  # half of the decades
    changed = decisions.mutated(drawn[0], generator)
    assert len(set(changed.items()) & set(drawn[0].items())) == 1


def test_small_integers_come_more_often_from_a_logarithmic_range() -> None:
    decisions = Decisions((Decision("n", tuple(range(1, 101)), True, 1, 100, log=True),))
    generator = random.Random(0)
    below = sum(int(decisions.sample(generator)["n"]) <= 10 for _ in range(2000))
    assert 1050 < below < 1350  # log(10.5 / 0.5) / log(100.5 / 0.5) = 57 % of 2000 are 1150
    assert decisions.size() == 100


@pytest.mark.parametrize(
    ("genome", "message"),
    [
        ({"a": "x", "c": 1}, "c: no such decision in this space"),
        ({"a": "z"}, r"a: not an option \(z\)"),
        ({}, "a: this decision is not taken"),
        ({"a": "y"}, "b: this decision is not taken"),
        ({"a": "x", "b": 1}, "b: exists only when 'a' is y"),
    ],
)
def test_what_is_no_genome_is_told(genome: Genome, message: str) -> None:
    parameters = (Decision("a", ("x", "y")), Decision("b", (1, 2), parent="a", parent_value="y"))
    with pytest.raises(UserError, match=message):
        Decisions(parameters).check(genome)
