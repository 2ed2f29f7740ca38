"""Predicted memory equals the addresses that the runtime gives its tensors."""

import ctypes

import hypothesis
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from archspec.cost.memory import arena_bytes, outside_bytes
from archspec.export.flatbuffer import encode
from archspec.export.model import fill
from archspec.graph import layers
from archspec.graph.program import build_program
from archspec.graph.tensor import Graph
from archspec.graph.weights import initialise
from tests.export.networks import BUNDLED, bundled
from tests.strategies import graphs


def measured_bytes(program):
    """From the lowest to the highest address of everything that is not a constant, scratch tensors included."""
    return measured(program)[0]


def measured(program):
    """The arena, and what transposed convolutions keep outside it."""
    elsewhere = _outside(program)
    outside = 0
    data = encode(fill(program, initialise(program.graph)))
    kind = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = Interpreter(model_content=data, num_threads=1, experimental_op_resolver_type=kind)
    interpreter.allocate_tensors()
    lowest, highest = [], []
    for detail in interpreter.get_tensor_details():
        index = detail["index"]
        if index < len(program.tensors) and program.tensors[index].constant is not None:
            continue
        if index >= len(program.tensors) and tuple(detail["shape"].tolist()) in elsewhere:
            outside += interpreter.tensor(index)().nbytes
            continue
        view = interpreter.tensor(index)().__array_interface__
        lowest.append(view["data"][0])
        highest.append(view["data"][0] + int(np.prod(view["shape"])) * np.dtype(view["typestr"]).itemsize)
    return max(highest) - min(lowest), outside


def _outside(program):
    """Shapes of what a transposed convolution writes before it adds up, and of its kernel turned round; of a constant
    matrix turned round."""
    shapes = set()
    for operation in program.operations:
        if operation.code == "BATCH_MATMUL" and program.tensors[operation.inputs[1]].constant is not None:
            *leading, rows, columns = program.tensors[operation.inputs[1]].shape
            shapes.add((*leading, columns, rows))
        if operation.code == "TRANSPOSE_CONV":
            kernel, source = (program.tensors[index].shape for index in operation.inputs[1:3])
            filters, rows, columns, channels = kernel
            shapes |= {(source[1] * source[2], rows * columns * filters), (rows, columns, filters, channels)}
    return shapes


@pytest.mark.parametrize("name", BUNDLED)
@pytest.mark.parametrize("size", ["65", "224", "[360, 640]"])
@pytest.mark.parametrize("output_stride", [8, 16, 32])
def test_bundled(name, size, output_stride):
    graph = bundled(name, f"input.size={size}", f"output_stride={output_stride}")
    for shuffle in ("follow", "transpose"):
        for input_dtype in ("float32", "uint8"):
            program = build_program(graph, shuffle, input_dtype)
            assert arena_bytes(program) == measured_bytes(program)


@pytest.mark.parametrize(("name", "size"), [("enet", "[64, 96]"), ("enet", "[65, 97]"), ("segnet", "[45, 70]")])
def test_unpooling_networks(name, size):
    program = build_program(bundled(name, f"input.size={size}"))
    assert arena_bytes(program) == measured_bytes(program)


TRANSPOSED = ("shuffleseg_skipnet", "shuffleseg_unet", "shuffleseg_dilation_4s", "skipnet_mobilenet", "enet")


@pytest.mark.parametrize("name", TRANSPOSED)
def test_scratch_outside_the_arena(name):
    program = build_program(bundled(name, "input.size=[88, 160]"))
    found = (arena_bytes(program), outside_bytes(program))
    assert found == measured(program) and found[1] > 0


def test_the_col2im_of_a_large_map():
    """Of 45 × 80 places, each 16 × 16 × 20 numbers: more than three times the arena."""
    program = build_program(bundled("shuffleseg_skipnet", "input.size=[360, 640]"))
    col2im = 4 * (45 * 80 * 16 * 16 * 20 + (23 * 40 + 12 * 20) * 4 * 4 * 20)
    kernels = 4 * 20 * 20 * (16 * 16 + 2 * 4 * 4)
    assert (arena_bytes(program), outside_bytes(program)) == (22_118_400, col2im + kernels)
    assert measured(program) == (22_118_400, col2im + kernels)


class _Heap(ctypes.Structure):
    """`struct mallinfo2`."""

    _fields_ = [
        *((name, ctypes.c_size_t) for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks")),
        *((name, ctypes.c_size_t) for name in ("fsmblks", "uordblks", "fordblks", "keepcost")),
    ]


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="only the GNU C library tells its heap")
@pytest.mark.parametrize("name", ["enet", "shuffleseg_unet", "bisenetv2", "mobilenetv3_large_lraspp"])
def test_nothing_else_is_allocated(name):
    """By the heap of this process: no other operator has scratch that is kept, before a run or after."""
    heap = ctypes.CDLL(None).mallinfo2
    heap.restype = _Heap

    def used():
        now = heap()
        return now.hblkhd + now.uordblks

    program = build_program(bundled(name, "input.size=[88, 160]"))
    data = encode(fill(program, initialise(program.graph)))
    kind = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = Interpreter(model_content=data, num_threads=1, experimental_op_resolver_type=kind)
    before = used()
    interpreter.allocate_tensors()
    interpreter.invoke()
    said = arena_bytes(program) + outside_bytes(program)
    assert 0 <= used() - before - said < 300_000  # the plan itself, a few bytes an operator


@hypothesis.given(graph=graphs())
@hypothesis.settings(max_examples=50)
def test_random_networks(graph):
    for shuffle in ("follow", "transpose"):
        program = build_program(graph, shuffle)
        assert (arena_bytes(program), outside_bytes(program)) == measured(program)


def _small(block, size=(12, 14, 8)):
    graph = Graph("small")
    x = layers.Input(size, name="image").enter(graph)
    outputs = block(x)
    graph.finish(outputs if isinstance(outputs, list) else [outputs])
    return graph


def _conv(x, name, **options):
    return layers.Conv2D(8, 3, padding="same", name=name, **options)(x)


def _unpooled(x):
    maxima, places = layers.MaxPoolingWithIndices(name="pool")(x)
    return layers.MaxUnpooling(x.size, name="unpool")([_conv(maxima, "inside"), places])


def _gated(x, activation):
    gate = layers.Activation(activation, name="gate")(layers.GlobalAveragePooling2D(name="mean")(x))
    return layers.Multiply(name="product")([x, gate])


def _upsampled(x):
    y = layers.Conv2D(4, 3, strides=2, padding="same", name="down")(x)
    return layers.Conv2DTranspose(6, 3, 2, name="up")(y)


BLOCKS = {
    "sum over an input": lambda x: layers.Add(name="sum")([_conv(x, "a"), _conv(x, "b")]),
    "sum with the image": lambda x: _conv(layers.Add(name="sum")([x, x]), "a"),
    "standalone batch norm": lambda x: layers.BatchNormalization(name="bn")(layers.MaxPooling2D(2, name="pool")(x)),
    "standalone activations": lambda x: layers.ReLU(name="r")(
        layers.ReLU(negative_slope=0.1, name="l")(layers.MaxPooling2D(2, name="pool")(x))
    ),
    "shuffle": lambda x: _conv(layers.ChannelShuffle(4, name="shuffle")(_conv(x, "a")), "b"),
    "shuffle in order": lambda x: layers.Softmax(name="s")(layers.ChannelShuffle(2, name="g")(_conv(x, "a"))),
    "split, one part unread": lambda x: _conv(layers.ChannelSplit(2, name="split")(_conv(x, "a"))[1], "b"),
    "padding": lambda x: _conv(layers.ZeroPadding2D(3, name="pad")(_conv(x, "a")), "b"),
    "grouped": lambda x: _conv(x, "a", groups=4),
    "dilated": lambda x: _conv(x, "a", dilation_rate=(3, 2)),
    "strided 1×1": lambda x: _conv(layers.Conv2D(4, 1, strides=2, name="a")(x), "b"),
    "1×1": lambda x: _conv(layers.Conv2D(4, 1, name="a")(x), "b"),
    "depthwise with a multiplier": lambda x: _conv(layers.DepthwiseConv2D(3, depth_multiplier=3, name="a")(x), "b"),
    "mean, resize": lambda x: layers.Resize((12, 14), stride=1, name="r")(
        layers.GlobalAveragePooling2D(name="m")(_conv(x, "a"))
    ),
    "nearest": lambda x: layers.Resize((5, 31), stride=1, interpolation="nearest", name="r")(_conv(x, "a")),
    "average": lambda x: layers.AveragePooling2D(3, strides=1, padding="same", name="p")(_conv(x, "a")),
    "two outputs, one read again": lambda x: [_conv(x, "a"), layers.ArgMax(name="o")(_conv(x, "b"))],
    "unpooling": lambda x: _conv(_unpooled(_conv(x, "a")), "b"),
    "indices unread": lambda x: _conv(layers.MaxPoolingWithIndices(name="p")(_conv(x, "a"))[0], "b"),
    "slopes": lambda x: _conv(layers.PReLU(name="p")(_conv(x, "a")), "b"),
    "padded channels": lambda x: _conv(layers.PadChannels(13, name="p")(_conv(x, "a")), "b"),
    "cropping": lambda x: _conv(layers.Cropping2D(((1, 2), (0, 3)), name="c")(_conv(x, "a")), "b"),
    "reversed": lambda x: layers.Softmax(name="s")(layers.ChannelReverse(name="r")(_conv(x, "a"))),
    "transposed": lambda x: _conv(_upsampled(_conv(x, "a")), "b"),
    "gate": lambda x: _conv(_gated(_conv(x, "a"), "sigmoid"), "b"),
    "hard gate": lambda x: _conv(_gated(_conv(x, "a"), "hard_sigmoid"), "b"),
    "hard swish": lambda x: _conv(layers.Activation("hard_swish", name="h")(_conv(x, "a")), "b"),
    "tanh": lambda x: _conv(layers.Activation("tanh", name="t")(_conv(x, "a")), "b"),
    "rescaled by channel": lambda x: _conv(layers.Rescaling([0.1] * 8, [1.0] * 8, name="r")(x), "a"),
}  # fmt: skip


@pytest.mark.parametrize("size", [(12, 14, 8), (13, 15, 8)], ids=["even", "odd"])
@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS)
@pytest.mark.parametrize("shuffle", ["follow", "transpose"])
def test_every_operator(block, shuffle, size):
    program = build_program(_small(block, size), shuffle)
    assert (arena_bytes(program), outside_bytes(program)) == measured(program)


@pytest.mark.parametrize("size", [(1, 1, 1), (1, 1, 2), (2, 1, 1), (1, 3, 5)])
def test_tiny_sums(size):
    """The runtime does not write over tensors of very few bytes."""
    graph = _small(lambda x: layers.Add(name="sum")([layers.Conv2D(1, 1, name=name)(x) for name in "ab"]), size)
    program = build_program(graph)
    assert arena_bytes(program) == measured_bytes(program)
