"""The quotient of two maps, an axis of 1 standing for every place: two (N, ...) -> (N, ...)."""

from __future__ import annotations

from typing import Any

from archspec.lower.framework import keras


@keras.saving.register_keras_serializable(package="archspec")
class Divide(keras.layers.Layer):
    """The first by the second and `epsilon`."""

    def __init__(self, epsilon: float = 0.0, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.epsilon = epsilon

    def compute_output_shape(self, input_shape: list[tuple[Any, ...]]) -> tuple[Any, ...]:
        """The batch, and of each other axis the larger size."""
        first, second = input_shape
        return (first[0], *(max(pair) for pair in zip(first[1:], second[1:], strict=True)))

    def call(self, inputs: Any) -> Any:
        first, second = inputs
        return first / (second + self.epsilon)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "epsilon": self.epsilon}
