"""A `.keras` file as a spec: recognised, priced and refused without Keras, and without running anything in it."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import archspec
from archspec.export import export
from archspec.graph import Graph, initialise
from archspec.graph.layers import Input
from archspec.keras_model import convert
from archspec.network import Network
from tests.keras_model.litert import in_litert

EXAMPLE = Path(__file__).resolve().parents[2] / "blocks" / "backbones" / "keras_model.json"
UNIT_PARAMS = 3 * 3 * 8 + 4 * 8 + 8 * 8 + 8
PARAMS = 3 * 3 * 3 * 8 + 4 * 8 + UNIT_PARAMS + 8 * 8 + 8 + 8 * 5 + 5
MACS = 64 * 27 * 8 + 64 * 9 * 8 + 64 * 64 + 64 + 64 * 40
"""At 8 × 8 after the stem; the gate is one dense layer on one position."""


def example() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(EXAMPLE.read_text())
    return found


def saved(path: Path, config: Any) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", config if isinstance(config, str | bytes) else json.dumps(config))
        archive.writestr("model.weights.h5", b"\x89HDF\r\n\x1a\n")
    return path


def layer_named(config: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in config["config"]["layers"] if one["name"] == name)


def faults_of(path: Path) -> list[str]:
    with pytest.raises(archspec.UserError) as caught:
        _ = archspec.load(path).graph
    return [str(fault).replace(f"{path.parent}/", "") for fault in caught.value.faults]


def test_a_model_is_a_network(tmp_path: Path) -> None:
    network = archspec.load(saved(tmp_path / "anything.bin", example()))
    assert (network.name, network.expanded.classes, network.expanded.input_size) == ("anything", 5, (16, 16))
    assert (network.cost.params_total, network.cost.macs) == (PARAMS, MACS)
    names = [node.name for node in network.graph.nodes]
    assert names[:2] == ["image", "backbone.scaled"]
    assert "backbone.unit.depthwise" in names
    assert network.graph.outputs[0].shape == (8, 8, 5)


def test_the_image_may_be_of_another_size(tmp_path: Path) -> None:
    network = archspec.load(saved(tmp_path / "m.keras", example()), {"input.size": [32, 48]})
    assert network.graph.outputs[0].shape == (16, 24, 5)
    assert network.cost.params_total == PARAMS


def test_every_layer_without_a_rule_is_named_at_once(tmp_path: Path) -> None:
    config = example()
    layer_named(config, "stem_silu").update({"class_name": "Lambda", "module": "keras.layers"})
    layer_named(config, "stem_conv")["config"]["data_format"] = "channels_first"
    inner = layer_named(config, "unit")["config"]["layers"]
    next(one for one in inner if one["config"]["name"] == "relu6").update({"module": "mine", "registered_name": "A>B"})
    layer_named(config, "scores")["config"]["activation"] = "sparsemax"
    found = faults_of(saved(tmp_path / "m.keras", config))
    assert [line.split(": ")[:2] for line in found] == [
        ["m.keras", "stem_conv"], ["m.keras", "stem_silu"], ["m.keras", "unit.relu6"], ["m.keras", "scores"],
    ]  # fmt: skip
    assert "data_format channels_first has no rule" in found[0]
    assert "the layer Lambda has no rule" in found[1]
    assert "the layer ReLU has no rule" in found[2]  # a class of somebody's own, whatever it is called
    assert "the activation sparsemax has no rule" in found[3]


def test_a_rule_that_gives_another_shape_than_keras_is_told(tmp_path: Path) -> None:
    config = example()
    layer_named(config, "stem_conv")["config"]["filters"] = 9
    found = faults_of(saved(tmp_path / "m.keras", config))
    assert "m.keras: stem_conv: gives [8, 8, 9] here and [8, 8, 8] in Keras" in found[0]


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("{", "cannot be read as a Keras model"),
        ("[" * 100_000, "cannot be read as a Keras model"),
        ("[]", "its configuration is of no Keras model"),
        ({"class_name": "Mine", "config": {"name": "x"}}, "a model of the class Mine, whose wiring is Python code"),
        ({"class_name": "Functional", "config": {"layers": [], "input_layers": [], "output_layers": []}}, "0 inputs"),
        ({"class_name": "Sequential", "config": {"layers": []}}, "the shape of its image is not in it"),
    ],
    ids=["cut off", "deep", "no model", "subclass", "empty", "never built"],
)
def test_what_is_no_model_is_one_line(config: Any, said: str, tmp_path: Path) -> None:
    (line,) = faults_of(saved(tmp_path / "m.keras", config))
    assert line.startswith("m.keras: ")
    assert said in line


def test_a_damaged_configuration_is_a_fault_not_a_crash(tmp_path: Path) -> None:
    for key in ("inbound_nodes", "config", "class_name"):
        config = example()
        layer_named(config, "sum")[key] = 7
        assert faults_of(saved(tmp_path / "m.keras", config))


def test_a_model_of_no_image(tmp_path: Path) -> None:
    config = example()
    layer_named(config, "image")["config"]["batch_shape"] = [None, 784]
    assert "the model takes [784], not an image (H, W, C)" in faults_of(saved(tmp_path / "m.keras", config))[0]


def test_several_outputs_are_named_and_one_is_taken(tmp_path: Path) -> None:
    config = example()
    config["config"]["output_layers"] = [["sum", 0, 0], ["scores", 0, 0]]
    path = saved(tmp_path / "m.keras", config)
    (line,) = faults_of(path)
    assert "the model has 2 outputs (sum [8, 8, 8], scores [8, 8, 5])" in line
    assert "--set backbone.keras_model.output=scores --set classes=5" in line
    network = archspec.load(path, ["backbone.keras_model.output=scores", "classes=5"])
    assert network.graph.outputs[0].shape == (8, 8, 5)


def test_a_layer_used_twice_is_two_nodes_of_the_same_weights(tmp_path: Path) -> None:
    config = example()
    unit = layer_named(config, "unit")
    again = json.loads(json.dumps(unit["inbound_nodes"][0]).replace('"stem_silu", 0, 0', '"unit", 0, 0'))
    unit["inbound_nodes"].append(again)
    total = layer_named(config, "sum")
    total["inbound_nodes"] = json.loads(json.dumps(total["inbound_nodes"]).replace('"unit", 0, 0', '"unit", 1, 0'))
    network = archspec.load(saved(tmp_path / "m.keras", config))
    assert network.cost.params_total == PARAMS + UNIT_PARAMS
    variables = network.graph.variables
    assert variables["backbone.unit.pointwise.use2/kernel"] == variables["backbone.unit.pointwise/kernel"]


def test_as_a_backbone_it_has_taps_and_its_file_is_found_beside_the_spec(tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    saved(tmp_path / "inside" / "m.keras", example())
    spec = tmp_path / "inside" / "net.yaml"
    spec.write_text(
        "input: {size: [64, 64]}\nclasses: 4\noutput_stride: 8\nbackbone: {keras_model: {file: m.keras}}\n"
        "head:\n- conv_bn: {filters: 6, kernel: 1}\n  from: stage1\ndecoder: bilinear\n"
    )
    network = Network.load(spec)
    assert network.graph.node("backbone.stem_silu").output.consumers
    assert network.graph.outputs[0].shape == (64, 64)
    assert str(tmp_path / "inside" / "m.keras") in network.text


def test_a_stride_that_becomes_dilation_leaves_every_number_as_it_was(tmp_path: Path) -> None:
    """Keras's idiom, a ZeroPadding2D and a valid convolution of stride 2: without the stride, every second number of
    every second row is what it was, at the border too."""
    config = example()
    config["config"]["output_layers"] = [["sum", 0, 0]]
    image = np.random.default_rng(0).integers(0, 256, (1, 16, 16, 3)).astype(np.float32)
    found = {}
    for output_stride in (None, 1):
        graph = Graph("it")
        entrance = Input((16, 16, 3), name="image").enter(graph)
        made = convert(config, [entrance], name="it", file="m.keras", output_stride=output_stride)
        graph.finish(made.outputs)
        data = export(graph, initialise(graph, 0, "random")).data
        found[output_stride] = in_litert(data, image)
    assert (found[None].shape, found[1].shape) == ((1, 8, 8, 8), (1, 16, 16, 8))
    assert graph.node("it.unit.depthwise").layer.config["dilation_rate"] == (2, 2)
    assert found[None].std() > 0.1
    assert np.abs(found[1][:, ::2, ::2] - found[None]).max() < 1e-5 * np.abs(found[None]).max()


def test_cost_and_check_answer_without_keras(tmp_path: Path) -> None:
    path = saved(tmp_path / "m.keras", example())
    code = (
        "import sys\nfor name in ('tensorflow', 'keras', 'h5py', 'numpy'): sys.modules[name] = None\n"
        "from archspec.cli import main\nsys.argv = ['archspec', *sys.argv[1:]]\nsys.exit(main())"
    )
    for command in ("cost", "check", "show", "diff"):
        words = [sys.executable, "-c", code, command, str(path), *([str(path)] if command == "diff" else [])]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
    assert "one network: the canonical hashes are equal" in done.stdout
