"""`Program`: runtime tensors and operators, built by asking each layer to `emit` itself."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any, Literal

from archspec.arrays import Array, Weights
from archspec.errors import Problem, UserError
from archspec.graph.program import gather
from archspec.graph.program.channels import Stretch
from archspec.graph.program.fusion import Tail, find_tail
from archspec.graph.program.values import SCATTERED, Value
from archspec.graph.tensor import NO_ORIGIN, Graph, Node, Shape, Tensor, collector_paused

if TYPE_CHECKING:
    Recipe = Callable[[Weights], Array]
    Constant = tuple[float, ...] | Recipe

Options = Mapping[str, Any]
ShuffleMode = Literal["follow", "transpose"]
MAX_CONCATENATION_INPUTS = 5  # XNNPACK takes no more; a larger one would leave the delegate


class ProgramTensor:
    """A runtime tensor of `elements` numbers; its shape has the batch in front.

    A constant one holds numbers known now, or a recipe over the weights. `scale` makes a uint8 input stand for
    `scale × value`.
    """

    __slots__ = ("constant", "dtype", "elements", "name", "scale", "shape")

    def __init__(
        self, name: str, shape: Shape, dtype: str, constant: Constant | None = None, scale: float | None = None
    ) -> None:
        self.name = name
        self.shape = shape
        self.dtype = dtype
        self.constant = constant
        self.scale = scale
        self.elements = prod(shape)  # memory, memory access and file size all ask for it


class Operation:
    """One TFLite operator: `code` is its schema name; `options` are its schema options in snake case.

    Operators that are set alike may share their options: never change them. One that `keeps_float` computes in float32
    in an int8 file too, since integers would lose too much or the runtime has none for it.
    """

    __slots__ = ("code", "inputs", "keeps_float", "node", "options", "outputs")

    def __init__(
        self, code: str, inputs: list[int], outputs: list[int], options: Options, node: str, keeps_float: bool = False
    ) -> None:
        self.keeps_float = keeps_float
        self.code = code
        self.inputs = inputs
        self.outputs = outputs
        self.options = options
        self.node = node


class Program:
    """A graph as runtime tensors and operators in execution order."""

    def __init__(self, graph: Graph, shuffle: ShuffleMode = "follow", input_dtype: str | None = None) -> None:
        self.graph = graph
        self.follow = shuffle == "follow"
        self.input_dtype = input_dtype
        self.tensors: list[ProgramTensor] = []
        self.operations: list[Operation] = []
        self.inputs: list[int] = []
        self.outputs: list[int] = []
        self.folded: set[int] = set(graph.unread)  # ids of nodes that become no operator of their own
        self.gathered: dict[tuple[Stretch, ...], tuple[int, list[Stretch]]] = {}
        self.slices: dict[tuple[int, int], int] = {}
        self._values: dict[int, Value] = {}
        self._numbers: dict[tuple[Any, ...], int] = {}
        self._names: dict[str, int] = {}
        self._hosts: dict[int, str] = {}  # of a node that lives inside another's operator: the other's name

    # --- runtime tensors ---------------------------------------------------------------------------------
    def activation(self, name: str, shape: Shape, dtype: str = "float32", scale: float | None = None) -> int:
        """A new runtime tensor of `shape` per image. A name that is taken gets a number: tools find tensors by name."""
        times = self._names[name] = self._names.get(name, 0) + 1
        if times > 1:
            name = f"{name}#{times}"
        self.tensors.append(ProgramTensor(name, (1, *shape), dtype, None, scale))
        return len(self.tensors) - 1

    def weight(self, name: str, shape: Shape, recipe: Recipe) -> int:
        """A new constant made from the weights."""
        self.tensors.append(ProgramTensor(name, shape, "float32", recipe))
        return len(self.tensors) - 1

    def numbers(self, values: Sequence[float], dtype: str = "int32", shape: Shape | None = None) -> int:
        """A small constant, a vector unless `shape` says otherwise; equal ones are one tensor."""
        shape = (len(values),) if shape is None else shape
        values = tuple(values)
        key = (dtype, shape, values)
        held = self._numbers.get(key)
        if held is None:
            held = self._numbers[key] = len(self.tensors)
            self.tensors.append(ProgramTensor(f"constant.{len(self._numbers) - 1}", shape, dtype, values))
        return held

    # --- values ------------------------------------------------------------------------------------------
    def value(self, tensor: Tensor) -> Value:
        """Where a graph tensor is at run time."""
        return self._values[id(tensor)]

    def set(self, tensor: Tensor, value: Value) -> None:
        """Say where a graph tensor is."""
        self._values[id(tensor)] = value

    def whole(self, tensor: Tensor) -> Value:
        """A graph tensor in one runtime tensor, its channels in whatever order is cheapest (`layout` says which)."""
        value = self._values[id(tensor)]
        if value.tensor == SCATTERED:
            value = gather.collect(self, tensor, value)
            self._values[id(tensor)] = value
        return value

    def ordered(self, tensor: Tensor) -> int:
        """The runtime tensor that holds a graph tensor with its channels in their own order."""
        value = self._values[id(tensor)]
        if value.layout is None and value.tensor != SCATTERED:
            return value.tensor
        value = gather.put_in_order(self, tensor, value)
        self._values[id(tensor)] = value
        return value.tensor

    # --- operators ---------------------------------------------------------------------------------------
    def operate(
        self,
        code: str,
        inputs: list[int],
        output: int | list[int],
        options: Options,
        node: str,
        keep_float: bool = False,
    ) -> None:
        """Append one operator; with `keep_float` it computes in float32 at int8 too."""
        outputs = output if isinstance(output, list) else [output]
        self.operations.append(Operation(code, inputs, outputs, options, node, keep_float))

    def tail(self, node: Node, fold_batch_norm: bool = True) -> Tail:
        """What can live inside `node`'s operator: batch norm, dropout, one activation. They are marked as done."""
        tail = find_tail(node, fold_batch_norm)
        self.folded.update(tail.node_ids)
        if self.graph.kept_float:
            self._hosts.update(dict.fromkeys(tail.node_ids, node.name))
        return tail

    def keep_float(self, names: Collection[str]) -> None:
        """Let the operators of these nodes compute in float32 at int8 too; a node that lives inside the operator of
        another one means that operator."""
        ids = {id(node): node.name for node in self.graph.nodes if node.name in names}
        kept = {self._hosts.get(known, name) for known, name in ids.items()}
        for operation in self.operations:
            operation.keeps_float = operation.keeps_float or operation.node in kept


def build_program(graph: Graph, shuffle: ShuffleMode = "follow", input_dtype: str | None = None) -> Program:
    """The runtime program of a finished graph. `input_dtype` overrides the graph's (`float32` or `uint8`).

    Raises `UserError` with the place of the step that made a layer without a TFLite rule; `Problem` where no spec did.
    """
    program = Program(graph, shuffle, input_dtype)
    with collector_paused():
        for node in graph.nodes:
            if id(node) not in program.folded:
                first = len(program.operations)
                try:
                    node.layer.emit(node, program)
                except Problem as problem:
                    if node.origin is NO_ORIGIN:
                        raise
                    raise UserError(problem.at(node.origin.place, node.origin.path)) from None
                if node.keeps_float:
                    for operation in program.operations[first:]:
                        operation.keeps_float = True
        program.outputs = [program.ordered(tensor) for tensor in graph.outputs]
    if graph.kept_float:
        program.keep_float(graph.kept_float)
    return program
