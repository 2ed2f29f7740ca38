"""Differences, noise and tables, from numbers made by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_rel

from archspec.ablation import parse_ablation
from archspec.ablation.comparing import difference, paired_p
from archspec.ablation.result import AblationResult, Ratio, Reading
from archspec.ablation.tables import data_table, people_table
from archspec.record import Record
from archspec.reporters import render


def reading(*values: float | None) -> Reading:
    return Reading({seed: Record("h", "miou", value) for seed, value in enumerate(values)})


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=3, max_size=8))
def test_p_is_scipys(pairs: list[tuple[float, float]]) -> None:
    differences = [a - b for a, b in pairs]
    expected = float(ttest_rel([a for a, _ in pairs], [b for _, b in pairs]).pvalue)
    if math.isnan(expected) or math.isinf(expected) or max(differences) - min(differences) < 1e-9:
        return
    assert paired_p(differences) == pytest.approx(expected, rel=1e-6, abs=1e-12)


def test_only_common_seeds_are_paired() -> None:
    found = difference(reading(0.5, 0.7, None, 0.6), reading(0.4, 0.6, 0.9, 0.5))
    assert found.pairs == 3
    assert found.delta == pytest.approx(0.1)
    assert found.within_noise is False


def test_two_seeds_say_nothing_of_noise() -> None:
    found = difference(reading(0.5, 0.7), reading(0.4, 0.6))
    assert (found.p, found.within_noise) == (None, None)


def test_a_difference_that_changes_its_sign_is_noise() -> None:
    assert difference(reading(0.5, 0.6, 0.4), reading(0.6, 0.5, 0.45)).within_noise is True


def test_a_latency_is_within_noise_when_rounds_go_both_ways() -> None:
    one, other = Reading({None: Record("h", "latency_ms", 5.0)}), Reading({None: Record("h", "latency_ms", 5.1)})
    assert difference(other, one, Ratio(1.02, 0.99, 1.05)).within_noise is True
    assert difference(other, one, Ratio(1.02, 1.01, 1.05)).within_noise is False


def result() -> AblationResult:
    ablation = parse_ablation(
        "name: heads\nbase: shufflenetv2_basic\nvariants: {cell: {extends: shufflenetv2_dpc}}\n"
        "metrics: [params, miou]\nseeds: [0, 1, 2]\nrecipes: {miou: camvid_heads}\n"
        "published: {miou: {cell: 0.71}}\nsource: a paper\n"
    )
    readings = {
        ("shufflenetv2_basic", "params"): Reading({None: Record("a", "params", 1000)}),
        ("cell", "params"): Reading({None: Record("b", "params", 1500)}),
        ("shufflenetv2_basic", "miou"): reading(0.50, 0.52, 0.54),
        ("cell", "miou"): reading(0.60, 0.60, 0.63),
    }
    return AblationResult(ablation, readings, {}, {})


def test_the_table_for_people_by_hand() -> None:
    table = people_table(result())
    assert [column.heading for column in table.columns] == ["row", "params", "Δ", "miou ± std", "Δ", "published"]
    assert table.rows[0] == ("shufflenetv2_basic", "1,000 *", None, "0.5200 ± 0.0200", None, None)
    assert table.rows[1] == ("cell", "1,500", "+500", "0.6100 ± 0.0173 *", "+0.0900", "0.71")
    assert any("seeds 0, 1, 2" in note and "camvid_heads" in note for note in table.notes)
    assert "published: a paper" in table.notes


def test_the_table_for_machines_has_whole_numbers() -> None:
    frame = dict(zip([column.id for column in data_table(result()).columns], data_table(result()).rows[1], strict=True))
    assert frame["params"] == 1500
    assert frame["miou"] == pytest.approx(0.61)
    assert frame["miou_n"] == 3
    assert frame["miou_delta"] == pytest.approx(0.09)
    assert frame["miou_within_noise"] is False
    assert frame["miou_published"] == 0.71


def test_the_rule_of_a_mark_stands_only_below_a_table_that_has_the_mark() -> None:
    """The base differs from itself by nothing, which is no news."""
    whole = result()
    assert not any("≈" in note for note in people_table(whole).notes)
    close = {**whole.readings, ("cell", "miou"): reading(0.51, 0.52, 0.53)}
    table = people_table(AblationResult(whole.ablation, close, {}, {}))
    assert table.rows[1][4] == "≈ 0.0000"
    assert sum("≈" in note for note in table.notes) == 1


def test_what_failed_is_said() -> None:
    whole = result()
    readings = {**whole.readings, ("cell", "miou"): Reading({}, fault="the training diverged")}
    table = people_table(AblationResult(whole.ablation, readings, {}, {}))
    assert table.rows[1][3] == "failed"
    assert "cell: miou failed: the training diverged" in table.notes


def test_fewer_seeds_than_asked_are_said_in_the_cell() -> None:
    whole = result()
    readings = {**whole.readings, ("cell", "miou"): reading(0.60, 0.64, None)}
    row = people_table(AblationResult(whole.ablation, readings, {}, {})).rows[1]
    assert row[3] == "0.6200 ± 0.0283 (n = 2) *"
    assert row[4] == "+0.1100"


@pytest.mark.parametrize("form", ["table", "csv", "markdown", "latex", "html", "json"])
def test_every_format_is_the_same_twice(form: str) -> None:
    assert render(people_table(result()), form) == render(people_table(result()), form)
