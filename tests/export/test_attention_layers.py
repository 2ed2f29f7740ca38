"""The layers of attention networks, in every precision: logits equal Keras's, built-in operators only, memory exact."""

from functools import cache

import pytest

from archspec.cost import price
from archspec.cost.file_size import predicted_sizes
from archspec.cost.memory import arena_bytes
from archspec.export import PRECISIONS, check_equality, export, logits_node, run
from archspec.graph import layers
from archspec.graph.program import build_program
from archspec.graph.tensor import Graph
from archspec.graph.weights import initialise
from tests.export.networks import images
from tests.export.test_arena import measured_bytes
from tests.export.test_delegates import really_delegated, said_to_be_delegated

pytestmark = pytest.mark.slow
SIZE, CHANNELS = (12, 13), 8
TOKENS = SIZE[0] * SIZE[1]


def _mixed(join):
    """A map and a transform of it."""
    return lambda x: join([x, layers.Activation("sigmoid", name="a")(layers.Conv2D(CHANNELS, 1, name="c")(x))])


def _stretched(join):
    """A map with one row, one column, one channel and one number of it."""

    def block(x):
        row, column, channel = (layers.Mean(axis, name=f"m{axis}")(x) for axis in (1, 2, 3))
        one = layers.Activation("sigmoid", name="s")(layers.Mean((1, 2, 3), name="m")(x))
        for number, other in enumerate((row, column, channel, one)):
            x = join(f"j{number}")([x, other])
        return x

    return block


def _attention(x):
    """Two heads over the places of the map, their values times the softmax of queries times keys."""
    parts = []
    for name in "qkv":
        tokens = layers.Reshape((TOKENS, 2, 4), name=f"{name}.heads")(layers.Dense(8, name=name)(x))
        parts.append(layers.Permute((2, 1, 3), name=f"{name}.turned")(tokens))
    query, key, value = parts
    shares = layers.Softmax(name="shares")(layers.MatMul(transpose_b=True, name="logits")([query, key]))
    mixed = layers.Permute((2, 1, 3), name="back")(layers.MatMul(name="values")([shares, value]))
    return layers.Reshape((*SIZE, 8), name="whole")(mixed)


def _gram(x):
    """Channels by channels, the first matrix transposed; and the way back."""
    tokens = layers.Reshape((-1, CHANNELS), name="tokens")(x)
    gram = layers.Softmax(axis=1, name="shares")(layers.MatMul(transpose_a=True, name="gram")([tokens, tokens]))
    return layers.Reshape((*SIZE, CHANNELS), name="whole")(layers.MatMul(name="back")([tokens, gram]))


def _divided(x):
    positive = layers.Activation("sigmoid", name="s")(x)
    return layers.Divide(name="d")([x, layers.Add(name="a")([positive, layers.Sum(-1, name="sum")(positive)])])


def _axial(x):
    column = layers.PositionEmbedding((5, 1), name="p")(layers.Mean(2, name="m")(x))
    row = layers.PositionEmbedding((1, 16), name="q")(layers.Mean(1, name="n")(x))
    return layers.Add(name="s")([x, layers.Add(name="t")([column, row])])


def _dense(x):
    y = layers.ReLU(name="r")(layers.BatchNormalization(name="b")(layers.Dense(11, use_bias=False, name="d")(x)))
    return layers.Reshape((1, 1, 9), name="map")(layers.Dense(9, name="e")(layers.Flatten(name="f")(y)))


def _shuffled_blocks(x):
    deep = layers.SpaceToDepth(2, name="d")(layers.StridedSlice((0, 1, 0), (12, 13, 8), name="even")(x))
    return layers.DepthToSpace(2, name="u")(layers.ReLU(name="r")(deep))


ACTIVATIONS = ("elu", "exponential", "gelu", "gelu_tanh", "mish", "silu", "softplus")
LAYERS = {
    **{name: layers.Activation(name, name="l") for name in ACTIVATIONS},
    "attention": _attention,
    "gram": _gram,
    "divided": _divided,
    "axial": _axial,
    "dense": _dense,
    "blocks": _shuffled_blocks,
    "normalised": layers.LayerNormalization(name="l"),
    "normalised on all axes": layers.LayerNormalization((1, 2, 3), epsilon=1e-5, name="l"),
    "normalised without what is learnt": layers.LayerNormalization(center=False, scale=False, name="l"),
    "normalised on rows": layers.LayerNormalization(1, center=False, name="l"),
    "normalised in groups": layers.GroupNormalization(4, name="l"),
    "normalised by channel": layers.GroupNormalization(-1, scale=False, name="l"),
    "pooled evenly": layers.AdaptiveAveragePooling2D((4, 13), name="l"),
    "pooled unevenly": layers.AdaptiveAveragePooling2D((5, 7), name="l"),
    "pooled to more": layers.AdaptiveAveragePooling2D((12, 16), name="l"),
    "largest": layers.GlobalMaxPooling2D(name="l"),
    "leaky": layers.LeakyReLU(0.2, name="l"),
    "layer scale": layers.LayerScale(name="l"),
    "mean of channels": lambda x: layers.Multiply(name="p")([x, layers.Mean(-1, name="l")(x)]),
    "softmax on rows": layers.Softmax(axis=1, name="l"),
    "slice": layers.StridedSlice((1, -9, 2), (None, 12, 7), (3, 2, 1), name="l"),
    "upsampled": layers.UpSampling2D((2, 3), name="l"),
    "upsampled bilinearly": layers.UpSampling2D(2, "bilinear", name="l"),
    "permuted": lambda x: layers.Permute((2, 3, 1), name="m")(layers.Permute((2, 1, 3), name="l")(x)),
    "difference": _mixed(layers.Subtract(name="l")),
    "maximum": _mixed(layers.Maximum(name="l")),
    "minimum": _mixed(layers.Minimum(name="l")),
    "mean of three": lambda x: layers.ReLU(name="r")(layers.Average(name="l")([x, layers.ReLU(name="a")(x), x])),
    "stretched sums": _stretched(lambda name: layers.Add(name=name)),
    "stretched products": _stretched(lambda name: layers.Multiply(name=name)),
    "stretched differences": _stretched(lambda name: layers.Subtract(name=name)),
    "joined rows": lambda x: layers.Concatenate(axis=1, name="l")([x, layers.ReLU(name="r")(x)]),
    "split tokens": lambda x: layers.Add(name="l")(
        layers.ChannelSplit(2, name="s")(layers.Reshape((TOKENS, CHANNELS), name="t")(x))
    ),
}  # fmt: skip
LEARNT = {"attention", "axial", "dense", "layer scale", "normalised"}  # whose weights a file may hold in fewer bits
LEAST_SNR_DB = {"float16": 50, "dynamic": 25, "int8": 20}


@cache
def _example(name):
    """The layer between two convolutions on shuffled channels, with weights that have seen data."""
    graph = Graph("layer")
    x = layers.Input((*SIZE, 8), name="image").enter(graph)
    x = layers.Conv2D(CHANNELS, 3, padding="same", name="first")(layers.Rescaling(2 / 255, -1.0, name="scaled")(x))
    x = LAYERS[name](layers.ChannelShuffle(2, name="before")(x))
    if len(x.shape) == 2:
        x = layers.Reshape((1, *x.shape), name="as_map")(x)
    graph.finish([layers.Conv2D(4, 1, name="last")(x)])
    return graph, initialise(graph, 2, "random")


@pytest.mark.parametrize("name", LAYERS)
def test_logits_equal_those_of_keras_and_counts_those_of_the_file(name):
    """And memory, to the byte. That shuffles are followed aright is in tests/graph/test_new_layer_identity.py."""
    from archspec.lower import function_to, to_keras

    graph, weights = _example(name)
    reference = function_to(to_keras(graph, weights), logits_node(graph))
    exported = export(graph, weights)
    assert check_equality(exported.data, reference, images(graph, 2)).relative_error <= 1e-5
    assert exported.census.macs == price(graph, classes=4, output_stride=1).macs
    program = build_program(graph)
    assert arena_bytes(program) == measured_bytes(program)


@pytest.mark.parametrize("name", LAYERS)
def test_fewer_bits_file_size_and_delegation(name):
    graph, weights = _example(name)
    pictures, sizes = images(graph, 2), predicted_sizes(build_program(graph))
    single = export(graph, weights).data
    for precision in PRECISIONS if name in LEARNT else ("float32", "int8"):
        data = (
            single
            if precision == "float32"
            else export(graph, weights, precision=precision, representative=pictures).data
        )
        assert sizes[precision] == pytest.approx(len(data), abs=1000)
        assert said_to_be_delegated(data) == really_delegated(data)
        if precision != "float32":
            found = check_equality(data, lambda image: run(single, [image])[0], pictures, tolerance=None)
            assert found.snr_db > LEAST_SNR_DB[precision]
