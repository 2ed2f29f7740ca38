"""Predictions are sums of entries; what has no entry follows a law that never falls."""

import random
from dataclasses import replace

import pytest

from archspec.errors import Problem
from archspec.export import export, take_census
from archspec.graph import layers
from archspec.graph.program import build_program
from archspec.graph.weights import initialise
from archspec.predictor import (
    OTHER,
    Accuracy,
    Correction,
    LatencyTable,
    OperatorTime,
    Predictor,
    fit_correction,
    signatures,
)
from archspec.predictor.correction import Sums
from archspec.predictor.least_squares import fit
from tests.graph.nets import finish, image, of_bundled
from tests.predictor.latency_tables import HERE, pointwise, table, two_convolutions

SCORE = Accuracy(40, 0.02, 0.05, 0.99, 12, 0.9, 0.3, "2026-01-02T03:04:05Z")


def test_a_program_s_signatures_are_the_operators_of_the_file() -> None:
    graph = of_bundled("shufflenetv2_dpc", "input.size=[65, 97]")
    found = signatures(build_program(graph))
    nodes = take_census(export(graph, initialise(graph)).data).nodes
    assert [one.code for one in found] == [node.code for node in nodes]
    for one, node in zip(found, nodes, strict=True):
        assert [operand.shape for operand in one.inputs] == [tensor.shape for tensor in node.inputs]
        assert [operand.shape for operand in one.outputs] == [tensor.shape for tensor in node.outputs]


def test_where_a_slice_begins_does_not_matter() -> None:
    halves = []
    for first in (0, 6):
        parts = layers.ChannelSplit(2, name="split")(image(8, 8, 12))
        x = layers.DepthwiseConv2D(3, padding="same", name="deep")(parts[first // 6])
        halves.append([one for one in signatures(build_program(finish(x))) if one.code == "SLICE"])
    assert halves[0] == halves[1] and len(halves[0]) == 1


def test_a_prediction_is_the_sum_of_its_entries() -> None:
    known = table([(pointwise(8, 4, 16), 0.25), (pointwise(8, 16, 16), 0.5), (pointwise(9, 4, 16), 100.0)])
    found = Predictor(known).predict(two_convolutions())
    assert (found.latency_ms, found.interpolated, found.operations) == (0.75, 0.0, 2)


def test_the_correction_is_factors_colder_caches_and_calls() -> None:
    known = table([(pointwise(8, 4, 16), 0.25), (pointwise(8, 16, 16), 0.5)])
    own = replace(known, correction=Correction({"CONV_2D": 2.0, OTHER: 7.0}, 0.5, 0.01, 9))
    assert Predictor(own).predict(two_convolutions()).latency_ms == pytest.approx(2 * 0.75 + 0.5 * 0.375 + 0.02)
    other = replace(known, correction=Correction({OTHER: 7.0}, 0.0, 0.0, 9))
    assert Predictor(other).predict(two_convolutions()).latency_ms == pytest.approx(7 * 0.75)


def test_what_was_interpolated_is_told() -> None:
    entries = [
        (pointwise(8, 4, 16), 0.25),
        *((pointwise(size, 16, 16), 0.001 * size * size) for size in (2, 4, 16, 32)),
    ]
    found = Predictor(table(entries)).predict(two_convolutions())
    assert found.latency_ms == pytest.approx(0.25 + 0.064, rel=0.03)
    assert found.interpolated == pytest.approx(1 - 0.25 / found.latency_ms)
    assert "21 % of it interpolated; never compared with whole networks" in str(found)


def test_every_use_says_how_good_the_table_is() -> None:
    known = replace(table([(pointwise(8, 4, 16), 0.25), (pointwise(8, 16, 16), 0.5)]), accuracy=SCORE)
    assert str(Predictor(known).predict(two_convolutions())) == (
        "0.75 ms predicted, 0 % of it interpolated; on 40 networks it was not fitted to: median error 2.0 %, 9 of 10 "
        "within 5.0 %, rank correlation 0.990, 0.90 among 12 of equal FLOPs (± 15 %); 30 % of the time interpolated "
        "(measured 2026-01-02)"
    )


def test_between_and_beyond_measured_sizes_no_time_falls_when_a_size_grows() -> None:
    """Also where the measured times are so noisy that they themselves fall."""
    draw = random.Random(7)
    sizes, channels, filters = (4, 8, 14, 28), (8, 24, 96), (8, 40, 64)
    shapes = [(size, depth, count) for size in sizes for depth in channels for count in filters]
    entries = [
        (pointwise(size, depth, count), (1e-6 * size**2 * depth * count + 1e-3) * draw.uniform(0.5, 2))
        for size, depth, count in shapes
    ]
    predictor = Predictor(table(entries))
    between = [5, 6, 9, 11, 20, 27, 40]
    for row in (
        [pointwise(size, 25, 33) for size in between],
        [pointwise(10, size, 33) for size in between],
        [pointwise(10, 25, size) for size in between],
    ):
        times = [predictor.operator_time(one).warm_ms for one in row]
        assert times == sorted(times) and times[0] < times[-1]
        assert all(predictor.operator_time(one).cold_ms >= predictor.operator_time(one).warm_ms for one in row)


def test_a_law_of_the_measured_sizes_is_found() -> None:
    entries = [
        (pointwise(size, depth, count), 1e-6 * size**2 * depth * count + 2e-5 * size**2 * depth + 0.003)
        for size in (4, 8, 14)
        for depth in (8, 24, 96)
        for count in (16, 48, 64)
    ]
    found = Predictor(table(entries)).operator_time(pointwise(10, 32, 32))
    assert found.warm_ms == pytest.approx(1e-6 * 102400 + 2e-5 * 3200 + 0.003, rel=0.03)
    assert found.cold_ms == pytest.approx(1.5 * found.warm_ms, rel=0.05)


def test_an_operator_of_which_nothing_is_known_is_refused() -> None:
    with pytest.raises(Problem, match="the latency table has no CONV_2D"):
        Predictor(table([])).predict(two_convolutions())


def test_all_that_is_not_known_is_named_at_once() -> None:
    x = layers.Activation("tanh", name="tanh")(layers.MaxPooling2D(2, name="pool")(image(8, 8, 4)))
    with pytest.raises(Problem, match="the latency table has no MAX_POOL_2D, TANH") as caught:
        Predictor(table([(pointwise(8, 4, 16), 0.25)])).predict(finish(x))
    assert "archspec latency --calibrate" in caught.value.remedy


def test_further_entries_replace_interpolation() -> None:
    begun = table([(pointwise(8, 4, 16), 0.25)])
    grown = begun.with_entries({pointwise(8, 16, 16): OperatorTime(2.0, 1.0)})
    assert Predictor(begun).predict(two_convolutions()).interpolated > 0
    assert Predictor(grown).predict(two_convolutions()).latency_ms == 1.25
    assert len(begun.entries) == 1


def test_least_squares_find_planted_factors_and_keep_their_bounds() -> None:
    draw = random.Random(3)
    rows = [[draw.uniform(1, 9) for _ in range(3)] for _ in range(30)]
    assert fit(rows, [2 * a + 5 * b + 0.5 * c for a, b, c in rows]) == pytest.approx([2, 5, 0.5], rel=1e-5)
    bounded = fit(rows, [2 * a + 5 * b - 0.1 * c for a, b, c in rows])
    assert bounded[2] == 0 and bounded[:2] == pytest.approx([2, 5], rel=0.1)
    lower = fit(rows, [2 * a + 5 * b - 0.1 * c for a, b, c in rows], [0, 0, -1])
    assert lower == pytest.approx([2, 5, -0.1], rel=1e-4)


def test_the_correction_finds_planted_factors() -> None:
    draw = random.Random(5)
    sums = [
        Sums({"CONV_2D": draw.uniform(2, 9), "ARG_MAX": draw.uniform(0.5, 2), "MEAN": 0.01}, draw.uniform(1, 4), 0.0, n)
        for n in range(40, 160)
    ]
    took = [
        1.1 * one.warm_ms["CONV_2D"] + 0.6 * one.warm_ms["ARG_MAX"] + 0.2 * one.colder_ms - 0.002 * one.operations
        for one in sums
    ]
    found = fit_correction(sums, took)
    assert set(found.factors) == {"CONV_2D", "ARG_MAX", OTHER}
    assert found.factors["CONV_2D"] == pytest.approx(1.1, abs=0.01)
    assert found.factors["ARG_MAX"] == pytest.approx(0.6, abs=0.02)
    assert found.cold_factor == pytest.approx(0.2, abs=0.02)
    assert found.operation_ms == pytest.approx(-0.002, abs=0.0005)


def test_an_operator_of_no_fitted_network_takes_what_it_takes_alone() -> None:
    """The factor of all others stands for others: PAD and the like, which may cost next to nothing in a network."""
    sums = [Sums({"CONV_2D": 4.0 + number, "PAD": 2.0}, 0.0, 0.0, 10) for number in range(9)]
    found = fit_correction(sums, [one.warm_ms["CONV_2D"] for one in sums], ["CONV_2D", "PAD", "TRANSPOSE_CONV"])
    assert found.factors["PAD"] != 1 and found.factors["TRANSPOSE_CONV"] == 1


def test_predicting_needs_no_runtime(root: object) -> None:
    import subprocess
    import sys

    heavy = ("numpy", "ai_edge_litert", "tensorflow", "keras", "flatbuffers")
    code = f"import sys, archspec.predictor; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=str(root), check=True)
    assert done.stdout.strip() == "[]"


def test_a_table_without_networks_has_no_correction() -> None:
    with pytest.raises(ValueError, match="no networks"):
        fit_correction([], [])
    assert LatencyTable(HERE, 1.0).correction is None
