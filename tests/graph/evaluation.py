"""A graph's own meaning: each layer as Keras defines it, in NumPy, with the graph's weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from archspec.graph import Graph, Node
from tests.graph import oracle
from tests.graph.oracle import Array

Own = dict[str, Array]  # the arrays of one node by their short names
Rule = Callable[[Node, list[Array], Own], list[Array]]


def evaluate(graph: Graph, weights: dict[str, Array], pixels: Array) -> list[Array]:
    """What a finished graph gives back for one image `(H, W, C)`."""
    found: dict[int, Array] = {}
    for node in graph.nodes:
        name = type(node.layer).__name__
        if name == "Input":
            results = [pixels]
        else:
            places = {spec.name: f"{node.name}/{spec.name}" for spec in node.layer.weights(node)}
            own = {short: weights[key] for short, key in places.items()}
            results = RULES[name](node, [found[id(tensor)] for tensor in node.inputs], own)
        for tensor, result in zip(node.outputs, results, strict=True):
            assert result.shape == tensor.shape, node
            found[id(tensor)] = result
    return [found[id(tensor)] for tensor in graph.outputs]


def _config(node: Node) -> dict[str, Any]:
    return node.layer.config


def _conv(node: Node, x: list[Array], own: Own) -> list[Array]:
    config = _config(node)
    rule = oracle.conv2d if type(node.layer).__name__ == "Conv2D" else oracle.depthwise
    bias = own.get("bias", np.zeros(()))
    return [rule(x[0], own["kernel"], bias, config["strides"], config["dilation_rate"], config["padding"])]


def _batch_norm(node: Node, x: list[Array], own: Own) -> list[Array]:
    deviation = np.sqrt(own["moving_variance"].astype(np.float64) + _config(node)["epsilon"])
    normal = (x[0] - own["moving_mean"]) / deviation
    return [normal * own.get("gamma", np.ones(())) + own.get("beta", np.zeros(()))]


def _relu(node: Node, x: list[Array], own: Own) -> list[Array]:
    largest = _config(node)["max_value"]
    y = np.where(x[0] < 0, x[0] * _config(node)["negative_slope"], x[0])
    return [y if largest is None else np.minimum(y, largest)]


def _pool(node: Node, x: list[Array], own: Own) -> list[Array]:
    config = _config(node)
    rule = oracle.max_pool if type(node.layer).__name__ == "MaxPooling2D" else oracle.average_pool
    return [rule(x[0], config["pool_size"], config["strides"], config["padding"])]


def _resize(node: Node, x: list[Array], own: Own) -> list[Array]:
    config = _config(node)
    return [oracle.resize(x[0], config["size"], config["interpolation"], config["align_corners"])]


def _rescale(node: Node, x: list[Array], own: Own) -> list[Array]:
    return [x[0] * np.array(_config(node)["scale"]) + np.array(_config(node)["offset"])]


def _transposed(node: Node, x: list[Array], own: Own) -> list[Array]:
    return [oracle.transposed(x[0], own["kernel"], own.get("bias", np.zeros(())), _config(node)["strides"])]


def _cropped(node: Node, x: list[Array], own: Own) -> list[Array]:
    (top, bottom), (left, right) = _config(node)["cropping"]
    return [x[0][top : x[0].shape[0] - bottom, left : x[0].shape[1] - right]]


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "sigmoid": oracle.sigmoid,
    "tanh": np.tanh,
    "hard_swish": oracle.hard_swish,
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
}

RULES: dict[str, Rule] = {
    "Activation": lambda node, x, own: [ACTIVATIONS[_config(node)["activation"]](x[0])],
    "Add": lambda node, x, own: [np.asarray(sum(x))],
    "ArgMax": lambda node, x, own: [x[0].argmax(-1)],
    "AveragePooling2D": _pool,
    "BatchNormalization": _batch_norm,
    "ChannelReverse": lambda node, x, own: [x[0][..., ::-1]],
    "ChannelShuffle": lambda node, x, own: [oracle.shuffle(x[0], _config(node)["groups"])],
    "ChannelSplit": lambda node, x, own: np.split(x[0], _config(node)["parts"], axis=-1),
    "Concatenate": lambda node, x, own: [np.concatenate(x, axis=-1)],
    "Conv2D": _conv,
    "Conv2DTranspose": _transposed,
    "Cropping2D": _cropped,
    "DepthwiseConv2D": _conv,
    "Dropout": lambda node, x, own: [x[0]],
    "GlobalAveragePooling2D": lambda node, x, own: [x[0].mean((0, 1), keepdims=True)],
    "MaxPooling2D": _pool,
    "MaxPoolingWithIndices": lambda node, x, own: list(oracle.max_pool_indices(x[0])),
    "MaxUnpooling": lambda node, x, own: [oracle.unpool(x[0], x[1], _config(node)["size"])],
    "Multiply": lambda node, x, own: [x[0] * x[1]],
    "PReLU": lambda node, x, own: [np.maximum(x[0], 0) + own["alpha"] * np.minimum(x[0], 0)],
    "PadChannels": lambda node, x, own: [np.pad(x[0], ((0, 0), (0, 0), (0, node.output.channels - x[0].shape[2])))],
    "ReLU": _relu,
    "Rescaling": _rescale,
    "Resize": _resize,
    "Softmax": lambda node, x, own: [oracle.softmax(x[0])],
    "SpatialDropout2D": lambda node, x, own: [x[0]],
    "Unread": lambda node, x, own: [x[0]],
    "ZeroPadding2D": lambda node, x, own: [np.pad(x[0], (*_config(node)["padding"], (0, 0)))],
}
