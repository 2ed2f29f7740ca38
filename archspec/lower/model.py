"""A graph as a Keras model, one layer a node, of the node's name; its weights there and back; a model as a function.

Weights are named `node name/array name`, in the graph and in the model.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from archspec.arrays import Array, Weights
from archspec.errors import Problem, UserError, nearest, user_error
from archspec.graph import Graph, Node, check_weights, split_ranges, weight_specs
from archspec.graph.weights import bilinear_kernel, constant_value, truncated_deviation
from archspec.lower.framework import keras, tf
from archspec.lower.layers import own_layer, stem


@keras.saving.register_keras_serializable(package="archspec")
class Bilinear(keras.initializers.Initializer):
    """A transposed convolution that starts as bilinear upsampling of each channel."""

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """The kernel `(kh, kw, C, C)`."""
        return keras.ops.convert_to_tensor(bilinear_kernel(tuple(shape)), dtype=dtype)


@keras.saving.register_keras_serializable(package="archspec")
def gelu_tanh(x: Any) -> Any:
    """The usual approximation of gelu, by tanh."""
    return keras.activations.gelu(x, approximate=True)


def set_weights(model: Any, weights: Weights) -> None:
    """Give every variable of a Keras model its array.

    Raises `UserError`, with nothing changed, unless there is exactly one array of the right shape for each variable,
    int8 ranges aside.
    """
    variables = _variables(model)
    weights = split_ranges(weights)[0]
    _check_same_keys(variables.keys(), weights.keys())
    for key, variable in variables.items():
        if tuple(variable.shape) != weights[key].shape:
            shapes = f"{list(weights[key].shape)}, the model needs {list(variable.shape)}"
            raise user_error(f"weight '{key}' has shape {shapes}", "Use the weights of this very network")
    for key, variable in variables.items():
        variable.assign(weights[key])


def get_weights(model: Any, graph: Graph) -> dict[str, Array]:
    """Every array of a Keras model in the graph's order, copied: what training made of them, ready to be exported.

    Raises `UserError` unless the model has exactly the graph's arrays.
    """
    variables = _variables(model)
    keys = [key for key, _, _ in weight_specs(graph)]
    _check_same_keys(variables.keys(), keys)
    found = {key: np.array(variables[key].numpy()) for key in keys}
    try:
        check_weights(graph, found)
    except Problem as problem:
        raise user_error(problem.fact, problem.remedy) from None
    return found


def _variables(model: Any) -> dict[str, Any]:
    """Without optimizer, metric and random-seed state."""
    return {f"{layer.name}/{variable.name}": variable for layer in model.layers for variable in layer.weights}


def _check_same_keys(wanted: Any, given: Any) -> None:
    missing, unknown = sorted(set(wanted) - set(given)), sorted(set(given) - set(wanted))
    if missing or unknown:
        counts = f"{len(missing)} missing {missing[:3]}, {len(unknown)} unknown {unknown[:3]}"
        raise user_error(f"the weights do not fit the model: {counts}", "Use the weights of this very network")


def to_keras(
    graph: Graph,
    weights: Weights | None = None,
    *,
    batch_size: int | None = None,
    name: str | None = None,
    policy: str = "float32",
    training: bool = False,
) -> Any:
    """A flat functional `keras.Model`: `(batch_size, H, W, C)` image -> what the graph's output section gives.

    `policy` is Keras's dtype policy (`mixed_float16`: layers compute in float16, variables stay float32).
    `training`: batch norms are layers of ours, which train faster; such a model is not to be saved.
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
            found = _apply(node, [tensors[id(tensor)] for tensor in node.inputs], dtype_policy, training)
        outputs = found if isinstance(found, list | tuple) else (found,)
        _check_outputs(node, outputs, computed)
        tensors.update((id(tensor), output) for tensor, output in zip(node.outputs, outputs, strict=True))
    ends = [tensors[id(tensor)] for tensor in graph.outputs]
    starts = [tensors[id(tensor)] for tensor in graph.inputs]
    model = keras.Model(_single(starts), _single(ends), name=_model_name(name or graph.name))
    if weights is not None:
        set_weights(model, weights)
    return model


def _apply(node: Node, inputs: list[Any], dtype_policy: Any, training: bool) -> Any:
    layer_class = _layer_class(node)
    if training and layer_class is keras.layers.BatchNormalization:
        layer_class = own_layer("FusedBatchNormalization")
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
    """Keras reads our names itself, except an initialiser with a number in it and what is a function of an argument."""
    if key == "activation":
        return gelu_tanh if value == "gelu_tanh" else value
    if not key.endswith("initializer") or not isinstance(value, str):
        return value
    if value == "bilinear":
        return Bilinear()
    deviation, constant = truncated_deviation(value), constant_value(value)
    if constant is not None:
        return keras.initializers.Constant(constant)
    return value if deviation is None else keras.initializers.TruncatedNormal(stddev=deviation)


def _check_outputs(node: Node, outputs: list[Any] | tuple[Any, ...], computed: str) -> None:
    """Cost and export rely on the graph's shapes: where Keras has others, both would be wrong."""
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


def function_to(model: Any, layer: str) -> Callable[[Array], Array]:
    """Image `(N, H, W, C)` -> what the layer of that name gives at inference. Later changes of the weights are seen."""
    run = _traced(model, model.get_layer(layer).output)
    return lambda images: np.asarray(run(tf.constant(images)))


def places_of(model: Any) -> Callable[[Array], list[Array]] | None:
    """Image `(N, H, W, C)` -> where each pooling that is undone later found its maxima, in execution order.

    None for a model that undoes none.
    """
    read = {id(layer.input[1]) for layer in model.layers if isinstance(layer, own_layer("MaxUnpooling"))}
    pools = [layer for layer in model.layers if isinstance(layer, own_layer("MaxPoolingWithIndices"))]
    outputs = [layer.output[1] for layer in pools if id(layer.output[1]) in read]
    if not outputs:
        return None
    run = _traced(model, outputs)
    return lambda images: [np.asarray(one) for one in run(tf.constant(images))]


def _traced(model: Any, outputs: Any) -> Any:
    part = keras.Model(model.input, outputs)

    @tf.function(reduce_retracing=True)
    def run(images: Any) -> Any:
        return part(images, training=False)

    return run
