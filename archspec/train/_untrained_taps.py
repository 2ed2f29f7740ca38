"""Kernels that a crop leaves untrained in part: their outer taps reach past its map, but not past a whole image's.

Such taps are never trained, and yet they are read: a dense prediction cell whose rates are wider than the crop's
features scores far below what it is worth, so its score says little about it.
"""

from __future__ import annotations

from archspec.datasets import Dataset
from archspec.graph import Graph, Node, is_within
from archspec.graph.flat_maps import Taps
from archspec.graph.identity import seen_taps
from archspec.train._order import Order
from archspec.train._recipe import Stage
from archspec.train._stage_graph import graph_for, trained_classes
from archspec.train._validation import validation_shapes

_NAMED = 3


def untrained_taps(crop: Graph, whole: Graph) -> tuple[str, ...]:
    """Names of the kernels of `whole` that read taps which the same kernels in `crop` never do."""
    return tuple(node.name for node in _untrained(crop, whole))


def _untrained(crop: Graph, whole: Graph) -> tuple[Node, ...]:
    trained = {node.name: seen_taps(node) for node in crop.nodes if "dilation_rate" in node.layer.config}
    return tuple(
        node
        for node in whole.nodes
        if node.name in trained and node.layer.weights(node) and not _are_all_in(seen_taps(node), trained[node.name])
    )


def _are_all_in(read: Taps | None, trained: Taps | None) -> bool:
    """Whether the taps that are read are all among the trained ones: a crop may be larger than a whole image."""
    if read is None or trained is None:
        return read == trained
    return all(set(one) <= set(other) for one, other in zip(read, trained, strict=True))


def _whole_graph(order: Order, stage: Stage, dataset: Dataset) -> tuple[Graph, tuple[int, int]] | None:
    """The network at the size of the largest validation image; None where there is none."""
    shapes = sorted(set(validation_shapes(dataset, stage.validation).values()))
    if not shapes:
        return None
    return graph_for(order.spec, trained_classes(order.spec, dataset), shapes[-1]), shapes[-1]


def describe_untrained_taps(order: Order, stage: Stage, dataset: Dataset, crop: Graph) -> str:
    """The warning for a stage whose crops are too small for its rates; empty where there is nothing to say."""
    whole = _whole_graph(order, stage, dataset)
    names = untrained_taps(crop, whole[0]) if whole else ()
    if whole is None or not names:
        return ""
    listed = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
    return (
        f"warning: a crop of {_size(stage.augmentation.size)} is too small for the rates of {listed}: taps that only a "
        f"whole image of {_size(whole[1])} reaches stay untrained. Crop larger, or lower the rates"
    )


def describe_never_trained(order: Order) -> str:
    """Which kernels have taps that no stage trains, with their rates and the largest crop, where the last stage's
    images read them; empty where all are trained, or the recipe allows it.

    What every stage has frozen is as it was before. Imports no TensorFlow. Raises `UserError`.
    """
    stages = order.recipe.stages
    whole = None if order.recipe.untrained_taps == "allow" else _whole_graph(order, stages[-1], order.final)
    if whole is None:
        return ""
    left = list(whole[0].nodes)
    for stage in stages:
        found = {node.name for node in _untrained(order.graph(stage), whole[0])}
        left = [node for node in left if is_within(node.name, stage.freeze) or node.name in found]
    left = [node for node in left if not all(is_within(node.name, stage.freeze) for stage in stages)]
    if not left:
        return ""
    listed = ", ".join(f"{node.name} ({describe_rate(node)})" for node in left[:_NAMED])
    listed += f" and {len(left) - _NAMED} more" if len(left) > _NAMED else ""
    crop = max((stage.augmentation.size for stage in stages), key=lambda size: size[0] * size[1])
    return (
        f"crops of {_size(crop)} leave taps of {listed} untrained, and whole images of {_size(whole[1])} read them, so "
        f"recipe '{order.recipe.name}' says little of this network. Crop larger, or write untrained_taps: allow in it"
    )


def describe_rate(node: Node) -> str:
    """`rate 6 x 21`, or `rate 6` where both are the same."""
    height, width = node.layer.config["dilation_rate"]
    return f"rate {height}" if height == width else f"rate {height} x {width}"


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]} x {size[1]}"
