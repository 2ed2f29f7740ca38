"""Saved models give the same outputs when they come back, and a failed save leaves what was there."""

from pathlib import Path

import numpy as np
import pytest

from archspec.errors import UserError
from archspec.graph.weights import initialise
from archspec.lower import get_weights, load_keras, save_keras, save_saved_model, to_keras
from archspec.lower.framework import keras, tf
from tests.lower.test_model import SMALL
from tests.strategies import graph_of

GRAPH = graph_of(SMALL + "output: logits\n")
IMAGE = np.random.default_rng(2).uniform(0, 255, (2, 33, 40, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return to_keras(GRAPH, initialise(GRAPH, statistics="random"))


def test_keras_file_comes_back_the_same(model: keras.Model, tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    save_keras(model, path)
    assert [file.name for file in tmp_path.iterdir()] == ["model.keras"]
    for again in (load_keras(path), keras.models.load_model(path)):
        np.testing.assert_array_equal(again(IMAGE).numpy(), model(IMAGE).numpy())
        assert {layer.name for layer in again.layers} == {node.name for node in GRAPH.nodes}
        held = get_weights(again, GRAPH)
        assert all(np.array_equal(held[key], array) for key, array in get_weights(model, GRAPH).items())


def test_a_model_with_every_own_layer_comes_back(tmp_path: Path) -> None:
    graph = graph_of(SMALL)
    assert {type(node.layer).__name__ for node in graph.nodes if node.layer.own} == {
        "ArgMax",
        "ChannelShuffle",
        "ChannelSplit",
        "Resize",
    }
    model = to_keras(graph, initialise(graph, statistics="random"))
    save_keras(model, tmp_path / "m.keras")
    labels = load_keras(tmp_path / "m.keras")(IMAGE)
    assert labels.dtype == tf.int32
    np.testing.assert_array_equal(labels.numpy(), model(IMAGE).numpy())


def test_a_failed_save_leaves_the_old_file(model: keras.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.keras"
    path.write_bytes(b"old")

    def fail(target: Path) -> None:
        target.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(model, "save", fail)
    with pytest.raises(OSError, match="disk full"):
        save_keras(model, path)
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["model.keras"]


def test_saved_model_gives_the_same_outputs_and_says_nothing(
    model: keras.Model, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "saved"
    save_saved_model(model, folder)
    save_saved_model(model, folder)  # over itself
    assert capfd.readouterr() == ("", "")
    assert [file.name for file in tmp_path.iterdir()] == ["saved"]
    loaded = tf.saved_model.load(str(folder))
    np.testing.assert_allclose(loaded.serve(IMAGE).numpy(), model(IMAGE).numpy(), rtol=0, atol=1e-5)
    assert loaded.serve(IMAGE[:1]).shape == (1, 33, 40, 4)


def test_what_is_no_saved_model_is_not_replaced(model: keras.Model, tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("dear diary")
    with pytest.raises(UserError, match="is there already, and is no SavedModel"):
        save_saved_model(model, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["diary.txt"]


def test_users_mistakes_are_one_line(model: keras.Model, tmp_path: Path) -> None:
    (tmp_path / "broken.keras").write_bytes(b"not a zip")
    for wrong, message in [
        (lambda: load_keras(tmp_path / "none.keras"), "none.keras: no such file. Name a .keras file"),
        (lambda: load_keras(tmp_path / "broken.keras"), "broken.keras: cannot be loaded as a Keras model ("),
        (lambda: save_keras(model, tmp_path / "model.h5"), "model.h5: a Keras model's file name ends in .keras. Use "),
        (lambda: save_keras(model, tmp_path / "no" / "m.keras"), "m.keras: cannot be written (no such folder: "),
        (lambda: save_saved_model(model, tmp_path / "no" / "folder"), "folder: cannot be written ("),
    ]:
        with pytest.raises(UserError) as caught:
            wrong()
        assert message in str(caught.value)
        assert "\n" not in str(caught.value)
