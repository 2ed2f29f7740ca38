"""Memory: what TensorFlow Lite allocates for a program, to the byte, without running it, and what operators move.

The most of it is one arena; a transposed convolution has buffers of its own beside it.

The runtime's rules (ArenaPlanner and SimpleMemoryArena), for one thread and no delegate:

* the image and the outputs are never overwritten; any other tensor lives from the operator that writes it to the
  last that reads it;
* sums, products and reshapes are written over an input that nobody else needs;
* a convolution that is not 1×1 at stride 1 has a scratch copy of its windows (im2col), a product of two matrices one of
  each, a MEAN or SUM three small ones;
* a transposed convolution has the windows before they are added up (col2im) and its kernel turned round, a product by a
  constant matrix that matrix turned round: outside the arena, allocated at the start and kept;
* tensors that live throughout are placed first, then the largest first, each in the smallest gap that holds it,
  at multiples of 64 bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from archspec.graph.program import Operation, ProgramTensor

ALIGNMENT = 64
ITEM_BYTES = {
    "bool": 1, "int8": 1, "uint8": 1, "float16": 2, "bfloat16": 2, "int16": 2, "uint16": 2, "float32": 4, "int32": 4,
    "uint32": 4, "float64": 8, "int64": 8, "uint64": 8, "complex64": 8, "complex128": 16,
}  # fmt: skip
OVERWRITES = {"ADD", "SUB", "MUL"}  # operators that may write over one of their two inputs
KEEPING = {"BATCH_MATMUL", "TRANSPOSE_CONV"}  # operators that have buffers of their own
SAME_BYTES = {"RESHAPE"}  # operators that change the shape alone: output and input are one, whoever else reads it
SCRATCH = {"BATCH_MATMUL", "CONV_2D", "MEAN", "SUM"}  # operators that have temporary tensors
INT_BYTES = 4
SUM_BYTES = 4  # of a float32, and of the int32 in which products of int8 are added up


Block = tuple[int, int, int]  # bytes, and the first and the last operator that need it


class RunProgram(Protocol):
    """What is planned: the program of a graph, or what is read off a `.tflite`."""

    @property
    def tensors(self) -> Sequence[ProgramTensor]: ...
    @property
    def operations(self) -> Sequence[Operation]: ...
    @property
    def inputs(self) -> Sequence[int]: ...
    @property
    def outputs(self) -> Sequence[int]: ...


def outside_bytes(program: RunProgram) -> int:
    """Bytes of the buffers that operators keep outside the arena, all at once."""
    return sum([sum(_kept(program, one)) for one in program.operations if one.code in KEEPING])


def _kept(program: RunProgram, operation: Operation) -> tuple[int, ...]:
    """Of a transposed convolution: all windows of its input, and its kernel in another order; of a product of matrices
    the second one in another order, where it is a constant.
    """
    if operation.code == "BATCH_MATMUL":
        second = program.tensors[operation.inputs[1]]
        return () if second.constant is None else (second.elements * ITEM_BYTES[second.dtype],)
    (filters, height, width, channels), (_, rows, columns, _) = (
        program.tensors[index].shape for index in operation.inputs[1:3]
    )
    window = height * width * filters
    kept = ITEM_BYTES[program.tensors[operation.inputs[1]].dtype]
    return rows * columns * window * SUM_BYTES, channels * window * kept


def arena_bytes(program: RunProgram) -> int:
    """Bytes of the activation arena of the float32 `.tflite` of a program, batch 1: its true peak, gaps included."""
    return _place(_blocks(program), len(program.operations))


def _blocks(program: RunProgram) -> list[Block]:
    """What has to be placed, in the runtime's order; whole lives have the operators 0 to the one past the last."""
    end = len(program.operations)
    sizes = [0 if one.constant is not None else one.elements * ITEM_BYTES[one.dtype] for one in program.tensors]
    readers = [0] * len(sizes)
    last = [end] * len(sizes)  # what nobody reads is never freed
    for number, operation in enumerate(program.operations):
        for index in operation.inputs:
            readers[index] += 1
            last[index] = number
    for index in program.outputs:
        last[index] = end
    written_over = _written_over(program, sizes, readers)
    for index, owner in written_over.items():
        if readers[index]:
            last[owner] = max(last[owner], last[index])
    placed: list[tuple[int, int, int]] = []  # size (negative: the largest first), first operator, tensor
    for number, operation in enumerate(program.operations):
        for index in operation.outputs:
            if index not in written_over:
                placed.append((-sizes[index], number, index))
        if operation.code in SCRATCH:
            for size in _scratch(program, operation):
                placed.append((-size, number, len(last)))
                last.append(number)
    placed.sort()
    throughout = [(sizes[index], 0, end) for index in sorted(program.inputs)]
    throughout += [(-size, 0, end) for size, first, index in placed if first == 0 and last[index] == end]
    return throughout + [(-size, first, last[index]) for size, first, index in placed if first or last[index] != end]


def _written_over(program: RunProgram, sizes: list[int], readers: list[int]) -> dict[int, int]:
    """Each tensor that is written to another one's memory -> the tensor whose memory it is."""
    owner: dict[int, int] = {}
    ends = {*program.inputs, *program.outputs}  # read by whoever runs the network, too
    for operation in program.operations:
        output = operation.outputs[0]
        if output in program.outputs:
            continue
        if operation.code in SAME_BYTES:
            source = operation.inputs[0]
            if source not in program.inputs:
                owner[output] = owner.get(source, source)
        elif operation.code in OVERWRITES:
            for source in operation.inputs[:2]:
                if sizes[source] == sizes[output] and readers[source] == 1 and source not in ends:
                    whose = owner.get(source, source)
                    if readers[whose] == 1 and whose not in ends:
                        owner[output] = whose
                    break
    return owner


def _scratch(program: RunProgram, operation: Operation) -> tuple[int, ...]:
    """Sizes of an operator's temporary tensors."""
    if operation.code == "CONV_2D":
        options = operation.options
        kernel = program.tensors[operation.inputs[1]].shape
        steps = (options["stride_h"], options["stride_w"], options["dilation_h_factor"], options["dilation_w_factor"])
        if kernel[1:3] == (1, 1) and steps == (1, 1, 1, 1):
            return ()
        _, height, width, _ = program.tensors[operation.outputs[0]].shape
        item = ITEM_BYTES[program.tensors[operation.inputs[0]].dtype]
        return (height * width * kernel[1] * kernel[2] * kernel[3] * item,)
    if operation.code == "BATCH_MATMUL":
        first, second = (program.tensors[index] for index in operation.inputs)
        turned = (first,) if second.constant is not None else (first, second)
        return tuple(one.elements * ITEM_BYTES[one.dtype] for one in turned)
    source, axes = (program.tensors[index] for index in operation.inputs)  # of a MEAN or SUM
    output = program.tensors[operation.outputs[0]]
    return len(source.shape) * INT_BYTES, axes.elements * INT_BYTES, output.elements * ITEM_BYTES["float32"]


def _place(blocks: list[Block], end: int) -> int:
    """The highest byte used when each block goes where the runtime puts it."""
    highest = 0
    always: list[tuple[int, int]] = []  # (offset, end) of what lives throughout
    living: list[list[tuple[int, int]]] = [[] for _ in range(end + 1)]  # of what is there at each operator
    starting: list[list[tuple[int, int]]] = [[] for _ in range(end + 1)]  # of what is written by each
    for size, first, last in blocks:
        near = always + living[first]
        for later in starting[first + 1 : last + 1]:
            if later:
                near += later
        near.sort()
        place = _gap(near, size)
        there = (place, place + size)
        if there[1] > highest:
            highest = there[1]
        if first == 0 and last == end:
            always.append(there)
            continue
        starting[first].append(there)
        for one in living[first : last + 1]:
            one.append(there)
    return highest


def _gap(near: list[tuple[int, int]], size: int) -> int:
    """The offset of the tightest gap between the blocks, sorted by offset, else of what lies behind them all."""
    best, fit, free = -1, 1 << 62, 0
    for offset, stop in near:
        if offset - free >= size:
            start = (free + ALIGNMENT - 1) & -ALIGNMENT
            if start + size <= offset and offset - start < fit:
                best, fit = start, offset - free
                if fit == 0:
                    break
        if stop > free:
            free = stop
    return best if best >= 0 else (free + ALIGNMENT - 1) & -ALIGNMENT


FLOAT_BYTES = 4


def memory_access(program: RunProgram) -> dict[str, int]:
    """Memory access cost (arXiv:1807.11164, guideline 1) of the network as it runs.

    Bytes by the name of the node that an operator belongs to, in float32: inputs, weights and outputs, each once.
    """
    elements = [tensor.elements for tensor in program.tensors]
    found: dict[str, int] = {}
    for operation in program.operations:
        moved = 0
        for index in operation.inputs:
            moved += elements[index]
        for index in operation.outputs:
            moved += elements[index]
        found[operation.node] = found.get(operation.node, 0) + FLOAT_BYTES * moved
    return found
