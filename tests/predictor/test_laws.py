"""Laws of growth: caches, repeated rows, and what is said of operators beyond those that were measured."""

from dataclasses import replace
from math import log2

import pytest

from archspec.graph import Graph, layers
from archspec.graph.program import build_program
from archspec.predictor import Accuracy, Operand, Predictor, Signature, signatures
from archspec.predictor.laws import Laws
from archspec.predictor.signature import SPILLS, family, features, touched_numbers
from archspec.predictor.table import DOUBLING_ERROR
from tests.graph.nets import finish, image
from tests.predictor.latency_tables import pointwise, table, two_convolutions

SCORE = Accuracy(40, 0.02, 0.05, 0.99, 12, 0.9, 0.3, "2026-01-02T03:04:05Z", doubling_error=0.07)


def addition(size: int, channels: int = 16) -> Signature:
    operand = Operand((1, size, size, channels), "float32")
    return Signature("ADD", (operand, operand), (operand,), (("fused_activation_function", "NONE"),))


def addition_ms(one: Signature) -> float:
    """A number costs three times as much once they no longer fit into 4 MB."""
    numbers = 3 * one.outputs[0].shape[1] ** 2 * one.outputs[0].shape[3]
    return 1e-3 + 1e-7 * (numbers + 2 * max(0, numbers - (1 << 20)))


def test_the_sizes_of_an_operator_count_what_it_touches() -> None:
    assert touched_numbers(features(pointwise(8, 4, 16))) == 8 * 8 * 4 + (16 * 4 + 16) + 8 * 8 * 16
    assert features(addition(512))[-len(SPILLS) :] == tuple(max(0, 3 * 512**2 * 16 - size) for size in SPILLS)


def test_numbers_beyond_a_cache_cost_more() -> None:
    known = [addition(size) for size in (8, 16, 32, 64, 96, 128, 160, 192, 256, 384)]
    predictor = Predictor(table([(one, addition_ms(one)) for one in known]))
    for size in (48, 112, 176, 224, 320, 512):
        assert predictor.operator_time(addition(size)).warm_ms == pytest.approx(addition_ms(addition(size)), rel=0.05)


def test_one_entry_hardly_beyond_a_cache_does_not_say_what_larger_ones_cost() -> None:
    small = [addition(size) for size in (8, 16, 32, 64, 100, 128)]
    above = addition(148)
    assert 0 < touched_numbers(features(above)) - (1 << 20) < 3000
    times = [(one, addition_ms(one)) for one in small]
    law = Predictor(table([*times, (above, 1.1 * addition_ms(above))]))
    most = addition_ms(above) * 1.1 / touched_numbers(features(above)) * 4
    large = addition(512)
    linear = 1e-3 + 1.2e-7 * touched_numbers(features(large))
    assert law.operator_time(large).warm_ms < linear + len(SPILLS) * most * touched_numbers(features(large))


@pytest.mark.parametrize(("factors", "size"), [(0.5, "number"), ([1.0, 2.0, 3.0], "part")])
def test_a_repeated_row_and_a_single_number_are_other_loops(factors: object, size: str) -> None:
    graph = Graph("loops")
    x = layers.Input((8, 8, 3), "float32", name="image").enter(graph)
    graph.finish([layers.Rescaling(factors, name="scaled")(x)])
    (product,) = (one for one in signatures(build_program(graph)) if one.code == "MUL")
    assert family(product)[1:] == (1, size, "whole")


def test_what_lies_beyond_the_measured_sizes_is_said_and_widens_the_error() -> None:
    sizes = (2, 3, 4, 5, 6)
    known = table([(pointwise(size, 16, 16), 1e-3 * size * size) for size in sizes], accuracy=SCORE)
    known = known.with_entries(table([(pointwise(24, 4, 16), 0.1)]).entries)
    inside = Predictor(known).predict(two_convolutions(8))
    assert (inside.extrapolated, inside.doublings) == (0.0, 0.0) and inside.expected_error == SCORE.median_error
    found = Predictor(known).predict(two_convolutions(24))
    longest = 0.1
    second = found.latency_ms - 0.1
    assert second > 2 * longest
    share = second / found.latency_ms
    assert found.extrapolated == pytest.approx(share)
    assert found.doublings == pytest.approx(share * log2(second / longest))
    assert found.expected_error == pytest.approx(0.02 + 0.07 * found.doublings)
    assert f"{100 * share:.0f} % beyond the sizes that were measured (expected error" in str(found)
    assert Predictor(replace(known, accuracy=None)).predict(two_convolutions(24)).expected_error is None


def test_a_family_that_the_table_lacks_counts_as_beyond_it() -> None:
    known = table([(pointwise(size, 8, 8), 1e-3 * size * size) for size in (4, 8, 16, 32, 64)], accuracy=SCORE)
    x = layers.Conv2D(8, 3, strides=2, padding="same", name="strided")(image(16, 16, 8))
    found = Predictor(known).predict(finish(x))
    assert (found.extrapolated, found.doublings) == (1.0, 1.0)


def test_the_error_of_a_doubling_is_found_from_the_table_itself() -> None:
    sizes = range(4, 100, 4)
    straight = table([(pointwise(size, 16, 16), 1e-4 * size * size) for size in sizes])
    bent = table([(pointwise(size, 16, 16), 1e-4 * size**2.6) for size in sizes])
    assert Laws(straight).doubling_error() == pytest.approx(0, abs=1e-3)
    assert Laws(bent).doubling_error() > 0.05
    few = table([(pointwise(size, 16, 16), 1e-4 * size * size) for size in (4, 8, 12)])
    assert Laws(few).doubling_error() == DOUBLING_ERROR
