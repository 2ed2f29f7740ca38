"""The image: float32 0..255 or uint8, `(N, H, W, C)`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archspec.graph.layer import Layer
from archspec.graph.program.values import Value
from archspec.graph.tensor import Graph, Node, Shape, Tensor

if TYPE_CHECKING:
    from archspec.graph.program import Program


class Input(Layer):
    """The entrance of a graph. Keras: `InputLayer`."""

    __slots__ = ()
    keras_name = "InputLayer"

    def __init__(self, shape: Shape, dtype: str = "float32", name: str | None = None) -> None:
        super().__init__({"shape": tuple(shape), "dtype": dtype}, name)

    def enter(self, graph: Graph) -> Tensor:
        """The tensor that stands for the image in `graph`."""
        node = graph.add(self, ())
        node.outputs = (Tensor(node, 0, self.config["shape"], self.config["dtype"], 1),)
        graph.inputs = (*graph.inputs, node.outputs[0])
        return node.outputs[0]

    def emit(self, node: Node, program: Program) -> None:
        """A runtime input tensor. Bytes become floats at once, unless only a rescaling reads them."""
        output = node.outputs[0]
        dtype = program.input_dtype or output.dtype
        held = program.activation(node.name, output.shape, dtype)
        program.inputs.append(held)
        readers = {type(reader.layer).__name__ for reader in output.consumers}
        if dtype == "uint8" and readers != {"Rescaling"}:
            program.tensors[held].scale = 1.0
            floats = program.activation(f"{node.name}.float32", output.shape)
            program.operate("DEQUANTIZE", [held], floats, {}, node.name)
            held = floats
        program.set(output, Value(held))
