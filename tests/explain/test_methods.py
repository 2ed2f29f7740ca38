"""The maps, against own lines on TensorFlow's tape, and against networks whose maps are known."""

from __future__ import annotations

import sys
import warnings
from typing import Any

import numpy as np
import pytest

from archspec.errors import UserError
from archspec.explain.methods import Question, attribute, method_name, methods, reads_layer
from tests.explain.networks import CLASSES, LAST, picture, red_image, red_network, tiny

Array = np.ndarray[Any, Any]

METHODS = ("gradcam", "gradcam++", "layercam", "saliency", "scorecam", "smoothgrad")


def predicted_weights(model: Any, image: Array, classes: tuple[int, ...]) -> Array:
    labels = model(image).numpy()[0].argmax(-1)
    masks = np.stack([labels == number for number in classes]).astype(np.float32)
    assert masks.any((1, 2)).all(), "a class of the test is not predicted"
    return masks / masks.sum((1, 2), keepdims=True)


def question(layer: str = LAST, **more: Any) -> Question:
    """Of the tiny network: the classes that it predicts."""
    image = picture().image[None].astype(np.float32)
    labels = tiny().model(image).numpy()[0].argmax(-1)
    classes = tuple(np.flatnonzero(np.bincount(labels.ravel(), minlength=CLASSES)).tolist())
    assert len(classes) > 1
    return Question(tiny().model, image, layer, classes, predicted_weights(tiny().model, image, classes), **more)


def red_question(classes: tuple[int, ...] = (0,), **more: Any) -> Question:
    model, image = red_network(), red_image()
    return Question(model, image, "features", classes, predicted_weights(model, image, classes), **more)


def test_names() -> None:
    assert methods() == METHODS
    spelled = {"Grad-CAM++": "gradcam++", "score_cam": "scorecam", "Layer CAM": "layercam"}
    assert {name: method_name(name) for name in spelled} == spelled
    assert [name for name in METHODS if not reads_layer(name)] == ["saliency", "smoothgrad"]
    with pytest.raises(UserError, match=r"--method: unknown method 'gradcam\+'. Did you mean 'gradcam(\+\+)?'"):
        method_name("gradcam+")


@pytest.mark.parametrize("layer", [LAST, "backbone.0_conv_bn.conv", "classifier.logits", "decoder"])
def test_gradcam_is_six_lines_on_the_tape(layer: str) -> None:
    from archspec.lower.framework import keras, tf

    ask = question(layer)
    found = attribute("gradcam", ask)
    for number, weights, values in zip(ask.classes, ask.weights, found, strict=True):
        part = keras.Model(ask.model.input, [ask.model.get_layer(layer).output, ask.model.output])
        with tf.GradientTape() as tape:
            features, logits = part(ask.image)
            score = tf.reduce_mean(tf.boolean_mask(logits[0, ..., number], weights > 0))
        gradient = tf.reduce_mean(tape.gradient(score, features), axis=(1, 2), keepdims=True)
        small = tf.nn.relu(tf.reduce_sum(features * gradient, axis=-1, keepdims=True))
        wanted = tf.compat.v1.image.resize_bilinear(small, values.shape, align_corners=True).numpy()[0, ..., 0]
        np.testing.assert_allclose(values, wanted, rtol=0, atol=1e-6 * max(wanted.max(), 1e-9))
    assert found.max() > 0


def test_gradcam_plus_plus_and_layercam_by_their_formulas() -> None:
    """At the layer's own size: a Grad-CAM++ whose exp(score) is 1, and the plain product of Layer-CAM."""
    from archspec.lower.framework import keras, tf

    ask = question("decoder")  # as large as the image, so nothing is resized
    plus, product = attribute("gradcam++", ask), attribute("layercam", ask)
    part = keras.Model(ask.model.input, [ask.model.get_layer("decoder").output, ask.model.output])
    for index, number in enumerate(ask.classes):
        with tf.GradientTape() as tape:
            features, logits = part(ask.image)
            score = tf.reduce_mean(tf.boolean_mask(logits[0, ..., number], ask.weights[index] > 0))
        activations, gradient = features.numpy()[0], tape.gradient(score, features).numpy()[0]
        below = 2 * gradient**2 + gradient**3 * activations.sum((0, 1))
        alpha = np.divide(gradient**2, below, out=np.zeros_like(gradient), where=gradient != 0)
        alpha /= np.where(alpha.sum((0, 1)) == 0, 1, alpha.sum((0, 1)))
        wanted = np.maximum(((alpha * np.maximum(gradient, 0)).sum((0, 1)) * activations).sum(-1), 0)
        np.testing.assert_allclose(plus[index], wanted, rtol=0, atol=1e-6 * wanted.max())
        wanted = np.maximum((activations * np.maximum(gradient, 0)).sum(-1), 0)
        np.testing.assert_allclose(product[index], wanted, rtol=0, atol=1e-6 * wanted.max())
    assert plus.any()
    assert product.any()


def test_saliency_is_five_lines_on_the_tape() -> None:
    from archspec.lower.framework import tf

    ask = question()
    for number, weights, values in zip(ask.classes, ask.weights, attribute("saliency", ask), strict=True):
        image = tf.Variable(ask.image)
        with tf.GradientTape() as tape:
            score = tf.reduce_mean(tf.boolean_mask(ask.model(image)[0, ..., number], weights > 0))
        wanted = np.abs(tape.gradient(score, image).numpy())[0].max(-1)
        np.testing.assert_allclose(values, wanted, rtol=0, atol=1e-6 * wanted.max())
        assert wanted.max() > 0


@pytest.mark.parametrize("method", ["gradcam", "gradcam++", "layercam"])
def test_only_the_channel_that_matters_shows(method: str) -> None:
    """Class 0 reads red only: the map is red's, and Layer-CAM's is zero where nothing is predicted as it."""
    ask = red_question()
    red = ask.image[0, ..., 0]
    wanted = red * (ask.weights[0] > 0) if method == "layercam" else red
    values = attribute(method, ask)[0]
    np.testing.assert_allclose(values / values.max(), wanted / wanted.max(), atol=1e-6)


def test_gradients_of_a_linear_network_are_its_weights() -> None:
    """d mean(3 red / 255) / d red is 3 / 255 over the number of pixels, at each of them; noise changes nothing."""
    ask = red_question(samples=3)
    wanted = 3 / 255 * ask.weights[0]
    for method in ("saliency", "smoothgrad"):
        values = attribute(method, ask)[0]
        certain = ask.image[0, ..., 0] > 150 if method == "smoothgrad" else np.ones_like(wanted, bool)  # ReLU is on
        np.testing.assert_allclose(values[certain], wanted[certain], rtol=1e-5)


def test_scorecam_of_the_red_network_by_hand() -> None:
    ask = red_question((0, 1))
    features = np.maximum(ask.image[0, ..., :2] / 255, 0)
    low, high = features.min((0, 1)), features.max((0, 1))
    masks = (features - low) / (high - low + 1e-7)
    logits = np.stack([
        features * masks[..., channel, None] * (3, 2) - (0, 0.5) for channel in range(2)
    ])  # fmt: skip
    for index, values in enumerate(attribute("scorecam", ask)):
        pooled = np.einsum("nhwc,hw->nc", logits, ask.weights[index])
        probability = np.exp(pooled) / np.exp(pooled).sum(-1, keepdims=True)
        np.testing.assert_allclose(values, features @ probability[:, index], rtol=1e-5)


def test_scorecam_is_the_librarys_own_over_the_whole_map() -> None:
    """What tf-keras-vis gives for a model that ends in global average pooling, one class at a time."""
    from tf_keras_vis.scorecam import Scorecam
    from tf_keras_vis.utils.scores import CategoricalScore

    from archspec.lower.framework import keras

    ask, even = question(), np.full((2, 33, 40), 1 / (33 * 40), np.float32)
    ask = Question(ask.model, ask.image, LAST, ask.classes[:2], even, channels=5)
    pooled = keras.Model(ask.model.input, keras.layers.GlobalAveragePooling2D()(ask.model.output))
    for number, values in zip(ask.classes, attribute("scorecam", ask), strict=True):
        warnings.simplefilter("ignore")  # tf-keras-vis gives a model of one input a list of one
        wanted = Scorecam(pooled)(
            CategoricalScore(number), ask.image, penultimate_layer=LAST, seek_penultimate_conv_layer=False, max_N=5,
            normalize_cam=False,
        )  # fmt: skip
        np.testing.assert_allclose(values, wanted[0], rtol=0, atol=1e-5 * wanted.max())


def test_gradcam_plus_plus_does_not_overflow() -> None:
    """A large score only scales the map, so it is taken out; exp(1000) is infinite."""
    ask = red_question()
    usual = attribute("gradcam++", ask)
    kernel, bias = ask.model.get_layer("logits").get_weights()
    ask.model.get_layer("logits").set_weights([kernel, bias + np.float32(1000)])
    np.testing.assert_allclose(attribute("gradcam++", ask), usual, rtol=1e-5)


def test_noise_is_seeded_and_leaves_numpys_generator_alone() -> None:
    np.random.seed(5)
    first = np.random.normal(size=3)
    np.random.seed(5)
    once = attribute("smoothgrad", question(samples=2, seed=1))
    np.testing.assert_array_equal(np.random.normal(size=3), first)
    np.testing.assert_array_equal(attribute("smoothgrad", question(samples=2, seed=1)), once)
    assert np.abs(attribute("smoothgrad", question(samples=2, seed=2)) - once).max() > 0


@pytest.mark.parametrize("method", METHODS)
def test_classes_asked_together_or_alone_give_the_same(method: str) -> None:
    whole = question(samples=2)
    together = attribute(method, whole)
    assert together.shape == (len(whole.classes), 33, 40)
    assert together.dtype == np.float32
    assert together.min() >= 0
    last = attribute(method, whole.alone(1))[0]
    np.testing.assert_allclose(last, together[1], rtol=0, atol=1e-6 * last.max())


def test_a_layer_behind_nothing_gives_zeros() -> None:
    """Nothing of the score goes through it: no gradient at all is no map, not an error."""
    from archspec.lower.framework import keras
    from archspec.lower.layers import own_layer

    model, ask = red_network(), red_question()
    aside = keras.layers.Conv2D(1, 1, name="aside")(model.input)
    again = keras.Model(model.input, own_layer("Unread")()([model.output, aside]))
    assert not attribute("gradcam", Question(again, ask.image, "aside", (0,), ask.weights)).any()
    assert attribute("gradcam", Question(again, ask.image, "features", (0,), ask.weights)).any()


def test_scorecam_refuses_what_does_not_fit() -> None:
    with pytest.raises(UserError, match=r"has 12 channels, fewer than 13. Give a smaller --channels"):
        attribute("scorecam", question(channels=13))
    large = np.broadcast_to(np.float32(0), (1, 20_000, 20_000, 3))
    ask = Question(tiny().model, large, LAST, (0,), np.ones((1, 1, 1), np.float32))
    with pytest.raises(UserError, match=r"12 channels at this size needs about 215 GiB. Give --channels 0"):
        attribute("scorecam", ask)


def test_gradients_do_not_go_through_integers() -> None:
    from archspec.lower.framework import keras

    image = keras.Input((33, 40, 3), dtype="uint8")
    model = keras.Model(image, tiny().model(keras.layers.Rescaling(1.0)(image)))
    ask = question()
    with pytest.raises(UserError, match="the model reads uint8 images, through which no gradient goes"):
        attribute("saliency", Question(model, ask.image, LAST, ask.classes, ask.weights))


def test_missing_library(monkeypatch: pytest.MonkeyPatch) -> None:
    ask = question()
    for name in [name for name in sys.modules if name.split(".")[0] == "tf_keras_vis"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tf_keras_vis", None)
    for method in METHODS:
        with pytest.raises(UserError, match=r"cannot be imported .*pip install 'tf-keras-vis"):
            attribute(method, ask)
