"""Tensor, node and graph: what tracing a spec makes, and every question is asked of."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from archspec.errors import NOWHERE, Place, Problem

if TYPE_CHECKING:
    from archspec.graph.layer import Layer

Shape = tuple[int, ...]
MOST_LAYERS = 20_000  # the largest published network here has 600; a slip such as `convolutions: 10000000` ends early


@dataclass(frozen=True, slots=True)
class Origin:
    """Which words of a spec made a node: the section, the step's path, and the places of both."""

    section: str = ""
    path: str = ""
    place: Place = NOWHERE
    section_place: Place = NOWHERE


NO_ORIGIN = Origin()


class Variable(NamedTuple):
    """An array of a Keras model: of which layer (`a.b` is `b` in the nested model `a`), of which layer inside that,
    the number in it; and the file that it is read from, or what else stands for the model's weights."""

    layer: str
    inner: str
    number: int
    file: str = ""


class Tensor:
    """The output of a node: `shape` per image `(H, W, C)`, `dtype`, and `stride` against the input image."""

    __slots__ = ("consumers", "dtype", "index", "node", "shape", "stride")

    def __init__(self, node: Node, index: int, shape: Shape, dtype: str, stride: int) -> None:
        self.node = node
        self.index = index
        self.shape = shape
        self.dtype = dtype
        self.stride = stride
        self.consumers: list[Node] = []

    @property
    def channels(self) -> int:
        """The size of the last axis."""
        return self.shape[-1]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.shape[0], self.shape[1]

    @property
    def elements(self) -> int:
        """How many numbers it holds for one image."""
        count = 1
        for axis in self.shape:
            count *= axis
        return count

    def __repr__(self) -> str:
        return f"Tensor({self.node.name!r}, {self.shape}, {self.dtype}, stride {self.stride})"


class Node:
    """One layer at one place in the graph. `name` is its dotted path, the same in Keras and in the .tflite."""

    __slots__ = ("graph", "inputs", "keeps_float", "layer", "name", "origin", "outputs")

    def __init__(self, graph: Graph, name: str, layer: Layer, inputs: tuple[Tensor, ...]) -> None:
        self.graph = graph
        self.name = name
        self.layer = layer
        self.inputs = inputs
        self.origin = graph.origin
        self.keeps_float = graph.keeps_float
        self.outputs: tuple[Tensor, ...] = ()

    @property
    def output(self) -> Tensor:
        """The first output."""
        return self.outputs[0]

    def __repr__(self) -> str:
        return f"Node({self.name!r}, {type(self.layer).__name__})"


class Graph:
    """Nodes in execution order, from `input` to `outputs`. `taps` are what the ids and sections of a spec stand for."""

    __slots__ = (
        "_names", "cut", "inputs", "keeps_float", "kept_float", "name", "nodes", "origin", "outputs", "taps", "unread",
        "variables",
    )  # fmt: skip

    def __init__(self, name: str = "network") -> None:
        self.name = name
        self.nodes: list[Node] = []
        self.inputs: tuple[Tensor, ...] = ()
        self.outputs: tuple[Tensor, ...] = ()
        self.origin: Origin = NO_ORIGIN
        self.variables: dict[str, Variable] = {}  # arrays that are those of a Keras model, by their names here
        self.keeps_float = False  # of the nodes to come: they compute in float32 in an int8 file too
        self.kept_float: frozenset[str] = frozenset()  # names of nodes whose operators a spec leaves in float32
        self.taps: Mapping[str, Tensor] = {}
        self.cut: tuple[str, ...] = ()  # how the names of layers begin that a section was cut before
        self.unread: frozenset[int] = frozenset()  # ids of nodes that have weights and are never computed
        self._names: dict[str, Node] = {}

    def add(self, layer: Layer, inputs: tuple[Tensor, ...]) -> Node:
        """A new node for `layer` on `inputs`. Raises `Problem` when the name is taken."""
        name = layer.name
        if name is None:
            name = self._free_name(layer)
        elif "/" in name:
            name = name.replace("/", ".")  # Keras forbids "/" in a layer name; one spelling serves everywhere
        node = Node(self, name, layer, inputs)
        if self._names.setdefault(name, node) is not node:
            raise Problem(f"two layers are named '{name}'", "Give each layer of the block a name of its own")
        if len(self.nodes) >= MOST_LAYERS:
            raise Problem(
                f"more than {MOST_LAYERS:,} layers", "Write smaller numbers of repeats, convolutions or units"
            )
        self.nodes.append(node)
        for tensor in inputs:
            tensor.consumers.append(node)
        return node

    def node(self, name: str) -> Node:
        """The node of that name. Raises `KeyError`."""
        return self._names[name]

    def has(self, name: str) -> bool:
        """Whether a node of that name exists."""
        return name in self._names

    def finish(self, outputs: Sequence[Tensor]) -> None:
        """Declare what the network gives back, and drop the nodes that nothing of it needs."""
        self.outputs = tuple(outputs)
        ends = {id(tensor.node) for tensor in (*self.outputs, *self.inputs)}
        if any(not node.outputs[0].consumers and _is_dead(node) and id(node) not in ends for node in self.nodes):
            self._drop_dead()
        if any(node.layer.reads_first_only for node in self.nodes):
            self.unread = frozenset(map(id, self.nodes)) - self._behind_outputs(read=True)

    def _behind_outputs(self, read: bool = False) -> set[int]:
        """Ids of the nodes that the outputs need; with `read`, only of those that are computed."""
        needed: set[int] = set()
        stack = [tensor.node for tensor in (*self.outputs, *self.inputs)]
        while stack:
            node = stack.pop()
            if id(node) not in needed:
                needed.add(id(node))
                first_only = read and node.layer.reads_first_only
                stack.extend(tensor.node for tensor in (node.inputs[:1] if first_only else node.inputs))
        return needed

    def _drop_dead(self) -> None:
        needed = self._behind_outputs()
        self.nodes = [node for node in self.nodes if id(node) in needed]
        self._names = {node.name: node for node in self.nodes}
        for node in self.nodes:
            for tensor in node.outputs:
                tensor.consumers = [consumer for consumer in tensor.consumers if id(consumer) in needed]

    def _free_name(self, layer: Layer) -> str:
        stem = type(layer).__name__.lower()
        number = 1
        while f"{stem}_{number}" in self._names:
            number += 1
        return f"{stem}_{number}"


def _is_dead(node: Node) -> bool:
    """Whether nobody reads any output."""
    return not any(tensor.consumers for tensor in node.outputs)


@contextmanager
def in_float32(x: Tensor) -> Iterator[None]:
    """Layers called inside compute in float32 in an int8 file too: divisions by sums, factorisations, what 8 bits lose.

    `x` is any tensor of their graph.
    """
    graph = x.node.graph
    before, graph.keeps_float = graph.keeps_float, True
    try:
        yield
    finally:
        graph.keeps_float = before


@contextmanager
def collector_paused() -> Iterator[None]:
    """No garbage collection inside the block; afterwards the collector is as it was, also after an error.

    A graph is a thousand objects that point at each other and none dies before it is done: looking at all of them
    again and again takes a third of the time of tracing.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
