"""Files that this process did not write: checked once, run in another process, in every form that converters give."""

import os
import signal
import struct
from collections.abc import Callable
from typing import Any

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from archspec.errors import Problem
from archspec.export import TfliteSegmenter, export, input_size, read_metadata, sized, take_census
from archspec.export.flatbuffer_walk import FlatbufferWalk
from archspec.export.interpreter import HousedInterpreter, opened
from archspec.export.interpreter_process import Housed, _Process
from archspec.export.tflite_file import Soundness, check_file, is_own
from archspec.export.tflite_segmenter import _byte_table
from archspec.graph.trace import trace
from archspec.graph.weights import initialise
from archspec.spec import expand, parse
from tests.export.networks import bundled, catalog, weights_of
from tests.fuzz.tflite_damage import CLASSES, SPEC

SIZE = (16, 24)
IMAGE = np.random.default_rng(4).integers(0, 256, (*SIZE, 3), np.uint8)


def ours(output: str = "logits", precision: Any = "float32", **more: Any) -> bytes:
    graph = trace(
        expand(parse(SPEC.format(classes=CLASSES, output=output), file="a.yaml", catalog=catalog())), catalog()
    )
    return export(graph, initialise(graph, 2, "random"), precision=precision, **more).data


def changed(data: bytes, change: Callable[[Any, Any], None]) -> bytes:
    """The file after a change of its objects; another's file from then on."""
    model = schema.ModelT.InitFromPackedBuf(data)
    model.description = b"of another maker"
    change(model, model.subgraphs[0])
    builder = flatbuffers.Builder(4096)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def signed(*signature: int) -> Callable[[Any, Any], None]:
    """The first sides of what goes in and comes out are open where the signature says -1."""

    def change(_: Any, graph: Any) -> None:
        for index in (graph.inputs[0], graph.outputs[0]):
            tensor = graph.tensors[index]
            tensor.name = (
                b"serving_default_keras_tensor:0" if index == graph.inputs[0] else b"StatefulPartitionedCall:0"
            )
            tensor.shapeSignature = [*signature, *tensor.shape[len(signature) :]]

    return change


# --- checked ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("precision", ["float32", "float16", "dynamic", "int8"])
@pytest.mark.parametrize("name", ["shufflenetv2_dpc", "mobilenetv2_basic"])
def test_what_we_write_is_sound(name: str, precision: Any) -> None:
    graph = bundled(name)
    images = [np.zeros((1, 65, 97, 3), np.float32)] if precision == "int8" else None
    data = export(graph, weights_of(graph), precision=precision, representative=images).data
    walk = FlatbufferWalk(data)
    Soundness(walk, walk.root("Model"), len(data)).check()


def _first_operator(field: str, value: Any) -> Callable[[Any, Any], None]:
    return lambda _, graph: setattr(graph.operators[0], field, value)


def _first_tensor(field: str, value: Any) -> Callable[[Any, Any], None]:
    return lambda _, graph: setattr(graph.tensors[0], field, value)


DAMAGE: list[tuple[str, Callable[[Any, Any], None], str]] = [
    ("an input that is not there", _first_operator("inputs", [999, 0]), "operator 0 reads tensor 999"),
    ("an output twice", lambda _, graph: setattr(graph.operators[1], "outputs", graph.operators[0].outputs),
     "which is there already"),
    ("no such code", _first_operator("opcodeIndex", 77), "operator 0 has the code 77"),
    ("too few inputs", _first_operator("inputs", []), "operator 0 has too few inputs"),
    ("no such buffer", _first_tensor("buffer", 4000), "is in buffer 4000"),
    ("too long a shape", _first_tensor("shape", [1] * 20), "has the shape"),
    ("a side below -1", _first_tensor("shape", [1, -7, 2, 3]), "has the shape [1, -7, 2, 3]"),
    ("more than any memory", _first_tensor("shape", [1, 60000, 60000, 3]), "would take 43,200,000,000 bytes"),
    ("an unknown type", _first_tensor("type", 77), "is of an unknown type (77)"),
    ("read before it is made", lambda _, graph: setattr(graph, "operators", graph.operators[::-1]),
     "which nothing has made before"),
    ("no operator", lambda _, graph: setattr(graph, "operators", []), "0 operators"),
    ("no network", lambda model, _: setattr(model, "subgraphs", []), "it holds no network"),
    ("a buffer cut short", lambda model, _: [setattr(one, "data", one.data[:5]) for one in model.buffers
                                             if one.data is not None and len(one.data) > 100], "bytes and has 5"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "fact"), [case[1:] for case in DAMAGE], ids=[case[0] for case in DAMAGE])
def test_what_cannot_be_is_refused(change: Callable[[Any, Any], None], fact: str) -> None:
    with pytest.raises(Problem) as caught:
        take_census(changed(ours(), change))
    assert caught.value.fact.startswith("a damaged .tflite file: ")
    assert fact in caught.value.fact


def test_every_offset_is_followed() -> None:
    data = ours()
    for at in range(0, 120, 4):  # the root and the model's own table
        for value in (0x7FFFFFF0, 0xFFFFFFFF):
            broken = data[:at] + struct.pack("<I", value) + data[at + 4 :]
            try:
                take_census(broken)
            except Problem as problem:
                assert "a damaged .tflite file" in problem.fact or "not a TensorFlow Lite file" in problem.fact
    for length in range(8, 400, 23):
        with pytest.raises(Problem):
            check_file(data[:length])


def test_broken_metadata_are_left_out() -> None:
    def change(model: Any, _: Any) -> None:
        for entry in model.metadata:
            model.buffers[entry.buffer].data = np.frombuffer(b"[" * 3000, np.uint8)

    found = read_metadata(changed(ours(), change))
    assert (found.own, found.normalisation, found.labels) == ({}, None, ())


# --- run elsewhere ----------------------------------------------------------------------------------------------------
def test_our_own_bytes_stay_here_and_others_do_not() -> None:
    data = ours()
    foreign = changed(data, lambda *_: None)
    assert is_own(data)
    assert not is_own(foreign)
    assert not isinstance(opened(data), HousedInterpreter)
    assert isinstance(opened(foreign), HousedInterpreter)
    np.testing.assert_array_equal(TfliteSegmenter(foreign)(IMAGE), TfliteSegmenter(data)(IMAGE))


def test_a_death_is_one_line_and_the_next_file_runs() -> None:
    with pytest.raises(Problem, match=r"LiteRT dies of it \(SIGABRT\)"):
        Housed("archspec.export.interpreter_process:os.abort")
    assert TfliteSegmenter(changed(ours(), lambda *_: None)).classes == CLASSES


def test_a_hang_is_one_line_and_nothing_is_left() -> None:
    network = HousedInterpreter(changed(ours(), lambda *_: None), 1)
    child = _Process.shared()._child
    os.kill(child.pid, signal.SIGSTOP)
    network._limit_s = 0.2
    with pytest.raises(Problem, match=r"LiteRT did not come back within 0\.2 s"):
        network.invoke()
    assert child.poll() is not None


def test_an_object_whose_process_died_of_another_file_says_so() -> None:
    network = HousedInterpreter(changed(ours(), lambda *_: None), 1)
    with pytest.raises(Problem):
        Housed("archspec.export.interpreter_process:os.abort")
    with pytest.raises(Problem, match="died of another file"):
        network.invoke()


def test_what_litert_refuses_is_one_line() -> None:
    def change(model: Any, _: Any) -> None:
        model.operatorCodes[0].version = 99

    with pytest.raises(Problem, match="LiteRT"):
        TfliteSegmenter(changed(ours(), change))


@pytest.mark.parametrize("kind", ["STRING", "BOOL", "COMPLEX64", "RESOURCE", "INT4"])
def test_an_input_that_no_image_fits_is_one_line(kind: str) -> None:
    def change(_: Any, graph: Any) -> None:
        graph.tensors[graph.inputs[0]].type = getattr(schema.TensorType, kind)

    with pytest.raises(Problem, match=f"its input is of {kind}"):
        TfliteSegmenter(changed(ours(), change))


# --- as converters write them -----------------------------------------------------------------------------------------
def test_an_open_batch_is_run_as_one() -> None:
    network = TfliteSegmenter(changed(ours(), signed(-1)))
    assert (network.size, network.gives, network.classes) == (SIZE, "logits", CLASSES)
    np.testing.assert_array_equal(network(IMAGE), TfliteSegmenter(ours())(IMAGE))


def test_a_batch_of_four_gives_what_one_gives() -> None:
    def change(_: Any, graph: Any) -> None:
        graph.tensors[graph.inputs[0]].shape = [4, *SIZE, 3]

    network = TfliteSegmenter(changed(ours(), change))
    np.testing.assert_allclose(network(IMAGE), TfliteSegmenter(ours())(IMAGE), rtol=1e-5, atol=1e-5)


def test_channels_may_stand_first() -> None:
    def change(model: Any, graph: Any) -> None:
        order = schema.BufferT()
        order.data = np.frombuffer(np.array([0, 3, 1, 2], np.int32).tobytes(), np.uint8)
        model.buffers.append(order)
        code = schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.TRANSPOSE
        code.version = 1
        model.operatorCodes.append(code)
        for shape, kind, buffer in (([4], 2, len(model.buffers) - 1), ([1, CLASSES, *SIZE], 0, 0)):
            tensor = schema.TensorT()
            tensor.name, tensor.shape, tensor.type, tensor.buffer = b"t", shape, kind, buffer
            graph.tensors.append(tensor)
        step = schema.OperatorT()
        step.opcodeIndex = len(model.operatorCodes) - 1
        step.inputs = [int(graph.outputs[0]), len(graph.tensors) - 2]
        step.outputs = [len(graph.tensors) - 1]
        graph.operators.append(step)
        graph.outputs = step.outputs
        model.signatureDefs = []

    network = TfliteSegmenter(changed(ours(), change))
    assert network.classes == CLASSES
    np.testing.assert_array_equal(network(IMAGE), TfliteSegmenter(ours())(IMAGE))


@pytest.mark.parametrize(("scale", "zero_point"), [(1.0, -128), (240 / 255, -128), (1 / 255, -128), (1 / 127.5, 0)])
def test_whole_numbers_follow_a_scale_that_means_pixels(scale: float, zero_point: int) -> None:
    pixels = np.arange(256)
    wanted = np.clip(np.rint(pixels / scale) + zero_point, -128, 127) if scale > 0.5 else pixels - 128
    found = _byte_table({"dtype": np.int8, "quantization": (scale, zero_point)}, None)
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("output", ["logits", "argmax"])
def test_an_open_size_takes_each_image_at_its_own(output: str) -> None:
    data = changed(ours(output), signed(-1, -1, -1))
    assert input_size(data).open
    network = TfliteSegmenter(data)
    assert network.size is None
    fixed = TfliteSegmenter(data, size=SIZE)
    assert fixed.size == SIZE
    np.testing.assert_array_equal(network.labels(IMAGE), TfliteSegmenter(ours(output)).labels(IMAGE))
    np.testing.assert_array_equal(fixed.labels(IMAGE), network.labels(IMAGE))


def test_a_sized_copy_is_closed_and_priced() -> None:
    data = changed(ours(), signed(-1, -1, -1))
    copy = sized(data, SIZE)
    assert not input_size(copy).open
    assert take_census(copy).macs == take_census(ours()).macs
    with pytest.raises(Problem, match="takes images of 16 x 24, not of 8 x 8"):
        sized(ours(), (8, 8))
    assert sized(ours(), SIZE) == ours()
