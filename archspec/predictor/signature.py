"""What decides how long an operator takes: its kind, shapes, options and the few numbers that steer it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from archspec.arrays import Precision
from archspec.graph import Graph, Shape
from archspec.graph.program import Operation, Program, build_program

if TYPE_CHECKING:
    from archspec.export.model import ModelOperation

Family = tuple[Any, ...]
Features = tuple[float, ...]
LANES = 16  # output channels that a kernel works on at once, roughly, on most processors: the rest is padding
CACHED = 1 << 20  # numbers of a kernel, 4 MB, that stay near the processor while it is read again and again
SPILLS = (1 << 18, 1 << 20, 1 << 22)
"""Numbers of what an operator touches, 1 to 16 MB of float32: beyond each a cache may end, and each costs more."""
COMPUTED, WEIGHTS, PLACE = "computed", "weights", "place"
"""Contents of an operand: computed by another operator; constants of any value; the begin or size of a SLICE."""


class Operand(NamedTuple):
    """An input or output: its shape with the batch in front, and `COMPUTED`, `WEIGHTS`, `PLACE` or integers.

    Integers are constants that steer the operator: a size, a permutation, paddings.
    """

    shape: Shape
    dtype: str
    content: str | tuple[int, ...] = COMPUTED


class Signature(NamedTuple):
    """Equal signatures take equally long. `options` are the schema's, in the order the layer gives them."""

    code: str
    inputs: tuple[Operand, ...]
    outputs: tuple[Operand, ...]
    options: tuple[tuple[str, Any], ...]

    def to_json(self) -> list[Any]:
        """Plain lists, ready for `json.dumps`; `Signature.from_json` gives an equal signature."""
        return [self.code, [list(one) for one in self.inputs], [list(one) for one in self.outputs], dict(self.options)]

    @classmethod
    def from_json(cls, row: Any) -> Signature:
        """The signature of `to_json`. Raises `ValueError` or `TypeError` for anything else."""
        code, inputs, outputs, options = row
        if not isinstance(code, str) or not isinstance(options, Mapping):
            raise TypeError(f"not the signature of an operator ({row!r})")
        return cls(code, _operands(inputs), _operands(outputs), tuple(options.items()))


def network_signatures(graph: Graph, precision: Precision = "float32") -> list[Signature]:
    """The signature of each operator that a network's file of this precision runs, in execution order.

    In float16 and dynamic files the operators are those of float32: a table of that precision says what they take.
    Raises `Problem` for a layer without a TFLite rule.
    """
    if precision != "int8":
        return signatures(build_program(graph))
    from archspec.export.int8_layout import int8_layout  # imports NumPy

    program = build_program(graph, input_dtype="float32")
    layout = int8_layout(program, graph.inputs[0].dtype)
    known = _operands_of(program)
    operands = []
    for index, tensor in enumerate(layout.tensors):
        content: str | tuple[int, ...] = COMPUTED
        if tensor.data is not None:
            content = known[index].content if index < len(known) and tensor.dtype == known[index].dtype else WEIGHTS
        operands.append(Operand(tensor.shape, tensor.dtype, content))
    return _signatures(layout.operations, operands)


def signatures(program: Program) -> list[Signature]:
    """The signature of each operation, in execution order."""
    return _signatures(program.operations, _operands_of(program))


def _signatures(operations: Sequence[Operation | ModelOperation], operands: Sequence[Operand]) -> list[Signature]:
    options: dict[int, tuple[tuple[str, Any], ...]] = {}  # operators that are set alike share theirs
    found = []
    for operation in operations:
        key = id(operation.options)
        settings = options.get(key)
        if settings is None:
            settings = options[key] = tuple(operation.options.items())
        inputs = tuple([operands[index] for index in operation.inputs])
        if operation.code == "SLICE":
            inputs = _sliced(*inputs)
        outputs = tuple([operands[index] for index in operation.outputs])
        found.append(_make(Signature, (operation.code, inputs, outputs, settings)))
    return found


_make = tuple.__new__  # a named tuple's own __new__ takes three times as long, and a prediction makes 500 of them


def _operands_of(program: Program) -> list[Operand]:
    """Each tensor of a program as an operand."""
    found = []
    for tensor in program.tensors:
        constant, dtype = tensor.constant, tensor.dtype
        content: str | tuple[float, ...] = COMPUTED
        if constant is not None:
            content = constant if dtype == "int32" and isinstance(constant, tuple) else WEIGHTS
        found.append(_make(Operand, (tensor.shape, dtype, content)))
    return found


def _sliced(source: Operand, begin: Operand, size: Operand) -> tuple[Operand, ...]:
    """With the place that is copied from left out: only the amount matters."""
    return source, Operand(begin.shape, begin.dtype, PLACE), Operand(size.shape, size.dtype, PLACE)


def _operands(rows: Any) -> tuple[Operand, ...]:
    found = []
    for shape, dtype, content in rows:
        if not isinstance(dtype, str):
            raise TypeError(f"not an operand ({dtype!r})")
        steering = content if isinstance(content, str) else tuple(int(value) for value in content)
        found.append(Operand(tuple(int(size) for size in shape), dtype, steering))
    return tuple(found)


def kind(signature: Signature) -> str:
    """The code, and `int8` behind it where the operator reads or writes such numbers: `CONV_2D`, `CONV_2D int8`."""
    is_int8 = any(one.dtype == "int8" for one in (*signature.inputs, *signature.outputs))
    return f"{signature.code} int8" if is_int8 else signature.code


def family(signature: Signature) -> Family:
    """What changes the kernel and not only the amount of work: the kind first, so that a prefix is a wider family."""
    own = _FAMILIES.get(signature.code)
    computed = sum([one.content == COMPUTED for one in signature.inputs])
    return (kind(signature), computed) if own is None else (kind(signature), *own(signature))


def features(signature: Signature) -> Features:
    """Sizes of which a sum with positive factors tells the time; none falls when a shape grows."""
    code, output = signature.code, signature.outputs[0].shape
    read = sum([prod(one.shape) for one in signature.inputs if one.content == COMPUTED])
    weights = sum([prod(one.shape) for one in signature.inputs if one.content == WEIGHTS])
    written = sum([prod(one.shape) for one in signature.outputs])
    pixels = prod(output[:-1])
    work: tuple[float, ...] = ()
    if code in ("CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV"):
        filters, *window = signature.inputs[1].shape
        taps = prod(window)
        padded = -(-filters // LANES) * LANES * taps
        places = prod(signature.inputs[2].shape[:-1]) if code == "TRANSPOSE_CONV" else pixels
        work = (places * filters * taps, places * padded, padded)
        if code == "TRANSPOSE_CONV":  # its kernel is read again at every place
            work = (*work, places * max(0, filters * taps - CACHED))
    elif code == "BATCH_MATMUL":
        rows, columns = output[-2:]
        inner = prod(signature.inputs[0].shape[-2:]) // rows
        work = (written * inner, pixels * -(-columns // LANES) * LANES * inner)
    elif code == "DEPTHWISE_CONV_2D":
        taps = prod(signature.inputs[1].shape[1:3])
        work = (written * taps, pixels * -(-output[-1] // LANES) * LANES)
    elif code in ("AVERAGE_POOL_2D", "MAX_POOL_2D"):
        options = dict(signature.options)
        work = (written * options["filter_height"] * options["filter_width"],)
    touched = read + written + weights
    return (*work, read, written, weights, pixels, 1.0, *[max(0, touched - size) for size in SPILLS])


def touched_numbers(sizes: Features) -> float:
    """How many numbers an operator of these features reads and writes, weights too."""
    read, written, weights = sizes[-len(SPILLS) - 5 : -len(SPILLS) - 2]
    return read + written + weights


def _convolution(signature: Signature) -> Family:
    _, height, width, depth = signature.inputs[1].shape
    return signature.inputs[0].shape[-1] != depth, height * width, dict(signature.options)["stride_h"]


def _depthwise(signature: Signature) -> Family:
    _, height, width, _ = signature.inputs[1].shape
    options = dict(signature.options)
    dilated = options["dilation_h_factor"] > 1 or options["dilation_w_factor"] > 1
    return height * width, options["stride_h"], dilated


def _transposed(signature: Signature) -> Family:
    _, height, width, _ = signature.inputs[1].shape
    return height * width, dict(signature.options)["stride_h"]


def _resize(signature: Signature) -> Family:
    return (signature.inputs[0].shape[1:3] == (1, 1),)


def _elementwise(signature: Signature) -> Family:
    """A number or a row that is repeated for every pixel has a loop of its own."""
    whole = prod(signature.outputs[0].shape)
    sizes = [prod(one.shape) for one in signature.inputs]
    repeated = sorted(["whole" if size == whole else "number" if size == 1 else "part" for size in sizes])
    return (sum(one.content == COMPUTED for one in signature.inputs), *repeated)


def _arg_max(signature: Signature) -> Family:
    return (signature.inputs[0].shape[-1],)  # a loop over so few numbers has its own pace for each count


_FAMILIES: dict[str, Callable[[Signature], Family]] = {
    **dict.fromkeys(("ADD", "DIV", "MAXIMUM", "MINIMUM", "MUL", "SQUARED_DIFFERENCE", "SUB"), _elementwise),
    "ARG_MAX": _arg_max,
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _depthwise,
    "RESIZE_BILINEAR": _resize,
    "TRANSPOSE_CONV": _transposed,
}
