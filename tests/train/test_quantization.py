"""A stage with quantisation in mind: what it learns is what its int8 file computes, without images to calibrate on."""

from dataclasses import replace

import numpy as np
import pytest

from archspec.errors import Problem, UserError
from archspec.export import run
from archspec.export.surgery import cut_argmax
from archspec.network import Network
from archspec.train import Training
from archspec.train._quantised_segmenter import QuantisedSegmenter
from archspec.train._recipe import Stage, lasting_stage
from tests.train.test_training import Crash, Watcher, order, trained
from tests.train.tiny import Blocks, recipe

INT8 = "quantization: {momentum: 0.8}\nbatch_norm: {momentum: 0.6}\n"
LEARNED = "quantization: {ranges: learned, freeze_batch_norm_after: 0.25}\nbatch_norm: {momentum: 0.6}\n"


def arrays(folder):
    with np.load(folder / "weights.npz") as file:
        return {key: file[key] for key in file.files if not key.startswith("__")}


@pytest.fixture(scope="module", params=[INT8, LEARNED], ids=["moving_average", "learned"])
def finished(request, tmp_path_factory):
    watcher = Watcher()
    asked = order(recipe(request.param, "test", "steps=24"))
    return asked, watcher, trained(tmp_path_factory.mktemp("runs"), asked, watcher).run.folder


def test_file_says_what_was_trained(finished):
    """The network of the run exports to int8 without images; its logits are those of the fake-quantised network."""
    _, watcher, folder = finished
    network = Network.load(folder / "spec.yaml")
    exported = network.to_tflite(precision="int8")
    assert "training" in exported.notes[0]
    size = network.graph.inputs[0].size
    segmenter = QuantisedSegmenter(network, network.weights, size)
    images = [Blocks(size=size).read_image(one) for one in Blocks(size=size).examples("val")][:4]
    mine = np.stack([segmenter(image) for image in images])
    found = np.stack([run(cut_argmax(exported.data).data, [image[None].astype(np.float32)])[0][0] for image in images])
    steps = np.unique(found)
    step = np.diff(steps).min()
    assert np.abs(found - mine).max() <= 2.01 * step
    assert np.mean(found.argmax(-1) == mine.argmax(-1)) >= 0.995
    assert len(steps) > 10  # not a constant map
    assert watcher.steps[-1].loss < watcher.steps[0].loss


def test_float_file_knows_nothing_of_ranges(finished):
    network = Network.load(finished[2] / "spec.yaml")
    own = {key: array for key, array in network.weights.items() if not key.endswith("int8_range")}
    assert len(own) < len(network.weights)
    assert network.to_tflite().data == network.to_tflite(weights=own).data
    network.to_keras()


def test_images_beside_trained_ranges_are_refused(finished):
    network = Network.load(finished[2] / "spec.yaml")
    image = np.zeros((1, *network.graph.inputs[0].shape), np.float32)
    with pytest.raises((UserError, Problem), match="representative images"):
        network.to_tflite(precision="int8", representative=image)


def test_stopped_and_resumed_is_the_same(finished, tmp_path):
    asked, _, folder = finished
    asked = replace(asked)
    with pytest.raises(Crash):
        Training(asked, tmp_path, Watcher(crash_at=9)).train()
    again = trained(tmp_path, asked).run.folder
    assert again.name == folder.name
    first, second = arrays(folder), arrays(again)
    assert first.keys() == second.keys()
    assert [key for key in first if not np.array_equal(first[key], second[key])] == []


def test_score_is_that_of_int8(finished):
    asked, watcher, _ = finished
    assert any("int8" in fact for fact in watcher.facts)
    assert asked.conditions(Network(asked.trained_spec))["quantization"] == "int8"


def test_recipes_without_the_key_keep_their_digests():
    stage = recipe().to_json()["stages"][0]
    assert "quantization" in stage
    assert "quantization" not in lasting_stage(stage)
    assert recipe().digest != recipe("quantization: int8\n").digest


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("quantization: int4\n", "quantization"),
        ("quantization: {ranges: guessed}\n", "ranges"),
        ("quantization: {freeze_batch_norm_after: 2}\n", "freeze_batch_norm_after"),
    ],
)
def test_faults_have_their_places(written, message):
    with pytest.raises(UserError, match=rf":\d+:\d+: .*{message}"):
        recipe(written)


@pytest.mark.parametrize("other", ["mixed_precision: bfloat16\n", "freeze: backbone\ncache_features: {views: 1}\n"])
def test_what_does_not_go_together_is_refused(other, tmp_path):
    with pytest.raises(UserError, match="quantization does not go with"):
        Training(order(recipe("quantization: int8\n" + other)), tmp_path).train()


def test_default_is_nothing():
    assert Stage.__dataclass_fields__["quantization"].default is None
