"""TensorFlow's own converter from Keras to .tflite: the oracle of our exporter's tests, and `--via tensorflow`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal

from archspec.arrays import Array, Precision
from archspec.errors import first_line, user_error
from archspec.lower.framework import keras, quiet, tf

if TYPE_CHECKING:
    Images = Iterable[Array]

Route = Literal["constants", "keras_model"]


def convert_with_tensorflow(
    model: Any,
    *,
    batch_size: int = 1,
    route: Route = "constants",
    precision: Precision = "float32",
    representative_images: Images | None = None,
) -> bytes:
    """The bytes of a .tflite file.

    `route="constants"` (2 s) traces the model once at a static batch size, each variable swapped for a constant: the
    only way on which a dilated convolution stays one operator. `route="keras_model"` (15 s) is TensorFlow's
    documented `from_keras_model`, which takes the model as it was built and ignores `batch_size`.

    `int8` makes weights and activations int8, with ranges from `representative_images`, arrays `(H, W, C)` or
    `(N, H, W, C)`; the image that goes in keeps its dtype. `dynamic` makes weights int8, `float16` stores them in
    16 bits.
    Raises `UserError` for int8 without images and for what TensorFlow cannot convert.
    """
    if precision == "int8" and representative_images is None:
        raise user_error("int8 needs representative images", "Give some, like those the network will see")
    with quiet():
        keras_route = tf.lite.TFLiteConverter.from_keras_model
        converter = _from_constants(model, batch_size) if route == "constants" else keras_route(model)
        _set_precision(converter, precision, representative_images)
        try:
            converted: bytes = converter.convert()
        except Exception as error:  # the converter raises its own type, and plain exceptions
            fact = f"TensorFlow cannot convert '{model.name}' ({first_line(error)})"
            raise user_error(fact, "Export without --via tensorflow") from error
    return converted


def _from_constants(model: Any, batch_size: int) -> Any:
    """Keras 3 hides its variables from the converter, which would write a file that reads uninitialised ones."""

    arrays = [(variable, variable.numpy()) for variable in model.variables]

    def run(*images: Any) -> Any:
        constants = [(variable, tf.constant(array)) for variable, array in arrays]
        with keras.StatelessScope(state_mapping=constants):
            return model(images[0] if len(images) == 1 else list(images), training=False)

    signature = [tf.TensorSpec((batch_size, *one.shape[1:]), one.dtype, one.name) for one in model.inputs]
    function = tf.function(run, input_signature=signature, autograph=False).get_concrete_function()
    if function.captured_inputs:
        count = len(function.captured_inputs)
        raise user_error(f"{count} variables of '{model.name}' are not constants in the traced function", "Report this")
    return tf.lite.TFLiteConverter.from_concrete_functions([function])


def _set_precision(converter: Any, precision: Precision, images: Images | None) -> None:
    if precision == "float32":
        return
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "float16":
        converter.target_spec.supported_types = [tf.float16]
    elif precision == "int8":
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.representative_dataset = lambda: _batches_of_one(images or ())


def _batches_of_one(images: Images) -> Iterator[list[Array]]:
    for image in images:
        yield from ([one[None]] for one in (image if image.ndim == 4 else image[None]))
