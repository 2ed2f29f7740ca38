"""Our MobileNetV2 with the weights of `keras.applications.MobileNetV2` gives the same features."""

from typing import Any

import numpy as np
import pytest

from archspec.graph import Graph
from archspec.graph.trace import trace
from archspec.graph.weights import weight_specs
from archspec.lower import to_keras
from archspec.lower.framework import keras
from archspec.spec import expand, parse
from tests.strategies import catalog

SPEC = """
input: {{size: 224, preprocess: none}}
width_multiplier: {width}
classes: {channels}
output_stride: 32
backbone: mobilenet_v2
classifier: none
output: logits
"""
RANDOM = np.random.default_rng(8)


def applications_model(width: float) -> Any:
    """Keras's own, up to the last projection, with the statistics of a network that has seen data."""
    whole = keras.applications.MobileNetV2(alpha=width, weights=None, include_top=False, input_shape=(224, 224, 3))
    model = keras.Model(whole.input, whole.get_layer("block_16_project_BN").output)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            scale, shift, mean = (
                RANDOM.uniform(low, high, layer.gamma.shape) for low, high in ((0.5, 1.5), (-1, 1), (-1, 1))
            )
            layer.set_weights([scale, shift, mean, RANDOM.uniform(0.3, 2, layer.gamma.shape)])
    return model


def copied(model: Any, graph: Graph) -> dict[str, Any]:
    """Both are chains of weighted layers in the same order, named differently."""
    arrays = [array for layer in model.layers for array in layer.get_weights()]
    return {key: array for (key, _, _), array in zip(weight_specs(graph), arrays, strict=True)}


@pytest.mark.parametrize("width", [1.0, 0.75, 1.4])
def test_same_features_with_the_same_weights(width: float) -> None:
    theirs = applications_model(width)
    graph = trace(expand(parse(SPEC.format(width=width, channels={0.75: 240, 1.0: 320, 1.4: 448}[width]))), catalog())
    ours = to_keras(graph, copied(theirs, graph))
    assert ours.count_params() == theirs.count_params()
    image = RANDOM.uniform(-1, 1, (2, 224, 224, 3)).astype(np.float32)
    expected = theirs(image).numpy()
    assert expected.shape == (2, 7, 7, graph.outputs[0].channels)
    assert expected.std() > 0.1
    assert np.abs(ours(image).numpy() - expected).max() <= 1e-5 * np.abs(expected).max()
