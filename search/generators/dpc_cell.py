"""Dense prediction cell: a list of branches, each an operation on the features or an earlier branch. arXiv:1809.04184.

81 operations, as in the paper's §3.2: a 1×1 convolution, 3×3 atrous separable convolutions of 8 × 8 rates, and average
pyramid pooling to 4 × 4 grids. B branches make B! · 81^B cells; 418,414,128,120 for the paper's five.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from archspec.errors import Problem
from archspec.graph import Range
from archspec.search.candidates import Decision, Generated, Genome

RATES = (1, 3, 6, 9, 12, 15, 18, 21)
GRIDS = (1, 2, 4, 8)
Operation = Literal["conv1x1", "atrous", "pooling"]
OPERATIONS: tuple[Operation, ...] = ("conv1x1", "atrous", "pooling")
FEATURES = -1  # what a branch reads that reads no other branch


def dpc_cell(
    *,
    branches: Annotated[int, Range(ge=1, le=8)] = 5,
    rates: Sequence[Annotated[int, Range(ge=1, le=1000)]] = RATES,
    grids: Sequence[Annotated[int, Range(ge=1, le=100)]] = GRIDS,
    operations: Sequence[Operation] = OPERATIONS,
) -> Generated:
    """A dense prediction cell for `head: {dpc: {branches: …}}`, in the encoding of DeepLab's JSON.

    Args:
        branches: how many.
        rates: of the 3×3 convolutions, along either axis.
        grids: of the pooling, along either axis.
        operations: which kinds to choose from.
    """
    for name, values in (("rates", rates), ("grids", grids), ("operations", operations)):
        if not values or len(set(values)) < len(values):
            raise Problem(f"'{name}' needs values, each once ({list(values)})", f"Leave {name} out for the paper's")
    known = _known(rates, grids, operations)
    decisions: list[Decision] = []
    for index in range(branches):
        decisions.append(Decision(f"[{index}].op", tuple(known)))
        if index:
            decisions.append(Decision(f"[{index}].input", (FEATURES, *range(index)), ordered=True))

    def value(genome: Genome) -> list[dict[str, Any]]:
        return [
            {**known[str(genome[f"[{index}].op"])], "input": genome[f"[{index}].input"] if index else FEATURES}
            for index in range(branches)
        ]

    return Generated(tuple(decisions), value)


def _known(rates: Sequence[int], grids: Sequence[int], operations: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Every operation by a short name."""
    found: dict[str, dict[str, Any]] = {}
    if "conv1x1" in operations:
        found["1x1"] = {"op": "conv", "kernel": 1}
    if "atrous" in operations:
        pairs = [(high, wide) for high in rates for wide in rates]
        found |= {f"rate {h}x{w}": {"op": "conv", "kernel": 3, "rate": [h, w]} for h, w in pairs}
    if "pooling" in operations:
        pairs = [(high, wide) for high in grids for wide in grids]
        found |= {f"pool {h}x{w}": {"op": "pyramid_pooling", "grid_size": [h, w]} for h, w in pairs}
    return found
