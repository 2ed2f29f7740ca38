"""Channels against plain lists of codes: whatever is joined, woven and cut, codes and stretches say the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archspec.graph.program.channels import SHIFT, Channels, Joined, Listed, Run, Stretch, runs, shuffled, tidy

Pair = tuple[Channels, list[int]]  # channels, and their codes made by list operations alone


@st.composite
def leaves(draw: st.DrawFn) -> Pair:
    count = draw(st.integers(1, 12))
    if draw(st.booleans()):
        first = (draw(st.integers(0, 3)) << SHIFT) + draw(st.integers(0, 20))
        return Run(first, count), [first + at for at in range(count)]
    codes = draw(st.lists(st.integers(0, 40), min_size=count, max_size=count))
    return Listed(codes), list(codes)


def _further(inside: st.SearchStrategy[Pair]) -> st.SearchStrategy[Pair]:
    @st.composite
    def moved(draw: st.DrawFn) -> Pair:
        move = draw(st.sampled_from(("join", "shuffle", "cut")))
        channels, codes = draw(inside)
        if move == "join":
            others = draw(st.lists(inside, min_size=1, max_size=2))
            return Joined([channels, *(one for one, _ in others)]), sum((more for _, more in others), codes)
        if move == "shuffle":
            groups = draw(st.sampled_from([one for one in range(1, len(codes) + 1) if len(codes) % one == 0]))
            each = len(codes) // groups
            return shuffled(channels, groups), [codes[row * each + at] for at in range(each) for row in range(groups)]
        start = draw(st.integers(0, len(codes) - 1))
        stop = draw(st.integers(start + 1, len(codes)))
        return channels.cut(start, stop), codes[start:stop]

    return moved()


ANY = st.recursive(leaves(), _further, max_leaves=12)


@given(ANY)
def test_codes_are_those_of_the_lists(pair: Pair) -> None:
    channels, codes = pair
    assert channels.codes() == codes
    assert channels.count == len(codes)


@given(ANY)
def test_stretches_cover_each_channel_as_often_as_it_is_used(pair: Pair) -> None:
    channels, codes = pair
    found = [first + at for first, length in channels.stretches() for at in range(length)]
    assert sorted(found) == sorted(codes)


@given(ANY)
def test_tidy_stretches_are_the_runs_of_sorted_codes_unless_a_channel_is_used_twice(pair: Pair) -> None:
    channels, codes = pair
    expected = runs(sorted(codes)) if len(set(codes)) == len(codes) else None
    assert tidy(channels.stretches()) == expected


@pytest.mark.parametrize(
    ("stretches", "expected"),
    [
        ([(4, 2), (0, 2)], [(0, 2), (4, 2)]),
        ([(2, 2), (0, 2), (4, 1)], [(0, 5)]),
        ([(0, 3), (2, 2)], None),
        ([(0, 1), (0, 1)], None),
    ],
)
def test_tidy(stretches: list[Stretch], expected: list[Stretch] | None) -> None:
    assert tidy(stretches) == expected
