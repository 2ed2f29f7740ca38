"""A graph as a Keras model: one Keras layer a node, of the node's name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from archspec.errors import UserError, nearest, user_error
from archspec.graph import Graph, Node
from archspec.graph.weights import constant_value, truncated_deviation
from archspec.lower.framework import keras
from archspec.lower.initializers import Bilinear
from archspec.lower.layers import own_layer, stem
from archspec.lower.weights import set_weights

if TYPE_CHECKING:
    import numpy as np


def to_keras(
    graph: Graph,
    weights: Mapping[str, np.ndarray[Any, Any]] | None = None,
    *,
    batch_size: int | None = None,
    name: str | None = None,
    policy: str = "float32",
) -> Any:
    """A flat functional `keras.Model`: `(batch_size, H, W, C)` image -> what the graph's output section gives.

    `policy` is Keras's dtype policy (`mixed_float16`: layers compute in float16, variables stay float32).
    Each layer has its node's name. Without `weights` Keras's initialisers draw them (`keras.utils.set_random_seed`
    makes that repeatable). Raises `UserError`, with the line of the spec, for a layer that Keras lacks or refuses,
    for an output that is not of the graph's shape, and for weights that do not fit.
    """
    dtype_policy = None if policy == "float32" else keras.DTypePolicy(policy)
    computed = "float32" if dtype_policy is None else dtype_policy.compute_dtype
    tensors: dict[int, Any] = {}
    for node in graph.nodes:
        if not node.inputs:
            found = keras.Input(**node.layer.config, batch_size=batch_size, name=node.name)
        else:
            found = _apply(node, [tensors[id(tensor)] for tensor in node.inputs], dtype_policy)
        outputs = found if isinstance(found, list | tuple) else (found,)
        _check_outputs(node, outputs, computed)
        tensors.update((id(tensor), output) for tensor, output in zip(node.outputs, outputs, strict=True))
    ends = [tensors[id(tensor)] for tensor in graph.outputs]
    starts = [tensors[id(tensor)] for tensor in graph.inputs]
    model = keras.Model(_single(starts), _single(ends), name=_model_name(name or graph.name))
    if weights is not None:
        set_weights(model, weights)
    return model


def _apply(node: Node, inputs: list[Any], dtype_policy: Any) -> Any:
    layer_class = _layer_class(node)
    config = {key: _value(key, value) for key, value in node.layer.config.items()}
    if dtype_policy is not None:
        config["dtype"] = dtype_policy
    try:
        return layer_class(**config, name=node.name)(inputs if node.layer.multiple_inputs else inputs[0])
    except (TypeError, ValueError) as error:
        fact = str(error).strip().splitlines()[0]
        raise _fault(node, f"Keras refuses this {layer_class.__name__} ({fact})", "Change its arguments") from error


def _layer_class(node: Node) -> Any:
    wanted = node.layer.keras_name or type(node.layer).__name__
    if node.layer.own:
        try:
            return own_layer(wanted)
        except KeyError:
            remedy = f"Add archspec/lower/layers/{stem(wanted)}.py with the class {wanted}"
            raise _fault(node, f"our own layer {wanted} has no Keras class", remedy) from None
    found = getattr(keras.layers, wanted, None)
    if found is None:
        raise _fault(node, f"Keras has no layer {wanted}", nearest(wanted, dir(keras.layers)))
    return found


def _value(key: str, value: Any) -> Any:
    """Keras reads our initialiser names itself, except one with a number in it."""
    if not key.endswith("_initializer") or not isinstance(value, str):
        return value
    if value == "bilinear":
        return Bilinear()
    deviation, constant = truncated_deviation(value), constant_value(value)
    if constant is not None:
        return keras.initializers.Constant(constant)
    return value if deviation is None else keras.initializers.TruncatedNormal(stddev=deviation)


def _check_outputs(node: Node, outputs: list[Any] | tuple[Any, ...], computed: str) -> None:
    """Cost and export rest on the graph's shapes; where Keras sees others, neither may be believed."""
    ours = [(tensor.shape, tensor.dtype) for tensor in node.outputs]
    if node.inputs:
        ours = [(shape, computed if dtype == "float32" else dtype) for shape, dtype in ours]
    theirs = [(tuple(output.shape[1:]), str(output.dtype)) for output in outputs]
    if ours != theirs:
        kind = type(node.layer).__name__
        remedy = f"Mend the rule of {kind} in archspec/graph/layers/{stem(kind)}.py"
        raise _fault(node, f"the graph says {_listed(ours)}, Keras says {_listed(theirs)}", remedy)


def _listed(outputs: list[tuple[tuple[int, ...], str]]) -> str:
    return ", ".join(f"{list(shape)} {dtype}" for shape, dtype in outputs)


def _fault(node: Node, fact: str, remedy: str) -> UserError:
    return user_error(f"layer '{node.name}': {fact}", remedy, node.origin.path, node.origin.place)


def _single(tensors: list[Any]) -> Any:
    return tensors[0] if len(tensors) == 1 else tensors


def _model_name(name: str) -> str:
    """TensorFlow takes no other characters in the name of a scope."""
    cleaned = re.sub(r"[^A-Za-z0-9_.-]", "_", name)
    return cleaned if cleaned[:1].isalnum() else f"network_{cleaned}"
