"""What a `.tflite` says it costs: against our own graphs, against formulas by hand, and against the real runtime."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from archspec.api.networks import file_cost
from archspec.cost import price
from archspec.errors import UserError
from archspec.export import export
from tests.cli.runner import run
from tests.export.networks import bundled, weights_of
from tests.export.test_foreign_files import changed

NAMES = ("shufflenetv2_dpc", "mobilenetv2_basic", "camvid_shufflenetv2_05")
PREPROCESS = {"shufflenetv2_dpc": 2, "mobilenetv2_basic": 2, "camvid_shufflenetv2_05": 1}  # scale, and shift


def exported(name: str, precision: Any = "float32", *overrides: str) -> bytes:
    graph = bundled(name, *overrides)
    images = [np.zeros((1, *graph.inputs[0].shape), np.float32)] if precision == "int8" else None
    return export(graph, weights_of(graph), precision=precision, representative=images).data


# --- against our own graphs -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("precision", ["float32", "float16", "dynamic", "int8"])
@pytest.mark.parametrize("name", NAMES)
def test_our_files_say_what_the_graph_says(name: str, precision: str) -> None:
    graph = bundled(name)
    cost, sheet = file_cost(exported(name, precision)), price(graph, classes=0, output_stride=0)
    assert cost.macs == sheet.macs
    assert cost.not_counted == {}
    if precision == "float32":
        assert cost.peak_memory_bytes == sheet.peak_memory_bytes
        assert cost.memory_access_bytes == sheet.memory_access_bytes


@pytest.mark.parametrize("precision", ["float32", "float16", "int8"])
@pytest.mark.parametrize("name", NAMES)
def test_parameters_are_those_with_batch_norm_folded(name: str, precision: str) -> None:
    """Every kernel, and one bias a filter: the four numbers of a batch norm's channel are in both."""
    expected = PREPROCESS[name]
    for node in bundled(name).nodes:
        kernels = [weight for weight in node.layer.weights(node) if "kernel" in weight.name]
        expected += sum(prod(weight.shape) for weight in kernels) + (node.output.shape[-1] if kernels else 0)
    assert file_cost(exported(name, precision)).params == expected


PRECISIONS = {"float32": "float32", "float16": "float16 weights", "dynamic": "int8 weights, float32 activations",
              "int8": "int8"}  # fmt: skip


@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_precision_is_read_off_the_types(precision: str) -> None:
    assert file_cost(exported("mobilenetv2_basic", precision)).precision == PRECISIONS[precision]


# --- by hand ----------------------------------------------------------------------------------------------------------
class Maker:
    """A `.tflite` of operators that ours never has, with the schema's own objects."""

    def __init__(self) -> None:
        self.model = schema.ModelT()
        self.model.version, self.model.buffers, self.model.operatorCodes = 3, [schema.BufferT()], []
        self.graph = schema.SubGraphT()
        self.graph.tensors, self.graph.operators = [], []
        self.model.subgraphs = [self.graph]

    def tensor(self, *shape: int, constant: bool = False, kind: int = 0) -> int:
        tensor = schema.TensorT()
        tensor.shape, tensor.type, tensor.name = list(shape), kind, f"t{len(self.graph.tensors)}".encode()
        if constant:
            buffer = schema.BufferT()
            buffer.data = np.zeros(prod(shape), np.float32 if kind == 0 else np.int32).view(np.uint8)
            self.model.buffers.append(buffer)
            tensor.buffer = len(self.model.buffers) - 1
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def operate(self, code: str, inputs: list[int], *shape: int) -> int:
        operator, kind = schema.OperatorT(), schema.OperatorCodeT()
        kind.builtinCode = getattr(schema.BuiltinOperator, code, schema.BuiltinOperator.CUSTOM)
        kind.deprecatedBuiltinCode, kind.version = min(127, kind.builtinCode), 1
        kind.customCode = None if hasattr(schema.BuiltinOperator, code) else code.encode()
        self.model.operatorCodes.append(kind)
        operator.opcodeIndex, operator.inputs = len(self.model.operatorCodes) - 1, inputs
        output = self.tensor(*shape)
        operator.outputs = [output]
        self.graph.operators.append(operator)
        return output

    def data(self, inputs: list[int], outputs: list[int]) -> bytes:
        import flatbuffers

        self.graph.inputs, self.graph.outputs = inputs, outputs
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def one(code: str, shapes: list[tuple[int, ...]], output: tuple[int, ...], weights: tuple[int, ...] = ()) -> Any:
    maker = Maker()
    inputs = [maker.tensor(*shape, constant=index in weights) for index, shape in enumerate(shapes)]
    made = maker.operate(code, inputs, *output)
    return file_cost(maker.data([index for index in inputs if index not in weights], [made]))


RULES: dict[str, tuple[list[tuple[int, ...]], tuple[int, ...], tuple[int, ...], int, int]] = {
    "CONV_2D": ([(1, 8, 8, 3), (5, 3, 3, 3), (5,)], (1, 8, 8, 5), (1, 2), 8 * 8 * 5 * 3 * 3 * 3, 5 * 27 + 5),
    "DEPTHWISE_CONV_2D": ([(1, 8, 8, 6), (1, 3, 5, 6), (6,)], (1, 8, 8, 6), (1, 2), 8 * 8 * 6 * 15, 6 * 15 + 6),
    "TRANSPOSE_CONV": ([(4,), (5, 4, 4, 3), (1, 6, 7, 3)], (1, 12, 14, 5), (1,), 6 * 7 * 3 * 16 * 5, 5 * 16 * 3),
    "FULLY_CONNECTED": ([(7, 20), (9, 20), (9,)], (7, 9), (1, 2), 7 * 9 * 20, 9 * 20 + 9),
    "BATCH_MATMUL": ([(2, 4, 5, 11), (2, 4, 11, 6)], (2, 4, 5, 6), (), 2 * 4 * 5 * 6 * 11, 0),
    "CONV_3D": ([(1, 4, 5, 6, 2), (3, 3, 3, 2, 7)], (1, 2, 3, 4, 7), (1,), 2 * 3 * 4 * 7 * 27 * 2, 27 * 2 * 7),
}


@pytest.mark.parametrize("code", RULES)
def test_each_rule(code: str) -> None:
    shapes, output, weights, macs, params = RULES[code]
    cost = one(code, shapes, output, weights)
    assert (cost.macs, cost.params, cost.not_counted) == (macs, params, {})


def test_a_matrix_that_is_turned_round_is_counted_alike() -> None:
    assert one("BATCH_MATMUL", [(4, 11, 5), (4, 11, 6)], (4, 5, 6)).macs == 4 * 5 * 6 * 11


@pytest.mark.parametrize(
    ("code", "name", "why"),
    [("LSTM", "LSTM", "no rule"), ("Flex3DThing", "CUSTOM:Flex3DThing", "a custom operator")],
)
def test_what_has_no_rule_is_named(code: str, name: str, why: str) -> None:
    cost = one(code, [(1, 8)], (1, 8))
    assert list(cost.not_counted) == [name]
    assert cost.not_counted[name].startswith(why)
    assert cost.by_code()[0].macs is None
    assert f"not counted: {name}, 1 ×" in str(cost)


@pytest.mark.parametrize("between", [(), ("ADD",)])
def test_a_dilated_convolution_in_batches_is_one_convolution(between: tuple[str, ...]) -> None:
    """33 × 33 at rate 2, cut into 4 maps of 17 × 17: the cropped row and column are not of the network."""
    maker = Maker()
    image, kernel, bias = (
        maker.tensor(1, 33, 33, 4),
        maker.tensor(6, 3, 3, 4, constant=True),
        maker.tensor(6, constant=True),
    )
    sizes = [maker.tensor(2, constant=True, kind=2), maker.tensor(2, 2, constant=True, kind=2)]
    x = maker.operate("SPACE_TO_BATCH_ND", [image, *sizes], 4, 19, 19, 4)
    x = maker.operate("CONV_2D", [x, kernel, bias], 4, 17, 17, 6)
    for code in between:
        x = maker.operate(code, [x, maker.tensor(6, constant=True)], 4, 17, 17, 6)
    x = maker.operate("BATCH_TO_SPACE_ND", [x, *sizes], 1, 33, 33, 6)
    cost = file_cost(maker.data([image], [x]))
    assert cost.macs == 33 * 33 * 6 * 3 * 3 * 4
    assert cost.params == 6 * 36 + 6 + 6 * len(between)


def test_open_sizes_are_said() -> None:
    cost = one("CONV_2D", [(-1, -1, 8, 3), (5, 3, 3, 3)], (-1, -1, 8, 5), (1,))
    assert cost.not_counted == {"CONV_2D": "a dimension is unknown before run time"}
    assert cost.peak_memory_bytes is None
    assert "memory is not known: tensor 't0' has an unknown dimension" in str(cost)
    assert cost.to_json()["inputs"][0]["shape"] == [-1, -1, 8, 3]


def test_several_examples_at_once_are_said() -> None:
    cost = one("CONV_2D", [(4, 8, 8, 3), (5, 3, 3, 3)], (4, 8, 8, 5), (1,))
    assert cost.macs == 4 * 8 * 8 * 5 * 27
    assert "takes 4 examples at once" in str(cost)


# --- real files -------------------------------------------------------------------------------------------------------
def planned(file: Path, restored: bool | None = None) -> int:
    """From the lowest to the highest address of what the runtime computes, as in tests/export/test_arena.py.

    `restored` is of the weights that our half-precision files make float32 (their names end so), or of all but those.
    """
    kind = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = Interpreter(model_path=str(file), num_threads=1, experimental_op_resolver_type=kind)
    interpreter.allocate_tensors()
    model = schema.ModelT.InitFromPackedBuf(file.read_bytes())
    tensors = model.subgraphs[0].tensors
    lowest, highest = [], []
    for detail in interpreter.get_tensor_details():
        index = detail["index"]
        if index < len(tensors) and model.buffers[tensors[index].buffer].data is not None:
            continue
        if restored is not None and detail["name"].endswith(".float32") != restored:
            continue
        view = interpreter.tensor(index)().__array_interface__
        lowest.append(view["data"][0])
        highest.append(view["data"][0] + prod(view["shape"]) * np.dtype(view["typestr"]).itemsize)
    return max(highest) - min(lowest)


@pytest.mark.parametrize("precision", ["float32", "float16", "int8"])
def test_files_of_any_type_are_planned_as_the_runtime_plans_them(precision: str, tmp_path: Path) -> None:
    """Weights of half precision are made float32 when the file is loaded, and kept beside the arena."""
    file = tmp_path / "any.tflite"
    file.write_bytes(exported("mobilenetv2_basic", precision))
    memory = file_cost(file).memory
    assert memory.arena_bytes == planned(file, restored=False)
    assert memory.outside_bytes == (planned(file, restored=True) if precision == "float16" else 0)


REAL = {  # published multiply-adds (github.com/tensorflow/models, mobilenet_v1.md), else None
    "deeplabv3_257_mnv2_dm05_float": None,
    "deeplabv3_mnv2_dm05_pascal_quant": None,
    "mobilenet_v1_0.25_128_quant": (14e6, 0.47e6),
}


@pytest.mark.parametrize("name", REAL)
def test_real_files_are_planned_as_the_runtime_plans_them(name: str, tflite_folder: Path) -> None:
    file = tflite_folder / f"{name}.tflite"
    cost = file_cost(file)
    assert cost.peak_memory_bytes == planned(file)
    published = REAL[name]
    if published:
        assert (round(cost.macs / 1e6), round(cost.params / 1e6, 2)) == (published[0] / 1e6, published[1] / 1e6)


def test_a_real_file_with_a_custom_operator(tflite_folder: Path) -> None:
    cost = file_cost(tflite_folder / "selfie_segmentation.tflite")
    assert list(cost.not_counted) == ["CUSTOM:Convolution2DTransposeBias"]
    assert cost.precision == "float16 weights"
    assert cost.macs == sum(kind.macs or 0 for kind in cost.by_code()) > 50e6


# --- the commands -----------------------------------------------------------------------------------------------------
@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    foreign: Callable[[Any, Any], None] = lambda *_: None  # noqa: E731
    (tmp_path / "one.tflite").write_bytes(changed(exported("mobilenetv2_basic"), foreign))
    (tmp_path / "two.bin").write_bytes(changed(exported("mobilenetv2_basic", "int8"), foreign))
    return tmp_path


def test_cost(files: Path) -> None:
    found = json.loads(run("cost", "one.tflite", "--format", "json").out)
    assert (found["kind"], found["precision"]) == ("tflite", "float32")
    assert found["macs"] == price(bundled("mobilenetv2_basic"), classes=0, output_stride=0).macs
    assert sum(kind["macs"] for kind in found["operators"]) == found["macs"]
    rows = json.loads(run("cost", "two.bin", "--layers", "--format", "json").out)["layers"]  # whatever it is called
    assert sum(row["macs"] for row in rows) == found["macs"]
    several = json.loads(run("cost", "one.tflite", "mobilenetv2_basic", "--format", "json").out)
    assert [one.get("kind") for one in several] == ["tflite", None]
    table = run("cost", "one.tflite", "mobilenetv2_basic").out
    assert "float32, predicted" in table


def test_what_a_file_has_not_is_refused(files: Path) -> None:
    for option, words in (("--by-line", "has no lines"), ("--by=block", "has no lines"), ("--set=classes=3", "--set")):
        result = run("cost", "one.tflite", option)
        assert result.code == 2
        assert words in result.err


def test_diff(files: Path) -> None:
    rows = json.loads(run("diff", "one.tflite", "two.bin", "--format", "json").out)["rows"]
    by_name = {(row["what"], row["name"]): row for row in rows}
    assert by_name["cost", "macs"]["change"] == "="
    assert by_name["file", "precision"]["b"] == "int8"
    assert by_name["operators", "QUANTIZE"]["change"] == "only in B"
    size = "input.size=[65, 97]"
    spec = json.loads(run("diff", "mobilenetv2_basic", "one.tflite", "--set", size, "--format", "json").out)["rows"]
    assert {row["change"] for row in spec if row["what"] in ("operators", "MACs")} == {"="}


def test_compare(files: Path) -> None:
    found = json.loads(run("compare", "mobilenetv2_basic", "one.tflite", "--format", "json").out)
    assert [one["kind"] for one in found["compared"]] == ["spec", ".tflite"]
    costs = next(table for table in found["tables"] if table["title"] == "Costs")["rows"]
    assert {row["quantity"] for row in costs} >= {"arithmetic", "parameters", "peak memory", ".tflite"}


def test_a_damaged_file_is_one_line(files: Path) -> None:
    Path("cut.tflite").write_bytes(Path("one.tflite").read_bytes()[:900])
    result = run("cost", "cut.tflite")
    assert result.code == 2
    assert result.err.startswith("cut.tflite: a damaged .tflite file")
    with pytest.raises(UserError, match="not a TensorFlow Lite file"):
        file_cost(b"no flatbuffer at all")
