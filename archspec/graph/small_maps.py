"""Maps that have become too small for what is done with them: cautions about a network that can still be built.

An image much smaller than a network is meant for leaves one position where a neck or a decoder expects a map, fewer
positions than a pyramid has cells, or windows that all see everything: the network runs, and these parts of it do
nothing.
"""

from __future__ import annotations

from archspec.errors import Fault
from archspec.graph.tensor import Graph, Node, Tensor

ONE = (1, 1)
MAP_AXES = 3  # height, width, channels
REDUCING = ("AdaptiveAveragePooling2D", "AveragePooling2D", "GlobalAveragePooling2D", "GlobalMaxPooling2D", "Mean")
GRIDS = ("AdaptiveAveragePooling2D",)
REMEDY = "Write a larger input.size, or a smaller output_stride"


def small_map_cautions(graph: Graph) -> tuple[Fault, ...]:
    """What is wrong with the sizes of maps, one caution for each step that shows it, with its place."""
    found: dict[tuple[str, str], Fault] = {}
    for node in graph.nodes:
        fact = _fact(node)
        if fact:
            origin = node.origin
            where = origin.path or origin.section
            found.setdefault((where, fact.partition(" (")[0]), Fault(fact, REMEDY, where, origin.place))
    return tuple(found.values())


def _fact(node: Node) -> str:
    """What one layer finds too small; empty where it does not."""
    kind = type(node.layer).__name__
    if kind == "Resize":
        return _of_resize(node)
    if kind == "AveragePooling2D":
        return _of_pooling(node)
    return _of_grid(node) if kind in GRIDS else ""


def _of_resize(node: Node) -> str:
    source = node.inputs[0]
    if len(source.shape) != MAP_AXES or source.size != ONE or node.output.size == ONE:
        return ""
    if _is_pooled(source):
        return ""
    height, width = node.graph.inputs[0].size
    return f"a map of 1 × 1 is resized: it says the same at every position (stride {source.stride}, {height} × {width})"


def _of_pooling(node: Node) -> str:
    """A window of one position does nothing; where every window sees the whole map, all give its mean."""
    source, window = node.inputs[0], node.layer.config["pool_size"]
    if 1 in [reach for reach, step in zip(window, node.layer.config["strides"], strict=True) if step == 1]:
        return f"a pyramid's grid has more cells than its map of {source.size[0]} × {source.size[1]} has positions"
    if node.layer.config["padding"] != "same" or source.size == ONE:
        return ""
    if all(length <= reach // 2 + 1 for length, reach in zip(source.size, window, strict=True)):
        size = f"{source.size[0]} × {source.size[1]}"
        return f"every pooling window sees the whole map, so all give its mean ({window[0]} × {window[1]} on {size})"
    return ""


def _of_grid(node: Node) -> str:
    source, made = node.inputs[0], node.output
    if all(cells <= length for cells, length in zip(made.size, source.size, strict=True)):
        return ""
    size = f"{source.size[0]} × {source.size[1]}"
    return f"a grid of {made.size[0]} × {made.size[1]} has more cells than its map of {size} has positions"


def _is_pooled(tensor: Tensor) -> bool:
    """Whether a map of one position is a mean of larger ones by intention, not what strides have left of the image."""
    waiting, seen = [tensor.node], set()
    while waiting:
        node = waiting.pop()
        for source in node.inputs:
            if len(source.shape) != MAP_AXES:
                continue
            if source.size != ONE and type(node.layer).__name__ not in REDUCING:
                return False
            if source.size == ONE and id(source.node) not in seen:
                seen.add(id(source.node))
                waiting.append(source.node)
    return True
