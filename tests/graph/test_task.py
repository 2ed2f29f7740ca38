"""What a network does is told by what it gives back: a vector of scores is one class an image."""

from __future__ import annotations

import numpy as np
import pytest

from archspec.api.networks import file_cost, load
from archspec.errors import Place, UserError
from archspec.export import run
from archspec.graph.task import check_segments, task_of

CLASSIFIER = """
name: tiny
input: {size: [32, 32]}
classes: 5
output_stride: 8
backbone: [{conv_bn: {filters: 8, stride: 2}}, {conv_bn: {filters: 8, stride: 2}}, {conv_bn: {filters: 8, stride: 2}}]
head: {pooled_classifier: {dropout: 0.2}}
classifier: none
"""


@pytest.mark.parametrize(("output", "shape"), [("argmax", ()), ("softmax", (5,)), ("none", (5,))])
def test_a_vector_of_scores_classifies(output: str, shape: tuple[int, ...]) -> None:
    net = load(CLASSIFIER, {"output": output})
    assert task_of(net.graph) == "classification"
    assert net.graph.outputs[0].shape == shape
    assert task_of(load("shufflenetv2_basic", {"output": output}).graph) == "segmentation"


def test_the_file_gives_what_numpy_gives() -> None:
    """Mean over the map, a matrix, a bias: of the same weights, and the class of the largest."""
    net = load(CLASSIFIER)
    assert [net.to_tflite().census.outputs[0].shape] == [(1,)]
    image = np.random.default_rng(1).integers(0, 256, (1, 32, 32, 3)).astype(np.float32)
    scores = run(load(CLASSIFIER, {"output": "none"}).to_tflite().data, [image])[0]
    label = run(net.to_tflite().data, [image])[0]
    assert scores.shape == (1, 5) and label.tolist() == [int(scores.argmax())]
    shares = run(load(CLASSIFIER, {"output": "softmax"}).to_tflite().data, [image])[0]
    np.testing.assert_allclose(shares, np.exp(scores) / np.exp(scores).sum(), atol=1e-6)
    features = run(_features(net), [image])[0].mean((1, 2))
    expected = features @ net.weights["head.logits/kernel"] + net.weights["head.logits/bias"]
    np.testing.assert_allclose(scores, expected, atol=1e-5)


def _features(net: object) -> bytes:
    """The same network up to its last map, as a file."""
    features = load(CLASSIFIER, {"head": "none", "classifier": "none", "output": "none", "classes": 8})
    weights = {key: value for key, value in net.weights.items() if key.startswith("backbone")}  # type: ignore[attr-defined]
    return features.to_tflite(weights=weights).data


def test_the_published_network() -> None:
    """arXiv:1807.11164, Table 5; the parameters are those of torchvision's to the last one."""
    cost = load("shufflenetv2_classifier").cost
    assert cost.params == 2_278_604
    assert cost.macs == pytest.approx(146e6, rel=0.02)
    assert file_cost(load("shufflenetv2_classifier").to_tflite()).macs == cost.macs


def test_another_number_of_scores_is_refused() -> None:
    text = CLASSIFIER.replace("{pooled_classifier: {dropout: 0.2}}", "[{pooled_classifier: {}}, {softmax: {}}]")
    assert load(text).graph.outputs[0].shape == ()
    with pytest.raises(UserError, match="of a single class gives the same"):
        _ = load(CLASSIFIER, {"classes": 1}).graph


def test_commands_for_label_maps_say_so() -> None:
    with pytest.raises(UserError, match="gives one class for each image, and archspec explain is for networks"):
        check_segments(load(CLASSIFIER).graph, "archspec explain", Place("tiny"))
    check_segments(load("shufflenetv2_basic").graph, "archspec explain", Place("x"))
