"""The papers' TensorFlow 1 checkpoints: loaded whole, and the logits are those of the original graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from archspec.errors import UserError
from archspec.graph import Graph
from archspec.graph.weights import weight_specs
from archspec.network import hold_weights, import_weights, spec_weights
from archspec.weights import usual_format
from tests.cli.runner import run
from tests.weights import tf1_networks
from tests.weights.networks import image, network, relative

Array = np.ndarray[Any, Any]
REFERENCE = ("variant=reference", "output=logits")
DEEPLAB = ("shufflenetv2_basic", "shufflenetv2_dpc", "mobilenetv2_basic", "mobilenetv2_dpc")


def keras_logits(graph: Graph, weights: dict[str, Array], pixels: Array) -> Array:
    from archspec import lower

    return np.asarray(lower.to_keras(graph, weights)(pixels[None], training=False))[0]


def load(checkpoint: Path, name: str, *settings: str) -> tuple[Graph, Any]:
    expanded, graph = network(name, *settings)
    return graph, import_weights(checkpoint, "tf1_checkpoint", graph, output_stride=expanded.output_stride)


CASES = [(name, (65, 97), 19) for name in DEEPLAB]
CASES += [("shufflenetv2_basic", (224, 224), 21), ("mobilenetv2_dpc", (224, 224), 19)]
# 65 × 97 is no size for the original (see below); 104 × 72 has odd maps on the way (13, 7; 9, 5, 3).
CASES += [("shuffleseg_skipnet", (104, 72), 20), ("shuffleseg_skipnet", (224, 224), 5)]


@pytest.mark.parametrize(("name", "size", "classes"), CASES)
def test_logits_are_the_originals(tmp_path: Path, name: str, size: tuple[int, int], classes: int) -> None:
    pixels = image(*size)
    expected = tf1_networks.run(name, pixels, classes, tmp_path / "model.ckpt-7", training=True)
    graph, found = load(
        tmp_path / "model.ckpt-7", name, *REFERENCE, f"classes={classes}", f"input.size=[{size[0]},{size[1]}]"
    )
    assert_nothing_is_left_over(graph, found)
    logits = keras_logits(graph, dict(found.arrays), pixels)
    assert logits.shape == (*size, classes) == expected.shape
    assert relative(logits, expected) < 2e-5
    # The two see the same image: a network that has died would agree with anything.
    assert np.abs(expected - expected.mean((0, 1))).max() > 0.05 * np.abs(expected).max()


def assert_nothing_is_left_over(graph: Graph, found: Any) -> None:
    """What is skipped is what training leaves beside the weights; every weight is used, and used once."""
    assert found.fresh == {}
    assert set(found.arrays) == {key for key, _, _ in weight_specs(graph)}
    reasons = {name.split("/")[-1]: why for name, why in found.skipped.items()}
    assert reasons == {
        "Adam": "state of the optimizer",
        "Adam_1": "state of the optimizer",
        "ExponentialMovingAverage": "a moving average of a weight",
        "beta1_power": "a counter",
        "beta2_power": "a counter",
        "global_step": "a counter",
    }
    used = [source for sources in found.sources.values() for source in sources]
    assert len(used) == len(set(used))
    assert not set(used) & set(found.skipped)


def test_neither_shuffleseg_has_any_size() -> None:
    """The original's last transposed convolution refuses 65 × 97, and so does ours."""
    with pytest.raises(tf.errors.InvalidArgumentError, match="Size of out_backprop doesn't match"):
        tf1_networks.run("shuffleseg_skipnet", image(65, 97), 20)
    with pytest.raises(UserError, match=r"Multiples of the stride fit: set input\.size to"):
        network("shuffleseg_skipnet", "input.size=[65,97]")


def checkpoint(folder: Path, tensors: dict[str, Array]) -> Path:
    """A checkpoint of just these variables."""
    v1 = tf1_networks.v1
    with v1.Graph().as_default(), v1.Session() as session:
        for name, array in tensors.items():
            v1.get_variable(name, initializer=array, use_resource=True)
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, str(folder / "model"))
    return folder / "model"


@pytest.fixture(scope="module")
def tensors(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Array]:
    """The variables of a ShuffleNetV2 with the basic head."""
    from archspec.lower.files import read_checkpoint

    folder = tmp_path_factory.mktemp("whole")
    tf1_networks.run("shufflenetv2_basic", image(33, 33), 19, folder / "model")
    return read_checkpoint(str(folder / "model"))


def test_a_missing_variable_is_told(tmp_path: Path, tensors: dict[str, Array]) -> None:
    name = "ShuffleNetV2/Stage3/unit_4/depthwise/batch_norm/moving_variance"
    file = checkpoint(tmp_path, {key: array for key, array in tensors.items() if key != name})
    with pytest.raises(UserError, match=f"the file lacks '{name}', needed for 'backbone.stage3.3.depthwise.bn/moving_"):
        load(file, "shufflenetv2_basic", "variant=reference")


def test_a_variable_too_many_is_told(tmp_path: Path, tensors: dict[str, Array]) -> None:
    file = checkpoint(tmp_path, {**tensors, "aspp1/weights": np.zeros((3, 3, 464, 256), np.float32)})
    with pytest.raises(UserError, match=r"holds 'aspp1/weights' \[3, 3, 464, 256\], which belongs nowhere"):
        load(file, "shufflenetv2_basic", "variant=reference")


def test_the_papers_rates_are_not_those_of_the_checkpoint(tmp_path: Path, tensors: dict[str, Array]) -> None:
    file = checkpoint(tmp_path, tensors)
    with pytest.raises(UserError) as error:
        load(file, "shufflenetv2_basic")
    said = str(error.value)
    assert "3 layers are trained with another dilation" in said
    assert "[1, 1], and the network has [2, 2]" in said
    assert "--set variant=reference" in said
    assert load(file, "shufflenetv2_basic", "output_stride=32")[1].fresh == {}  # there the two are one


def test_other_classes_and_other_heads_take_the_backbone(tmp_path: Path, tensors: dict[str, Array]) -> None:
    file = checkpoint(tmp_path, tensors)
    with pytest.raises(UserError, match=r"'classifier.logits/kernel' is \[1, 1, 256, 19\] in the file, and .* 256, 11"):
        load(file, "shufflenetv2_basic", "variant=reference", "classes=11")
    expanded, graph = network("shufflenetv2_dpc", "variant=reference", "classes=11")
    found = import_weights(file, "tf1_checkpoint", graph, output_stride=expanded.output_stride, only=("backbone",))
    assert {key.split(".")[0] for key in found.arrays} == {"backbone"}
    assert {key.split(".")[0] for key in found.fresh} == {"head", "classifier"}
    assert set(found.fresh.values()) == {"left out: only backbone was asked for"}
    assert found.skipped["logits/semantic/biases"] == "left out: only backbone was asked for"


def test_names_with_the_files_of_a_checkpoint(tmp_path: Path, tensors: dict[str, Array]) -> None:
    """The prefix, one of its files, and the folder mean the same."""
    file = checkpoint(tmp_path, tensors)
    for name in (file, f"{file}.index", f"{file}.data-00000-of-00001", tmp_path, tmp_path / "checkpoint"):
        assert len(hold_weights(str(name), "tf1_checkpoint").arrays) == len(tensors)
    for name in (file, f"{file}.index", tmp_path):
        assert usual_format(str(name)) == "tf1_checkpoint"


def test_a_spec_and_the_command_take_a_checkpoint_by_its_name(tmp_path: Path, tensors: dict[str, Array]) -> None:
    """No format, no settings: which network it is of stands in the checkpoint."""
    file = checkpoint(tmp_path, tensors)
    (tmp_path / "net.yaml").write_text("extends: shufflenetv2_basic\nvariant: reference\nweights: model\n")
    found = spec_weights(*network(tmp_path / "net.yaml"))
    assert found is not None
    assert (found.format, len(found.arrays), found.fresh) == ("tf1_checkpoint", len(tensors), {})
    done = run("weights", "import", str(file), "--output", str(tmp_path / "w.npz"))
    assert done.code == 0, done.err
    assert "network: shufflenetv2_basic --set classes=19 --set variant=reference" in done.out
    assert f"loaded {len(tensors)} of {len(tensors)} arrays" in done.out


def test_what_is_no_checkpoint_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such checkpoint"):
        hold_weights(str(tmp_path / "none"), "tf1_checkpoint")
    (tmp_path / "bad.index").write_bytes(b"nonsense")
    with pytest.raises(UserError, match="cannot be read as a TensorFlow checkpoint"):
        hold_weights(str(tmp_path / "bad"), "tf1_checkpoint")
    with pytest.raises(UserError, match="cannot be read as a TensorFlow checkpoint"):
        hold_weights(str(tmp_path), "tf1_checkpoint")
    file = checkpoint(tmp_path, {"resnet/conv1/weights": np.zeros((3, 3, 3, 8), np.float32)})
    with pytest.raises(UserError, match="a checkpoint of another network"):
        hold_weights(str(file), "tf1_checkpoint")
