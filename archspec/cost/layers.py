"""The cost of each layer and how far it sees into the image, and sums by block, section or spec line."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from archspec.cost.memory import FLOAT_BYTES, memory_access
from archspec.errors import Place
from archspec.graph import Graph, Node, Shape, Tensor
from archspec.graph.program import build_program


@dataclass(frozen=True, slots=True)
class LayerCost:
    """One layer at batch 1. Shapes are per image. `memory_access_bytes` is of the operators that the layer becomes:
    none for a batch norm or an activation that lives inside a convolution."""

    name: str
    layer: str
    section: str
    place: Place
    section_place: Place
    output_shape: Shape
    dtype: str
    stride: int
    params: int
    params_total: int
    macs: int
    other_operations: int
    activation_bytes: int
    memory_access_bytes: int
    receptive_field: tuple[int, int]


@dataclass(slots=True)
class Group:
    """A sum of layers under one name. Shape, stride and receptive field are those of what comes out last."""

    name: str
    layers: int = 0
    params: int = 0
    params_total: int = 0
    macs: int = 0
    other_operations: int = 0
    memory_access_bytes: int = 0
    output_shape: Shape = field(default=())
    stride: int = 1
    receptive_field: tuple[int, int] = (1, 1)

    def add(self, cost: LayerCost) -> None:
        self.layers += 1
        self.params += cost.params
        self.params_total += cost.params_total
        self.macs += cost.macs
        self.other_operations += cost.other_operations
        self.memory_access_bytes += cost.memory_access_bytes
        self.output_shape = cost.output_shape
        self.stride = cost.stride
        self.receptive_field = cost.receptive_field


class Counts(NamedTuple):
    """What a layer has and does at one size: numbers in its weights (those that train, all), arithmetic by kind."""

    params: int
    params_total: int
    macs: int
    other_operations: dict[str, int]


def counts_of(node: Node) -> Counts:
    """The counts of a node, computed or not. Layers of one config and equal inputs have the same, counted once."""
    inputs, config = node.inputs, node.layer.config
    shapes = inputs[0].shape if len(inputs) == 1 else tuple([tensor.shape for tensor in inputs])
    found: Counts | None = config.known.get(shapes)
    if found is None:
        found = _count(node)
        config.remember(shapes, found)
    return found


def _count(node: Node) -> Counts:
    trainable = total = 0
    for spec in node.layer.weights(node):
        count = 1
        for axis in spec.shape:
            count *= axis
        total += count
        if spec.trainable:
            trainable += count
    return Counts(trainable, total, node.layer.macs(node), node.layer.other_operations(node))


def layer_costs(graph: Graph) -> tuple[LayerCost, ...]:
    """One row for each layer, in execution order. Raises `Problem` for a layer without a TFLite rule."""
    fields = receptive_fields(graph)
    moved = memory_access(build_program(graph))
    return tuple(_layer_cost(node, fields[node.name], moved.get(node.name, 0)) for node in graph.nodes)


def _layer_cost(node: Node, receptive_field: tuple[int, int], memory_access_bytes: int) -> LayerCost:
    counts = counts_of(node)
    computed = id(node) not in node.graph.unread
    first = node.outputs[0]
    return LayerCost(
        name=node.name,
        layer=type(node.layer).__name__,
        section=node.origin.section,
        place=node.origin.place,
        section_place=node.origin.section_place,
        output_shape=first.shape,
        dtype=first.dtype,
        stride=first.stride,
        params=counts.params,
        params_total=counts.params_total,
        macs=counts.macs if computed else 0,
        other_operations=sum(counts.other_operations.values()) if computed else 0,
        activation_bytes=FLOAT_BYTES * sum(tensor.elements for tensor in node.outputs),
        memory_access_bytes=memory_access_bytes,
        receptive_field=receptive_field,
    )


def group(costs: Iterable[LayerCost], key: Callable[[LayerCost], str]) -> tuple[Group, ...]:
    """Sums by `key`, in the order in which the keys first appear."""
    groups: dict[str, Group] = {}
    for cost in costs:
        name = key(cost)
        groups.setdefault(name, Group(name)).add(cost)
    return tuple(groups.values())


def block_of(cost: LayerCost) -> str:
    """The block that made a layer: `backbone.stage2.0` for `backbone.stage2.0.after.conv`."""
    return block_named(cost.name)


def block_named(name: str) -> str:
    """The block in a node's name."""
    parts = name.split(".")
    depth = 3 if len(parts) > 2 and parts[2].isdigit() else 2
    return ".".join(parts[:depth])


def receptive_fields(graph: Graph) -> dict[str, tuple[int, int]]:
    """`(height, width)` in pixels by node name. A global pooling and all that follows it see at least the whole image.

    `r_out = r_in + (reach - 1) · jump`, where `jump` is the product of the strides before it (arXiv:1603.07285 §4).
    """
    image = graph.inputs[0].size
    fields: dict[str, tuple[int, int]] = {}
    for node in graph.nodes:
        height, width = _widest(node.inputs, fields)
        window = node.layer.window(node)
        if window is None:
            fields[node.name] = max(height, image[0]), max(width, image[1])
            continue
        jump = node.inputs[0].stride if node.inputs else 1
        (kernel_height, kernel_width), _ = window
        fields[node.name] = height + (kernel_height - 1) * jump, width + (kernel_width - 1) * jump
    return fields


def _widest(inputs: tuple[Tensor, ...], fields: dict[str, tuple[int, int]]) -> tuple[int, int]:
    height = width = 1
    for tensor in inputs:
        field = fields[tensor.node.name]
        height, width = max(height, field[0]), max(width, field[1])
    return height, width
