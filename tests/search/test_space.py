"""Spaces of specs: choices anywhere become decisions, and every genome a closed spec, or a fault that is told."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archspec.catalog import Catalog
from archspec.errors import Problem, UserError
from archspec.search.candidates import SearchSpace
from archspec.search.space import Space
from archspec.spec import Spec, load, override, parse

SPACES = sorted(Catalog().spaces())

EVERYWHERE = """
input: {size: {choose: [32, [32, 64]]}}
classes: {choose: [2, 3]}
output_stride: 8
backbone:
- conv_bn: {filters: {choose: [4, 8]}, stride: 8}
  repeat: {range: {from: 1, to: 2, step: 1}}
- choose:
  - max_pool: {stride: 1}
  - depthwise_bn: {kernel: {choose: [3, 5]}}
head:
  choose:
  - none
  - basic
  - dpc:
      filters: {range: {from: 4, to: 8, step: 4}}
      branches:
        choose:
        - [{op: conv, kernel: 1, input: -1}]
        - [{op: conv, kernel: 3, rate: [1, {choose: [1, 2]}], input: -1}]
        - {dpc_cell: {branches: 1, rates: [1], grids: [1, 2]}}
  - {choose: [{aspp: {filters: 4, rates: [1]}}, none]}
decoder: bilinear
"""
# none, basic, dpc: 2 filters × (1 + 2 rates + (1 + 1 + 4) operations), the choice in a choice: 2
HEADS = 1 + 1 + 2 * (1 + 2 + 6) + 2


def test_choices_may_stand_anywhere() -> None:
    space = Space.of(parse(EVERYWHERE))
    names = [one.name for one in space.decisions]
    assert names == [
        "input.size",
        "classes",
        "backbone[0].repeat",
        "backbone[0].conv_bn.filters",
        "backbone[1]",
        "backbone[1].depthwise_bn.kernel",
        "head",
        "head.dpc.filters",
        "head.choose[2].dpc.branches",
        "head.dpc.branches[0].rate[1]",
        "head.choose[2].dpc.branches.choose[2][0].op",
        "head.choose[3]",
    ]
    options = {one.name: one.options for one in space.decisions}
    assert options["input.size"] == (32, "[32, 64]")
    assert options["backbone[1]"] == ("max_pool", "depthwise_bn")
    assert options["head"] == ("none", "basic", "dpc", "option 4")
    assert options["head.choose[2].dpc.branches"] == ("option 1", "option 2", "dpc_cell")
    assert space.size == 2 * 2 * 2 * 2 * (1 + 2) * HEADS


def test_every_point_of_it_is_built() -> None:
    space = Space.of(parse(EVERYWHERE))
    fixed = {"classes": 2, "backbone[0].repeat": 1, "backbone[0].conv_bn.filters": 4, "backbone[1]": "max_pool"}
    seen = set()
    for genome in space.genomes():
        if fixed.items() <= genome.items() and genome["input.size"] == 32:
            candidate = space.candidate(genome)
            assert candidate.network.spec.choices() == ()
            seen.add(candidate.network.spec)
    # 'none' stands twice; a cell of one branch repeats the 1×1 convolution and the rate 1 × 1, for each of 2 filters.
    assert len(seen) == HEADS - 1 - 2 * 2


def test_a_genome_is_what_setting_each_choice_makes() -> None:
    spec = parse(EVERYWHERE)
    genome = {
        "input.size": "[32, 64]", "classes": 3, "backbone[0].repeat": 2, "backbone[0].conv_bn.filters": 8,
        "backbone[1]": "depthwise_bn", "backbone[1].depthwise_bn.kernel": 5, "head": "dpc", "head.dpc.filters": 8,
        "head.choose[2].dpc.branches": "dpc_cell", "head.choose[2].dpc.branches.choose[2][0].op": "pool 2x1",
    }  # fmt: skip
    branches: list[Any] = [{"op": "pyramid_pooling", "grid_size": [2, 1], "input": -1}]
    expected = {
        "input.size": [32, 64], "classes": 3, "backbone[0].repeat": 2, "backbone[0].conv_bn.filters": 8,
        "backbone[1]": {"depthwise_bn": {"kernel": 5}}, "head": {"dpc": {"filters": 8, "branches": branches}},
    }  # fmt: skip
    assert Space.of(spec).closed(genome) == override(spec, expected)


scalars = st.sampled_from([4, 8, 12, 16])


@st.composite
def nested(draw: st.DrawFn, depth: int = 2) -> tuple[Any, int]:
    """A section's value with choices inside choices, and how many networks it stands for."""
    kind = draw(st.sampled_from(["plain", "choose filters", "choose section"] if depth else ["plain"]))
    if kind == "plain":
        return {"conv_bn": {"filters": draw(scalars)}}, 1
    if kind == "choose filters":
        options = draw(st.lists(scalars, min_size=1, max_size=3, unique=True))
        return {"conv_bn": {"filters": {"choose": options}, "kernel": 1}}, len(options)
    inside = draw(st.lists(nested(depth - 1), min_size=1, max_size=3, unique_by=lambda one: json.dumps(one[0])))
    return {"choose": [option for option, _ in inside]}, sum(count for _, count in inside)


@given(nested(), nested(3), st.integers(0, 99))
def test_size_is_the_product_over_nested_choices(head: tuple[Any, int], before: tuple[Any, int], seed: int) -> None:
    text = "output_stride: 8\nbackbone: [conv_bn: {filters: 4, stride: 8}]\n"
    spec = parse(f"{text}head: {json.dumps(head[0])}\ninput: {{size: 16, preprocess: {json.dumps(before[0])}}}\n")
    if not spec.choices():
        return
    space = Space.of(spec)
    assert space.size == head[1] * before[1] == sum(1 for _ in space.genomes())
    genome = space.sample(random.Random(seed))
    assert space.closed(genome).choices() == ()
    assert space.candidate(space.mutated(genome, random.Random(seed))).network.cost.macs > 0


@pytest.mark.parametrize("name", SPACES)
def test_every_bundled_space_samples_and_mutates_to_networks(name: str) -> None:
    space: SearchSpace = Space.of(load(name))
    generator = random.Random(0)
    assert space.size
    genome = space.sample(generator)
    for _ in range(25):
        candidate = space.candidate(genome)
        assert candidate.network.cost.params > 0
        assert space.candidate(dict(reversed(genome.items()))).key == candidate.key
        genome = space.mutated(genome, generator)


def test_what_cannot_be_built_is_told() -> None:
    space = Space.of(parse("width_multiplier: {choose: [0.5, 0.6]}\nbackbone: shufflenet_v2\n"))
    assert space.candidate({"width_multiplier": 0.5}).network.cost.params > 0
    with pytest.raises(UserError, match=r"by_width of backbone 'shufflenet_v2' does not list it \(0\.6\)"):
        space.candidate({"width_multiplier": 0.6})


WIDE = "backbone: shufflenet_v2\nhead: {dpc: {filters: {range: {from: 1, to: 200000, step: 1}}}}"
REPEATED = "backbone: shufflenet_v2\nhead: {dpc: {branches: {dpc_cell: {rates: [3, 3]}}}}"
FAULTS = [
    ("backbone: shufflenet_v2", "no open choices"),
    ("classes: {choose: [2, 3, 2]}\nbackbone: shufflenet_v2", r"<text>:1:10: classes: an option stands twice \(2\)"),
    (WIDE, r"<text>:2:23: head.dpc.filters: a range of 200,000 values"),
    (REPEATED, "'rates' needs values, each once"),
]


@pytest.mark.parametrize(("text", "message"), FAULTS)
def test_spaces_that_cannot_be(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        Space.of(parse(text))


def test_a_continuous_range_has_no_size() -> None:
    dropout = "{range: {from: 0.1, to: 0.5}}"
    space = Space.of(parse(f"backbone: shufflenet_v2\nhead: {{dpc: {{dropout: {dropout}}}}}\n"))
    assert space.size is None
    with pytest.raises(Problem, match=r"Give the range a step|continuous"):
        space.genomes()
    spec: Spec = space.closed(space.sample(random.Random(0)))
    assert 0.1 <= spec.values["head"]["dpc"]["dropout"] <= 0.5


def test_a_logarithmic_range_of_integers_has_all_of_them() -> None:
    filters = "{range: {from: 8, to: 32, log: true}}"
    (decision,) = Space.of(parse(f"backbone: shufflenet_v2\nhead: {{dpc: {{filters: {filters}}}}}\n")).decisions
    assert (decision.options, decision.log) == (tuple(range(8, 33)), True)
