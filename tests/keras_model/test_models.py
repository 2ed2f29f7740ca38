"""A Keras model and what we make of it give the same numbers, layer class by layer class."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import archspec
from archspec.lower.framework import keras
from tests.keras_model.litert import in_litert
from tests.keras_model.models import MODELS, convolutions, model_of, nested

IMAGE = np.random.default_rng(3).integers(0, 256, (1, 16, 16, 3)).astype(np.float32)


@pytest.fixture(autouse=True)
def _forget_models() -> None:
    keras.backend.clear_session()


def relative_error(given: Any, expected: Any) -> float:
    assert given.shape == expected.shape
    assert expected.std() > 0
    return float(np.abs(given - expected).max() / np.abs(expected).max())


@pytest.mark.parametrize("name", MODELS)
def test_the_file_we_write_gives_what_keras_gives(name: str, tmp_path: Path) -> None:
    model = model_of(MODELS[name])
    network = archspec.from_keras(model, path=tmp_path / "model.keras")
    expected = np.asarray(model(IMAGE, training=False))
    assert relative_error(in_litert(network.to_tflite().data, IMAGE), expected) < 1e-5
    if name != "nested":  # whose shared layers are there twice
        assert network.cost.params_total == model.count_params()


def test_in_keras_again_it_gives_the_same(tmp_path: Path) -> None:
    model = model_of(convolutions)
    network = archspec.from_keras(model, path=tmp_path / "model.keras")
    again = np.asarray(network.to_keras(output="spec")(IMAGE, training=False))
    assert relative_error(again, np.asarray(model(IMAGE, training=False))) < 1e-6


def test_a_model_of_our_own_comes_back(tmp_path: Path) -> None:
    """Its layers that Keras lacks are those of the graph again."""
    network = archspec.load("shufflenetv2_basic", {"input.size": [32, 32], "width_multiplier": 0.5})
    again = archspec.from_keras(network.to_keras(output="spec"), path=tmp_path / "model.keras")
    assert (again.cost.params, again.cost.macs) == (network.cost.params, network.cost.macs)
    assert again.hash == network.hash
    image = np.tile(IMAGE, (1, 2, 2, 1))
    assert np.array_equal(in_litert(again.to_tflite().data, image), in_litert(network.to_tflite().data, image))


def test_quantised_it_is_the_same_within_eight_bits(tmp_path: Path) -> None:
    model = model_of(nested)
    network = archspec.from_keras(model, path=tmp_path / "model.keras")
    expected = np.asarray(model(IMAGE, training=False))
    images = np.concatenate([IMAGE, IMAGE[:, ::-1]])
    for precision, bound in (("float16", 2e-3), ("dynamic", 2e-2), ("int8", 6e-2)):
        data = network.to_tflite(precision=precision, representative=images if precision == "int8" else None).data
        assert relative_error(in_litert(data, IMAGE), expected) < bound, precision


def test_macs_by_hand() -> None:
    """Keras's shapes times kernels: 8·8·8·27, 8·8·(8 filters of 3 numbers of 4 channels), and so on."""
    network = archspec.from_keras(model_of(convolutions))
    by_hand = 64 * 8 * 27 + 64 * 8 * 12 + 64 * 16 * 9 + 36 * 32 * 9 + 36 * (32 * 9 + 32 * 6)
    by_hand += 36 * 6 * 4 * 9 + 144 * 4 * 4 * 4 + 576 * 4 * 3
    assert network.cost.macs == by_hand


def test_a_model_is_kept_once_by_what_is_in_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    model = model_of(nested)
    first = archspec.from_keras(model)
    (kept,) = tmp_path.rglob("*.keras")
    written = kept.stat().st_mtime_ns
    assert archspec.from_keras(model).hash == first.hash
    assert kept.stat().st_mtime_ns == written
    model.weights[0].assign(model.weights[0] + 1)
    other = archspec.from_keras(model)
    assert len(list(tmp_path.rglob("*.keras"))) == 2
    assert other.weights_digest != first.weights_digest


def test_the_spec_of_a_model_is_a_spec(tmp_path: Path) -> None:
    """What is written down of a network can be read again, from any folder."""
    network = archspec.from_keras(model_of(nested), path=tmp_path / "model.keras")
    again = archspec.load(network.text)
    assert again.hash == network.hash
    assert all(np.array_equal(again.weights[key], array) for key, array in network.weights.items())


def test_a_model_that_was_never_built(tmp_path: Path) -> None:
    with pytest.raises(archspec.UserError, match="never built"):
        archspec.from_keras(keras.Sequential([keras.layers.Conv2D(3, 3)]))


def test_a_layer_of_ones_own_is_never_taken_for_keras_s(tmp_path: Path) -> None:
    class Conv2D(keras.layers.Conv2D):
        pass

    image = keras.Input((16, 16, 3))
    x = Conv2D(3, 3, name="mine")(image)
    x = keras.layers.Lambda(lambda y: y * 2, name="anything", output_shape=(14, 14, 3))(x)
    model = keras.Model(image, keras.layers.PReLU(name="sloped")(x))
    with pytest.raises(archspec.UserError) as caught:
        archspec.from_keras(model, path=tmp_path / "model.keras")
    assert [(fault.path, fault.message) for fault in caught.value.faults] == [
        ("mine", "the layer Conv2D has no rule"),
        ("anything", "the layer Lambda has no rule"),
        ("sloped", "a PReLU with a slope for each place has no rule"),
    ]
