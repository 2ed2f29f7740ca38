"""The network as one would write it in Keras without a thought for the converter.

The same layers, widths and image as ours, with two differences that are common in ports of ShuffleNetV2 for phones:

* the batch is left open (`keras.Input` as it comes), so the converter cannot keep dilation inside an operator and
  writes SPACE_TO_BATCH, convolution, BATCH_TO_SPACE, with batch norm behind it left as a multiplication;
* shuffle and split in one: channels of even number go into the unit, those of odd number pass by
  (`x[..., ::2]`, `x[..., 1::2]`, the split of the authors' own PyTorch code), which becomes STRIDED_SLICE.

A network without shuffles differs in the batch only. Weights are Keras's fresh ones: latency does not hang on them.
"""

from __future__ import annotations

from typing import Any

from archspec.graph import Graph, Node
from archspec.lower.framework import keras
from archspec.lower.layers import own_layer

FRESH = "glorot_uniform"


def naive_keras(graph: Graph) -> Any:
    """A functional `keras.Model`, image `(None, H, W, 3)` -> what the graph gives."""
    tensors: dict[int, Any] = {}
    for node in graph.nodes:
        outputs = _outputs(node, [tensors[id(tensor)] for tensor in node.inputs])
        tensors.update((id(tensor), output) for tensor, output in zip(node.outputs, outputs, strict=True))
    ends = [tensors[id(tensor)] for tensor in (*graph.inputs, *graph.outputs)]
    return keras.Model(*ends, name="naive")


def _outputs(node: Node, inputs: list[Any]) -> list[Any]:
    kind = type(node.layer).__name__
    if not inputs:
        return [keras.Input(**node.layer.config)]
    if kind == "ChannelShuffle":
        return inputs
    if kind == "ChannelSplit":
        parts = node.layer.config["parts"]
        return [inputs[0][..., part::parts] for part in range(parts)]
    layer_class = own_layer(kind) if node.layer.own else getattr(keras.layers, kind)
    config = {key: FRESH if key.endswith("kernel_initializer") else value for key, value in node.layer.config.items()}
    config |= {key: FRESH for key in config if key == "depthwise_initializer"}
    return [layer_class(**config)(inputs if node.layer.multiple_inputs else inputs[0])]
