"""The operators of ENet, SegNet and gates, in every precision: logits equal Keras's, built-in operators only."""

from functools import cache

import numpy as np
import pytest

from archspec.cost.file_size import predicted_sizes
from archspec.errors import Problem
from archspec.export import PRECISIONS, check_equality, export, logits_node, run, take_census
from archspec.export.equality import compare, run_with_places
from archspec.export.surgery import cut_argmax
from archspec.graph import layers
from archspec.graph.program import build_program
from archspec.graph.tensor import Graph
from archspec.graph.weights import initialise
from tests.export.networks import bundled, images, weights_of
from tests.graph import oracle

pytestmark = pytest.mark.slow
SIZES = {"enet": ("[64, 96]", "[65, 97]"), "segnet": ("[64, 96]", "[45, 70]")}
NETWORKS = [(name, size) for name, sizes in SIZES.items() for size in sizes]


@cache
def reference(graph):
    """The Keras model's logits, and where its poolings found their maxima."""
    from archspec.lower import function_to, places_of, to_keras

    model = to_keras(graph, weights_of(graph))
    return function_to(model, logits_node(graph)), places_of(model)


# --- whole networks ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "size"), NETWORKS)
def test_logits_equal_those_of_keras(name, size):
    graph = bundled(name, f"input.size={size}")
    logits, places = reference(graph)
    for input_dtype in ("float32", "uint8") if size == "[64, 96]" else ("float32",):
        exported = export(graph, weights_of(graph), input_dtype=input_dtype)
        found = check_equality(exported.data, logits, places=places)
        assert found.relative_error <= 1e-5
        assert found.label_agreement > 0.999


@pytest.mark.parametrize("name", SIZES)
def test_int8_is_integers_from_the_image_to_the_labels(name):
    graph = bundled(name, "input.size=[64, 96]")
    exported = export(graph, weights_of(graph), precision="int8")
    assert not [code for code in exported.census.operations if code.startswith(("CUSTOM", "UNKNOWN", "Flex"))]
    assert "DEQUANTIZE" not in exported.census.operations
    assert exported.census.operations["QUANTIZE"] == 1
    inside = {tensor.dtype for node in exported.census.nodes[1:] for tensor in (*node.inputs, *node.outputs)}
    assert inside == {"INT8", "INT32", "BOOL"}
    logits, places = reference(graph)
    found = check_equality(exported.data, logits, tolerance=None)
    assert found.snr_db > 6  # integers tie in many windows, so many a number lands beside: no close likeness
    assert found.label_agreement > 0.5
    pictures = images(graph, 4)
    alike = np.stack(run_with_places(cut_argmax(exported.data).data, pictures, places, np.inf))
    assert compare(alike, np.stack([logits(picture) for picture in pictures])).snr_db > 23  # at equal choices


@pytest.mark.parametrize("precision", ["float16", "dynamic"])
def test_other_precisions_of_enet(precision):
    graph = bundled("enet", "input.size=[64, 96]")
    exported = export(graph, weights_of(graph), precision=precision)
    assert check_equality(exported.data, reference(graph)[0], tolerance=None).snr_db > 15


@pytest.mark.parametrize(("name", "size"), NETWORKS)
def test_predicted_sizes(name, size):
    graph = bundled(name, f"input.size={size}")
    predicted = predicted_sizes(build_program(graph))
    for precision in PRECISIONS:
        real = export(graph, weights_of(graph), precision=precision).size_bytes
        assert predicted[precision] == pytest.approx(real, abs=1000)


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_tensorflows_own_conversion(precision):
    """The same multiply-adds, and the same version of every operator that both use."""
    from archspec.export import check_census
    from archspec.lower import convert_with_tensorflow, places_of, to_keras

    graph = bundled("enet", "input.size=[64, 96]")
    weights = weights_of(graph)
    model = to_keras(graph, weights, batch_size=1)
    theirs = convert_with_tensorflow(model, precision=precision, representative_images=images(graph))
    census, ours = take_census(theirs), export(graph, weights, precision=precision)
    check_census(census)
    assert census.macs == ours.census.macs
    both = census.versions.keys() & ours.census.versions.keys()
    assert {"PRELU", "TRANSPOSE_CONV", "SPACE_TO_DEPTH", "DEPTH_TO_SPACE", "EQUAL", "SELECT_V2", "ARG_MAX"} <= both
    both -= {"TRANSPOSE_CONV"}  # theirs clamp in an operator of its own
    assert {code: census.versions[code] for code in both} == {code: ours.census.versions[code] for code in both}
    if precision == "float32":
        found = check_equality(theirs, reference(graph)[0], places=places_of(model))
        assert found.relative_error <= 1e-5


# --- choices ----------------------------------------------------------------------------------------------------------


def test_other_choices_than_the_largest_are_found():
    """The proof at equal choices would be worth little if it took any choice."""
    graph = bundled("enet", "input.size=[64, 96]")
    logits, places = reference(graph)
    data = export(graph, weights_of(graph)).data
    with pytest.raises(Problem, match=r"pooling 0 of the reference chooses a number .* below the file's largest"):
        check_equality(data, logits, places=lambda image: [(one + 1) % 4 for one in places(image)])
    with pytest.raises(Problem, match="the file makes 2 choices, the reference 1"):
        check_equality(data, logits, places=lambda image: places(image)[:1])


def test_a_wrong_kernel_is_found_at_equal_choices():
    graph = bundled("enet", "input.size=[64, 96]")
    logits, places = reference(graph)
    weights = dict(weights_of(graph))
    key = next(key for key in weights if key.startswith("decoder") and key.endswith("logits/kernel"))
    weights[key] = weights[key] * np.float32(1.001)
    with pytest.raises(Problem, match="the file's logits differ"):
        check_equality(export(graph, weights).data, logits, places=places)


# --- operator by operator ---------------------------------------------------------------------------------------------


def _upsampled(kernel, stride, **options):
    def block(x):
        y = layers.Conv2D(6, 3, strides=stride, padding="same", name="down")(x)
        y = layers.Conv2DTranspose(5, kernel, stride, name="l", **options)(y)
        return layers.ReLU(name="r")(layers.BatchNormalization(name="b")(y)) if stride == 2 else y

    return block


def _gated(activation):
    def block(x):
        mean = layers.GlobalAveragePooling2D(name="mean")(x)
        return layers.Multiply(name="product")([x, layers.Activation(activation, name="l")(mean)])

    return block


def _pooled(x):
    maxima, places = layers.MaxPoolingWithIndices(name="pool")(x)
    return layers.MaxUnpooling(x.size, name="l")([layers.Conv2D(8, 3, padding="same", name="in")(maxima), places])


LAYERS = {
    "transposed 2": _upsampled(2, 2),
    "transposed 3": _upsampled(3, 2),
    "transposed 4": _upsampled(4, 2, use_bias=False),
    "transposed 1": _upsampled(1, 2),
    "transposed at stride 3": _upsampled(5, 3),
    "slopes": layers.PReLU(name="l"),
    "sigmoid": layers.Activation("sigmoid", name="l"),
    "tanh": layers.Activation("tanh", name="l"),
    "hard swish": layers.Activation("hard_swish", name="l"),
    "hard sigmoid": layers.Activation("hard_sigmoid", name="l"),
    "gate": _gated("sigmoid"),
    "hard gate": _gated("hard_sigmoid"),
    "product": lambda x: layers.Multiply(name="l")([x, layers.Activation("tanh", name="a")(x)]),
    "padded channels": layers.PadChannels(11, name="l"),
    "reversed, convolved": lambda x: layers.Conv2D(3, 1, name="c")(layers.ChannelReverse(name="l")(x)),
    "reversed": lambda x: layers.ReLU(name="r")(
        layers.Add(name="s")([x, layers.ChannelReverse(name="l")(x)])
    ),
    "cropped": layers.Cropping2D(((1, 0), (2, 1)), name="l"),
    "unpooled": _pooled,
    "spatial dropout": layers.SpatialDropout2D(0.5, name="l"),
}  # fmt: skip


def _graph(block, order, size=(12, 13)):
    graph = Graph("layer")
    x = layers.Input((*size, 8), name="image").enter(graph)
    x = layers.Conv2D(8, 3, padding="same", name="first")(layers.Rescaling(2 / 255, -1.0, name="scaled")(x))
    if order == "shuffled":
        x = layers.ChannelShuffle(2, name="before")(x)
    graph.finish([layers.Conv2D(4, 1, name="last")(block(x))])
    return graph


@pytest.mark.parametrize("block", LAYERS.values(), ids=LAYERS)
@pytest.mark.parametrize("order", ["its own", "shuffled"])
def test_every_layer(block, order):
    from archspec.lower import function_to, places_of, to_keras

    graph = _graph(block, order)
    weights = initialise(graph, 2, "random")
    model = to_keras(graph, weights)
    logits, places = function_to(model, logits_node(graph)), places_of(model)
    for shuffle in ("follow", "transpose"):
        data = export(graph, weights, shuffle=shuffle).data
        assert check_equality(data, logits, images(graph, 2), places=places).relative_error <= 1e-5


@pytest.mark.parametrize("block", [LAYERS[name] for name in LAYERS if name != "unpooled"], ids=lambda one: "")
@pytest.mark.parametrize(("precision", "snr_db"), [("float16", 55), ("dynamic", 28), ("int8", 22)])
def test_every_layer_in_fewer_bits(block, precision, snr_db):
    graph = _graph(block, "shuffled")
    weights = initialise(graph, 2, "random")
    pictures = images(graph, 4)
    single = export(graph, weights).data
    exported = export(graph, weights, precision=precision, representative=pictures)
    found = check_equality(exported.data, lambda image: run(single, [image])[0], pictures, tolerance=None)
    assert found.snr_db > snr_db


@pytest.mark.parametrize("size", [(12, 14), (13, 15), (1, 5)])
def test_unpooled_integers_are_exact(size):
    """int8 by the oracle: numbers of few levels keep their order, so the same places are found."""
    graph = Graph("pooling")
    x = layers.Input((*size, 3), name="image").enter(graph)
    maxima, places = layers.MaxPoolingWithIndices(name="pool")(x)
    graph.finish([layers.MaxUnpooling(size, name="unpool")([maxima, places])])
    generator = np.random.default_rng(1)
    pictures = [generator.integers(0, 6, (1, *size, 3)).astype(np.float32) * 51 for _ in range(3)]
    for precision in ("float32", "int8"):
        data = export(graph, {}, precision=precision, representative=pictures).data
        for picture, found in zip(pictures, run(data, pictures), strict=True):
            wanted = oracle.unpool(*oracle.max_pool_indices(picture[0]), size)
            np.testing.assert_allclose(found[0], wanted, rtol=0, atol=1e-3)
