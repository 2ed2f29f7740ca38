"""Places in a network by the names of its layers: what lies within a section, and what a spec's words stand for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from archspec.errors import Problem, nearest
from archspec.graph.tensor import Graph, Node

ENDS = ("first", "last")


def is_within(name: str, places: Iterable[str]) -> bool:
    """Whether a layer is, or lies in, one of `places`: sections (`backbone`) or dotted paths (`backbone.stage2`)."""
    return any(name == place or name.startswith(f"{place}.") for place in places)


def beginnings(name: str) -> Iterator[str]:
    """The dotted beginnings of a layer's name, the shortest first, the name itself last."""
    parts = name.split(".")
    return (".".join(parts[:count]) for count in range(1, len(parts) + 1))


def kept_float(graph: Graph, words: Iterable[str]) -> frozenset[str]:
    """The names of the nodes that the words of `quantization.keep_float` stand for: a node's name, what the names of
    several begin with before a dot (a section, a step, a block), `first` or `last`: the first or last layer with a
    kernel.

    Raises `Problem` for a word that names none.
    """
    found: set[str] = set()
    for word in words:
        named = (
            _ends(graph)[word]
            if word in ENDS and not graph.has(word)
            else [node.name for node in graph.nodes if is_within(node.name, (word,))]
        )
        if not named:
            names = {name for node in graph.nodes for name in beginnings(node.name)}
            raise Problem(f"no layer, block or section is named '{word}'", nearest(word, (*ENDS, *names)))
        found.update(named)
    return frozenset(found)


def _ends(graph: Graph) -> dict[str, list[str]]:
    kernels = [node.name for node in graph.nodes if _has_kernel(node)]
    return {"first": kernels[:1], "last": kernels[-1:]}


def _has_kernel(node: Node) -> bool:
    return any(weight.name == "kernel" for weight in node.layer.weights(node))
