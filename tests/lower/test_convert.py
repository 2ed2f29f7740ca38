"""TensorFlow's converter through our two routes: equal logits, dilation in one operator, no variables, no noise."""

from collections import Counter
from typing import Any

import numpy as np
import pytest

from archspec.errors import UserError
from archspec.graph.weights import initialise
from archspec.lower import convert_with_tensorflow, to_keras
from archspec.lower.framework import keras, tf
from tests.strategies import graph_of

DILATED = """
input: {size: [65, 49]}
output_stride: 8
classes: 4
backbone:
- conv_bn: {filters: 8, stride: 2}
- shuffle_unit: {filters: 12, stride: 2}
  repeat: 2
- inverted_residual: {filters: 10, stride: 2}
- inverted_residual: {filters: 12, stride: 2}
  repeat: 2
head: {dpc: {filters: 48}}
decoder: bilinear
output: logits
"""
GRAPH = graph_of(DILATED)
IMAGES = np.random.default_rng(6).uniform(0, 255, (8, 65, 49, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return to_keras(GRAPH, initialise(GRAPH, statistics="random"))


def interpreter_of(data: bytes) -> Any:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = Interpreter(model_content=data, experimental_op_resolver_type=plain)
    interpreter.allocate_tensors()
    return interpreter


def run(data: bytes, image: Any) -> Any:
    interpreter = interpreter_of(data)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def census(data: bytes) -> Counter[str]:
    return Counter(operation["op_name"] for operation in interpreter_of(data)._get_ops_details())


def relative(found: Any, expected: Any) -> float:
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def test_constants_route_is_exact_static_and_without_variables(model: keras.Model) -> None:
    data = convert_with_tensorflow(model)
    for image in IMAGES[:3]:
        assert relative(run(data, image[None]), model(image[None]).numpy()) < 1e-5
    operators = census(data)
    dilated = [node for node in GRAPH.nodes if node.layer.config.get("dilation_rate", (1, 1)) != (1, 1)]
    assert len(dilated) >= 5
    convolutions = Counter(type(node.layer).__name__ for node in GRAPH.nodes)
    assert operators["DEPTHWISE_CONV_2D"] == convolutions["DepthwiseConv2D"]
    assert operators["CONV_2D"] == convolutions["Conv2D"]
    assert not operators.keys() & {"SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND", "READ_VARIABLE", "VAR_HANDLE", "CUSTOM"}
    assert operators["TRANSPOSE"] == convolutions["ChannelShuffle"]
    (entrance,) = interpreter_of(data).get_input_details()
    assert entrance["shape_signature"].tolist() == [1, 65, 49, 3]
    assert "image" in entrance["name"]


def test_batch_size_is_what_was_asked(model: keras.Model) -> None:
    data = convert_with_tensorflow(model, batch_size=2)
    assert relative(run(data, IMAGES[:2]), model(IMAGES[:2]).numpy()) < 1e-5


def test_from_keras_model_agrees_but_splits_dilation(model: keras.Model) -> None:
    data = convert_with_tensorflow(model, route="keras_model")
    assert relative(run(data, IMAGES[:1]), model(IMAGES[:1]).numpy()) < 1e-5
    assert census(data)["SPACE_TO_BATCH_ND"] > 0  # the reason for the other route


def test_label_maps_and_uint8_images_convert() -> None:
    graph = graph_of(DILATED.replace("49]", "49], dtype: uint8").replace("logits", "argmax"))
    image = IMAGES[:1].astype(np.uint8)
    weights = initialise(graph, statistics="random")
    logits = to_keras(GRAPH, weights)(image).numpy()
    weights["classifier.logits/bias"] = -logits.mean((0, 1, 2))  # else one class is everywhere, and any map looks right
    model = to_keras(graph, weights)
    found = run(convert_with_tensorflow(model), image)
    assert found.dtype == np.int32
    assert (found == model(image).numpy()).mean() > 0.999  # two logits may be equal to the last bit
    assert len(np.unique(found)) > 1


def test_converting_leaves_the_model_as_it_was(model: keras.Model) -> None:
    before = [variable.numpy() for variable in model.variables]
    convert_with_tensorflow(model)
    assert all(np.array_equal(old, new.numpy()) for old, new in zip(before, model.variables, strict=True))
    model(IMAGES[:1])


def test_precisions(model: keras.Model) -> None:
    expected = model(IMAGES[:1]).numpy()
    images = [IMAGES[0], IMAGES[1:]]  # one image, and several at once: both are understood
    for precision, held, tolerance in (("float16", "float16", 0.01), ("dynamic", "int8", 0.1), ("int8", "int8", 0.15)):
        data = convert_with_tensorflow(model, precision=precision, representative_images=images)  # type: ignore[arg-type]
        assert 0 < relative(run(data, IMAGES[:1]), expected) < tolerance
        dtypes = Counter(detail["dtype"].__name__ for detail in interpreter_of(data).get_tensor_details())
        assert dtypes[held] > 5
        assert (dtypes["int8"] > dtypes["float32"]) == (precision == "int8")


def test_int8_needs_images(model: keras.Model) -> None:
    with pytest.raises(UserError, match="int8 needs representative images"):
        convert_with_tensorflow(model, precision="int8")


def test_nothing_is_printed_and_a_failure_is_one_line(
    model: keras.Model, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    convert_with_tensorflow(model)

    def fail(_: object) -> bytes:
        raise RuntimeError("first line\nsecond line")

    monkeypatch.setattr(tf.lite.TFLiteConverter, "from_keras_model", lambda _: type("C", (), {"convert": fail})())
    with pytest.raises(UserError) as caught:
        convert_with_tensorflow(model, route="keras_model")
    assert str(caught.value) == ("TensorFlow cannot convert 'text' (first line). Export without --via tensorflow")
    assert capfd.readouterr() == ("", "")


def test_a_variable_that_escapes_is_refused(model: keras.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the constants, the converter would write a file that reads uninitialised variables, and say nothing."""

    class Open:
        def __init__(self, state_mapping: object) -> None: ...
        def __enter__(self) -> None: ...
        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(keras, "StatelessScope", Open)
    with pytest.raises(UserError, match="variables of 'text' are not constants"):
        convert_with_tensorflow(model)
