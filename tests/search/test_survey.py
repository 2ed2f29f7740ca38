"""A survey against brute force: the front, the quartiles, the folds, the bound, what cannot be built."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archspec.search.space import Space
from archspec.search.space import survey as surveying
from archspec.search.space.survey import Point, front, quartiles, survey
from archspec.spec import parse

PRICES = ("gflops", "params")
CELLS = """
output_stride: 8
input: {size: 56}
classes: 2
backbone: [conv_bn: {filters: 3, stride: 8}]
head: {dpc: {filters: 3, branches: {dpc_cell: {branches: 2, rates: [1, 4, 5], grids: [1, 8]}}}}
"""
WIDTHS = "width_multiplier: {choose: [0.5, 0.6, 1.0]}\nclasses: {choose: [2, 3]}\nbackbone: shufflenet_v2\n"

rows = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=30)


@given(rows)
def test_front_is_what_nothing_beats(table: list[tuple[int, int, int]]) -> None:
    points = [Point({"row": at}, str(at), dict(zip("abc", row, strict=True))) for at, row in enumerate(table)]
    found = [tuple(point.prices.values()) for point in front(points, ["a", "b"], ["c"])]
    signed = {(a, b, -c) for a, b, c in table}
    beaten = {one for one in signed for other in signed if other != one and all(map(int.__le__, other, one))}
    assert sorted(found) == sorted((a, b, -c) for a, b, c in signed - beaten)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40))
def test_quartiles(values: list[float]) -> None:
    np.testing.assert_allclose(quartiles(values), np.quantile(values, [0, 0.25, 0.5, 0.75, 1]), rtol=1e-9, atol=1e-9)


def test_a_small_space_is_looked_at_as_a_whole() -> None:
    space = Space.of(parse(CELLS))
    told: list[tuple[int, int]] = []
    found = survey(space, 1, 0, PRICES, lambda done, total: told.append((done, total)))
    candidates = [space.candidate(genome) for genome in space.genomes()]
    assert (found.whole, found.size, found.looked_at, found.failed) == (True, len(candidates), len(candidates), 0)
    assert [(one.key, one.prices["params"]) for one in found.points] == [
        (c.key, c.network.cost.params) for c in candidates
    ]
    assert len(found.folding) == len({one.key for one in candidates}) == found.distinct_at_least()
    assert found.folding.folded == len(candidates) - len(found.folding) > 0
    assert told[-1] == (len(candidates), len(candidates))


@pytest.mark.parametrize("seed", range(5))
def test_a_sample_bounds_the_number_of_networks(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    space = Space.of(parse(CELLS))
    distinct = len(survey(space, 1, 0, PRICES).folding)
    monkeypatch.setattr(surveying, "LISTED_UP_TO", 10)
    found = survey(space, 60, seed, PRICES)
    assert (found.whole, found.looked_at) == (False, 60)
    assert len({tuple(one.genome.items()) for one in found.points}) == 60
    bound = found.distinct_at_least()
    assert bound is not None
    assert len(found.folding) <= bound <= distinct
    assert [one.genome for one in survey(space, 60, seed, PRICES).points] == [one.genome for one in found.points]


def test_what_cannot_be_built_is_counted_by_reason() -> None:
    found = survey(Space.of(parse(WIDTHS)), 10, 0, PRICES)
    assert (found.looked_at, len(found.points), found.failed) == (6, 4, 2)
    (failure,) = found.failures.values()
    assert failure.count == 2
    assert failure.reason.startswith("width_multiplier: by_width of backbone 'shufflenet_v2' does not list it (0.6)")
    assert failure.example == {"width_multiplier": 0.6, "classes": 2}
