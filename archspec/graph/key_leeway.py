"""What of a graph its equivalence key does not see: there the same function may be had at another cost.

Where it sees everything, no network of the same key costs less: each of its layers is in the key, with all that its
cost hangs on.
"""

from __future__ import annotations

from typing import NamedTuple

from archspec.graph.flat_maps import NO_AXIS, POOLING, FlatMaps
from archspec.graph.identity import NOT_FUNCTION, known_words
from archspec.graph.tensor import Graph, Node

JOINING = {"Add", "Concatenate"}
Words = tuple[object, ...]


class Leeway(NamedTuple):
    """Names of nodes. `windows`: some of their taps only read zeros. `maps`: they repeat their input, or compute equal
    numbers at several positions."""

    windows: frozenset[str]
    maps: frozenset[str]


class Census(NamedTuple):
    """The layers of a graph. `seen` is what is in every equivalence key, however the rest is written, sorted; `priced`
    has all that the cost hangs on, by name. Of one key the one is the same; of the same other the cost is."""

    seen: tuple[Words, ...]
    priced: dict[str, Words]


def leeway(graph: Graph) -> Leeway:
    """Where the key of a graph leaves its cost open."""
    maps = FlatMaps()
    windows, repeated = set(), set()
    for node in graph.nodes:
        _, taps = known_words(node, seen_taps_only=True)
        if taps is not None and tuple(map(len, taps)) != tuple(node.layer.config["kernel_size"]):
            windows.add(node.name)
        flat = any(maps.repeats(tensor) for tensor in node.inputs)
        if maps.read(node, taps) is None or (flat and not _joins(node, maps)):
            repeated.add(node.name)
    return Leeway(frozenset(windows), frozenset(repeated))


def _joins(node: Node, maps: FlatMaps) -> bool:
    """Whether its inputs have to be of the size of one that is not flat."""
    return type(node.layer).__name__ in JOINING and maps.axes(node.outputs[0]) == NO_AXIS


def census(graph: Graph) -> Census:
    """The layers of a graph."""
    seen = sorted(words for node in graph.nodes if (words := _words(node, hidden=True)))
    return Census(tuple(seen), {node.name: _words(node, hidden=False) for node in graph.nodes})


def _words(node: Node, *, hidden: bool) -> Words:
    """A layer's arguments without its rate; with `hidden` also without what a key may not see, and () where that is
    all of it."""
    kind = type(node.layer).__name__
    if hidden and (kind in POOLING or kind == "Resize"):
        return ()
    config = node.layer.config
    left_out = {*NOT_FUNCTION, "dilation_rate", *(("kernel_size",) if hidden and "dilation_rate" in config else ())}
    words = repr([(key, value) for key, value in sorted(config.items()) if key not in left_out])
    if hidden:
        return kind, words
    return kind, words, repr([tensor.shape for tensor in (*node.inputs, *node.outputs)])
