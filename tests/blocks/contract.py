"""What every block promises, as functions that raise AssertionError: for bundled blocks and for anybody's own."""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from archspec.catalog import Catalog
from archspec.graph import Graph, Tensor
from archspec.graph.layers import Input
from archspec.graph.weights import initialise
from archspec.lower import get_weights, to_keras
from archspec.lower.framework import tf

Example = tuple[Any, dict[str, Any]]
RATES = (2, (1, 3), (5, 2))


def examples(catalog: Catalog, name: str) -> list[Example]:
    """`EXAMPLES` of the block's file: `(shape or list of shapes, arguments)`."""
    module = sys.modules[catalog.function(name).__module__]
    found: list[Example] = getattr(module, "EXAMPLES", [])
    assert found, f"{catalog.blocks()[name]} has no EXAMPLES"
    return found


def build(function: Callable[..., Tensor], shapes: Any, arguments: Mapping[str, Any]) -> Graph:
    """The graph of one use of a block, on inputs of these shapes; what a tracer would supply is supplied."""
    graph = Graph("block")
    several = isinstance(shapes[0], tuple | list)
    inputs = [
        Input(tuple(shape), name=f"in{index}").enter(graph)
        for index, shape in enumerate(shapes if several else [shapes])
    ]
    context = {
        "classes": 19,
        "input_size": inputs[0].size,
        "output_stride": 16,
        "width_multiplier": 1.0,
        "variant": "paper",
        "taps": {f"in{index}": tensor for index, tensor in enumerate(inputs)},
    }
    wanted = inspect.signature(function).parameters
    supplied = {key: value for key, value in context.items() if key in wanted}
    result = function(inputs if several else inputs[0], **{**supplied, **arguments}, name="it")
    assert isinstance(result, Tensor), f"gives {type(result).__name__}, not one tensor"
    graph.finish([result])
    return graph


def check_names(graph: Graph) -> None:
    """Each node is named after the block, so that two uses of it can stand in one network."""
    for node in graph.nodes:
        assert not node.inputs or node.name == "it" or node.name.startswith("it."), (
            f"layer '{node.name}' is not under the block's name"
        )


def check_equals_keras(graph: Graph) -> None:
    """Every node's shape and dtype, the parameters, and the shape of a real result; weights go in and come back."""
    weights = initialise(graph, statistics="random")
    model = to_keras(graph, weights)
    for node in graph.nodes:
        theirs = [
            (tuple(output.shape[1:]), output.dtype) for output in tf.nest.flatten(model.get_layer(node.name).output)
        ]
        assert theirs == [(tensor.shape, tensor.dtype) for tensor in node.outputs], node.name
    counted = sum(math.prod(array.shape) for node in graph.nodes for array in node.layer.weights(node))
    assert counted == model.count_params()
    images = [np.random.default_rng(0).normal(size=(2, *tensor.shape)).astype(np.float32) for tensor in graph.inputs]
    result = model(images if len(images) > 1 else images[0]).numpy()
    assert result.shape == (2, *graph.outputs[0].shape)
    assert np.isfinite(result).all()
    back = get_weights(model, graph)
    assert all(np.array_equal(back[key], array) for key, array in weights.items())


def check_dilation_keeps_weights(function: Callable[..., Tensor], example: Example) -> None:
    """At stride 1, another dilation_rate changes no weight's shape and no output's: pretrained weights stay usable."""
    shapes, arguments = example
    wanted = inspect.signature(function).parameters
    if "dilation_rate" not in wanted:
        return
    arguments = {**arguments, **({"stride": 1} if "stride" in wanted else {})}
    plain = build(function, shapes, {**arguments, "dilation_rate": 1})
    for rate in RATES:
        dilated = build(function, shapes, {**arguments, "dilation_rate": rate})
        assert _weight_shapes(dilated) == _weight_shapes(plain), f"dilation_rate {rate} changes the weights"
        assert dilated.outputs[0].shape == plain.outputs[0].shape, f"dilation_rate {rate} changes the size"
        rates = {node.layer.config.get("dilation_rate", (1, 1)) for node in dilated.nodes}
        assert rates - {(1, 1)}, f"dilation_rate {rate} is not used"


def check_block(catalog: Catalog, name: str) -> None:
    """The whole contract on every example."""
    function = catalog.function(name)
    assert catalog.summary(catalog.blocks()[name]), "the file has no docstring"
    for shapes, arguments in examples(catalog, name):
        graph = build(function, shapes, arguments)
        check_names(graph)
        check_equals_keras(graph)
        check_dilation_keeps_weights(function, (shapes, arguments))


def _weight_shapes(graph: Graph) -> dict[str, tuple[int, ...]]:
    return {f"{node.name}/{array.name}": array.shape for node in graph.nodes for array in node.layer.weights(node)}
