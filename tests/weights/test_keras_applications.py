"""keras.applications' MobileNets by name: with random weights they compute what Keras's own models do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archspec.errors import UserError
from archspec.network import hold_weights, import_weights
from archspec.weights.keras_applications import parse_name
from tests.weights.networks import FEATURES, features, graph_of, image, relative

Array = np.ndarray[Any, Any]


def keras_model(network: str, width: float, size: tuple[int, int]) -> Any:
    """Keras's own, with statistics as if trained."""
    from archspec.lower.framework import keras

    classes = {"mobilenet_v2": "MobileNetV2", "mobilenet_v3_large": "MobileNetV3Large",
               "mobilenet_v3_small": "MobileNetV3Small"}  # fmt: skip
    builder = getattr(keras.applications, classes[network])
    preprocessing = {} if network == "mobilenet_v2" else {"include_preprocessing": False}
    model = builder(input_shape=(*size, 3), alpha=width, include_top=False, weights=None, **preprocessing)
    draw = np.random.default_rng(0)
    spread = {"gamma": (0.6, 1.4), "beta": (-0.2, 0.6), "moving_mean": (-0.2, 0.2), "moving_variance": (0.3, 0.9)}
    for variable in model.weights:
        if variable.name in spread:
            variable.assign(draw.uniform(*spread[variable.name], variable.shape).astype(np.float32))
    return model


def tensors_of(model: Any) -> dict[str, Array]:
    return {f"{layer.name}/{one.name}": one.numpy() for layer in model.layers for one in layer.weights}


CASES = [
    ("mobilenet_v2", 0.35, (64, 96)),
    ("mobilenet_v3_small", 1.0, (64, 64)),
    ("mobilenet_v3_large", 1.0, (65, 96)),
]


@pytest.mark.parametrize(("network", "width", "size"), CASES)
def test_computes_what_keras_computes(
    monkeypatch: pytest.MonkeyPatch, network: str, width: float, size: tuple[int, int]
) -> None:
    model = keras_model(network, width, size)
    tensors = tensors_of(model)
    asked = []

    def weights(*arguments: Any) -> dict[str, Array]:
        asked.append(arguments)
        return tensors

    monkeypatch.setattr("archspec.lower.files.application_weights", weights)
    name = f"{network}_{width}"
    held = hold_weights(name, "keras_applications")
    graph = graph_of(held.spec, *held.settings, *FEATURES, "output_stride=32", f"input.size=[{size[0]},{size[1]}]")
    found = import_weights(name, "keras_applications", graph, output_stride=32)
    assert asked[0] == (network, width, "imagenet")
    assert found.fresh == {}
    pixels = image(*size)
    if network == "mobilenet_v2":  # Keras goes on with a convolution that is left out
        from archspec import lower

        end = "block_16_project_BN"
        expected = lower.function_to(model, end)(pixels[None] / 127.5 - 1)[0]
        assert len(found.skipped) == 5
    else:
        expected = np.asarray(model(pixels[None] / 127.5 - 1, training=False))[0]
    assert relative(features(graph, dict(found.arrays), pixels), expected) < 1e-5


def test_without_weights_to_download() -> None:
    """The same names come from Keras itself; nothing is downloaded for random ones."""
    from archspec.lower.files import application_weights

    found = application_weights("mobilenet_v2", 0.35, None)
    assert found["Conv1/kernel"].shape == (3, 3, 3, 16)
    assert "block_16_project_BN/moving_variance" in found


def test_a_file_from_elsewhere(tmp_path: Path) -> None:
    """What Keras would have downloaded, named by path."""
    model = keras_model("mobilenet_v2", 0.35, (224, 224))
    file = tmp_path / "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_224_no_top.weights.h5"
    model.save_weights(file)
    held = hold_weights(str(file), "keras_applications")
    assert held.settings[0] == "width_multiplier=0.35"
    np.testing.assert_array_equal(held.arrays["backbone.stem.conv/kernel"], tensors_of(model)["Conv1/kernel"])


def test_no_network_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from archspec.lower.framework import keras

    def fails(*_: Any, **__: Any) -> None:
        raise Exception("URL fetch failure on https://storage.example/x.h5: None -- Name or service not known")  # noqa: TRY002

    monkeypatch.setattr(keras.applications, "MobileNetV2", fails)
    with pytest.raises(UserError) as error:
        hold_weights("mobilenet_v2", "keras_applications")
    assert "the weights of MobileNetV2 1.0 cannot be had (URL fetch failure on" in str(error.value)
    assert "~/.keras/models" in str(error.value)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mobilenet_v2", ("mobilenet_v2", 1.0)),
        ("MobileNetV2_0.5", ("mobilenet_v2", 0.5)),
        ("MobileNetV3Large", ("mobilenet_v3_large", 1.0)),
        ("a/weights_mobilenet_v3_small_224_0.75_float_no_top_v2.h5", ("mobilenet_v3_small", 0.75)),
        ("mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.4_224_no_top.h5", ("mobilenet_v2", 1.4)),
    ],
)
def test_names(name: str, expected: tuple[str, float]) -> None:
    assert parse_name(name) == expected


def test_keras_rounds_narrow_v3_otherwise() -> None:
    with pytest.raises(UserError, match=r"rounds the inner widths of MobileNetV3 at 0\.75 otherwise"):
        hold_weights("mobilenet_v3_large_0.75", "keras_applications")


@pytest.mark.parametrize("name", ["resnet50", "mobilenet", "weights_mobilenet_v3_small_minimalistic_224_1.0_float.h5"])
def test_other_names(name: str) -> None:
    with pytest.raises(UserError, match=r"no such network of keras\.applications"):
        parse_name(name)
