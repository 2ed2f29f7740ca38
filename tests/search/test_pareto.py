"""Fronts and hypervolumes against brute force and by laws."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archspec.search.pareto import hypervolume, non_dominated, pareto_front, reference_point
from archspec.search.trials import Objective, Trial


def points(dimensions: int, size: int = 7) -> st.SearchStrategy[list[tuple[int, ...]]]:
    return st.lists(st.tuples(*[st.integers(0, size)] * dimensions), max_size=12)


def better(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return all(a <= b for a, b in zip(one, other, strict=True)) and one != other


def cells(found: list[tuple[int, ...]], reference: tuple[int, ...]) -> int:
    """The volume by counting: unit cubes below the reference whose lower corner some point dominates or is."""
    corners = itertools.product(*(range(end) for end in reference))
    return sum(any(all(p <= c for p, c in zip(point, corner, strict=True)) for point in found) for corner in corners)


@given(st.integers(1, 4).flatmap(points))
def test_front_is_what_no_other_dominates(found: list[tuple[float, ...]]) -> None:
    expected = {one for one in found if not any(better(other, one) for other in found)}
    assert non_dominated(found) == sorted(expected)


@pytest.mark.parametrize("dimensions", [1, 2, 3, 4])
@given(data=st.data())
def test_hypervolume_counts_the_cells(dimensions: int, data: st.DataObject) -> None:
    found = data.draw(points(dimensions, 5))
    reference = (4,) * dimensions  # points of 4 and 5 lie outside
    assert hypervolume(found, reference) == pytest.approx(cells(found, reference))


@given(points(3), st.tuples(*[st.integers(0, 7)] * 3))
def test_one_more_point_never_takes_volume_away(found: list[tuple[float, ...]], more: tuple[float, ...]) -> None:
    assert hypervolume([*found, more], (9, 9, 9)) >= hypervolume(found, (9, 9, 9))


def test_reference_is_a_tenth_of_the_range_beyond_the_worst() -> None:
    assert reference_point([(0.0, -10.0), (10.0, -30.0)]) == (11.0, -8.0)
    assert reference_point([(4.0, 0.0)]) == pytest.approx((4.4, 0.1))


def test_only_done_trials_are_on_the_front_and_the_first_of_equals() -> None:
    objectives = (Objective("miou", "maximize"), Objective("ms"))

    def trial(number: int, state: str, miou: float | None, ms: float) -> Trial:
        return Trial(number, str(number), {}, state, {"miou": miou, "ms": ms})  # type: ignore[arg-type]

    trials = [
        trial(5, "done", 0.7, 10.0),
        trial(0, "rejected", 0.9, 1.0),
        trial(1, "failed", 0.9, 1.0),
        trial(2, "done", 0.7, 10.0),
        trial(3, "done", 0.6, 10.0),
        trial(4, "done", 0.5, 5.0),
        trial(6, "done", None, 1.0),
    ]
    assert [found.number for found in pareto_front(trials, objectives)] == [2, 4]
