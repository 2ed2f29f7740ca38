"""What every block promises, as functions that raise AssertionError: for bundled blocks and for anybody's own."""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np

from archspec.catalog import Catalog
from archspec.export import export
from archspec.graph import Graph, Tensor
from archspec.graph.layers import Input, MaxPoolingWithIndices
from archspec.graph.weights import initialise
from archspec.lower import get_weights, to_keras
from archspec.lower.framework import tf

Example = tuple[Any, dict[str, Any]]
Array = np.ndarray[Any, Any]
SHUFFLES: tuple[Literal["follow", "transpose"], ...] = ("follow", "transpose")
RATES = (2, (1, 3), (5, 2))


def examples(catalog: Catalog, name: str) -> list[Example]:
    """`EXAMPLES` of the block's file: `(shape, list of shapes, or (H, W, C, stride) by name; arguments)`."""
    module = sys.modules[catalog.function(name).__module__]
    found: list[Example] = getattr(module, "EXAMPLES", [])
    assert found, f"{catalog.blocks()[name]} has no EXAMPLES"
    return found


def build(function: Callable[..., Tensor], shapes: Any, arguments: Mapping[str, Any]) -> Graph:
    """The graph of one use of a block, on inputs of these shapes; what a tracer would supply is supplied."""
    graph = Graph("block")
    several = not isinstance(shapes, Mapping) and isinstance(shapes[0], tuple | list)
    inputs = _named(graph, shapes) if isinstance(shapes, Mapping) else _numbered(graph, shapes if several else [shapes])
    context = {
        "classes": 19,
        "input_size": inputs[0].size,
        "output_stride": 16,
        "width_multiplier": 1.0,
        "variant": "paper",
        "taps": {tensor.node.name: tensor for tensor in inputs} | _indices(inputs[1:]),
    }
    wanted = inspect.signature(function).parameters
    supplied = {key: value for key, value in context.items() if key in wanted}
    result = function(inputs if several else inputs[0], **{**supplied, **arguments}, name="it")
    outputs = [result[0], *result[1].values()] if isinstance(result, tuple) else [result]
    assert all(isinstance(one, Tensor) for one in outputs), f"gives {type(result).__name__}, not one tensor"
    graph.finish(outputs)
    return graph


def _numbered(graph: Graph, shapes: Any) -> list[Tensor]:
    """Inputs in0, in1 and so on."""
    inputs = [Input(tuple(shape), name=f"in{index}").enter(graph) for index, shape in enumerate(shapes)]
    largest = max(tensor.shape[0] for tensor in inputs)
    for tensor in inputs:
        tensor.stride = -(-largest // tensor.shape[0])  # smaller maps are those of larger strides
    return inputs


def _named(graph: Graph, shapes: Mapping[str, tuple[int, int, int, int]]) -> list[Tensor]:
    """Inputs of those names, (H, W, C, stride) each: the first goes to the block, the others are taps."""
    inputs = [Input((*size, channels), name=name).enter(graph) for name, (*size, channels, _) in shapes.items()]
    for tensor, (_, _, _, stride) in zip(inputs, shapes.values(), strict=True):
        tensor.stride = stride
    return inputs


def _indices(taps: list[Tensor]) -> dict[str, Tensor]:
    """Of each tap the indices of a pooling of it, for blocks that undo one; dropped where nobody reads them."""
    pooled = {tap.node.name: MaxPoolingWithIndices(name=f"{tap.node.name}.pooled")(tap) for tap in taps}
    return {f"{name}.indices": indices for name, (_, indices) in pooled.items()}


def check_names(graph: Graph) -> None:
    """Each node is named after the block, so that two uses of it can stand in one network."""
    for node in graph.nodes:
        assert not node.inputs or node.name == "it" or node.name.startswith("it.") or node.name.endswith(".pooled"), (
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
    for result, tensor in zip(in_keras(model, images_for(graph, 2)), graph.outputs, strict=True):
        assert result.shape == (2, *tensor.shape)
        assert np.isfinite(result).all()
    back = get_weights(model, graph)
    assert all(np.array_equal(back[key], array) for key, array in weights.items())


def check_equals_tflite(graph: Graph) -> None:
    """The file we write gives what Keras gives, with channel shuffles followed or as they stand."""
    weights = initialise(graph, statistics="random")
    images = images_for(graph, 1)
    expected = in_keras(to_keras(graph, weights), images)
    for shuffle in SHUFFLES:
        found = in_litert(export(graph, weights, shuffle=shuffle).data, images)
        for ours, theirs in zip(found, expected, strict=True):
            assert ours.dtype == theirs.dtype
            difference = np.abs(ours - theirs).max()
            limit = 1e-5 * np.abs(theirs).max()
            assert difference <= limit, f"--shuffle {shuffle}: the .tflite differs by {difference}"


def images_for(graph: Graph, count: int) -> list[Array]:
    """One batch an input."""
    generator = np.random.default_rng(0)
    return [generator.normal(size=(count, *tensor.shape)).astype(np.float32) for tensor in graph.inputs]


def in_keras(model: Any, images: list[Array]) -> list[Array]:
    """What the model gives at inference, all its outputs."""
    found = model(images if len(images) > 1 else images[0])
    return [output.numpy() for output in (found if isinstance(found, list | tuple) else [found])]


def in_litert(data: bytes, images: list[Array]) -> list[Array]:
    """What the runtime gives; its inputs and outputs are in the order of the graph's."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=data)
    interpreter.allocate_tensors()
    for detail, image in zip(interpreter.get_input_details(), images, strict=True):
        interpreter.set_tensor(detail["index"], image)
    interpreter.invoke()
    return [interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()]


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
        check_equals_tflite(graph)
        check_dilation_keeps_weights(function, (shapes, arguments))


def _weight_shapes(graph: Graph) -> dict[str, tuple[int, ...]]:
    return {f"{node.name}/{array.name}": array.shape for node in graph.nodes for array in node.layer.weights(node)}
