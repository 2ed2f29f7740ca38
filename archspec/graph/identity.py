"""What makes two networks the same: the canonical hash, and the equivalence key.

The hash takes used values only: layers, arguments and wiring that reach the output, never names, places or
initialisers. Order is left out where it has no meaning: the summands of an addition, and the parts of a
concatenation that only 1-group convolutions read. The equivalence key also forgets how a function is written
when it is the same function: a dilated kernel whose rate reaches outside the map reads only its centre, pooling over
one position and resizing to the same size do nothing, nor does any pooling of a map that is constant.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from archspec.arrays import Calibration
from archspec.graph.flat_maps import FlatMaps, Taps
from archspec.graph.tensor import Graph, Node, Tensor

NOT_FUNCTION = {
    "kernel_initializer",
    "bias_initializer",
    "depthwise_initializer",
    "alpha_initializer",
    "initial_value",
    "initializer",
    "momentum",
}
UNORDERED = {"Add", "Average", "Maximum", "Minimum"}
ORDER_KEEPING = {
    "BatchNormalization",
    "ReLU",
    "LeakyReLU",
    "Dropout",
    "SpatialDropout2D",
    "PReLU",
    "Activation",
    "Cropping2D",
    "MaxPooling2D",
    "AveragePooling2D",
    "GlobalAveragePooling2D",
    "Resize",
}
MOVING = {"AveragePooling2D": ("pool_size",), "MaxPooling2D": ("pool_size",), "Resize": ("size",)}
HASH_LETTERS = 16
_INDEX = [bytes((index,)) for index in range(256)]


def canonical_hash(graph: Graph) -> str:
    """16 hexadecimal letters; equal for networks that are built alike, whatever they are called."""
    return _digest(graph, None)


def auxiliary_digest(graph: Graph, weights: Sequence[float]) -> str:
    """8 hexadecimal letters for the further outputs of a graph that is trained, and what each counts in its loss."""
    return hashlib.blake2b(f"{canonical_hash(graph)} {list(weights)}".encode(), digest_size=4).hexdigest()


def quantization_digest(graph: Graph, calibration: Calibration) -> str:
    """8 hexadecimal letters for how an int8 file is made of a graph: what it keeps in float32, wherever its layers are
    named otherwise, and how the others are calibrated."""
    kept = [number for number, node in enumerate(graph.nodes) if node.name in graph.kept_float]
    return hashlib.blake2b(f"{kept} {calibration}".encode(), digest_size=4).hexdigest()


def equivalence_key(graph: Graph) -> str:
    """16 hexadecimal letters; equal also for networks that compute the same function at another cost.

    With the weights of one in the other, layer by layer, both give the same numbers (to rounding).
    """
    return _digest(graph, FlatMaps())


def _digest(graph: Graph, maps: FlatMaps | None) -> str:
    digests: dict[int, bytes] = {}
    for node in graph.nodes:
        words, taps = known_words(node, seen_taps_only=maps is not None)
        inputs: Sequence[Tensor] = node.inputs
        if maps is not None:
            more = maps.read(node, taps)
            if more is None:
                continue
            if more:
                words = _words(type(node.layer).__name__, tuple(node.layer.config.items()), taps, more)
            inputs = maps.sources(inputs)
        parts = [digests[id(tensor.node)] + _INDEX[tensor.index] for tensor in inputs]
        if len(parts) > 1 and _is_unordered(node):
            parts.sort()
        elif not parts:
            parts.append(repr(node.outputs[0].shape).encode())
        parts.append(words)
        digests[id(node)] = _short(b"".join(parts))
    everything = sorted(digests.values())
    if len(set(everything)) < len(everything):
        everything = sorted(_with_readers(graph, digests).values())
    for tensor in graph.outputs:
        source = tensor if maps is None else maps.source(tensor)
        everything.append(digests[id(source.node)] + _INDEX[source.index])
        if maps is not None:
            everything.append(repr(tensor.shape).encode())
    return hashlib.blake2b(b"".join(everything), digest_size=HASH_LETTERS // 2).hexdigest()


def _with_readers(graph: Graph, digests: dict[int, bytes]) -> dict[int, bytes]:
    """Twins are made alike, so only their readers tell them apart: each node with all that is made of it."""
    found: dict[int, bytes] = {}
    passed: dict[int, list[bytes]] = {}  # what is made of a layer that repeats its input is made of that
    for node in reversed(graph.nodes):
        uses = [b"output" + _INDEX[at] for at, tensor in enumerate(graph.outputs) if tensor.node is node]
        for reader in {id(one): one for tensor in node.outputs for one in tensor.consumers}.values():
            if id(reader) in passed:
                uses += passed[id(reader)]
                continue
            unordered = _is_unordered(reader)
            for at, tensor in enumerate(reader.inputs):
                if tensor.node is node:
                    uses.append(found[id(reader)] + _INDEX[tensor.index] + _INDEX[0 if unordered else at])
        if id(node) in digests:
            found[id(node)] = _short(digests[id(node)] + b"".join(sorted(uses)))
        else:
            passed[id(node)] = uses
    return found


def _short(words: bytes) -> bytes:
    return hashlib.blake2b(words, digest_size=8).digest()


def known_words(node: Node, seen_taps_only: bool) -> tuple[bytes, Taps | None]:
    """A layer's arguments as bytes, and its taps: worked out once for a config and, where taps count, a map's size."""
    config = node.layer.config
    has_taps = seen_taps_only and "dilation_rate" in config
    key = ("words", node.inputs[0].shape[:2]) if has_taps else "words"
    found: tuple[bytes, Taps | None] | None = config.known.get(key)
    if found is None:
        taps = seen_taps(node) if has_taps else None
        found = _words(type(node.layer).__name__, tuple(config.items()), taps, ()), taps
        config.remember(key, found)
    return found


@lru_cache(maxsize=65536)
def _words(kind: str, config: tuple[tuple[str, Any], ...], taps: Taps | None, more: tuple[object, ...]) -> bytes:
    """A layer's arguments as bytes, in alphabetical order.

    `taps` say all that a kernel's size and dilation do, `more` what it hangs on besides (of a pooling or a resize: all
    that its size does).
    """
    arguments = {key: value for key, value in sorted(config) if key not in NOT_FUNCTION}
    if taps is not None:
        del arguments["kernel_size"], arguments["dilation_rate"]
        arguments["taps"] = taps
    if more:
        arguments["more"] = more
        for key in MOVING.get(kind, ()):
            del arguments[key]
    return repr((kind, arguments)).encode()


def seen_taps(node: Node) -> Taps | None:
    """Where the taps of a stride-1 window stand that some output can reach; those past the map read only zeros."""
    config = node.layer.config
    if config["padding"] != "same" or config["strides"] != (1, 1):
        return None
    (kernel_h, kernel_w), (rate_h, rate_w) = config["kernel_size"], config["dilation_rate"]
    height, width = node.inputs[0].size
    return _seen_offsets(height, kernel_h, rate_h), _seen_offsets(width, kernel_w, rate_w)


def _seen_offsets(size: int, kernel: int, rate: int) -> tuple[int, ...]:
    before = (kernel - 1) * rate // 2  # SAME pads the odd zero behind
    return tuple(at for at in range(-before, (kernel - 1) * rate - before + 1, rate) if abs(at) < size)


def _is_unordered(node: Node) -> bool:
    kind = type(node.layer).__name__
    return kind in UNORDERED or (kind == "Concatenate" and _on_channels(node) and _order_is_free(node.outputs[0]))


def _on_channels(node: Node) -> bool:
    return node.layer.config["axis"] in (-1, len(node.outputs[0].shape))


def _order_is_free(tensor: Tensor) -> bool:
    """Whether every reader mixes all channels with weights of its own, so that order only names weights."""
    if not tensor.consumers or tensor in tensor.node.graph.outputs:
        return False
    for reader in tensor.consumers:
        kind = type(reader.layer).__name__
        if (kind == "Conv2D" and reader.layer.config["groups"] == 1) or kind in ("Conv2DTranspose", "Dense"):
            continue
        if kind == "DepthwiseConv2D" or kind in ORDER_KEEPING:
            if not _order_is_free(reader.outputs[0]):
                return False
            continue
        return False
    return True
