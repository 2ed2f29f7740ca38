"""ShuffleNetV2's two layouts are one function, up to the order of channels: the permutations from one to the other.

Megvii's code sends every second channel through a unit and concatenates; torchvision sends the second half through
and interleaves. A channel's number does not matter, only through which units it goes: channels that are born
together and worked on in the same unit can change places, if the kernels that make and read them change with them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from archspec.errors import Problem

Channel = tuple[int, int]  # the branch it was born in (0: the shortcut; 1 + k: the main branch of unit k), its number
Channels = list[Channel]


@dataclass(frozen=True)
class Layout:
    """How a stage starts from its two branches, splits `(passing, worked on)`, and joins again."""

    start: Callable[[Channels, Channels], Channels]
    split: Callable[[Channels], tuple[Channels, Channels]]
    join: Callable[[Channels, Channels], Channels]


def _interleaved(one: Channels, other: Channels) -> Channels:
    return [channel for both in zip(one, other, strict=True) for channel in both]


TORCHVISION = Layout(_interleaved, lambda x: (x[: len(x) // 2], x[len(x) // 2 :]), _interleaved)
EVEN_ODD = Layout(lambda one, other: one + other, lambda x: (x[0::2], x[1::2]), lambda one, other: one + other)


@dataclass(frozen=True)
class StageOrders:
    """Position `i` of the new layout holds number `order[i]` of the old one: of what each branch gives (the shortcut,
    then the main branch of each unit), of what each main branch behind the first reads, and of the stage's result."""

    branches: tuple[tuple[int, ...], ...]
    reads: tuple[tuple[int, ...], ...]
    result: tuple[int, ...]


def stage_orders(old: Layout, new: Layout, filters: int, units: int) -> StageOrders:
    """The permutations for a stage of `units` units, the one with the stride included.

    Raises `Problem` where no permutation makes the two layouts the same function.
    """
    old_run, new_run = _run(old, filters // 2, units), _run(new, filters // 2, units)
    twin: dict[Channel, Channel] = {}
    for branch in range(units + 1):
        ranked = [_by_fate(run, branch, filters // 2) for run in (old_run, new_run)]
        if [fate for fate, _ in ranked[0]] != [fate for fate, _ in ranked[1]]:
            raise Problem(f"no permutation of {filters} channels turns one layout into the other")
        twin |= {to: came for (_, came), (_, to) in zip(ranked[0], ranked[1], strict=True)}
    branches = tuple(tuple(twin[branch, number][1] for number in range(filters // 2)) for branch in range(units + 1))
    reads = tuple(
        tuple(old_read.index(twin[channel]) for channel in new_read)
        for old_read, new_read in zip(old_run.reads, new_run.reads, strict=True)
    )
    return StageOrders(branches, reads, tuple(old_run.result.index(twin[channel]) for channel in new_run.result))


@dataclass(frozen=True)
class _Run:
    reads: tuple[Channels, ...]
    result: Channels


def _run(layout: Layout, half: int, units: int) -> _Run:
    """Follow every channel through a stage."""
    born = [[(branch, number) for number in range(half)] for branch in range(units + 1)]
    x = layout.start(born[0], born[1])
    reads = []
    for unit in range(1, units):
        passing, worked_on = layout.split(x)
        reads.append(worked_on)
        x = layout.join(passing, born[1 + unit])
    return _Run(tuple(reads), x)


def _by_fate(run: _Run, branch: int, half: int) -> list[tuple[int, Channel]]:
    """The channels of a branch by the unit that works on them; those that no unit does come last."""
    fates = {channel: unit for unit, read in enumerate(run.reads) for channel in read}
    return sorted((fates.get((branch, number), len(run.reads)), (branch, number)) for number in range(half))
