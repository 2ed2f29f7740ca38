"""Normalisation over the numbers of one image, by default over the channels of each place: (N, ...) -> (N, ...)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from archspec.arrays import Array, Weights
from archspec.errors import Problem
from archspec.graph.layer import POINT, Layer, WeightSpec, Window
from archspec.graph.layers.concatenate import axis_of
from archspec.graph.program.values import Layout, Value
from archspec.graph.tensor import Node, Shape, Tensor

if TYPE_CHECKING:
    from archspec.graph.program import Program

PLAIN = {"fused_activation_function": "NONE"}


class LayerNormalization(Layer):
    """Keras `LayerNormalization`: mean 0 and variance 1 over `axis`, one or several; then a learnt scale and shift."""

    __slots__ = ()

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        name: str | None = None,
    ) -> None:
        axes = axis if isinstance(axis, int) else tuple(axis)
        if not isinstance(axes, int) and len({one < 0 for one in axes}) > 1:  # Keras would mix up what is learnt
            raise Problem(f"axis counts partly from the end ({list(axes)})", "Count all axes from the same side")
        super().__init__({"axis": axes, "epsilon": epsilon, "center": center, "scale": scale}, name)

    def _axes(self, tensor: Tensor) -> tuple[int, ...]:
        axis = self.config["axis"]
        each = (axis,) if isinstance(axis, int) else axis
        return tuple(sorted({axis_of(one, tensor, self) for one in each}))

    def shapes(self, inputs: tuple[Tensor, ...]) -> tuple[Shape, ...]:
        """Unchanged. Raises `Problem` for an axis that there is not."""
        self._axes(inputs[0])
        return (inputs[0].shape,)

    def weights(self, node: Node) -> tuple[WeightSpec, ...]:
        """`gamma` and `beta`, of the sizes of the axes."""
        source = node.inputs[0]
        return gamma_and_beta(self, tuple(source.shape[axis] for axis in self._axes(source)))

    def other_operations(self, node: Node) -> dict[str, int]:
        """Five an element: two sums, a difference, its square, a product; one more for the scale and for the shift."""
        return normalising_operations(self, node)

    def window(self, node: Node) -> Window | None:
        """One position of a map; everything where other axes than the channels are normalised."""
        return POINT if self._axes(node.inputs[0]) == (len(node.output.shape) - 1,) else None

    def emit(self, node: Node, program: Program) -> None:
        """MEAN, SQUARED_DIFFERENCE, MEAN, ADD, RSQRT, SUB, MUL; MUL and ADD by what is learnt. Float32 at int8 too."""
        source = node.inputs[0]
        value, axes = program.whole(source), self._axes(source)
        shape = source.shape
        held = emit_normalised(node, program, value.tensor, shape, axes)
        sizes = tuple(size if axis in axes else 1 for axis, size in enumerate(shape))
        while len(sizes) > 1 and sizes[0] == 1:
            sizes = sizes[1:]
        emit_scaled(node, program, held, sizes, value.layout if len(shape) - 1 in axes else None, value.layout)


def gamma_and_beta(layer: Layer, shape: Shape) -> tuple[WeightSpec, ...]:
    """The learnt scale and shift that a layer's switches ask for."""
    gamma = (WeightSpec("gamma", shape, "ones", True),) if layer.config["scale"] else ()
    beta = (WeightSpec("beta", shape, "zeros", True),) if layer.config["center"] else ()
    return (*gamma, *beta)


def normalising_operations(layer: Layer, node: Node) -> dict[str, int]:
    """Five an element, and one for each of scale and shift."""
    return {"normalization": (5 + layer.config["scale"] + layer.config["center"]) * node.output.elements}


def emit_normalised(node: Node, program: Program, held: int, shape: Shape, axes: tuple[int, ...]) -> int:
    """The runtime tensor of mean 0 and variance 1 over `axes` of `shape`, both without the batch."""
    name = node.name
    one_each = tuple(1 if axis in axes else size for axis, size in enumerate(shape))
    over = program.numbers(tuple(axis + 1 for axis in axes))
    epsilon = program.numbers((node.layer.config["epsilon"],), "float32", shape=())

    def step(code: str, inputs: list[int], suffix: str, result: Shape, options: dict[str, object]) -> int:
        output = program.activation(f"{name}.{suffix}", result)
        program.operate(code, inputs, output, options, name, keep_float=True)
        return output

    kept: dict[str, object] = {"keep_dims": True}
    mean = step("MEAN", [held, over], "mean", one_each, kept)
    squares = step("SQUARED_DIFFERENCE", [held, mean], "squares", shape, {})
    variance = step("MEAN", [squares, over], "variance", one_each, kept)
    raised = step("ADD", [variance, epsilon], "raised", one_each, dict(PLAIN))
    inverse = step("RSQRT", [raised], "inverse", one_each, {})
    centred = step("SUB", [held, mean], "centred", shape, dict(PLAIN))
    return step("MUL", [centred, inverse], "normalised", shape, dict(PLAIN))


def emit_scaled(
    node: Node, program: Program, held: int, sizes: Shape, order: Layout | None, layout: Layout | None
) -> None:
    """MUL by gamma and ADD of beta, each of `sizes` and its channels in `order`; the output is in `layout`."""
    present = [name for name in ("gamma", "beta") if node.layer.config["scale" if name == "gamma" else "center"]]
    for array in present:

        def recipe(weights: Weights, array: str = array) -> Array:
            found = weights[f"{node.name}/{array}"].reshape(sizes)
            return found if order is None else found[..., order.order]

        learnt = program.weight(f"{node.name}.{array}", sizes, recipe)
        last = array == present[-1]
        output = program.activation(node.name if last else f"{node.name}.scaled", node.output.shape)
        code = "MUL" if array == "gamma" else "ADD"
        program.operate(code, [held, learnt], output, PLAIN, node.name, keep_float=True)
        held = output
    program.set(node.output, Value(held, layout))
