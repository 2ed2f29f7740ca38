"""40 random specs: every node's shape and dtype, and the parameters, equal Keras's."""

import math

import pytest
from hypothesis import given, settings

from archspec.lower import to_keras
from archspec.lower.framework import keras, tf
from tests.strategies import graph_of, spec_texts


@pytest.mark.slow
@settings(max_examples=40)
@given(spec_texts())
def test_shapes_and_parameters_equal_keras(text: str) -> None:
    graph = graph_of(text)
    keras.backend.clear_session()
    with keras.StatelessScope(initialize_variables=False):  # shapes only: four times faster
        model = to_keras(graph)
    assert len(model.layers) == len(graph.nodes)
    for node in graph.nodes:
        outputs = tf.nest.flatten(model.get_layer(node.name).output)
        assert [tuple(output.shape[1:]) for output in outputs] == [tensor.shape for tensor in node.outputs]
        assert [output.dtype for output in outputs] == [tensor.dtype for tensor in node.outputs]
    arrays = [array for node in graph.nodes for array in node.layer.weights(node)]
    assert model.count_params() == sum(math.prod(array.shape) for array in arrays)
    trainable = sum(math.prod(variable.shape) for variable in model.trainable_variables)
    assert trainable == sum(math.prod(array.shape) for array in arrays if array.trainable)
