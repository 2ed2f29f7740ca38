"""Scores that only stand for several pixels: the label map is made of them first, and its labels are repeated."""

from __future__ import annotations

import numpy as np
import pytest

from archspec.export import check_equality, export, logits_node, run, take_census
from archspec.graph import Graph
from archspec.graph import layers as graph_layers
from archspec.lower import function_to, to_keras
from tests.export.networks import bundled, images, weights_of

HEAD = "head={basic: {filters: 16}}"


def network(size: str, finest: int) -> Graph:
    return bundled("shufflenetv2_basic", f"input.size={size}", HEAD, f"decoder={{bilinear: {{finest: {finest}}}}}")


def balanced(graph: Graph) -> dict[str, np.ndarray]:
    """Weights with which no class has the highest score everywhere."""
    weights = dict(weights_of(graph))
    (bias,) = (key for key in weights if key.startswith("classifier") and key.endswith("bias"))
    scores = function_to(to_keras(graph, weights), logits_node(graph))(images(graph, 1)[0])
    weights[bias] = weights[bias] - np.asarray(scores).mean((0, 1, 2))
    return weights


@pytest.mark.parametrize("size", ["[64, 96]", "[65, 97]"])
@pytest.mark.parametrize("finest", [2, 4])
def test_labels_are_kerass_and_every_square_has_one(size: str, finest: int) -> None:
    graph = network(size, finest)
    weights = balanced(graph)
    file, shown = export(graph, weights), images(graph)
    model = to_keras(graph, weights)
    height, width = graph.inputs[0].size
    for labels, image in zip(run(file.data, shown), shown, strict=True):
        assert np.array_equal(labels, np.asarray(model(image)))
        assert len(np.unique(labels)) > 1
        if height % finest == width % finest == 0:
            coarse = labels[:, ::finest, ::finest]
            assert np.array_equal(labels, coarse.repeat(finest, 1).repeat(finest, 2))
    check_equality(file.data, function_to(model, logits_node(graph)), shown)


def test_it_costs_the_largest_of_each_score_that_is_there() -> None:
    graph = network("[64, 96]", 2)
    counts = take_census(export(graph, weights_of(graph)).data).operations
    assert (counts["ARG_MAX"], counts["GATHER"], counts.get("RESIZE_NEAREST_NEIGHBOR", 0)) == (1, 2, 0)
    classes = graph.outputs[0].node.inputs[0].shape[-1]
    (node,) = (one for one in graph.nodes if isinstance(one.layer, graph_layers.ArgMax))
    assert node.layer.other_operations(node) == {"argmax": 32 * 48 * (classes - 1)}


def test_scores_that_are_wanted_themselves_are_repeated() -> None:
    graph = bundled(
        "shufflenetv2_basic", "input.size=[64, 96]", HEAD, "decoder={bilinear: {finest: 2}}", "output=logits"
    )
    counts = take_census(export(graph, weights_of(graph)).data).operations
    assert (counts.get("GATHER", 0), counts["RESIZE_NEAREST_NEIGHBOR"]) == (0, 1)
