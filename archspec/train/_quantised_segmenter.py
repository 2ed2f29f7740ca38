"""The network of a stage with quantisation in mind as a segmenter: what its int8 file would say of whole images."""

from __future__ import annotations

from typing import Any

from archspec.arrays import Array, Weights
from archspec.errors import user_error
from archspec.graph import split_ranges
from archspec.lower import keras, tf
from archspec.quantization import FakeQuantised
from archspec.scoring import NetworkSegmenter
from archspec.scoring.inference import Size


@keras.saving.register_keras_serializable(package="archspec")
class FakeQuantisedNetwork(keras.layers.Layer):
    """A whole network, image to scores, with weights and ranges of its own."""

    def __init__(self, network: FakeQuantised, shape: tuple[int, ...], weights: Weights, **arguments: Any) -> None:
        super().__init__(trainable=False, **arguments)
        self._network, self._shape = network, shape
        self._arrays = {key: tf.Variable(array, trainable=False) for key, array in weights.items()}

    def set_arrays(self, weights: Weights) -> None:
        """Other weights and ranges of the same network."""
        for key, variable in self._arrays.items():
            variable.assign(weights[key])

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """`(N, H, W, classes)`."""
        return (input_shape[0], *self._shape)

    def call(self, inputs: Any) -> Any:
        own, ranges = split_ranges(self._arrays)
        return self._network(inputs, own, ranges)[0]


class QuantisedSegmenter(NetworkSegmenter):
    """As its parent, with fake quantisation; the weights have ranges. Raises `UserError` where one is missing."""

    def set_weights(self, weights: Weights) -> None:
        self._weights = weights
        for model, _ in self._built.values():
            model.layers[-1].set_arrays(weights)

    def _model(self, room: Size) -> Any:
        graph = self._at(room).graph
        network = FakeQuantised(graph)
        missing = [key for key in network.keys if key not in self._weights]
        if missing:
            fact = f"an image of {room[0]} x {room[1]} needs the int8 range '{missing[0]}', which was not trained"
            raise user_error(fact, "Validate at the size of the crop", "quantization")
        shape = graph.outputs[0].shape
        layer = FakeQuantisedNetwork(network, shape, _without_others(self._weights, network), name="fake_quantised")
        image = keras.Input(graph.inputs[0].shape)
        return keras.Model(image, layer(image))


def _without_others(weights: Weights, network: FakeQuantised) -> dict[str, Array]:
    own, ranges = split_ranges(weights)
    return own | {key: ranges[key] for key in network.keys}
