"""What makes two networks the same: the canonical hash, and the equivalence key.

The hash takes used values only: layers, arguments and wiring that reach the output, never names, places or
initialisers. Order is left out where it has no meaning: the summands of an addition, and the parts of a
concatenation that only 1-group convolutions read. The equivalence key also forgets how a function is written
when it is the same function: a dilated kernel whose rate reaches outside the map reads only its centre.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any

from archspec.graph.tensor import Graph, Node, Tensor

NOT_FUNCTION = {"kernel_initializer", "bias_initializer", "depthwise_initializer", "momentum"}
ORDER_KEEPING = {
    "BatchNormalization",
    "ReLU",
    "Dropout",
    "MaxPooling2D",
    "AveragePooling2D",
    "GlobalAveragePooling2D",
    "Resize",
}
HASH_LETTERS = 16
_INDEX = [bytes((index,)) for index in range(256)]


def canonical_hash(graph: Graph) -> str:
    """16 hexadecimal letters; equal for networks that are built alike, whatever they are called."""
    return _digest(graph, centre_taps=False)


def equivalence_key(graph: Graph) -> str:
    """16 hexadecimal letters; equal also for networks that compute the same function at another cost."""
    return _digest(graph, centre_taps=True)


def _digest(graph: Graph, centre_taps: bool) -> str:
    digests: dict[int, bytes] = {}
    for node in graph.nodes:
        kind = type(node.layer).__name__
        parts = [digests[id(tensor.node)] + _INDEX[tensor.index] for tensor in node.inputs]
        if len(parts) > 1 and (kind == "Add" or (kind == "Concatenate" and _order_is_free(node.outputs[0]))):
            parts.sort()
        elif not parts:
            parts.append(repr(node.outputs[0].shape).encode())
        config = node.layer.config
        rates = _seen_rates(node) if centre_taps and "dilation_rate" in config else None
        parts.append(_words(kind, tuple(config.items()), rates))
        digests[id(node)] = hashlib.blake2b(b"".join(parts), digest_size=8).digest()
    # Two equal branches and one branch used twice have equal outputs: how often each node stands here tells which.
    everything = sorted(digests.values()) + [
        digests[id(tensor.node)] + _INDEX[tensor.index] for tensor in graph.outputs
    ]
    return hashlib.blake2b(b"".join(everything), digest_size=HASH_LETTERS // 2).hexdigest()


@lru_cache(maxsize=65536)
def _words(kind: str, config: tuple[tuple[str, Any], ...], rates: tuple[int, int] | None) -> bytes:
    """A layer's arguments as bytes, in alphabetical order, with `rates` in place of its dilation."""
    arguments = {key: value for key, value in sorted(config) if key not in NOT_FUNCTION}
    if rates is not None:
        arguments["dilation_rate"] = rates
    return repr((kind, arguments)).encode()


def _seen_rates(node: Node) -> tuple[int, int] | None:
    """Past the map's size every rate reads the same: the centre tap, and zeros."""
    config = node.layer.config
    if config["padding"] != "same":
        return None
    (rate_h, rate_w), (height, width) = config["dilation_rate"], node.inputs[0].size
    return min(rate_h, height), min(rate_w, width)


def _order_is_free(tensor: Tensor) -> bool:
    """Whether every reader mixes all channels with weights of its own, so that order only names weights."""
    if not tensor.consumers:
        return False
    for reader in tensor.consumers:
        kind = type(reader.layer).__name__
        if kind == "Conv2D" and reader.layer.config["groups"] == 1:
            continue
        if kind == "DepthwiseConv2D" or kind in ORDER_KEEPING:
            if not _order_is_free(reader.outputs[0]):
                return False
            continue
        return False
    return True
