"""Ranges of int8 that a training left (archspec/graph/int8_ranges.py) for the tensors of a plan."""

from __future__ import annotations

from collections.abc import Mapping

from archspec.arrays import Array
from archspec.errors import Problem
from archspec.export.int8_plan import IMAGE_RANGE, Int8Plan
from archspec.graph import range_key

Range = tuple[float, float]


def planned_ranges(plan: Int8Plan, ranges: Mapping[str, Array]) -> dict[int, Range]:
    """The range of each int8 tensor of a plan. Raises `Problem` where a group of tensors has none."""
    joined: dict[int, Range] = {}
    for index, leader in plan.leaders.items():
        key = range_key(plan.model.tensors[index].name)
        if key in ranges:
            low, high = (float(one) for one in ranges[key])
            others = joined.get(leader, (low, high))
            joined[leader] = (min(low, others[0]), max(high, others[1]))
    joined |= {plan.leaders[index]: IMAGE_RANGE for index in plan.model.inputs}
    joined |= dict.fromkeys(plan.fixed, (0.0, 0.0))
    for leader in plan.leaders.values():
        if leader not in joined:
            name = plan.model.tensors[leader].name
            fact = f"the weights have int8 ranges of a training, and none for '{name}'"
            raise Problem(fact, "Export the network that was trained, or train it again")
    return {index: joined[leader] for index, leader in plan.leaders.items()}
