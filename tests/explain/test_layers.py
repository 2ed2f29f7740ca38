"""Logits at the end of a Keras model, float32 in it, and the last feature map before its classifier."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from archspec.catalog import Catalog
from archspec.errors import UserError
from archspec.explain import open_network
from archspec.explain.logits_model import check_layer, ending_in_logits, in_float32, last_features
from archspec.graph.trace import trace
from archspec.spec import expand, load
from archspec.weights import save_weights
from tests.explain.networks import LAST, SIZE, graph_of, keras_model, picture, tiny, weights, write_run

IMAGE = picture().image[None].astype(np.float32)


def bundled(name: str) -> Any:
    from archspec import lower

    return lower.to_keras(trace(expand(load(name, ["output=logits", "input.size=64"])), Catalog()))


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("shufflenetv2_basic", "head.concat_projection.relu"),  # not the dropout behind it
        ("skipnet_mobilenet", "backbone.conv_ds_14.pointwise.relu6"),  # scores at three strides: the deepest
        ("mobilenetv3_small_lraspp", "decoder.resize"),  # scores at two strides: what comes last is enlarged first
        ("enet", "decoder.3_enet_bottleneck.relu"),  # a transposed convolution makes the scores
    ],
)
def test_last_features_of_bundled_networks(name: str, layer: str) -> None:
    assert last_features(bundled(name)) == layer


def test_features_of_as_many_channels_as_classes() -> None:
    from archspec.lower.framework import keras

    image = keras.Input((8, 8, 3))
    features = keras.layers.Conv2D(5, 3, padding="same", name="features")(image)
    scores = keras.layers.Conv2D(5, 1, name="scores")(features)
    enlarged = keras.layers.Conv2DTranspose(5, 4, 2, "same", name="enlarged")(scores)
    assert last_features(keras.Model(image, enlarged)) == "features"


def test_check_layer() -> None:
    model = tiny().model
    assert check_layer(model, "backbone.0_conv_bn.conv") == "backbone.0_conv_bn.conv"
    with pytest.raises(UserError, match=f"no layer 'backbone.2_conv_bn'. Did you mean '{LAST}'"):
        check_layer(model, "backbone.2_conv_bn")
    with pytest.raises(UserError, match=r"--layer: the network has no layer 'backbone.2_conv_bn.rel'. Did you mean"):
        check_layer(model, "backbone.2_conv_bn.rel")
    with pytest.raises(UserError, match=r"layer 'output' does not give one map \(N, h, w, C\) of numbers"):
        check_layer(keras_model("argmax"), "output")


@pytest.mark.parametrize("output", ["argmax", "softmax", "logits"])
def test_labels_and_probabilities_are_taken_off(output: str) -> None:
    found = ending_in_logits(keras_model(output), "x")
    np.testing.assert_array_equal(found(IMAGE), tiny().model(IMAGE))


def test_a_softmax_inside_the_last_layer_is_taken_off() -> None:
    from archspec.lower.framework import keras

    image = keras.Input((8, 8, 3))
    model = keras.Model(image, keras.layers.Conv2D(5, 1, activation="softmax")(image))
    probabilities = model(IMAGE[:, :8, :8]).numpy()
    logits = ending_in_logits(model, "x")(IMAGE[:, :8, :8]).numpy()
    again = np.exp(logits - logits.max(-1, keepdims=True))
    np.testing.assert_allclose(again / again.sum(-1, keepdims=True), probabilities, atol=1e-6)
    assert np.abs(logits).max() > 2


def test_what_has_no_logits() -> None:
    from archspec.lower.framework import keras

    image = keras.Input((8, 8, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(image)
    for outputs, fact in [
        (pooled, r"x: gives \[None, 3\] of float32, not logits"),
        (keras.layers.Conv2D(5, 1, activation="tanh")(image), "x: ends in the activation tanh, so it has no logits"),
        ([pooled, image], "x: has 1 inputs and 2 outputs that Keras knows of"),
    ]:
        with pytest.raises(UserError, match=fact):
            ending_in_logits(keras.Model(image, outputs), "x")


def test_models_of_others() -> None:
    """A Sequential, one that uses a layer twice, one with a model inside, and one whose graph Keras does not know."""
    from archspec.lower.framework import keras

    convolution = keras.layers.Conv2D
    plain = keras.Sequential([keras.Input((8, 8, 3)), convolution(4, 1, name="one"), convolution(5, 1)])
    found = ending_in_logits(plain, "x")
    assert last_features(found) == "one"
    np.testing.assert_array_equal(found(IMAGE[:, :8, :8]), plain(IMAGE[:, :8, :8]))
    image, twice = keras.Input((8, 8, 3)), convolution(3, 1, name="twice")
    features = convolution(3, 1, name="features")(twice(twice(image)))
    model = ending_in_logits(keras.Model(image, convolution(5, 1)(features)), "x")
    assert last_features(model) == "features"
    with pytest.raises(UserError, match="layer 'twice' does not give one map"):
        check_layer(model, "twice")
    inner = keras.Model(image, features, name="inner")
    outer = keras.Input((8, 8, 3))
    nested = ending_in_logits(keras.Model(outer, convolution(5, 1)(inner(outer))), "x")
    with pytest.raises(UserError, match=r"layer 'inner' does not give one map .*a model in the model"):
        check_layer(nested, last_features(nested))

    class Opaque(keras.Model):  # type: ignore[misc]
        pass

    with pytest.raises(UserError, match="x: has 0 inputs and 0 outputs that Keras knows of"):
        ending_in_logits(Opaque(), "x")


def test_mixed_precision_is_rebuilt_in_float32() -> None:
    from archspec.explain.methods import Question, attribute
    from archspec.lower.framework import keras

    policy = keras.mixed_precision.global_policy() if hasattr(keras, "mixed_precision") else keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        image = keras.Input((8, 8, 3))
        features = keras.layers.Conv2D(6, 3, padding="same", activation="relu", name="features")(image)
        mixed = keras.Model(image, keras.layers.Conv2D(5, 1)(features))
    finally:
        keras.config.set_dtype_policy(policy)
    model, notes = in_float32(mixed)
    assert notes == ("computed in float32, not in bfloat16 as the model was saved",)
    assert model(IMAGE[:, :8, :8]).dtype == "float32"
    for one, other in zip(model.get_weights(), mixed.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    weights = np.full((1, 8, 8), 1 / 64, np.float32)
    assert attribute("gradcam", Question(model, IMAGE[:, :8, :8], "features", (0,), weights)).shape == (1, 8, 8)
    assert in_float32(tiny().model) == (tiny().model, ())


# --- opening ----------------------------------------------------------------------------------------------------------


def test_a_run(tmp_path: Any) -> None:
    run = write_run(tmp_path / "run")
    opened = open_network(str(run), (), Catalog())
    assert (opened.name, opened.size, opened.classes, opened.channels) == ("tiny", SIZE, 4, 3)
    np.testing.assert_array_equal(opened.model(IMAGE), tiny().model(IMAGE))
    assert opened.weights_said == f"17 of 17 arrays from {run}/weights.npz (archspec_npz)"
    larger = open_network(str(run), ("input.size=[40,64]",), Catalog())
    assert larger.model.output.shape == (None, 40, 64, 4)


def test_a_run_that_is_none(tmp_path: Any) -> None:
    with pytest.raises(UserError, match=r"no folder of a finished training run \(no spec.yaml and no weights.npz\)"):
        open_network(str(tmp_path), (), Catalog())
    run = write_run(tmp_path / "run")
    backbone = {key: array for key, array in weights().items() if key.startswith("backbone")}
    save_weights(run / "weights.npz", backbone, graph_of("argmax"))
    first = r"2 arrays of the network are not in it \(the first is 'classifier.logits/kernel'\)"
    with pytest.raises(UserError, match=first):
        open_network(str(run), (), Catalog())
    (run / "weights.npz").write_bytes(b"PK")
    with pytest.raises(UserError, match=r"weights.npz: cannot be read as weights"):
        open_network(str(run), (), Catalog())


def test_a_keras_file(tmp_path: Any) -> None:
    from archspec import lower

    path = tmp_path / "model.keras"
    lower.save_keras(keras_model("argmax"), path)
    opened = open_network(str(path), (), Catalog())
    assert (opened.size, opened.weights_said) == (SIZE, f"of {path}")
    np.testing.assert_array_equal(opened.model(IMAGE), tiny().model(IMAGE))
    with pytest.raises(UserError, match=r"has no spec to change. Leave out --set"):
        open_network(str(path), ("classes=3",), Catalog())
    with pytest.raises(UserError, match=r"none.keras: no such file"):
        open_network("none.keras", (), Catalog())


def test_a_spec(tmp_path: Any) -> None:
    run = write_run(tmp_path / "run")
    spec = str(run / "spec.yaml")
    assert open_network(spec, ("input.dtype=uint8",), Catalog(), seed=4).weights_said == "freshly initialised, seed 4"
    (run / "named.yaml").write_text("extends: spec.yaml\nweights: weights.npz\n")
    opened = open_network(str(run / "named.yaml"), (), Catalog())
    np.testing.assert_array_equal(opened.model(IMAGE), tiny().model(IMAGE))
    with pytest.raises(UserError, match="reads images of 2 channels"):
        open_network(spec, ("input.channels=2", "input.preprocess=none"), Catalog())
