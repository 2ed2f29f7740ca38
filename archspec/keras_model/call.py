"""One use of a Keras layer while a model is converted: what a rule reads, and how it adds nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, NamedTuple

from archspec.errors import Problem
from archspec.graph import Node, Tensor, layers
from archspec.graph.layer import Layer, Pair, pair
from archspec.graph.tensor import Variable

if TYPE_CHECKING:
    from archspec.graph.trace import Ledger
    from archspec.keras_model.conversion import Conversion

MAP_AXES = 3
INITIALIZERS = {"GlorotUniform": "glorot_uniform", "HeNormal": "he_normal", "Ones": "ones", "Zeros": "zeros"}
Outputs = Tensor | Sequence[Tensor]
Value = Any
"""What a layer is called with: a `Tensor`, a number, a `Constant`, a list of these, a slice, None."""


class Constant(NamedTuple):
    """An array that stands in the configuration, as nested lists, and its shape."""

    numbers: Any
    shape: tuple[int, ...]

    @property
    def flat(self) -> list[float]:
        """Its numbers in order."""
        return flattened(self.numbers)


def flattened(numbers: Any) -> list[float]:
    """The numbers in nested lists."""
    if isinstance(numbers, list | tuple):
        return [one for item in numbers for one in flattened(item)]
    return [float(numbers)]


class Window(NamedTuple):
    """How a window slides in this network: over `x`, which is padded where the model's own padding does not fit."""

    x: Tensor
    strides: Pair
    dilation_rate: Pair
    ledger: Ledger


Sides = tuple[tuple[int, int], tuple[int, int]]


class Padded(NamedTuple):
    """A map with zeros around it: the map without them, and how many on each side."""

    source: Tensor
    sides: Sides


class Call:
    """A layer of a Keras model at one place of it.

    `kind` is its class, `path` the names of the nested models it is in and its own, `name` what its node is called,
    `arguments` and `options` what it is called with, `tensors` the tensors among these in order.
    """

    __slots__ = ("arguments", "config", "conversion", "kind", "name", "options", "path", "taken", "tensors")

    def __init__(
        self,
        conversion: Conversion,
        kind: str,
        config: Mapping[str, Any],
        path: str,
        name: str,
        arguments: list[Value],
        options: Mapping[str, Value],
    ) -> None:
        self.conversion = conversion
        self.kind = kind
        self.config = config
        self.path = path
        self.name = name
        self.arguments = arguments
        self.options = options
        self.tensors: list[Tensor] = tensors_of([*arguments, *options.values()])
        self.taken: dict[str, int] = {}  # how many arrays of each inner layer have their place

    # --- what it reads ------------------------------------------------------------------------------------------------

    @property
    def x(self) -> Tensor:
        """Its first tensor. Raises `Problem` where there is none."""
        if not self.tensors:
            raise Problem(f"{self.kind} of no tensor of the image")
        return self.tensors[0]

    def get(self, key: str, default: Any = None) -> Any:
        """A value of its configuration."""
        return self.config.get(key, default)

    def given(self, index: int, key: str, default: Any = None) -> Any:
        """An argument by position or by name, else the value of the configuration."""
        if len(self.arguments) > index:
            return self.arguments[index]
        return self.options.get(key, self.config.get(key, default))

    def refuse(self, *keys: str, remedy: str = "") -> None:
        """Raises `Problem` where one of these is set: no layer here has it."""
        for key in keys:
            if self.get(key):
                raise Problem(f"{key}={self.get(key)!r} has no rule", remedy)

    def need_channels_last(self) -> None:
        """Raises `Problem` for a layer that has its channels first."""
        if self.get("data_format") not in (None, "channels_last"):
            raise Problem("data_format channels_first has no rule", "Build the model with channels last")

    # --- what it makes ------------------------------------------------------------------------------------------------

    def add(
        self,
        layer: Callable[..., Layer],
        *sources: Tensor,
        part: str = "",
        inner: str = "",
        window: Window | None = None,
        **config: Any,
    ) -> Tensor:
        """The output of a new node of the model's name, or of a `part` of it; its arrays are the next of the layer's.

        `sources` are what it reads, by default what the window slides over, or `x`. `inner` is the layer inside this
        one whose arrays they are.
        """
        inputs = sources or (self.x if window is None else window.x,)
        made = layer(**config, name=f"{self.name}.{part}" if part else self.name)
        return self.node(made, inputs, inner, None if window is None else window.ledger).output

    def node(self, made: Layer, inputs: Sequence[Tensor], inner: str = "", ledger: Ledger | None = None) -> Node:
        """The new node of a layer, for those of several outputs.

        What is merged counts as of one stride: a model may join maps that came to one size on different ways.
        """
        for tensor in inputs[1:]:
            if len(tensor.shape) != MAP_AXES or tensor.size == inputs[0].size:
                tensor.stride = inputs[0].stride
        node = made.apply(inputs if made.multiple_inputs else inputs[0])
        for spec in made.weights(node):
            index = self.taken.get(inner, 0)
            self.taken[inner] = index + 1
            self.conversion.variables[f"{node.name}/{spec.name}"] = Variable(self.path, inner, index)
        self.conversion.follow(node, ledger)
        return node

    def initializer(self, key: str, default: str) -> str:
        """An initialiser's name as our layers have it; the default for one that they lack."""
        found = self.get(key)
        kind = found.get("class_name") if isinstance(found, Mapping) else found
        inside = found.get("config", {}) if isinstance(found, Mapping) else {}
        if kind == "TruncatedNormal":
            return f"truncated_normal({float(inside.get('stddev', 0.05)):g})"
        return INITIALIZERS.get(str(kind), default)

    def window(self, kernel: Pair, padding: str, x: Tensor | None = None, dilation_rate: Any = 1) -> Window:
        """How this layer's window slides: past the wanted output stride its stride is 1 and what follows is dilated.

        Padding that a `ZeroPadding2D` in front of it added for its stride is then added anew, for its reach.
        """
        x = self.x if x is None else x
        strides, rates = pair(self.get("strides") or kernel, "strides"), pair(dilation_rate, "dilation_rate")
        before = self.conversion.ledger(x)
        ledger, rate = copy(before), before.rate
        stride, _ = ledger.take(max(strides))
        if strides[0] != strides[1] and (stride != max(strides) or rate != 1):
            raise Problem(f"strides of {list(strides)} cannot become dilation", "Use a larger output_stride")
        if max(strides) > 1:
            self.conversion.note_departure(x)
        taken = strides if stride == max(strides) else (stride, stride)
        dilated = (rates[0] * rate, rates[1] * rate)
        if padding == "valid" and (taken != strides or rate != 1):
            x = self._padded_anew(x, kernel, dilated, rate, turned=taken != strides)
        return Window(x, taken, dilated, ledger)

    def _padded_anew(self, x: Tensor, kernel: Pair, rates: Pair, rate: int, *, turned: bool) -> Tensor:
        """What a `ZeroPadding2D` padded, padded for a window that does not jump: the map keeps its size.

        So does one that windows would have tiled without any padding.
        """
        padded = self.conversion.padded.get(id(x))
        if padded is None:
            if not turned or max(kernel) > max(pair(self.get("strides") or kernel, "strides")):
                return x
            padded = Padded(x, ((0, 0), (0, 0)))
        sides = []
        for (before, after), size, spread in zip(padded.sides, kernel, rates, strict=True):
            first = before * rate
            sides.append((first, max((size - 1) * spread - first, 0) if turned else after * rate))
        if tuple(sides) == padded.sides:
            return x
        node = layers.ZeroPadding2D(tuple(sides), name=f"{self.name}.padded").apply(padded.source)
        self.conversion.follow(node)
        return node.output


def tensors_of(values: Any) -> list[Tensor]:
    """The tensors in nested lists and mappings, in order."""
    if isinstance(values, Tensor):
        return [values]
    if isinstance(values, Mapping):
        values = list(values.values())
    if isinstance(values, list | tuple) and not isinstance(values, Constant):
        return [one for item in values for one in tensors_of(item)]
    return []
