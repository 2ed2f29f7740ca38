"""What quantising each layer costs: one that is planted, and a bundled network of which every layer is tried again."""

import math

import numpy as np
import pytest

from archspec.cost import block_named
from archspec.export import check_equality, export, run
from archspec.export.calibration import synthetic_images
from archspec.export.sensitivity import int8_snr_db, sensitivity
from archspec.graph import layers
from archspec.graph.tensor import Graph
from archspec.graph.weights import initialise
from tests.export.networks import bundled, weights_of


def planted() -> tuple[Graph, dict[str, np.ndarray]]:
    """Four layers. A channel that the first makes is always 0, and the third has weights for it that dwarf its others:
    they change nothing in float32, and make the steps of its int8 kernel coarse."""
    graph = Graph("planted")
    x = layers.Input((24, 24, 3), name="image").enter(graph)
    x = layers.ReLU(name="relu")(layers.Conv2D(16, 3, padding="same", name="one")(x))
    x = layers.DepthwiseConv2D(3, padding="same", name="two")(x)
    x = layers.Conv2D(16, 1, name="three")(x)
    x = layers.Conv2D(5, 1, name="four")(x)
    graph.finish([x])
    weights = {name: np.array(array) for name, array in initialise(graph, 4).items()}
    weights["one/kernel"][..., 0] = 0.0
    weights["three/kernel"][0, 0, 0] = 8.0
    return graph, weights


def test_the_layer_that_is_planted_is_blamed_first() -> None:
    graph, weights = planted()
    found = sensitivity(graph, weights, list(synthetic_images((24, 24), 3)))
    parts = sorted(found.parts, key=lambda one: -one.regained_db)
    assert [one.name for one in found.parts] == ["one", "two", "three", "four"]
    assert parts[0].name == "three"
    assert parts[0].regained_db > parts[1].regained_db + 3
    assert min(found.parts, key=lambda one: one.alone_snr_db).name == "three"
    assert found.images == 4


def independent_db(graph: Graph, weights: dict[str, np.ndarray], reference: bytes) -> float:
    """By the whole export and the proof of equality, on the images that the ratios are taken of."""
    images = list(synthetic_images(graph.inputs[0].size, 3))[:4]
    data = export(graph, weights, precision="int8").data
    return check_equality(data, lambda image: run(reference, [image])[0], images, tolerance=None).snr_db


@pytest.mark.parametrize("by", [str, block_named])
def test_what_is_said_is_what_leaving_each_in_float_gives(by) -> None:
    """The bar: the row that is blamed first regains most, as a spec that keeps it in float32 is exported."""
    name, small = "skipnet_mobilenet", ("input.size=[32, 32]", "width_multiplier=0.25", "output=logits")
    graph = bundled(name, *small)
    weights, reference = weights_of(graph), export(graph, weights_of(graph)).data
    found = sensitivity(graph, weights, synthetic_images((32, 32), 3), part_of=by)
    whole = independent_db(graph, weights, reference)
    assert found.snr_db == pytest.approx(whole, abs=1e-6)
    tried = {
        one.name: independent_db(bundled(name, *small, f"quantization.keep_float=[{one.name}]"),
                                 weights, reference) - whole
        for one in found.parts
    }  # fmt: skip
    assert len(tried) > (25 if by is str else 15)
    assert {one.name: one.regained_db for one in found.parts} == pytest.approx(tried, abs=1e-6)
    first = max(found.parts, key=lambda one: one.regained_db)
    assert first.name == max(tried, key=tried.__getitem__)


def test_what_the_spec_keeps_in_float_is_no_row() -> None:
    graph, weights = planted()
    images = list(synthetic_images((24, 24), 3))
    whole = int8_snr_db(graph, weights, images)
    graph.kept_float = frozenset({"three"})
    found = sensitivity(graph, weights, images)
    assert [one.name for one in found.parts] == ["one", "two", "four"]
    assert found.snr_db > whole + 3


def test_progress_is_told_to_the_end() -> None:
    graph, weights = planted()
    seen: list[tuple[int, int]] = []
    sensitivity(graph, weights, synthetic_images((24, 24), 3), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]
    assert all(math.isfinite(one) for pair in seen for one in pair)
