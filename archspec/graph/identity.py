"""What makes two networks the same: the canonical hash, and the equivalence key.

The hash takes used values only: layers, arguments and wiring that reach the output, never names, places or
initialisers. Order is left out where it has no meaning: the summands of an addition, and the parts of a
concatenation that only 1-group convolutions read. The equivalence key also forgets how a function is written
when it is the same function: a dilated kernel whose rate reaches outside the map reads only its centre.
"""

from __future__ import annotations

import hashlib
from typing import Any

from archspec.graph.tensor import Graph, Node, Tensor

NOT_FUNCTION = {"kernel_initializer", "bias_initializer", "depthwise_initializer", "momentum"}
ORDER_KEEPING = {"BatchNormalization", "ReLU", "Dropout", "MaxPooling2D", "AveragePooling2D", "GlobalAveragePooling2D", "Resize"}
HASH_LETTERS = 16


def canonical_hash(graph: Graph) -> str:
    """16 hexadecimal letters; equal for networks that are built alike, whatever they are called."""
    return _digest(graph, centre_taps=False)


def equivalence_key(graph: Graph) -> str:
    """16 hexadecimal letters; equal also for networks that compute the same function at another cost."""
    return _digest(graph, centre_taps=True)


def _digest(graph: Graph, centre_taps: bool) -> str:
    digests: dict[int, bytes] = {}
    for node in graph.nodes:
        parts = [_tensor_digest(tensor, digests) for tensor in node.inputs]
        if type(node.layer).__name__ == "Add" or (type(node.layer).__name__ == "Concatenate" and _order_is_free(node.outputs[0])):
            parts.sort()
        words = repr((type(node.layer).__name__, _arguments(node, centre_taps), node.outputs[0].shape if not parts else ()))
        digests[id(node)] = hashlib.blake2b(words.encode() + b"".join(parts), digest_size=8).digest()
    # Two equal branches and one branch used twice have equal outputs: how often each node stands there tells them apart.
    everything = b"".join(sorted(digests.values())) + b"".join(_tensor_digest(tensor, digests) for tensor in graph.outputs)
    return hashlib.blake2b(everything, digest_size=HASH_LETTERS // 2).hexdigest()


def _tensor_digest(tensor: Tensor, digests: dict[int, bytes]) -> bytes:
    return digests[id(tensor.node)] + bytes((tensor.index,))


def _arguments(node: Node, centre_taps: bool) -> list[tuple[str, Any]]:
    config = node.layer.config
    arguments = [(key, config[key]) for key in sorted(config) if key not in NOT_FUNCTION]
    if centre_taps and "dilation_rate" in config and config["padding"] == "same":
        # Past the map's size every rate reads the same: the centre tap, and zeros.
        sizes = node.inputs[0].size
        rates = tuple(min(rate, size) for rate, size in zip(config["dilation_rate"], sizes, strict=True))
        arguments = [(key, rates if key == "dilation_rate" else value) for key, value in arguments]
    return arguments


def _order_is_free(tensor: Tensor) -> bool:
    """Whether every reader mixes all channels with weights of its own, so that their order is only a naming of weights."""
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
