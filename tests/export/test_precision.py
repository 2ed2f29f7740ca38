"""float16, dynamic and int8: what is in the file, how far its logits are off, and that it runs where it should."""

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from archspec.errors import Problem, UserError
from archspec.export import check_equality, export, run
from archspec.export.surgery import cut_argmax
from archspec.graph import layers
from archspec.graph.tensor import Graph
from archspec.graph.weights import initialise
from tests.export.networks import BUNDLED, bundled, images, weights_of

MOVERS = {"SLICE", "CONCATENATION", "RESHAPE", "TRANSPOSE", "SPLIT", "MAX_POOL_2D", "RESIZE_BILINEAR"}
HELD_IN_INTEGERS = {"INT8", "INT32"}


def logits_of(graph, weights, **options):
    cut = cut_argmax(export(graph, weights, **options).data)
    return lambda image: run(cut.data, [image])[0]


def equality(graph, precision, **options):
    weights = weights_of(graph)
    exported = export(graph, weights, precision=precision, **options)
    return exported, check_equality(exported.data, logits_of(graph, weights), tolerance=None)


@pytest.mark.parametrize("name", BUNDLED)
@pytest.mark.parametrize("shuffle", ["follow", "transpose"])
def test_int8_is_near_and_all_integer(name, shuffle):
    exported, found = equality(bundled(name), "int8", shuffle=shuffle)
    assert found.snr_db > 25
    assert found.label_agreement > 0.8
    counts = exported.census.operations
    assert counts["QUANTIZE"] == 1
    assert "DEQUANTIZE" not in counts
    inner = [node for node in exported.census.nodes if node.code != "QUANTIZE"]
    assert {tensor.dtype for node in inner for tensor in (*node.inputs, *node.outputs)} == HELD_IN_INTEGERS
    assert [(tensor.dtype, tensor.shape) for tensor in exported.census.outputs] == [("INT32", (1, 65, 97))]
    assert "synthetic" in exported.notes[0]


def test_int8_moves_keep_the_scale():
    """No rounding where nothing is computed: every mover has one scale and zero point on all sides."""
    graph = bundled("shufflenetv2_dpc")
    model = schema.ModelT.InitFromPackedBuf(export(graph, weights_of(graph), precision="int8").data)
    names = {number: name for name, number in vars(schema.BuiltinOperator).items() if isinstance(number, int)}
    graph_of_file, seen = model.subgraphs[0], set()
    for operator in graph_of_file.operators:
        code = names[model.operatorCodes[operator.opcodeIndex].builtinCode]
        if code in MOVERS:
            tensors = [graph_of_file.tensors[index] for index in (*operator.inputs, *operator.outputs)]
            moved = [tensor.quantization for tensor in tensors if tensor.type == schema.TensorType.INT8]
            assert len({(one.scale[0], one.zeroPoint[0]) for one in moved}) == 1
            seen.add(code)
    assert seen == {"SLICE", "CONCATENATION", "MAX_POOL_2D", "RESIZE_BILINEAR"}


def test_int8_weights_follow_the_specification():
    """Kernels symmetric, a scale an output channel; biases int32 at input scale × kernel scale, zero points 0."""
    graph = bundled("mobilenetv2_basic")
    model = schema.ModelT.InitFromPackedBuf(export(graph, weights_of(graph), precision="int8").data)
    tensors, checked = model.subgraphs[0].tensors, 0
    for operator in model.subgraphs[0].operators:
        if len(operator.inputs) != 3 or tensors[operator.inputs[2]].type != schema.TensorType.INT32:
            continue
        source, kernel, bias = (tensors[index] for index in operator.inputs)
        if not kernel.name.endswith(b".kernel"):
            continue
        axis = kernel.quantization.quantizedDimension
        assert len(kernel.quantization.scale) == kernel.shape[axis] == bias.shape[0]
        assert not np.any(kernel.quantization.zeroPoint)
        assert not np.any(bias.quantization.zeroPoint)
        product = source.quantization.scale[0] * kernel.quantization.scale
        np.testing.assert_allclose(bias.quantization.scale, product, rtol=1e-6)
        numbers = model.buffers[kernel.buffer].data.view(np.int8)
        assert numbers.min() >= -127
        checked += 1
    assert checked > 50


@pytest.mark.parametrize("name", ["shufflenetv2_basic", "mobilenetv2_dpc"])
def test_int8_takes_bytes_as_well_as_floats(name):
    graph = bundled(name)
    weights = weights_of(graph)
    floats = export(graph, weights, precision="int8", input_dtype="float32")
    octets = export(graph, weights, precision="int8", input_dtype="uint8")
    assert [one.census.inputs[0].dtype for one in (floats, octets)] == ["FLOAT32", "UINT8"]
    pictures = images(graph)
    for one, other in zip(run(floats.data, pictures), run(octets.data, pictures), strict=True):
        np.testing.assert_array_equal(one, other)


def test_int8_logits_leave_as_floats():
    graph = bundled("shufflenetv2_basic", "output=logits")
    exported, found = equality(graph, "int8")
    assert exported.census.outputs[0].dtype == "FLOAT32"
    assert exported.census.operations["DEQUANTIZE"] == 1
    assert found.snr_db > 25


@pytest.mark.filterwarnings("ignore:Warning. Enabling `experimental_preserve_all_tensors`")
def test_int8_is_not_worse_than_the_public_quantiser():
    """litert-quantizer on our float32 file, calibrated on the same images; it leaves float islands and QUANTIZEs."""
    from litert_quantizer import quantizer, recipe

    graph = bundled("shufflenetv2_basic", "output=logits")
    weights = weights_of(graph)
    pictures = images(graph, 6)
    reference = logits_of(graph, weights)
    tool = quantizer.Quantizer(bytearray(export(graph, weights).data), recipe.static_wi8_ai8())
    ranges = tool.calibrate({"serving_default": [{"image": picture} for picture in pictures]}, num_threads=1)
    theirs = check_equality(bytes(tool.quantize(ranges).quantized_model), reference, pictures, tolerance=None)
    ours = check_equality(
        export(graph, weights, precision="int8", representative=pictures).data, reference, pictures, tolerance=None
    )
    assert ours.snr_db > theirs.snr_db - 1


@pytest.mark.parametrize("name", BUNDLED)
def test_dynamic_touches_plain_convolutions_only(name):
    exported, found = equality(bundled(name), "dynamic")
    assert found.snr_db > 25
    kernels = {(node.code, node.inputs[1].dtype) for node in exported.census.nodes if "CONV" in node.code}
    assert kernels == {("CONV_2D", "INT8"), ("DEPTHWISE_CONV_2D", "FLOAT32")}


def test_dynamic_leaves_grouped_convolutions():
    graph = _network(layers.Conv2D(8, 3, groups=2, padding="same", name="grouped"), channels=4)
    exported = export(graph, initialise(graph), precision="dynamic")
    assert [node.inputs[1].dtype for node in exported.census.nodes if node.code == "CONV_2D"] == ["FLOAT32"]


@pytest.mark.parametrize("name", BUNDLED)
def test_float16_halves_every_weight(name):
    graph = bundled(name)
    exported, found = equality(graph, "float16")
    assert found.snr_db > 50
    weights = [node for node in exported.census.nodes if node.code == "DEQUANTIZE"]
    assert {node.inputs[0].dtype for node in weights} == {"FLOAT16"}
    convolutions = [node for node in exported.census.nodes if "CONV" in node.code]
    assert len(weights) == 2 * len(convolutions)
    full = export(graph, weights_of(graph))
    assert exported.size_bytes < 0.56 * full.size_bytes


def test_float16_does_not_overflow():
    graph = _network(layers.Conv2D(2, 1, name="conv"))
    weights = {key: np.full_like(array, 1e6) for key, array in initialise(graph).items()}
    found = run(export(graph, weights, precision="float16").data, images(graph, 1))[0]
    assert np.isfinite(found).all()


@pytest.mark.parametrize("precision", ["dynamic", "int8"])
def test_channels_of_zeros_and_constant_maps(precision):
    graph = _network(lambda x: layers.ReLU(name="relu")(layers.Conv2D(4, 3, padding="same", name="conv")(x)))
    weights = {key: np.zeros_like(array) for key, array in initialise(graph).items()}
    weights["conv/bias"] = np.array([-1, 0, 5, 1000], np.float32)
    found = run(export(graph, weights, precision=precision).data, images(graph, 1))[0]
    wanted = np.broadcast_to([0.0, 0.0, 5.0, 1000.0], found.shape)
    np.testing.assert_allclose(found, wanted, atol=4)  # half a step of 1000 / 255, and int8 has no finer


def test_int8_of_every_operator():
    """Standalone batch norm, ReLU6, leaky ReLU, padding, average pooling, softmax, half-pixel and nearest resize."""
    graph = Graph("every")
    x = layers.Input((16, 20, 3), name="image").enter(graph)
    x = layers.Rescaling([0.01, 0.02, 0.015], [-1.0, -2.0, -1.5], name="rescaling")(x)
    x = layers.BatchNormalization(name="bn")(x)
    x = layers.ZeroPadding2D(((1, 2), (0, 3)), name="pad")(x)
    x = layers.ReLU(negative_slope=0.1, name="leaky")(x)
    x = layers.Conv2D(8, 3, strides=2, padding="valid", name="conv")(x)
    y = layers.AveragePooling2D(3, strides=1, padding="same", name="mean")(x)
    x = layers.Add(name="add")([x, y])
    x = layers.ReLU(6, name="relu6")(layers.ReLU(name="relu")(x))
    pooled = layers.GlobalAveragePooling2D(name="global")(x)
    pooled = layers.Resize(x.size, stride=x.stride, interpolation="nearest", align_corners=False, name="spread")(pooled)
    x = layers.Concatenate(name="concat")([x, pooled])
    x = layers.ChannelShuffle(4, name="shuffle")(x)
    x = layers.Resize((16, 20), stride=1, align_corners=False, name="resize")(x)
    x = layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2, name="dw")(x)
    graph.finish([layers.Softmax(name="softmax")(x)])
    for shuffle in ("follow", "transpose"):
        exported, found = equality(graph, "int8", shuffle=shuffle)
        assert found.snr_db > 20
        assert exported.census.operations["DEQUANTIZE"] == 1


def test_representative_images_from_a_folder(tmp_path):
    from PIL import Image

    graph = bundled("shufflenetv2_basic")
    generator = np.random.default_rng(0)
    for number in range(3):
        picture = Image.fromarray(generator.integers(0, 256, (40, 50, 3), np.uint8))
        picture.save(tmp_path / f"{number}.{'png' if number else 'jpg'}")
    exported = export(graph, weights_of(graph), precision="int8", representative=tmp_path)
    assert exported.notes == ()
    assert exported.data != export(graph, weights_of(graph), precision="int8").data


def test_bad_folders_are_refused(tmp_path):
    graph = bundled("shufflenetv2_basic")
    with pytest.raises(UserError, match="no such folder"):
        export(graph, weights_of(graph), precision="int8", representative=tmp_path / "missing")
    with pytest.raises(UserError, match="no PNG, JPEG, BMP, TIFF or WebP image"):
        export(graph, weights_of(graph), precision="int8", representative=tmp_path)
    (tmp_path / "broken.png").write_bytes(b"not a picture")
    with pytest.raises(UserError, match=r"broken.png: not an image that can be read"):
        export(graph, weights_of(graph), precision="int8", representative=tmp_path)
    with pytest.raises(Problem, match="at least one image"):
        export(graph, weights_of(graph), precision="int8", representative=[])
    with pytest.raises(Problem, match=r"shape \[2, 2, 3\], the network takes \[1, 65, 97, 3\]"):
        export(graph, weights_of(graph), precision="int8", representative=[np.zeros((2, 2, 3))])


def _network(block, channels=3):
    graph = Graph("small")
    x = layers.Input((8, 9, channels), name="image").enter(graph)
    graph.finish([block(x)])
    return graph
