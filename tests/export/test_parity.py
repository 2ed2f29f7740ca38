"""The exported logits equal Keras's, and those of TensorFlow's own conversion."""

import hypothesis
import numpy as np
import pytest

from archspec.export import check_equality, export, logits_node, run
from archspec.export.surgery import cut_argmax
from archspec.graph import layers
from archspec.graph.tensor import Graph
from archspec.graph.weights import initialise
from tests.export.networks import BUNDLED, bundled, images, weights_of
from tests.strategies import graphs

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", BUNDLED)
def test_these_weights_can_tell(name):
    """The logits hang on the image: in a network that answers all alike, no wrong kernel would show."""
    graph = bundled(name)
    cut = cut_argmax(export(graph, weights_of(graph)).data)
    one, other = run(cut.data, images(graph))
    assert np.abs(one - other).max() > 0.02 * np.abs(one).max()
    black = run(cut.data, [np.zeros_like(images(graph)[0])])[0]
    assert np.abs(one - black).max() > 0.05 * np.abs(one).max()


def keras_logits(graph, weights):
    from archspec.lower import function_to, to_keras

    function = function_to(to_keras(graph, weights), logits_node(graph))
    dtype = graph.inputs[0].dtype
    return lambda image: function(image.astype(dtype))


@pytest.mark.parametrize("name", BUNDLED)
@pytest.mark.parametrize("output_stride", [8, 16, 32])
def test_bundled(name, output_stride):
    graph = bundled(name, f"output_stride={output_stride}")
    weights = weights_of(graph)
    reference = keras_logits(graph, weights)
    for shuffle in ("follow", "transpose"):
        for input_dtype in ("float32", "uint8"):
            found = check_equality(export(graph, weights, shuffle=shuffle, input_dtype=input_dtype).data, reference)
            assert found.relative_error <= 1e-5
            assert found.label_agreement > 0.999


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_as_published(name):
    graph = bundled(name, "input.size=224")
    weights = weights_of(graph)
    assert check_equality(export(graph, weights).data, keras_logits(graph, weights)).relative_error <= 1e-5


@hypothesis.given(graph=graphs(largest=129))
@hypothesis.settings(max_examples=20)
def test_random_networks(graph):
    import keras

    keras.backend.clear_session()
    weights = initialise(graph, 1, "random")
    reference = keras_logits(graph, weights)
    pictures = images(graph)
    for shuffle in ("follow", "transpose"):
        found = check_equality(export(graph, weights, shuffle=shuffle).data, reference, pictures)
        assert found.relative_error <= 1e-5


@pytest.mark.parametrize("name", ["shufflenetv2_dpc", "mobilenetv2_basic"])
def test_tensorflows_own_conversion(name):
    """The same logits, and the same version of every operator that both use."""
    from archspec.export import check_census, take_census
    from archspec.lower import convert_with_tensorflow, to_keras

    graph = bundled(name)
    weights = weights_of(graph)
    theirs = convert_with_tensorflow(to_keras(graph, weights, batch_size=1))
    cut = cut_argmax(theirs)
    assert cut.had_argmax
    ours = export(graph, weights, shuffle="transpose")
    assert check_equality(ours.data, lambda image: run(cut.data, [image])[0]).relative_error <= 1e-5
    census = take_census(theirs)
    check_census(census)
    assert census.macs == ours.census.macs
    both = census.versions.keys() & ours.census.versions.keys()
    assert {"CONV_2D", "DEPTHWISE_CONV_2D", "CONCATENATION" if "shuffle" in name else "ADD", "ARG_MAX"} <= both
    assert {code: census.versions[code] for code in both} == {code: ours.census.versions[code] for code in both}


@pytest.mark.parametrize("precision", ["float16", "dynamic", "int8"])
def test_tensorflows_versions_at_other_precisions(precision):
    from archspec.export import take_census
    from archspec.lower import convert_with_tensorflow, to_keras

    graph = bundled("shufflenetv2_basic")
    weights = weights_of(graph)
    model = to_keras(graph, weights, batch_size=1)
    theirs = take_census(convert_with_tensorflow(model, precision=precision, representative_images=images(graph)))
    ours = export(graph, weights, shuffle="transpose", precision=precision).census
    both = theirs.versions.keys() & ours.versions.keys()
    if precision == "dynamic":
        both -= {"DEPTHWISE_CONV_2D"}  # ours stays float32
    assert "CONV_2D" in both
    assert {code: theirs.versions[code] for code in both} == {code: ours.versions[code] for code in both}


# --- every layer, read in an order that is not its own (a shuffle in front) and in its own -------------------
LAYERS = {
    "conv": layers.Conv2D(6, 3, name="l"),
    "conv strided same": layers.Conv2D(6, (3, 2), strides=(2, 3), padding="same", name="l"),
    "conv dilated": layers.Conv2D(6, 3, dilation_rate=(2, 3), padding="same", name="l"),
    "conv grouped": layers.Conv2D(8, 3, groups=4, padding="same", name="l"),
    "conv without bias": layers.Conv2D(6, 1, use_bias=False, name="l"),
    "conv, batch norm, relu6": lambda x: layers.ReLU(6, name="r")(
        layers.BatchNormalization(name="b")(layers.Conv2D(6, 3, name="l")(x))
    ),
    "conv, relu, batch norm": lambda x: layers.BatchNormalization(name="b")(
        layers.ReLU(name="r")(layers.Conv2D(6, 3, name="l")(x))
    ),
    "conv, dropout, batch norm without scale": lambda x: layers.BatchNormalization(scale=False, name="b")(
        layers.Dropout(0.5, name="d")(layers.Conv2D(6, 3, name="l")(x))
    ),
    "conv, batch norm twice": lambda x: layers.BatchNormalization(name="b2")(
        layers.BatchNormalization(center=False, name="b1")(layers.Conv2D(6, 3, name="l")(x))
    ),
    "depthwise": layers.DepthwiseConv2D(3, strides=2, padding="same", name="l"),
    "depthwise dilated": layers.DepthwiseConv2D(3, dilation_rate=(1, 4), padding="same", name="l"),
    "depthwise with a multiplier": layers.DepthwiseConv2D(3, depth_multiplier=2, name="l"),
    "depthwise, batch norm": lambda x: layers.BatchNormalization(name="b")(layers.DepthwiseConv2D(2, name="l")(x)),
    "batch norm": layers.BatchNormalization(name="l"),
    "batch norm, relu": lambda x: layers.ReLU(name="r")(layers.BatchNormalization(name="l")(x)),
    "relu": layers.ReLU(name="l"),
    "relu6": layers.ReLU(6, name="l"),
    "leaky relu": layers.ReLU(negative_slope=0.3, name="l"),
    "conv, leaky relu": lambda x: layers.ReLU(negative_slope=0.3, name="r")(layers.Conv2D(4, 1, name="l")(x)),
    "max pooling": layers.MaxPooling2D(3, strides=2, padding="same", name="l"),
    "average pooling same": layers.AveragePooling2D((3, 2), strides=1, padding="same", name="l"),
    "average pooling valid": layers.AveragePooling2D(4, strides=(2, 1), name="l"),
    "global average": layers.GlobalAveragePooling2D(name="l"),
    "padding": layers.ZeroPadding2D(((1, 0), (2, 3)), name="l"),
    "resize corners": layers.Resize((21, 9), stride=1, name="l"),
    "resize half pixel": layers.Resize((21, 9), stride=1, align_corners=False, name="l"),
    "resize nearest": layers.Resize((21, 9), 1, interpolation="nearest", align_corners=False, name="l"),
    "softmax": layers.Softmax(name="l"),
    "shuffle": layers.ChannelShuffle(4, name="l"),
    "split and join the other way": lambda x: layers.Concatenate(name="j")(layers.ChannelSplit(4, name="l")(x)[::-1]),
    "sum": lambda x: layers.ReLU(name="r")(layers.Add(name="l")([x, layers.Conv2D(8, 1, name="c")(x), x])),
    "join of seven": lambda x: layers.Concatenate(name="l")(
        [x, *(layers.Conv2D(1, 1, name=f"c{n}")(x) for n in range(6))]
    ),
    "rescaling by channel": layers.Rescaling([0.1 * n for n in range(1, 9)], [1.0] * 8, name="l"),
    "rescaling": layers.Rescaling(2 / 255, -1.0, name="l"),
    "rescaling without offset": layers.Rescaling(1 / 255, name="l"),
    "rescaling without scale": layers.Rescaling(1.0, -127.5, name="l"),
    "rescaling that changes nothing": layers.Rescaling(1.0, name="l"),
    "a channel used twice": lambda x: layers.Conv2D(3, 1, name="c")(
        layers.Concatenate(name="l")([x, layers.ChannelSplit(2, name="s")(x)[0]])
    ),
}  # fmt: skip


@pytest.mark.parametrize("block", LAYERS.values(), ids=LAYERS)
@pytest.mark.parametrize("order", ["its own", "shuffled", "gathered"])
def test_every_layer(block, order):
    graph = Graph("layer")
    x = layers.Input((12, 13, 8), name="image").enter(graph)
    x = layers.Conv2D(8, 1, name="first")(x)
    if order == "shuffled":
        x = layers.ChannelShuffle(2, name="before")(x)
    if order == "gathered":
        left, right = layers.ChannelSplit(2, name="halves")(x)
        x = layers.ChannelShuffle(4, name="before")(
            layers.Concatenate(name="joined")([right, layers.Conv2D(4, 3, padding="same", name="second")(left)])
        )
    graph.finish([block(x)])
    weights = initialise(graph, 2, "random")
    reference = keras_logits(graph, weights)
    for shuffle in ("follow", "transpose"):
        found = check_equality(export(graph, weights, shuffle=shuffle).data, reference, images(graph, 2))
        assert found.relative_error <= 1e-5


@pytest.mark.parametrize(
    ("scale", "offset", "input_dtype", "codes"),
    [
        (2 / 255, -1.0, "float32", ["MUL", "SUB"]),
        (2 / 255, -1.0, "uint8", ["DEQUANTIZE", "SUB"]),
        (1 / 255, 0.0, "float32", ["MUL"]),
        (1 / 255, 0.0, "uint8", ["DEQUANTIZE"]),
        ((0.1, 0.2, 0.3), (1.0, 0.0, -1.0), "uint8", ["DEQUANTIZE", "MUL", "SUB"]),
        (1.0, (0.0, 0.0, 1.0), "float32", ["SUB"]),
    ],
)
def test_a_rescaling_costs_no_more_than_it_must(scale, offset, input_dtype, codes):
    graph = Graph("rescaled")
    x = layers.Input((6, 7, 3), name="image").enter(graph)
    graph.finish([layers.Rescaling(scale, offset, name="r")(x)])
    exported = export(graph, {}, input_dtype=input_dtype)
    assert [node.code for node in exported.census.nodes] == codes
    assert exported.census.outputs[0].name == "r"
    (picture,) = images(graph, 1)
    wanted = picture.astype(np.float64) * np.array(scale) + np.array(offset)
    np.testing.assert_allclose(run(exported.data, [picture])[0], wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("readers", ["none", "rescaling", "both", "two rescalings"])
def test_bytes_go_into_anything(readers):
    """A uint8 image: scaled by DEQUANTIZE where one rescaling alone reads it, made float32 first where not."""
    graph = Graph("bytes")
    x = layers.Input((9, 8, 4), name="image").enter(graph)
    scales = {"none": [], "rescaling": [0.1], "both": [0.1], "two rescalings": [0.1, 0.2]}[readers]
    parts = [layers.Rescaling(scale, -3.0, name=f"scaled{scale}")(x) for scale in scales]
    parts += [x] if readers in ("none", "both") else []
    graph.finish([layers.Conv2D(2, 3, name="c")(layers.Concatenate(name="j")(parts) if len(parts) > 1 else parts[0])])
    weights = initialise(graph, 2)
    reference = keras_logits(graph, weights)
    exported = export(graph, weights, input_dtype="uint8")
    assert exported.census.inputs[0].dtype == "UINT8"
    assert check_equality(exported.data, reference, images(graph, 2)).relative_error <= 1e-5


def test_many_images_in_a_row_change_nothing():
    graph = bundled("shufflenetv2_basic")
    weights = weights_of(graph)
    data = export(graph, weights).data
    pictures = images(graph, 3)
    alone = [run(data, [picture])[0] for picture in pictures]
    for one, other in zip(alone, run(data, pictures), strict=True):
        np.testing.assert_array_equal(one, other)
