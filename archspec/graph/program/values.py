"""Where a tensor is at run time: whole in one runtime tensor, perhaps in another order, or scattered over several."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from archspec.graph.program.channels import SHIFT, Channels, Listed, Run, Stretch

SCATTERED = -1


class Layout:
    """How logical channels lie in a runtime tensor. Positions are worked out only when weights ask for them."""

    __slots__ = ("_logical", "_physical", "_positions")

    def __init__(self, logical: Channels, physical: Sequence[Stretch]) -> None:
        self._logical = logical
        self._physical = physical
        self._positions: list[int] | None = None

    @property
    def positions(self) -> list[int]:
        """`positions[logical channel]` is the channel in memory."""
        if self._positions is None:
            codes = chain.from_iterable(range(first, first + length) for first, length in self._physical)
            index = {code: position for position, code in enumerate(codes)}
            self._positions = [index[code] for code in self._logical.codes()]
        return self._positions

    @property
    def order(self) -> list[int]:
        """`order[channel in memory]` is the logical channel: how to sort a kernel's input axis."""
        order = [0] * len(self.positions)
        for logical, position in enumerate(self.positions):
            order[position] = logical
        return order


class Value:
    """Where a graph tensor is: whole in `tensor` (in `layout`'s order, or its own), or where `scattered` says."""

    __slots__ = ("layout", "scattered", "tensor")

    def __init__(self, tensor: int, layout: Layout | None = None, scattered: Channels | None = None) -> None:
        self.tensor = tensor
        self.layout = layout
        self.scattered = scattered

    def channels(self, count: int) -> Channels:
        """The place of each of its `count` logical channels."""
        if self.scattered is not None:
            return self.scattered
        first = self.tensor << SHIFT
        if self.layout is None:
            return Run(first, count)
        return Listed([first + position for position in self.layout.positions])
