"""Differences, noise and tables, from numbers made by hand."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_rel

from archspec.ablation import chosen, parse_ablation
from archspec.ablation.comparison import holm
from archspec.ablation.run import AblationResult
from archspec.ablation.tables import data_table, people_table
from archspec.experiment import Sample, difference, paired_p
from archspec.measures import Ratio
from archspec.record import Record
from archspec.reporters import render


def reading(*values: float | None) -> Sample:
    return Sample({seed: Record("h", "miou", value) for seed, value in enumerate(values)})


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
    one, other = Sample({None: Record("h", "latency_ms", 5.0)}), Sample({None: Record("h", "latency_ms", 5.1)})
    assert difference(other, one, Ratio(1.02, 0.99, 1.05)).within_noise is True
    assert difference(other, one, Ratio(1.02, 1.01, 1.05)).within_noise is False


def result() -> AblationResult:
    ablation = parse_ablation(
        "name: heads\nbase: shufflenetv2_basic\nvariants: {cell: {extends: shufflenetv2_dpc}}\n"
        "metrics: [params, miou]\nseeds: [0, 1, 2]\nrecipes: {miou: camvid_heads}\n"
        "published: {miou: {cell: 0.71}}\nsource: a paper\n"
    )
    readings = {
        ("shufflenetv2_basic", "params"): Sample({None: Record("a", "params", 1000)}),
        ("cell", "params"): Sample({None: Record("b", "params", 1500)}),
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
    close = {**whole.samples, ("cell", "miou"): reading(0.51, 0.52, 0.53)}
    table = people_table(AblationResult(whole.ablation, close, {}, {}))
    assert table.rows[1][4] == "≈ 0.0000"
    assert sum("≈" in note for note in table.notes) == 1


def test_what_failed_is_said() -> None:
    whole = result()
    readings = {**whole.samples, ("cell", "miou"): Sample({}, fault="the training diverged")}
    table = people_table(AblationResult(whole.ablation, readings, {}, {}))
    assert table.rows[1][3] == "failed"
    assert "cell: miou failed: the training diverged" in table.notes


def test_fewer_seeds_than_asked_are_said_in_the_cell() -> None:
    whole = result()
    readings = {**whole.samples, ("cell", "miou"): reading(0.60, 0.64, None)}
    row = people_table(AblationResult(whole.ablation, readings, {}, {})).rows[1]
    assert row[3] == "0.6200 ± 0.0283 (n = 2) *"
    assert row[4] == "+0.1100 (n = 2) †"  # of seeds 0 and 1, not 0.6200 - 0.5200; and two seeds are no test


def marked(result: AblationResult) -> tuple[object, set[str]]:
    """The cell of Δ of the second row, and the notes that explain marks."""
    table = people_table(result)
    return table.rows[1][4], {note for note in table.notes if note.startswith(("≈", "†", "(n"))}


SHARED = "(n = …) behind Δ: over the n seeds that both rows have; a mean ± std is over all seeds of its row"
FEW = "† not tested, may be noise: fewer than 3 seeds that both rows have"


@pytest.mark.parametrize(
    ("row", "base", "cell", "notes"),
    [
        ((0.60, 0.60, 0.63), (0.50, 0.52, 0.54), "+0.0900", set()),
        ((0.60, 0.60), (0.50, 0.52), "+0.0900 †", {FEW}),
        ((0.60,), (0.50,), "+0.1000 †", {FEW}),
        ((0.60, 0.60, 0.63), (0.50, 0.52), "+0.0900 (n = 2) †", {SHARED, FEW}),
        ((0.60, 0.60, 0.63, 0.9), (0.50, 0.52, 0.54), "+0.0900 (n = 3)", {SHARED}),
        ((0.60, None, None), (None, 0.5, 0.5), "- (n = 0)", {SHARED}),
    ],
)
def test_what_a_difference_is_over_and_that_it_was_not_tested(
    row: tuple[float, ...], base: tuple[float, ...], cell: str, notes: set[str]
) -> None:
    whole = result()
    readings = {**whole.samples, ("cell", "miou"): reading(*row), ("shufflenetv2_basic", "miou"): reading(*base)}
    found = AblationResult(whole.ablation, readings, {}, {})
    assert marked(found) == (cell, notes)
    numbers = json.loads(render(data_table(found), "json"))["rows"][1]
    shared = sum(a is not None and b is not None for a, b in zip(row, base, strict=False))
    assert numbers["miou_delta_n"] == shared
    assert numbers.get("miou_tested") == (None if shared == 0 else shared >= 3)
    assert notes <= set(data_table(found).notes)
    for form in ("table", "markdown", "latex", "html"):
        text = render(people_table(found), form)
        assert f"(n = {shared})" in text or "(n" not in cell
        assert ("†" in text or r"\dag{}" in text) is ("†" in cell)


def test_costs_have_no_noise_to_be_held_against() -> None:
    assert "params_tested" not in [column.id for column in data_table(result()).columns]
    assert people_table(result()).rows[1][2] == "+500"


def test_a_measured_number_without_a_test_is_marked() -> None:
    ablation = parse_ablation(
        "base: shufflenetv2_basic\nvariants: {cell: {extends: shufflenetv2_dpc}}\nmetrics: [latency_variance_ms2]\n"
    )
    names = ("shufflenetv2_basic", "cell")
    readings = {(name, "latency_variance_ms2"): Sample({None: Record("h", "v", 1.0 + at)}) for at, name in
                enumerate(names)}  # fmt: skip
    table = people_table(AblationResult(ablation, readings, {}, {}, {name: Ratio(1, 1, 1) for name in names}))
    assert table.rows[1][2] == "+1.000 †"
    assert "† not tested, may be noise: latency_variance_ms2" in table.notes


@pytest.mark.parametrize(
    ("ps", "adjusted"),
    [
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),  # R's p.adjust
        ([0.5, 0.6], [1.0, 1.0]),
        ([0.02], [0.02]),
        ([], []),
    ],
)
def test_holm_by_hand(ps: list[float], adjusted: list[float]) -> None:
    assert holm(ps) == pytest.approx(adjusted)


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_is_its_formula(ps: list[float]) -> None:
    """The largest, over all p up to this one, of p times how many have not been rejected before it."""
    ranked = sorted(ps)
    expected = [max(min(1.0, (len(ps) - rank) * p) for rank, p in enumerate(ranked) if p <= one) for one in ps]
    assert holm(ps) == pytest.approx(expected)


def test_a_correction_over_the_rows_takes_marks_of_significance_away() -> None:
    text = (
        "base: shufflenetv2_basic\nvariants: {a: {classes: 3}, b: {classes: 4}, c: {classes: 5}}\n"
        "metrics: [miou]\nseeds: [0, 1, 2]\nrecipes: {miou: camvid_heads}\n"
    )
    base = (0.50, 0.52, 0.54)
    rows = {"a": (0.60, 0.60, 0.63), "b": (0.52, 0.55, 0.58), "c": (0.51, 0.52, 0.55)}
    readings = {("shufflenetv2_basic", "miou"): reading(*base)}
    readings |= {(name, "miou"): reading(*values) for name, values in rows.items()}
    ps = {name: float(ttest_rel(values, base).pvalue) for name, values in rows.items()}
    assert ps["a"] < ps["b"] < 0.05 < 2 * ps["b"] and 3 * ps["a"] < 0.05 < ps["c"]  # b alone is significant
    expected = {"a": 3 * ps["a"], "b": 2 * ps["b"], "c": max(2 * ps["b"], ps["c"])}
    plain, corrected = parse_ablation(text), parse_ablation(f"{text}correct: holm\n")
    assert chosen(plain, correct="holm").correct == corrected.correct == "holm"
    for ablation, noisy in ((plain, {"c"}), (corrected, {"b", "c"})):
        found = AblationResult(ablation, readings, {}, {})
        cells = {str(row[0]): str(row[2]) for row in people_table(found).rows}
        assert {name for name in rows if cells[name].startswith("≈")} == noisy
        data = {row["row"]: row for row in json.loads(render(data_table(found), "json"))["rows"]}
        assert {name for name in rows if data[name]["miou_within_noise"]} == noisy
        assert {name: data[name]["miou_p"] for name in rows} == pytest.approx(ps)
    assert {name: data[name]["miou_p_holm"] for name in rows} == pytest.approx(expected)
    assert "p is corrected by Holm's method over the rows of a metric: 3 rows of miou" in people_table(found).notes


@pytest.mark.parametrize("form", ["table", "csv", "markdown", "latex", "html", "json"])
def test_every_format_is_the_same_twice(form: str) -> None:
    assert render(people_table(result()), form) == render(people_table(result()), form)
