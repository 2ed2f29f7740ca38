"""Layers that a spec leaves in float32 in an int8 file (`quantization.keep_float`): which nodes its words name."""

from __future__ import annotations

from collections.abc import Iterable

from archspec.errors import Problem, nearest
from archspec.graph.tensor import Graph, Node

ENDS = ("first", "last")


def kept_float(graph: Graph, words: Iterable[str]) -> frozenset[str]:
    """The names of the nodes that `words` stand for: a node's name, what the names of several begin with before a dot
    (a section, a step, a block), `first` or `last`: the first or last layer with a kernel.

    Raises `Problem` for a word that names none.
    """
    found: set[str] = set()
    for word in words:
        named = _ends(graph)[word] if word in ENDS and not graph.has(word) else _below(graph, word)
        if not named:
            names = {name for node in graph.nodes for name in _prefixes(node.name)}
            raise Problem(f"no layer, block or section is named '{word}'", nearest(word, (*ENDS, *names)))
        found.update(named)
    return frozenset(found)


def _below(graph: Graph, word: str) -> list[str]:
    return [node.name for node in graph.nodes if node.name == word or node.name.startswith(f"{word}.")]


def _ends(graph: Graph) -> dict[str, list[str]]:
    kernels = [node.name for node in graph.nodes if _has_kernel(node)]
    return {"first": kernels[:1], "last": kernels[-1:]}


def _has_kernel(node: Node) -> bool:
    return any(weight.name == "kernel" for weight in node.layer.weights(node))


def _prefixes(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
