"""A Keras model as a segmentation network: image in, scores or labels of its pixels out, one graph a size."""

from __future__ import annotations

from typing import Any, Literal

from archspec.arrays import Array
from archspec.errors import Problem
from archspec.lower.framework import keras, tf
from archspec.lower.layers import own_layer

Gives = Literal["labels", "logits", "probabilities"]
Size = tuple[int, int]
RGB = 3
_RESIZING = ("Resize", "Resizing", "UpSampling2D", "Reshape")
_AFTER_RESIZING = ("Softmax", "Activation", "ArgMax")


class KerasSegmenter:
    """Image `(H, W, C)`, numbers from 0 to 255, of the model's `size` (None: of any) -> what it gives at each pixel.

    `channels` are those that the images can be read as; of an opened one it is the model's own number.

    A final ArgMax of ours is left out, so `gives` is labels only for another's model that takes them some other way;
    `classes` is then None. `image_range` is what the model takes for black and white. `align_corners` is how it resizes
    its scores itself. Labels are those of its scores, resized to `labels_size` first where that is given and another.
    Raises `Problem` for a model that is no segmentation network.
    """

    def __init__(
        self,
        model: Any,
        *,
        image_range: tuple[float, float] = (0.0, 255.0),
        labels_size: Size | None = None,
        channels: tuple[int, ...] = (RGB,),
    ) -> None:
        part = without_argmax(model)
        self.channels = own_channels(model, channels)
        height, width = part.inputs[0].shape[1:3]
        self.size: Size | None = None if None in (height, width) else (int(height), int(width))
        self.gives, self.classes = _gives(part)
        self.sigmoid = _last_activation(part) is keras.activations.sigmoid
        self.align_corners = aligns_corners(part)
        self._scores, self._labels = _functions(part, image_range, labels_size, self.align_corners)
        self._traced: dict[tuple[int, Size, str], Any] = {}

    def __call__(self, image: Array) -> Array:
        """Scores `(h, w, classes)`, float32, or labels `(h, w)` where it gives nothing else."""
        return self._run(self._labels if self.gives == "labels" else self._scores, image)

    def labels(self, image: Array) -> Array:
        """The label of each pixel `(h, w)`, int32: of the largest score."""
        return self._run(self._labels, image)

    def _run(self, function: Any, image: Array) -> Array:
        """One trace a size, asked for by hand: TensorFlow would warn of a function that meets many."""
        dtype = tf.uint8 if image.dtype.kind == "u" else tf.float32  # more than 8 bits have fractions
        key = (id(function), image.shape[:2], dtype.name)
        if key not in self._traced:
            self._traced[key] = function.get_concrete_function(tf.TensorSpec(image.shape, dtype))
        found: Array = self._traced[key](tf.constant(image, dtype)).numpy()
        return found


def _functions(
    part: Any, image_range: tuple[float, float], labels_size: Size | None, align_corners: bool
) -> tuple[Any, Any]:
    """`image -> scores` and `image -> labels`."""
    black, white = image_range
    dtype = part.inputs[0].dtype

    def output(image: Any) -> Any:
        if (black, white) == (0.0, 255.0):
            scaled = tf.cast(image, dtype)
        else:
            scaled = tf.cast(tf.cast(image, tf.float32) * ((white - black) / 255) + black, dtype)
        return part(scaled[None], training=False)[0]

    @tf.function(autograph=False)
    def scores(image: Any) -> Any:
        return tf.cast(output(image), tf.float32)

    @tf.function(autograph=False)
    def labels(image: Any) -> Any:
        found = output(image)
        if found.shape.rank == 2:
            return tf.cast(found, tf.int32)
        if labels_size is not None and tuple(found.shape[:2]) != labels_size:
            found = resized_scores(found[None], labels_size, align_corners)[0]
        if found.shape[-1] == 1:  # the foreground's score
            middle = 0.5 if _last_activation(part) is keras.activations.sigmoid else 0.0
            return tf.cast(found[..., 0] > middle, tf.int32)
        return tf.argmax(found, -1, tf.int32)

    return scores, labels


def resized_scores(scores: Any, size: Size, align_corners: bool) -> Any:
    """`(N, h, w, C)` to `(N, *size, C)`, bilinearly, in float32."""
    return tf.raw_ops.ResizeBilinear(
        images=scores, size=size, align_corners=align_corners, half_pixel_centers=not align_corners
    )


def aligns_corners(model: Any) -> bool:
    """Whether the model's last layers resize bilinearly with corners aligned; also where none resizes, as DeepLab's
    loss does then. What stands behind the resizing is at most a softmax or an activation."""
    layer = _maker(model.outputs[0])
    while type(layer).__name__ in (*_RESIZING, *_AFTER_RESIZING):
        if getattr(layer, "interpolation", "") == "bilinear":
            return bool(getattr(layer, "align_corners", False))  # Keras's own layers take the centres of pixels
        layer = _maker(layer.input)
    return True


def without_argmax(model: Any) -> Any:
    """The model up to its scores, where an ArgMax of ours ends it. Raises `Problem` for several inputs or outputs."""
    ends = [len(one) for one in (getattr(model, "inputs", None) or (), getattr(model, "outputs", None) or ())]
    if ends != [1, 1]:
        raise Problem(f"has {ends[0]} inputs and {ends[1]} outputs that are known", "Needed is one of each")
    last = model.outputs[0]._keras_history.operation
    return keras.Model(model.inputs, last.input) if isinstance(last, own_layer("ArgMax")) else model


def own_channels(model: Any, channels: tuple[int, ...]) -> int:
    """Those of the model's input. Raises `Problem` where images cannot be read so."""
    shape = tuple(model.inputs[0].shape)
    if len(shape) != 4 or shape[3] not in channels:
        what = "RGB images" if channels == (RGB,) else f"images of {' or '.join(map(str, channels))} channels"
        fact = f"does not take {what} (its input is {list(shape)})"
        raise Problem(fact, f"Needed is an input [N, H, W, {channels[0]}]")
    return int(shape[3])


def _gives(model: Any) -> tuple[Gives, int | None]:
    shape, dtype = tuple(model.outputs[0].shape), str(model.outputs[0].dtype)
    if len(shape) == 3:
        return "labels", None
    if len(shape) != 4 or not dtype.startswith(("float", "bfloat")) or (shape[3] or 0) < 1:
        fact = f"gives no scores and no labels of pixels (its output is {list(shape)} {dtype})"
        raise Problem(fact, "Needed is an output [N, H, W, classes] or [N, H, W]")
    made = (keras.activations.softmax, keras.activations.sigmoid)
    return "probabilities" if _last_activation(model) in made else "logits", int(shape[3])


def ends_in_softmax(model: Any) -> bool:
    """Whether the last layer, but for those that only resize, is a softmax or activates with one."""
    return _last_activation(model) is keras.activations.softmax


def _last_activation(model: Any) -> Any:
    """The activation of the last layer, but for those that only resize; a softmax for a layer that is one."""
    layer = _maker(model.outputs[0])
    while type(layer).__name__ in _RESIZING:
        layer = _maker(layer.input)
    return keras.activations.softmax if isinstance(layer, keras.layers.Softmax) else getattr(layer, "activation", None)


def _maker(tensor: Any) -> Any:
    """The layer that makes a tensor; of a model inside the model, its last one."""
    layer = tensor._keras_history.operation
    return _maker(layer.outputs[0]) if isinstance(layer, keras.Model) else layer
