"""What one has to do in Keras to know a model's FLOPs: trace it, and ask TensorFlow's profiler."""

from __future__ import annotations

from typing import Any


def profiled_flops(model: Any) -> float:
    """Floating point operations that `tf.compat.v1.profiler` counts."""
    from archspec.lower.framework import quiet, tf

    with quiet():
        concrete = concrete_function(model)
        options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
        found = tf.compat.v1.profiler.profile(graph=concrete.graph, options=options)
    return float(found.total_float_ops)


def concrete_function(model: Any) -> Any:
    """The model as a traced function of one image."""
    from archspec.lower.framework import tf

    image = model.inputs[0]
    function = tf.function(lambda image: model(image, training=False))
    return function.get_concrete_function(tf.TensorSpec(image.shape, image.dtype))
