"""The file itself: repeatable bytes, alignment, names, versions, and TensorFlow far away."""

import subprocess
import sys

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from archspec.errors import Problem
from archspec.export import PRECISIONS, export, read_metadata, take_census, write
from archspec.export.flatbuffer import encode
from archspec.export.model import Model, ModelOperation, fill
from archspec.graph import layers
from archspec.graph.program import build_program
from archspec.graph.tensor import Graph
from archspec.graph.weights import initialise
from tests.export.networks import BUNDLED, bundled, weights_of


@pytest.mark.parametrize("precision", PRECISIONS)
def test_same_input_same_bytes(precision):
    graph = bundled("shufflenetv2_dpc")
    first, second = (
        export(graph, weights_of(graph), precision=precision, labels=[f"c{n}" for n in range(19)], spec_text="a: 1\n")
        for _ in range(2)
    )
    assert first.data == second.data


def test_other_weights_other_bytes_same_size():
    graph = bundled("shufflenetv2_dpc")
    fresh = export(graph, initialise(graph, 0, "fresh"))  # its biases are all zeros
    seen = export(graph, weights_of(graph))
    assert fresh.data != seen.data
    assert fresh.size_bytes == seen.size_bytes


@pytest.mark.parametrize("name", BUNDLED)
@pytest.mark.parametrize("shuffle", ["follow", "transpose"])
def test_tensor_names_are_unique_and_come_from_the_graph(name, shuffle):
    graph = bundled(name)
    model = schema.ModelT.InitFromPackedBuf(export(graph, weights_of(graph), shuffle=shuffle).data)
    names = [tensor.name.decode() for tensor in model.subgraphs[0].tensors]
    assert len(set(names)) == len(names)
    assert graph.inputs[0].node.name in names
    convolutions = [node for node in graph.nodes if type(node.layer).__name__ == "Conv2D"]
    assert all(f"{node.name}.kernel" in names for node in convolutions)


def test_buffers_are_aligned_and_equal_shapes_are_shared():
    graph = bundled("shufflenetv2_dpc")
    data = export(graph, weights_of(graph)).data
    model = schema.Model.GetRootAs(data)
    start = np.frombuffer(data, np.uint8).ctypes.data
    integers = []
    assert model.BuffersLength() > 100
    assert model.Buffers(0).DataLength() == 0
    for number in range(1, model.BuffersLength()):
        content = model.Buffers(number).DataAsNumpy()
        assert (content.ctypes.data - start) % 16 == 0
    graph_of_file = model.Subgraphs(0)
    for number in range(graph_of_file.TensorsLength()):
        tensor = graph_of_file.Tensors(number)
        if tensor.Type() == schema.TensorType.INT32 and tensor.Buffer():
            integers.append(model.Buffers(tensor.Buffer()).DataAsNumpy().tobytes())
    assert len(integers) > 20
    assert len(set(integers)) == len(integers)


@pytest.mark.parametrize(("output", "name", "dtype"), [
    ("argmax", "labels", np.int32), ("logits", "logits", np.float32), ("softmax", "probabilities", np.float32),
])  # fmt: skip
def test_signature_says_what_comes_out(output, name, dtype):
    graph = bundled("mobilenetv2_basic", f"output={output}")
    interpreter = Interpreter(model_content=export(graph, weights_of(graph)).data, num_threads=1)
    assert interpreter.get_signature_list() == {"serving_default": {"inputs": ["image"], "outputs": [name]}}
    runner = interpreter.get_signature_runner()
    found = runner(image=np.zeros((1, 65, 97, 3), np.float32))[name]
    assert found.dtype == dtype
    assert found.shape[1:3] == (65, 97)


def test_several_outputs_of_one_kind_have_names_of_their_own():
    graph = Graph("two")
    x = layers.Input((8, 8, 3), name="image").enter(graph)
    graph.finish([layers.Conv2D(2, 1, name="a")(x), layers.Conv2D(4, 1, name="b")(x)])
    data = export(graph, initialise(graph)).data
    signature = Interpreter(model_content=data).get_signature_list()["serving_default"]
    assert signature["outputs"] == ["logits", "logits_1"]


def test_versions_are_the_lowest_that_will_do():
    graph = bundled("mobilenetv2_dpc", "output_stride=8")
    floats = export(graph, weights_of(graph))
    assert floats.census.versions["CONV_2D"] == 1
    assert floats.census.versions["DEPTHWISE_CONV_2D"] == 2  # dilated; the others are version 1
    assert {node.version for node in floats.census.nodes if node.code == "DEPTHWISE_CONV_2D"} == {1, 2}
    assert floats.census.versions["RESIZE_BILINEAR"] == 1
    assert (
        read_metadata(floats.data).min_runtime_version == "1.14.0" if "SLICE" in floats.census.operations else "1.12.0"
    )
    assert export(graph, weights_of(graph), precision="float16").census.versions["DEQUANTIZE"] == 3
    assert export(graph, weights_of(graph), precision="dynamic").census.versions["CONV_2D"] == 5
    integers = export(graph, weights_of(graph), precision="int8").census.versions
    expected = {"CONV_2D": 3, "DEPTHWISE_CONV_2D": 3, "ADD": 2, "CONCATENATION": 2, "RESIZE_BILINEAR": 2, "ARG_MAX": 2}
    assert expected.items() <= integers.items()


def test_half_pixel_resize_asks_for_a_newer_runtime():
    graph = bundled("mobilenetv2_dpc", "decoder={bilinear: {align_corners: false}}")
    exported = export(graph, weights_of(graph))
    assert exported.census.versions["RESIZE_BILINEAR"] == 3
    assert read_metadata(exported.data).min_runtime_version == "2.2.0"


def test_an_operator_without_a_rule_is_an_error_that_names_the_file():
    graph = bundled("mobilenetv2_basic")
    model = fill(build_program(graph), weights_of(graph))
    strange = ModelOperation("STRANGE", (0,), (1,), {})
    broken = Model(model.tensors, (strange,), model.inputs, model.outputs, ("image",), ("x",))
    with pytest.raises(Problem, match="STRANGE has no export rule") as caught:
        encode(broken)
    assert "archspec/export/operators.py" in caught.value.remedy


def test_weights_that_do_not_fit_are_refused():
    graph = bundled("mobilenetv2_basic")
    weights = dict(weights_of(graph))
    key, array = next(iter(weights.items()))
    with pytest.raises(Problem, match="do not fit"):
        export(graph, {name: value for name, value in weights.items() if name != key})
    with pytest.raises(Problem, match="has shape"):
        export(graph, {**weights, key: array[..., :1]})


def test_unknown_precision():
    graph = bundled("mobilenetv2_basic")
    with pytest.raises(Problem, match="unknown precision 'int4'"):
        export(graph, weights_of(graph), precision="int4")


def test_write_replaces_the_file_at_once(tmp_path):
    graph = bundled("mobilenetv2_basic")
    exported = export(graph, weights_of(graph))
    path = tmp_path / "model.tflite"
    path.write_bytes(b"old")
    write(exported, path)
    assert path.read_bytes() == exported.data
    assert [entry.name for entry in tmp_path.iterdir()] == ["model.tflite"]
    assert take_census(path.read_bytes()).macs == exported.census.macs


def test_no_tensorflow_on_the_way(root):
    code = (
        "import sys\n"
        "from archspec.catalog import Catalog\n"
        "from archspec.export import check_equality, export, run\n"
        "from archspec.graph.trace import trace\n"
        "from archspec.graph.weights import initialise\n"
        "from archspec.spec import expand, load\n"
        "graph = trace(expand(load('shufflenetv2_basic', ['input.size=64'])), Catalog())\n"
        "data = export(graph, initialise(graph), precision='int8').data\n"
        "check_equality(data, lambda image: run(export(graph, initialise(graph)).data, [image])[0]"
        ".repeat(19).reshape(1, 64, 64, 19), tolerance=None)\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('tensorflow', 'keras', 'litert_quantizer')])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
