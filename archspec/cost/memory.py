"""Peak activation memory: the arena that TensorFlow Lite plans for a program, to the byte, without running it.

The runtime's rules (ArenaPlanner and SimpleMemoryArena), for one thread and no delegate:

* the image and the outputs are never overwritten; any other tensor lives from the operator that writes it to the
  last that reads it;
* sums, products and reshapes are written over an input that nobody else needs;
* a convolution that is not 1×1 at stride 1 has a scratch copy of its windows (im2col), a MEAN three small ones; those
  of a transposed convolution are not in the arena, and not counted;
* tensors that live throughout are placed first, then the largest first, each in the smallest gap that holds it,
  at multiples of 64 bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archspec.graph.program import Operation, Program

ALIGNMENT = 64
ITEM_BYTES = {"float32": 4, "int32": 4, "uint8": 1, "bool": 1}
OVERWRITES = {"ADD": (0, 1), "SUB": (0, 1), "MUL": (0, 1)}  # operators that may write over an input, and which
SAME_BYTES = {"RESHAPE"}  # operators that change the shape alone: output and input are one, whoever else reads it
INT_BYTES = 4


Block = tuple[int, int, int]  # bytes, and the first and the last operator that need it


def arena_bytes(program: Program) -> int:
    """Bytes of the activation arena of the float32 `.tflite` of a program, batch 1: its true peak, gaps included."""
    return _place(_blocks(program), len(program.operations))


def _blocks(program: Program) -> list[Block]:
    """What has to be placed, in the runtime's order; whole lives have the operators 0 to the one past the last."""
    end = len(program.operations)
    sizes = [tensor.elements * ITEM_BYTES[tensor.dtype] if tensor.constant is None else 0 for tensor in program.tensors]
    owner = _owners(program, sizes)
    last = [end] * len(sizes)  # what nobody reads is never freed
    placed: list[tuple[int, int, int]] = []  # size (negative: the largest first), first operator, tensor
    for number, operation in enumerate(program.operations):
        for index in operation.inputs:
            last[owner[index]] = number
        for index in operation.outputs:
            if owner[index] == index:
                placed.append((-sizes[index], number, index))
        for size in _scratch(program, operation):
            placed.append((-size, number, len(last)))
            last.append(number)
    for index in program.outputs:
        last[index] = end
    placed.sort()
    throughout = [(sizes[index], 0, end) for index in sorted(program.inputs)]
    throughout += [(-size, 0, end) for size, first, index in placed if first == 0 and last[index] == end]
    return throughout + [(-size, first, last[index]) for size, first, index in placed if first or last[index] != end]


def _owners(program: Program, sizes: list[int]) -> list[int]:
    """Each tensor -> the tensor whose memory it is written to."""
    owner = list(range(len(sizes)))
    readers = [0] * len(sizes)
    for operation in program.operations:
        for index in operation.inputs:
            readers[index] += 1
    for index in (*program.inputs, *program.outputs):
        readers[index] += 1
    kept = {*program.inputs}
    given = {*program.outputs}
    for operation in program.operations:
        output = operation.outputs[0]
        if output in given:
            continue
        if operation.code in SAME_BYTES:
            if operation.inputs[0] not in kept:
                owner[output] = owner[operation.inputs[0]]
            continue
        for position in OVERWRITES.get(operation.code, ()):
            index = operation.inputs[position]
            if sizes[index] == sizes[output] and readers[index] == 1 and index not in kept:
                if readers[owner[index]] == 1:
                    owner[output] = owner[index]
                break
    return owner


def _scratch(program: Program, operation: Operation) -> tuple[int, ...]:
    """Sizes of an operator's temporary tensors."""
    if operation.code == "CONV_2D":
        options = operation.options
        kernel = program.tensors[operation.inputs[1]].shape
        steps = (options["stride_h"], options["stride_w"], options["dilation_h_factor"], options["dilation_w_factor"])
        if kernel[1:3] == (1, 1) and steps == (1, 1, 1, 1):
            return ()
        _, height, width, _ = program.tensors[operation.outputs[0]].shape
        return (height * width * kernel[1] * kernel[2] * kernel[3] * ITEM_BYTES["float32"],)
    if operation.code == "MEAN":
        source, axes = (program.tensors[index] for index in operation.inputs)
        output = program.tensors[operation.outputs[0]]
        return len(source.shape) * INT_BYTES, axes.elements * INT_BYTES, output.elements * ITEM_BYTES["float32"]
    return ()


def _place(blocks: list[Block], end: int) -> int:
    """The highest byte used when each block goes where the runtime puts it."""
    highest = 0
    always: list[tuple[int, int]] = []  # (offset, end) of what lives throughout
    living: list[list[tuple[int, int]]] = [[] for _ in range(end)]  # of what is there at each operator
    starting: list[list[tuple[int, int]]] = [[] for _ in range(end)]  # of what is written by each
    for size, first, last in blocks:
        near = always + living[first] if first < end else always[:]
        for later in starting[first + 1 : last + 1]:
            if later:
                near += later
        near.sort()
        place = _gap(near, size)
        stop = place + size
        highest = max(highest, stop)
        if first == 0 and last == end:
            always.append((place, stop))
            continue
        starting[first].append((place, stop))
        for there in living[first : last + 1]:
            there.append((place, stop))
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
