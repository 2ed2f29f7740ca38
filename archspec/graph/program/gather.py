"""Bring scattered channels into one runtime tensor, with as little copying as can be."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from itertools import count
from math import prod
from typing import TYPE_CHECKING

from archspec.graph.program.channels import CHANNEL, SHIFT, Channels, Run, Stretch, runs, shuffled, tidy
from archspec.graph.program.values import Layout, Value
from archspec.graph.tensor import Tensor

if TYPE_CHECKING:
    from archspec.graph.program.program import Program

MAX_INPUTS = 5  # of a CONCATENATION that XNNPACK takes
MAX_ORDERED_RUNS = 10
ZEROS = (0, 0, 0, 0)


def collect(program: Program, tensor: Tensor, value: Value) -> Value:
    """One runtime tensor with the channels in any order; the layout tells which, the reader's weights follow."""
    channels = value.channels(tensor.channels)
    stretches = tidy(channels.stretches())
    if stretches is None:  # a channel used twice: no layout of the weights can say that
        return put_in_order(program, tensor, value)
    return _gathered(program, tensor, channels, stretches)


def put_in_order(program: Program, tensor: Tensor, value: Value) -> Value:
    """One runtime tensor with the channels in order, for a reader that cannot follow (add, argmax, groups)."""
    channels = value.channels(tensor.channels)
    codes = channels.codes()
    stretches = runs(codes)
    if len(stretches) <= MAX_ORDERED_RUNS:
        pieces = [_slice(program, tensor, first, length) for first, length in stretches]
        while len(pieces) > 1:
            groups = [pieces[start : start + MAX_INPUTS] for start in range(0, len(pieces), MAX_INPUTS)]
            pieces = [_concatenate(program, tensor, group) for group in groups]
        return Value(pieces[0])
    held = value if value.scattered is None else _gathered(program, tensor, channels, runs(sorted(set(codes))))
    if held.layout is None:
        return held
    positions = held.layout.positions
    for groups_count in range(2, len(codes) // 2 + 1):
        if len(codes) % groups_count == 0 and shuffled(Run(0, len(codes)), groups_count).codes() == positions:
            return Value(literal_shuffle(program, tensor, held.tensor, groups_count))
    output = program.activation(f"{tensor.node.name}.ordered", tensor.shape)
    program.operate(
        "GATHER", [held.tensor, program.numbers(positions)], output, {"axis": len(tensor.shape)}, tensor.node.name
    )
    return Value(output)


def literal_shuffle(program: Program, tensor: Tensor, held: int, groups: int) -> int:
    """RESHAPE, TRANSPOSE, RESHAPE: the channel shuffle as it stands in the papers, in 4 dimensions."""
    *places, channels = tensor.shape
    positions, each = prod(places), channels // groups
    name = tensor.node.name
    split = program.activation(f"{name}.split", (positions, groups, each))
    program.operate("RESHAPE", [held, program.numbers((1, positions, groups, each))], split, {}, name)
    swapped = program.activation(f"{name}.swapped", (positions, each, groups))
    program.operate("TRANSPOSE", [split, program.numbers((0, 1, 3, 2))], swapped, {}, name)
    output = program.activation(name, tensor.shape)
    program.operate("RESHAPE", [swapped, program.numbers((1, *tensor.shape))], output, {}, name)
    return output


def concatenate(program: Program, tensor: Tensor, pieces: Sequence[int], axis: int | None = None) -> int:
    """CONCATENATION in the order given, in groups that the delegate takes; on channels, or on `axis`, the batch 0."""
    joined = list(pieces)
    while len(joined) > MAX_INPUTS:
        joined = [_concatenate(program, tensor, joined[:MAX_INPUTS], axis), *joined[MAX_INPUTS:]]
    return _concatenate(program, tensor, joined, axis)


def _gathered(program: Program, tensor: Tensor, channels: Channels, stretches: list[Stretch]) -> Value:
    """One runtime tensor with each channel once, in `stretches`; the same ones are gathered once a program."""
    key = tuple(stretches)
    found = program.gathered.get(key)
    if found is None:
        found = program.gathered[key] = _join(program, tensor, stretches)
    held, physical = found
    return Value(held, Layout(channels, physical))


def _join(program: Program, tensor: Tensor, stretches: list[Stretch]) -> tuple[int, list[Stretch]]:
    """Concatenate stretches; where one operator is too few, the smallest first (Huffman: least copied twice)."""
    if len(stretches) <= MAX_INPUTS:
        return _concatenate(program, tensor, [_slice(program, tensor, *stretch) for stretch in stretches]), stretches
    order = count()
    heap: list[tuple[int, int, int, list[Stretch]]] = []
    for stretch in stretches:
        heap.append((stretch[1], next(order), _slice(program, tensor, *stretch), [stretch]))
    take = (len(heap) - 2) % (MAX_INPUTS - 1) + 2
    heapq.heapify(heap)
    while len(heap) > 1:
        group = [heapq.heappop(heap) for _ in range(min(take, len(heap)))]
        group.sort(key=lambda item: item[3][0])
        held = _concatenate(program, tensor, [item[2] for item in group])
        joined = [stretch for item in group for stretch in item[3]]
        heapq.heappush(heap, (sum(item[0] for item in group), next(order), held, joined))
        take = MAX_INPUTS
    return heap[0][2], heap[0][3]


def _slice(program: Program, tensor: Tensor, first: int, length: int) -> int:
    source, start = first >> SHIFT, first & CHANNEL
    shape = program.tensors[source].shape
    if length == shape[-1]:
        return source
    key = (first, length)
    output = program.slices.get(key)
    if output is None:
        name = f"{program.tensors[source].name}[{start}:{start + length}]"
        output = program.slices[key] = program.activation(name, (*shape[1:-1], length))
        begin = program.numbers((*ZEROS[: len(shape) - 1], start))
        size = program.numbers((*shape[:-1], length))
        program.operate("SLICE", [source, begin, size], output, {}, tensor.node.name)
    return output


def _concatenate(program: Program, tensor: Tensor, pieces: list[int], axis: int | None = None) -> int:
    if len(pieces) == 1:
        return pieces[0]
    at = len(tensor.shape) if axis is None else axis
    shape = list(program.tensors[pieces[0]].shape)
    shape[at] = sum(program.tensors[piece].shape[at] for piece in pieces)
    output = program.activation(f"{tensor.node.name}.gathered", tuple(shape[1:]))
    options = {"axis": at, "fused_activation_function": "NONE"}
    program.operate("CONCATENATION", pieces, output, options, tensor.node.name)
    return output
