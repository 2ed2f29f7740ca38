"""From the configuration of a Keras model to nodes of our graph: nested models flattened, one rule a class of layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any

from archspec.errors import Fault, Place, Problem, UserError, first_line
from archspec.graph import Graph, Node, Tensor
from archspec.graph.layers import Input
from archspec.graph.tensor import Variable
from archspec.graph.trace import Ledger
from archspec.keras_model.call import Call, Outputs, Padded, Sides
from archspec.keras_model.connections import (
    Reference,
    Use,
    ends,
    input_layers,
    input_shape,
    layer_name,
    references,
    replaced,
    uses_of,
)
from archspec.keras_model.rules import rule_of

UNLIMITED = 2**30
MAP_AXES = 3
STAGES = 5
MOST_OUTPUTS = 8


class _Missing:
    """Stands for what a layer without a rule would have given."""


MISSING = _Missing()


class Conversion:
    """A Keras model becomes nodes. Every layer that cannot is a fault, with the names of the models it is in.

    `variables` says of every array of the nodes which array of which layer of the model it is.
    """

    def __init__(self, name: str, file: str, images: Sequence[Tensor], output_stride: int | None) -> None:
        self.variables: dict[str, Variable] = {}
        self.padded: dict[int, Padded] = {}
        self.outputs: list[Tensor] = []
        self.output_names: list[str] = []
        self.faults: list[Fault] = []
        self._name, self._file, self._images = name, file, list(images)
        self._graph: Graph = images[0].node.graph
        self._own_size = False  # whether the shapes that Keras wrote down are those here
        self._output_stride = output_stride
        self._ledgers: dict[int, Ledger] = {}
        self._last: dict[int, Tensor] = {}
        self._left: dict[int, Tensor] = {}
        self._used: dict[str, int] = {}

    def run(self, model: Mapping[str, Any]) -> None:
        """Convert the whole model. Raises `UserError` with every layer that has no rule."""
        try:
            shapes = self._shapes(model)
            self._own_size = self._output_stride is None and shapes == [image.shape for image in self._images]
            self.outputs = self._model(model, "", list(self._images))
        except Problem as problem:
            self.faults.append(problem.at(Place(self._file)))
        except RecursionError:
            self.faults.append(Fault("models are nested too deeply in it", place=Place(self._file)))
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:  # of a damaged configuration
            if not self.faults:
                fact = f"its configuration cannot be followed ({type(error).__name__}: {first_line(error)})"
                self.faults.append(Fault(fact, "Save the model again with Keras 3", place=Place(self._file)))
        if self.faults:
            raise UserError(self.faults)

    def _shapes(self, model: Mapping[str, Any]) -> list[Any]:
        shapes = [input_shape(layer) for layer in input_layers(model)]
        if len(shapes) != len(self._images):
            raise Problem(f"the model takes {len(shapes)} inputs", "Only models of one image can be read")
        return shapes

    @property
    def taps(self) -> dict[str, Tensor]:
        """`stage1` to `stage5`, the strides 2 to 32 of the model, whatever became of them here: of each the map that
        the next stride is taken from, else the last."""
        strides = {f"stage{number}": 2**number for number in range(1, STAGES + 1)}
        found = {name: self._left.get(stride, self._last.get(stride)) for name, stride in strides.items()}
        return {name: tensor for name, tensor in found.items() if tensor is not None}

    # --- for rules ----------------------------------------------------------------------------------------------------

    def ledger(self, x: Tensor) -> Ledger:
        """The strides on the way to a tensor, as they are in the model and as they are here."""
        found = self._ledgers.get(id(x))
        if found is None:
            found = self._ledgers[id(x)] = Ledger(self._output_stride or UNLIMITED, dilate=True)
        return found

    def follow(self, node: Node, ledger: Ledger | None = None) -> None:
        """Note the strides of a new node's outputs: the ledger of the window, else of the largest thing it reads."""
        if ledger is None:
            ledger = self.ledger(max(node.inputs, key=lambda tensor: tensor.elements))
        for tensor in node.outputs:
            self._ledgers[id(tensor)] = copy(ledger)

    def note_departure(self, x: Tensor) -> None:
        """Note what a window reads that jumps: of all such maps at its stride, the one of most channels is a tap."""
        padded = self.padded.get(id(x))
        source = x if padded is None else padded.source
        if len(source.shape) == MAP_AXES:
            known = self._left.get(self._nominal(source))
            if known is None or source.channels >= known.channels:
                self._left[self._nominal(source)] = source

    def _nominal(self, x: Tensor) -> int:
        """The stride that a tensor has in the model, whatever became of it here."""
        return x.stride * self.ledger(x).rate

    def note_padding(self, padded: Tensor, source: Tensor, sides: Sides) -> None:
        """Remember what was padded, for a window behind it that has to pad anew."""
        self.padded[id(padded)] = Padded(source, sides)

    # --- models and layers --------------------------------------------------------------------------------------------

    def _model(self, model: Mapping[str, Any], path: str, feeds: list[Any]) -> list[Any]:
        inside = model["config"]
        if "input_layers" not in inside:
            return self._sequential(inside, path, feeds)
        values: dict[tuple[str, int, int], Any] = {}
        for entrance, feed in zip(ends(inside["input_layers"]), feeds, strict=True):
            values[entrance.key] = feed
        waiting = [use for use in uses_of(inside) if (layer_name(use.layer), use.node, 0) not in values]
        while waiting:
            left = []
            for use in waiting:
                if all(one.key in values for one in references([use.arguments, dict(use.options)])):
                    self._use(use, values, path)
                else:
                    left.append(use)
            if len(left) == len(waiting):
                raise Problem(f"layer '{layer_name(left[0].layer)}' reads what no layer gives")
            waiting = left
        exits = ends(inside["output_layers"])
        if not path:
            self.output_names = [one.layer for one in exits]
        return [values[one.key] for one in exits]

    def _sequential(self, inside: Mapping[str, Any], path: str, feeds: list[Any]) -> list[Any]:
        found: list[Any] = feeds
        layers = [layer for layer in inside["layers"] if layer["class_name"] != "InputLayer"]
        for layer in layers:
            if found == [MISSING]:
                shape = (layer.get("build_config") or {}).get("input_shape")
                found = [self._stand_in(shape[1:] if isinstance(shape, list) else None)]
            found = self._called(layer, list(found), {}, path) or [MISSING]
        if not path:
            self.output_names = [layer_name(layers[-1])] if layers else []
        return found

    def _use(self, use: Use, values: dict[tuple[str, int, int], Any], path: str) -> None:
        def tensor_of(reference: Reference) -> Any:
            found = values[reference.key]
            return self._stand_in(reference.shape) if found is MISSING else self._checked(found, reference)

        arguments, options = replaced(use.arguments, tensor_of), replaced(dict(use.options), tensor_of)
        found = self._called(use.layer, arguments, options, path) or [MISSING] * MOST_OUTPUTS
        for index, value in enumerate(found):
            values[layer_name(use.layer), use.node, index] = value

    def _called(
        self, layer: Mapping[str, Any], arguments: list[Any], options: Mapping[str, Any], path: str
    ) -> list[Any]:
        """The outputs of one use of a layer; none after a fault."""
        inner = f"{path}.{layer_name(layer)}" if path else layer_name(layer)
        if isinstance(layer["config"].get("layers"), list):
            feeds = arguments[0] if len(arguments) == 1 and isinstance(arguments[0], list) else arguments
            return self._model(layer, inner, list(feeds))
        used = self._used.get(inner, 0)
        self._used[inner] = used + 1
        kind, name = str(layer["class_name"]), f"{self._name}.{inner}" + (f".use{used + 1}" if used else "")
        try:
            rule = rule_of(str(layer.get("module") or "keras"), kind)
            if _is_missing([*arguments, *options.values()]):
                return []
            return self._noted(rule(Call(self, kind, layer["config"], inner, name, arguments, options)))
        except Problem as problem:
            fact = problem.fact if kind in problem.fact else f"{kind}: {problem.fact}"
            self.faults.append(Fault(fact, problem.remedy, inner, Place(self._file)))
            return []

    def _noted(self, outputs: Outputs) -> list[Tensor]:
        """The outputs of a rule, the last map at its stride noted."""
        found = [outputs] if isinstance(outputs, Tensor) else list(outputs)
        for tensor in found:
            if len(tensor.shape) == MAP_AXES and id(tensor) not in self.padded and min(tensor.size) > 1:
                self._last[self._nominal(tensor)] = tensor
        return found

    def _checked(self, x: Tensor, reference: Reference) -> Tensor:
        """The tensor; a fault where its shape is not the one that Keras wrote down."""
        shape = reference.shape
        if self._own_size and shape is not None and None not in shape and shape != x.shape:
            fact = f"gives {list(x.shape)} here and {list(shape)} in Keras"
            self.faults.append(Fault(fact, "Report this: its rule is wrong", reference.layer, Place(self._file)))
        return x

    def _stand_in(self, shape: Sequence[int | None] | None) -> Any:
        """A tensor like the one that a layer without a rule would have given, so that later layers are checked too."""
        if not self._own_size or shape is None or None in shape or len(shape) == 0:
            return MISSING
        whole = tuple(int(size or 1) for size in shape)
        return Input(whole, name=f"{self._name}.missing.{len(self._graph.nodes)}").enter(self._graph)


def _is_missing(values: Any) -> bool:
    """Whether something that a layer is called with could not be made."""
    if isinstance(values, Mapping):
        values = list(values.values())
    return values is MISSING or (isinstance(values, list) and any(map(_is_missing, values)))


def convert(
    model: Mapping[str, Any], images: Sequence[Tensor], *, name: str, file: str, output_stride: int | None = None
) -> Conversion:
    """A Keras model's configuration as nodes named `name.LAYER`, on tensors that stand for its inputs.

    `file` is what messages call the model. With `output_stride`, strides past it become dilation. Raises `UserError`
    with every layer that has no rule.
    """
    found = Conversion(name, file, images, output_stride)
    found.run(model)
    return found
