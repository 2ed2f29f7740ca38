"""Ablation files: rows, names, faults with their places; the grid law."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archspec.ablation import ablation_names, chosen, load_ablation, parse_ablation
from archspec.ablation.rows import list_at, without
from archspec.ablation.run import equivalents
from archspec.errors import UserError
from archspec.graph.identity import canonical_hash
from archspec.graph.trace import trace
from archspec.spec import expand, load


def rows(text: str) -> list[str]:
    return [row.name for row in parse_ablation(text).rows]


def faults(text: str) -> list[str]:
    with pytest.raises(UserError) as caught:
        parse_ablation(text, file="a.yaml")
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize("name", sorted(ablation_names()))
def test_every_bundled_ablation_reads_and_says_how_it_is_used(name: str) -> None:
    ablation = load_ablation(name)
    assert ablation.name == name
    assert ablation.summary
    assert len(ablation.rows) > 1
    assert f"archspec ablate {name}" in ablation_names()[name].read_text().split("\nname:")[0]


@pytest.mark.parametrize("name", ["paper_table5", "shuffleseg_decoders"])
def test_rows_of_a_papers_table_are_called_as_its_networks(name: str) -> None:
    ablation = load_ablation(name)
    assert [row.spec.name for row in ablation.rows] == [row.name for row in ablation.rows]
    assert ablation.published


def test_rows_stand_in_the_order_they_are_written() -> None:
    text = """
base: shufflenetv2_basic
one_at_a_time: {width_multiplier: [0.5, 1.0], output_stride: [8]}
variants: {cell: {extends: shufflenetv2_dpc}, wide: {width_multiplier: 2.0}}
metrics: [params]
"""
    assert rows(text) == ["width_multiplier=0.5", "width_multiplier=1.0", "output_stride=8", "cell", "wide"]
    named = parse_ablation(text + "compare_with: wide\n")
    assert (named.base, named.base_row.spec.values["width_multiplier"]) == ("wide", 2.0)


def test_a_base_that_is_no_row_is_put_first() -> None:
    assert rows("base: shufflenetv2_basic\nvariants: {wide: {width_multiplier: 2.0}}\nmetrics: [params]\n") == [
        "shufflenetv2_basic",
        "wide",
    ]


def test_faults_are_told_together_with_place_and_nearest_name() -> None:
    told = faults(
        "base: shufflenetv2_basic\n"
        "variants: {a: {width_multiplie: 2.0}, b: {extends: shufflenetv2_dp}}\n"
        "grid: {output_stride: 8}\n"
        "leave_one_out: head.basic.filters\n"
        "metrics: [param]\n"
        "sedes: [1]\n"
    )
    assert any(one.startswith("a.yaml:2:") and "'width_multiplier'" in one for one in told), told
    assert any("variants.b.extends" in one and "shufflenetv2_dpc" in one for one in told), told
    assert any(one.startswith("a.yaml:3:") and "output_stride: must be a list" in one for one in told), told
    assert any(one.startswith("a.yaml:4:16: leave_one_out") for one in told), told
    assert any(one.startswith("a.yaml:5:11: metrics") and "'params'" in one for one in told), told
    assert any(one.startswith("a.yaml:6:1: sedes") and "'seeds'" in one for one in told), told


def test_published_rows_must_exist() -> None:
    (told,) = faults("base: shufflenetv2_basic\nmetrics: [params]\npublished: {params: {shufflenetv2_basi: 3}}\n")
    assert "no row is called 'shufflenetv2_basi'" in told
    assert "shufflenetv2_basic" in told


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("precisions: []", "a.yaml:3:13: precisions: nothing in it"),
        ("precisions: [int8, int8]", "precisions: 'int8' is there twice"),
        ("seeds: []", "a.yaml:3:8: seeds: nothing in it"),
        ("seeds: [1, 2, 1]", "seeds: '1' is there twice"),
        ("grid: {}", "a.yaml:3:7: grid: nothing in it"),
        ("grid: {output_stride: [8, 8]}", "a.yaml:3:27: grid.output_stride: '8' is there twice"),
        ("published: 3", "published: must be a mapping of metrics"),
        ("published: {params: 3}", "published.params: must be a mapping of rows"),
        ("published: {param: {shufflenetv2_basic: 3}}", "Did you mean 'params'?"),
        ("published: {params: {shufflenetv2_basic: x}}", "a.yaml:3:42: published.params.shufflenetv2_basic: must be"),
        ("overrides: [output_strid=8]", "a.yaml:3:13: output_strid: unknown key"),
        ("leave_one_out: head", "a.yaml:3:16: leave_one_out: 'head' is no list"),
    ],
)
def test_what_would_make_no_table_is_told_at_its_place(line: str, told: str) -> None:
    (found,) = faults(f"base: shufflenetv2_basic\nmetrics: [params]\n{line}\n")
    assert told in found


def test_every_fault_of_the_overrides_is_told() -> None:
    told = faults("base: shufflenetv2_basic\nmetrics: [params, params]\noverrides: [clases=19, output_strid=8]\n")
    assert [one.split(": ")[0] for one in told] == ["a.yaml:2:10", "a.yaml:3:13", "a.yaml:3:24"]


def test_published_numbers_of_precisions_are_found_by_the_rows_names() -> None:
    text = "base: shufflenetv2_basic\nmetrics: [params]\nprecisions: [float32, int8]\n"
    ablation = parse_ablation(text + "published: {params: {int8: 3}}\n")
    assert ablation.published == {"params": {"int8": 3.0}}


CELL: list[Any] = list_at(load("shufflenetv2_dpc"), "head.dpc.branches")


def test_a_blocks_own_default_is_what_is_left_out_of() -> None:
    assert [branch["input"] for branch in CELL] == [-1, 0, 1, 0, 0]


def test_without_a_branch_its_readers_read_what_it_read() -> None:
    """By hand from the published cell (reads -1, 0, 1, 0, 0)."""
    assert [branch["input"] for branch in without(CELL, 0)] == [-1, 0, -1, -1]
    assert [branch["input"] for branch in without(CELL, 1)] == [-1, 0, 0, 0]
    assert [branch["input"] for branch in without(CELL, 4)] == [-1, 0, 1, 0]


@given(st.lists(st.integers(0, 100), min_size=2, max_size=8), st.data())
def test_every_other_branch_reads_the_nearest_that_is_left(picks: list[int], data: st.DataObject) -> None:
    """Walk up from each branch over the one that is gone: the same operation is found at the end."""
    cell = [{"op": index, "input": pick % (index + 1) - 1} for index, pick in enumerate(picks)]
    gone = data.draw(st.integers(0, len(cell) - 1))
    left = without(cell, gone)
    by_op = {branch["op"]: branch for branch in left}
    for branch in cell:
        if branch["op"] == gone:
            continue
        source = branch["input"]
        source = cell[gone]["input"] if source == gone else source
        now = by_op[branch["op"]]["input"]
        assert (-1 if now < 0 else left[now]["op"]) == source


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.sampled_from([0.5, 1.0, 1.5]), min_size=1, max_size=3, unique=True),
    st.lists(st.sampled_from([8, 16, 32]), min_size=1, max_size=3, unique=True),
    st.lists(st.sampled_from(["paper", "reference"]), min_size=1, max_size=2, unique=True),
)
def test_grid_rows_are_the_product_and_distinct_networks_and_equivalents_add_up(
    widths: list[float], strides: list[int], variants: list[str]
) -> None:
    text = (
        "base: shufflenetv2_basic\nmetrics: [params]\n"
        f"grid: {{width_multiplier: {widths}, output_stride: {strides}, variant: {variants}}}\n"
    )
    ablation = parse_ablation(text)
    product = list(itertools.product(widths, strides, variants))
    gridded = [row for row in ablation.rows if "=" in row.name]
    assert len(gridded) == len(product)
    hashes = {row.name: canonical_hash(trace(expand(row.spec), row.spec.catalog)) for row in gridded}
    assert len(gridded) == len(set(hashes.values())) + len(equivalents(hashes))


def test_only_keeps_the_base() -> None:
    ablation = chosen(load_ablation("paper_table5"), rows=["mobilenetv2_dpc"])
    assert [row.name for row in ablation.rows] == ["shufflenetv2_basic", "mobilenetv2_dpc"]
    with pytest.raises(UserError, match="mobilenetv2_dpc"):
        chosen(ablation, rows=["mobilenetv2_dp"])
