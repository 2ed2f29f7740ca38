"""Generators: the DPC paper's count to the last cell, stages that are built, and what every generator promises."""

from __future__ import annotations

import itertools
import math
import random
from pathlib import Path

import pytest

from archspec.catalog import Catalog
from archspec.errors import UserError
from archspec.search.candidates import Generated
from archspec.search.space import Space
from archspec.spec import expand, json_schema, load, parse

CATALOG = Catalog()


def cell_space(arguments: str) -> Space:
    text = "output_stride: 8\ninput: {size: 32}\nbackbone: [conv_bn: {filters: 4, stride: 8}]\n"
    return Space.of(parse(f"{text}head: {{dpc: {{filters: 4, branches: {{dpc_cell: {arguments}}}}}}}\n"))


def test_every_generator_has_a_name_of_its_own_and_says_what_it_is() -> None:
    names = CATALOG.generators()
    others = {*CATALOG.blocks(), *(name for kind in ("backbone", "head", "decoder") for name in CATALOG.parts(kind))}
    assert names
    assert not others & names.keys()
    for name, path in names.items():
        assert CATALOG.summary(path)
        assert callable(CATALOG.generator(name))
        assert name in str(json_schema()["$defs"]["choice"])


@pytest.mark.parametrize("branches", [1, 2, 3, 4, 5])
def test_the_paper_counts_81_operations_and_every_earlier_branch(branches: int) -> None:
    assert cell_space(f"{{branches: {branches}}}").size == math.factorial(branches) * 81**branches


def test_the_bundled_space_is_the_papers() -> None:
    assert Space.of(load("dpc_cell")).size == 418_414_128_120


def test_a_restricted_cell_has_exactly_these_branches() -> None:
    space = cell_space("{branches: 2, rates: [1, 6], grids: [2], operations: [atrous, pooling]}")
    conv = [{"op": "conv", "kernel": 3, "rate": list(rate)} for rate in itertools.product((1, 6), repeat=2)]
    operations = [*conv, {"op": "pyramid_pooling", "grid_size": [2, 2]}]
    expected = [
        [{**one, "input": -1}, {**other, "input": read}]
        for one in operations for other in operations for read in (-1, 0)
    ]  # fmt: skip
    found = [space.closed(genome).values["head"]["dpc"]["branches"] for genome in space.genomes()]
    assert sorted(map(repr, map(sorted_keys, found))) == sorted(map(repr, map(sorted_keys, expected)))


def sorted_keys(cell: list[dict[str, object]]) -> list[list[tuple[str, object]]]:
    return [sorted(branch.items()) for branch in cell]


STAGES = """
output_stride: 8
input: {size: 64}
backbone:
  mobile_stages:
    stem: {filters: [8]}
    stages:
    - {filters: [8, 16], stride: 2, expansion: [2], kernel: [3], repeat: [2]}
    - {filters: [24, 16], stride: 2, block: [inverted_residual, separable_conv_bn], kernel: [3, 5], repeat: [1, 3]}
"""


def test_mobile_stages() -> None:
    space = Space.of(parse(STAGES))
    # stage 1: 2 filters; stage 2: 2 filters × 2 kernels × 2 repeats × (2 expansions of one block, none of the other)
    assert space.size == 2 * 2 * 2 * 2 * (2 + 1)
    assert [one.options for one in space.decisions if one.name.endswith("stage2.filters")] == [(16, 24)]
    for genome in space.genomes():
        candidate = space.candidate(genome)
        backbone = next(one for one in expand(candidate.network.spec).sections if one.kind == "backbone")
        block = genome["backbone.stage2.block"]
        assert [(step.block, step.repeat, step.id) for step in backbone.steps] == [
            ("conv_bn", 1, "stem"),
            ("inverted_residual", 2, "stage1"),
            (block, genome["backbone.stage2.repeat"], "stage2"),
        ]
        assert backbone.steps[2].arguments.get("expansion") == genome.get("backbone.stage2.expansion")
        assert ("expansion" in backbone.steps[2].arguments) == (block == "inverted_residual")


FAULTS = [
    ("{dpc_cell: {branch: 5}}", "unknown argument 'branch'. Did you mean 'branches'"),
    ("{dpc_cell: {branches: 0}}", "must be at least 1"),
    ("{dpc_cell: {branches: {choose: [3, 5]}}}", "a choice cannot stand in a generator"),
    ("{dpc_cell: {operations: [atros]}}", "Did you mean 'atrous'"),
    ("{dpc_sell: {}}", "Did you mean 'dpc_cell'"),
]


@pytest.mark.parametrize(("value", "message"), FAULTS)
def test_mistakes_in_a_generator_are_told_where_they_stand(value: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        parse(f"backbone: shufflenet_v2\nhead: {{dpc: {{branches: {value}}}}}\n")
    assert all(fault.place.line == 2 for fault in error.value.faults)


PLUGIN = '''"""Two kernels, of one size each."""

from archspec.search.candidates import Decision
from archspec.search.candidates import Generated


def pair_of(*, sizes: list[int]) -> Generated:
    """Both."""
    return Generated((Decision("[0]", tuple(sizes)),), lambda genome: [genome["[0]"], 3])
'''


def test_a_generator_of_ones_own_is_one_file(tmp_path: Path) -> None:
    (tmp_path / "generators").mkdir()
    (tmp_path / "generators" / "pair_of.py").write_text(PLUGIN)
    catalog = Catalog((tmp_path,))
    text = "backbone: [conv_bn: {filters: 4, dilation_rate: {pair_of: {sizes: [1, 2]}}}]\nhead: none\n"
    space = Space.of(parse(text, catalog=catalog))
    assert "pair_of" not in catalog.blocks()
    genome = space.sample(random.Random(0))
    arguments = space.closed(genome).values["backbone"][0]["conv_bn"]
    assert arguments["dilation_rate"] == [genome["backbone[0].conv_bn.dilation_rate[0]"], 3]
    assert isinstance(catalog.generator("pair_of")(sizes=[1]), Generated)
