"""Counts of any .tflite, and the refusals."""

from pathlib import Path

import hypothesis
import pytest

from archspec.cost import price
from archspec.errors import Problem, UserError
from archspec.export import check_census, export, take_census
from archspec.export.flatbuffer import encode
from archspec.export.model import fill
from archspec.graph.program import build_program
from archspec.graph.weights import initialise
from tests.export.networks import BUNDLED, bundled, catalog, weights_of
from tests.graph import nets
from tests.strategies import graphs


def graph_macs(graph):
    return sum(node.layer.macs(node) for node in graph.nodes)


@pytest.mark.parametrize("name", BUNDLED)
@pytest.mark.parametrize("output_stride", [8, 16, 32])
@pytest.mark.parametrize("shuffle", ["follow", "transpose"])
def test_multiply_adds_are_the_graphs(name, output_stride, shuffle):
    graph = bundled(name, f"output_stride={output_stride}")
    census = export(graph, weights_of(graph), shuffle=shuffle).census
    assert census.macs == graph_macs(graph)


@pytest.mark.parametrize("name", sorted(catalog().specs()))
def test_multiply_adds_of_every_network(name):
    """Counted off the file; what a network holds and never computes counts on neither side."""
    graph = nets.of_bundled(name, "input.size=[64, 96]")
    expected = price(graph, classes=1, output_stride=1).macs
    assert export(graph, initialise(graph)).census.macs == expected > 0


@hypothesis.given(graph=graphs(largest=97))
@hypothesis.settings(max_examples=200)
def test_multiply_adds_of_random_networks(graph):
    data = encode(fill(build_program(graph), initialise(graph)))
    census = take_census(data)
    check_census(census)
    assert census.macs == graph_macs(graph)
    assert not census.operations.keys() & {"SPACE_TO_BATCH_ND", "READ_VARIABLE"}
    assert all(-1 not in tensor.shape for node in census.nodes for tensor in node.outputs)


@pytest.mark.parametrize("name", BUNDLED)
def test_parameters_are_the_weight_bytes(name):
    """Kernels and folded biases are the only floats: trainable parameters less two a batch norm, plus a bias each."""
    graph = bundled(name)
    kinds = [type(node.layer).__name__ for node in graph.nodes]
    kernels = sum(
        node.inputs[0].shape[-1] // node.layer.config.get("groups", 1)
        * (node.outputs[0].shape[-1] if type(node.layer).__name__ == "Conv2D" else 1)
        * node.layer.config["kernel_size"][0] * node.layer.config["kernel_size"][1]
        for node in graph.nodes
        if type(node.layer).__name__ in ("Conv2D", "DepthwiseConv2D")
    )  # fmt: skip
    biases = sum(
        node.outputs[0].shape[-1] for node in graph.nodes if type(node.layer).__name__ in ("Conv2D", "DepthwiseConv2D")
    )
    census = export(graph, weights_of(graph), shuffle="transpose").census
    assert "BatchNormalization" in kinds
    assert "ADD" not in census.operations or "Add" in kinds
    assert 4 * (kernels + biases) <= census.weight_bytes <= 4 * (kernels + biases) + 1000


@pytest.mark.parametrize(
    ("file", "operations"),
    [
        ("mobilenet_v1_0.25_128_quant.tflite", {"CONV_2D": 15, "DEPTHWISE_CONV_2D": 13, "SOFTMAX": 1}),
        ("deeplabv3_257_mnv2_dm05_float.tflite", {"CONV_2D": 38, "DEPTHWISE_CONV_2D": 17, "ADD": 10}),
    ],
)
def test_files_of_others(tflite_folder: Path, file, operations):
    census = take_census((tflite_folder / file).read_bytes())
    assert operations.items() <= census.operations.items()
    check_census(census)


def test_mobilenet_v1_by_its_papers_table(tflite_folder: Path):
    """arXiv:1704.04861, Table 1 at width 0.25 and 128 × 128, written out."""
    side, channels, macs = 64, 8, 64 * 64 * 8 * 27
    for filters, stride in [(16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2), *[(128, 1)] * 5, (256, 2), (256, 1)]:
        side = -(-side // stride)
        macs += side * side * channels * 9 + side * side * channels * filters
        channels = filters
    macs += 256 * 1001
    assert take_census((tflite_folder / "mobilenet_v1_0.25_128_quant.tflite").read_bytes()).macs == macs


def test_dilation_taken_apart_is_refused(tflite_folder: Path):
    path = tflite_folder / "dilated_conv.tflite"
    with pytest.raises(UserError) as caught:
        check_census(take_census(path.read_bytes()), path.name)
    lines = [str(fault) for fault in caught.value.faults]
    assert lines[0] == (
        "dilated_conv.tflite: operator 20 is SPACE_TO_BATCH_ND ('model/conv2d/Conv2D/SpaceToBatchND'), around a "
        "dilated convolution. Convert with a batch of 1, not through a SavedModel"
    )
    assert any("BATCH_TO_SPACE_ND" in line for line in lines)
    assert any("unknown dimension" in line for line in lines)
    assert take_census(path.read_bytes()).macs is None


def test_custom_operators_are_refused(tflite_folder: Path):
    path = tflite_folder / "selfie_segmentation.tflite"
    with pytest.raises(UserError, match="CUSTOM:Convolution2DTransposeBias"):
        check_census(take_census(path.read_bytes()))


@pytest.mark.parametrize("data", [b"", b"TFL3", b"\0" * 40, b"PK\x03\x04" * 20])
def test_other_files_are_no_tflite(data):
    with pytest.raises(Problem, match="not a TensorFlow Lite file"):
        take_census(data)
