"""Predicted file sizes against real ones."""

import hypothesis
import pytest

from archspec.cost.file_size import predicted_bytes, predicted_sizes
from archspec.export import PRECISIONS, export
from archspec.graph import Graph, layers
from archspec.graph.program import build_program
from archspec.graph.weights import initialise
from tests.export.networks import BUNDLED, bundled, weights_of
from tests.strategies import graphs


@pytest.mark.parametrize("name", BUNDLED)
@pytest.mark.parametrize("shuffle", ["follow", "transpose"])
@pytest.mark.parametrize("overrides", [(), ("input.preprocess=imagenet", "output=logits", "width_multiplier=0.5")])
def test_bundled(name, shuffle, overrides):
    graph = bundled(name, *overrides)
    program = build_program(graph, shuffle)
    for precision in PRECISIONS:
        real = export(graph, weights_of(graph), shuffle=shuffle, precision=precision).size_bytes
        assert predicted_bytes(program, precision) == pytest.approx(real, rel=1e-3)


@hypothesis.given(graph=graphs(largest=65))
@hypothesis.settings(max_examples=30)
def test_random_networks(graph):
    weights = initialise(graph)
    sizes = predicted_sizes(build_program(graph))
    for precision in PRECISIONS:
        real = export(graph, weights, precision=precision).size_bytes
        assert sizes[precision] == pytest.approx(real, abs=max(1000, 0.005 * real))


@pytest.mark.parametrize(
    "layer",
    [
        lambda name: layers.Activation("sigmoid", name=name),
        lambda name: layers.ReLU(name=name),
        lambda name: layers.PReLU(name=name),
        lambda name: layers.Conv2D(4, 3, padding="same", dilation_rate=2, name=name),
        lambda name: layers.MaxPooling2D(3, strides=1, padding="same", name=name),
    ],
    ids=["no options", "fused away or alone", "a weight", "shared options", "options of its own"],
)
def test_a_hundred_operators_more(layer):
    """What is amiss with one operator adds up; what surrounds them does not."""
    found = []
    for length in (20, 120):
        x = layers.Rescaling(0.5)(layers.Input((8, 8, 4), name="image").enter(Graph("chain")))
        for number in range(100, 100 + length):
            x = layer(f"layer{number}")(x)
        graph = x.node.graph
        graph.finish((x,))
        predicted = predicted_sizes(build_program(graph))
        real = {one: export(graph, initialise(graph), precision=one).size_bytes for one in predicted if one != "int8"}
        found.append({one: predicted[one] - size for one, size in real.items()})
    assert found[1] == pytest.approx(found[0], abs=450)  # 4 bytes each: alignment


def test_labels_and_spec_are_added():
    graph = bundled("mobilenetv2_basic")
    plain = export(graph, weights_of(graph))
    full = export(graph, weights_of(graph), labels=["x"] * 19, spec_text="y" * 5000)
    assert 10_000 < full.size_bytes - plain.size_bytes < 11_000  # the spec stands in it twice, as JSON and as a file
    extra = full.size_bytes - plain.size_bytes
    program = build_program(graph)
    assert predicted_bytes(program, metadata_bytes=1264 + extra) - predicted_bytes(program) == pytest.approx(
        extra, abs=16
    )


def test_unknown_precision():
    with pytest.raises(KeyError):
        predicted_bytes(build_program(bundled("mobilenetv2_basic")), "int4")
