"""A network as a row of numbers, for models that predict what it will score before it is trained."""

from __future__ import annotations

import math
from collections import defaultdict

from archspec.cost.layers import counts_of, receptive_fields
from archspec.cost.memory import FLOAT_BYTES
from archspec.graph import Graph, Node
from archspec.graph.layers import Add

STRIDES = (1, 2, 4, 8, 16, 32)
BACKBONE = "backbone"
SECTIONS = (BACKBONE, "neck", "head", "decoder", "classifier")


def graph_features(graph: Graph) -> dict[str, float]:
    """Name -> number, of a graph alone, in about a millisecond; what a network lacks has no name, and counts as 0.

    * `macs`, `params`, `activation_bytes`, `layers`: of the whole and of each section (`macs.head`), as log10(1 + n)
    * `receptive_field`: of what the last convolution (the classifier) reads, log2 of the smaller side in pixels, and
      `sees`: its share of the image, at most 1
    * `score_stride`: log2 of the stride at which that convolution works
    * `pixels`: log2 of the pixels of the image
    * `width.S`: log2 of the most channels that a convolution gives at the stride S
    * `finest_tap`, `coarsest_tap`: log2 of the strides at which later sections read the backbone
    * `entropy`: that of the scores of a network whose weights and inputs are standard normal, but for a constant: the
      logarithm of their variance (a zero-cost score: Sun et al. 2022, arXiv:2111.13336; Shen et al. 2023,
      arXiv:2303.02165). Activations and normalisations are left out, as they are there
    """
    return {**_sums(graph), **_sight(graph), **_widths(graph), **_taps(graph), "entropy": _entropy(graph)}


def _sums(graph: Graph) -> dict[str, float]:
    sums: defaultdict[str, float] = defaultdict(float)
    for node in graph.nodes:
        counts = counts_of(node)
        computed = id(node) not in graph.unread
        activations = FLOAT_BYTES * sum(tensor.elements for tensor in node.outputs)
        found = {
            "params": counts.params,
            "macs": counts.macs if computed else 0,
            "activation_bytes": activations if computed else 0,
            "layers": 1,
        }
        for name, count in found.items():
            sums[name] += count
            if node.origin.section in SECTIONS:
                sums[f"{name}.{node.origin.section}"] += count
    return {name: math.log10(1 + count) for name, count in sums.items()}


def _sight(graph: Graph) -> dict[str, float]:
    """What the scores are made of: how far it sees, and how fine it is."""
    last = _last_convolution(graph)
    height, width = graph.inputs[0].size
    seen_height, seen_width = receptive_fields(graph)[last.name]
    return {
        "receptive_field": math.log2(min(seen_height, seen_width)),
        "sees": min(1.0, seen_height / height, seen_width / width),
        "score_stride": math.log2(last.output.stride),
        "pixels": math.log2(height * width),
    }


def _widths(graph: Graph) -> dict[str, float]:
    widest: dict[int, int] = {}
    for node in _convolutions(graph):
        stride = node.output.stride
        if stride in STRIDES:
            widest[stride] = max(widest.get(stride, 0), node.output.channels)
    return {f"width.{stride}": math.log2(channels) for stride, channels in sorted(widest.items())}


def _taps(graph: Graph) -> dict[str, float]:
    """Where other sections read the backbone; nothing for a graph without one."""
    strides = [
        tensor.stride
        for node in graph.nodes
        if node.origin.section in SECTIONS[1:]
        for tensor in node.inputs
        if tensor.node.origin.section == BACKBONE and len(tensor.shape) == 3
    ]
    if not strides:
        return {}
    return {"finest_tap": math.log2(min(strides)), "coarsest_tap": math.log2(max(strides))}


def _entropy(graph: Graph) -> float:
    """At the last convolution. Each multiplies the variance by the numbers that one of its outputs is summed from."""
    variances = {id(tensor): 0.0 for tensor in graph.inputs}  # logarithms
    last = _last_convolution(graph)
    for node in graph.nodes:
        known = [variances[id(tensor)] for tensor in node.inputs] or [0.0]
        most = max(known)
        found = most + math.log(sum(math.exp(one - most) for one in known))
        if not isinstance(node.layer, Add):
            found -= math.log(len(known))
        if macs := counts_of(node).macs:
            found += math.log(macs / node.output.elements)
        variances.update((id(tensor), found) for tensor in node.outputs)
        if node is last:
            break
    return found


def _last_convolution(graph: Graph) -> Node:
    """It gives the scores; in a graph without any, the last layer."""
    convolutions = _convolutions(graph)
    return convolutions[-1] if convolutions else graph.nodes[-1]


def _convolutions(graph: Graph) -> list[Node]:
    """The layers with multiply-adds that are computed, in order."""
    return [node for node in graph.nodes if id(node) not in graph.unread and node.layer.macs(node)]
