"""Files as networks: what each gives, whether it is the same as Keras's own answer, and what is refused."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archspec.catalog import Catalog
from archspec.errors import Problem, UserError
from archspec.export import TfliteSegmenter
from archspec.lower import KerasSegmenter, convert_with_tensorflow
from archspec.scoring.inference import Viewing, label_map, probability_map, softmax
from archspec.scoring.segmenters import SegmenterOptions, open_segmenter, open_segmenters
from tests.scoring.segmenters import TINY, Array, tiny_spec, write_keras, write_run, write_tflite

IMAGE: Array = np.random.default_rng(3).integers(0, 256, (24, 32, 3)).astype(np.uint8)
CATALOG = Catalog()


def foreign_keras(head: Callable[[Any], Any] | None = None, size: tuple[int | None, int | None] = (24, 32)) -> Any:
    """A model that archspec did not make: five classes at half the size of the image."""
    import keras

    keras.utils.set_random_seed(0)
    image = keras.Input((*size, 3))
    scores = keras.layers.Conv2D(5, 3, strides=2, padding="same")(image)
    return keras.Model(image, scores if head is None else head(scores))


def opened(source: Path | str, **settings: Any) -> Any:
    return open_segmenter(str(source), CATALOG, SegmenterOptions(**settings))


def test_a_run_its_keras_model_and_its_tflite_give_the_same(tmp_path: Path) -> None:
    run = opened(write_run(tmp_path / "run"))
    keras = opened(write_keras(tmp_path / "model.keras"))
    tflite = opened(write_tflite(tmp_path / "a.tflite"))
    wanted = probability_map(run.segmenter, IMAGE, Viewing())
    assert wanted.shape == (24, 32, 11)
    assert np.allclose(wanted.sum(-1), 1, atol=1e-5)
    assert len(np.unique(wanted.argmax(-1))) > 2  # a constant map would be equal whatever is wrong
    for one in (keras, tflite):
        assert np.allclose(probability_map(one.segmenter, IMAGE, Viewing()), wanted, atol=1e-4)
        assert (label_map(one.segmenter, IMAGE, Viewing()) == label_map(run.segmenter, IMAGE, Viewing())).mean() > 0.995
    assert (keras.segmenter.size, tflite.segmenter.size, run.segmenter.size) == ((24, 32), (24, 32), None)
    assert run.hash == tflite.hash
    assert (run.conditions["precision"], tflite.conditions["runtime"]) == ("float32", "LiteRT")


def test_a_run_is_built_for_the_size_of_the_image(tmp_path: Path) -> None:
    """Not resized: the same weights at another size, as the spec with that size gives."""
    large = np.random.default_rng(4).integers(0, 256, (40, 56, 3)).astype(np.uint8)
    run = opened(write_run(tmp_path / "run"))
    at_size = opened(write_keras(tmp_path / "n.keras", 0, "input.size=[40,56]"))
    wanted = probability_map(at_size.segmenter, large, Viewing())
    assert np.allclose(probability_map(run.segmenter, large, Viewing()), wanted, atol=1e-5)
    small = probability_map(opened(tmp_path / "run", size=(24, 32)).segmenter, large, Viewing())
    assert np.abs(small - wanted).max() > 1e-3
    assert run.notes == ()


def test_an_image_that_a_network_cannot_be_built_for_is_padded(tmp_path: Path) -> None:
    """ShuffleSeg's U-Net wants sides that halve evenly; what is outside the image is cut off again."""
    from archspec.network import Network
    from archspec.scoring import NetworkSegmenter

    unet = Network.load("shuffleseg_unet", ["classes=3"], catalog=CATALOG)
    network = NetworkSegmenter(unet, unet.fresh_weights(0, "random"))
    image = np.zeros((90, 127, 3), np.uint8)
    assert network(image).shape == (90, 127, 3)
    assert network.labels(image).shape == (90, 127)
    assert network.notes == ("images of 90 x 127 padded to 96 x 128",)


def test_a_spec_with_weights(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run")
    by_spec, by_run = opened(folder / "spec.yaml"), opened(folder)
    assert np.array_equal(by_spec.segmenter(IMAGE), by_run.segmenter(IMAGE))
    assert by_spec.conditions["weights_digest"] == by_run.conditions["weights_digest"]
    assert (by_spec.name, by_run.name) == ("tiny", "run")


def test_a_spec_without_weights_is_refused(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(TINY)
    with pytest.raises(UserError, match="this spec has no weights, and the scores of a network that has learned not"):
        opened(tmp_path / "s.yaml")


def test_weights_of_a_part_are_refused(tmp_path: Path) -> None:
    from archspec.graph.trace import trace
    from archspec.graph.weights import initialise
    from archspec.spec import expand
    from archspec.weights import save_weights

    folder = write_run(tmp_path / "run")
    graph = trace(expand(tiny_spec()), CATALOG)
    backbone = {key: array for key, array in initialise(graph, 0).items() if key.startswith("backbone")}
    save_weights(folder / "weights.npz", backbone, graph)
    with pytest.raises(UserError, match="arrays of the network are not in its weights"):
        opened(folder)


def test_files_and_folders_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "bad.tflite").write_bytes(b"not a model at all, is it?")
    (tmp_path / "bad.keras").write_bytes(b"nor this")
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "model.tflite").touch()
    faults = {
        "bad.tflite": "not a TensorFlow Lite file",
        "bad.keras": "cannot be loaded as a Keras model",
        "no.tflite": "cannot be read",
        "build": r"no spec.yaml and no weights.npz in this folder. Name .*model.tflite",
        "no_such_spec": "no such spec file",
    }
    with pytest.raises(UserError) as error:
        open_segmenters([str(tmp_path / name) for name in faults], CATALOG, SegmenterOptions())
    assert len(error.value.faults) == len(faults)
    for fault, (name, words) in zip(error.value.faults, faults.items(), strict=True):
        assert re.search(f"{name}.*: .*{words}", str(fault)), fault


def test_names_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    sources = [write_tflite(folder / name) for folder in (tmp_path / "a", tmp_path / "b")
               for name in ("x.tflite", "model.tflite")]  # fmt: skip
    found = open_segmenters([str(source) for source in sources], CATALOG, SegmenterOptions())
    assert [one.name for one in found] == ["x.tflite", "a.tflite", "x.tflite-2", "b.tflite"]


def test_settings_do_not_change_a_finished_model(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--set and --size cannot change a finished model"):
        opened(write_tflite(tmp_path / "x.tflite"), overrides=("classes=3",), size=(8, 8))


@pytest.mark.parametrize("precision", ["float16", "dynamic", "int8"])
def test_other_precisions_are_near(tmp_path: Path, precision: Any) -> None:
    wanted = opened(write_tflite(tmp_path / "f.tflite"))
    found = opened(write_tflite(tmp_path / "p.tflite", 0, precision))
    assert found.conditions["precision"] == precision
    ours, theirs = found.segmenter(IMAGE), wanted.segmenter(IMAGE)
    assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.97
    assert np.abs(ours - theirs).max() > 0  # it is another file


def test_a_keras_model_by_what_it_ends_in() -> None:
    import keras

    logits = KerasSegmenter(foreign_keras())
    wanted = softmax(logits(IMAGE))
    for head in (
        keras.layers.Softmax(),
        keras.layers.Activation("softmax"),
        lambda scores: keras.layers.UpSampling2D(1)(keras.layers.Softmax()(scores)),
    ):
        found = KerasSegmenter(foreign_keras(head))
        assert (logits.gives, found.gives, found.classes) == ("logits", "probabilities", 5)
        assert np.allclose(found(IMAGE), wanted, atol=1e-5)
    labels = KerasSegmenter(foreign_keras(lambda scores: keras.ops.argmax(scores, -1)))
    assert (labels.gives, labels.classes) == ("labels", None)
    assert np.array_equal(labels(IMAGE), wanted.argmax(-1))
    assert np.array_equal(labels.labels(IMAGE), wanted.argmax(-1))


def test_a_keras_model_of_any_size_and_another_range() -> None:
    model = foreign_keras(size=(None, None))
    network = KerasSegmenter(model, image_range=(-1.0, 1.0))
    assert network.size is None
    for size in ((10, 14), (24, 32)):
        image = IMAGE[: size[0], : size[1]]
        wanted = model(image[None].astype(np.float32) / 127.5 - 1).numpy()[0]
        assert np.allclose(network(image), wanted, atol=1e-5)


def test_keras_models_that_are_no_segmentation_networks() -> None:
    import keras

    pooled = foreign_keras(keras.layers.GlobalAveragePooling2D())
    with pytest.raises(Problem, match=r"gives no scores and no labels of pixels \(its output is \[None, 5\]"):
        KerasSegmenter(pooled)
    grey = keras.Input((8, 8, 1))
    with pytest.raises(Problem, match="does not take RGB images"):
        KerasSegmenter(keras.Model(grey, keras.layers.Conv2D(2, 1)(grey)))
    two = keras.Input((8, 8, 3))
    with pytest.raises(Problem, match="has 1 inputs and 2 outputs"):
        KerasSegmenter(keras.Model(two, [two, two + 1]))


def test_a_foreign_tflite_by_what_it_ends_in() -> None:
    """TensorFlow's own converter made them: logits, probabilities, and labels as int64."""
    import keras

    model = foreign_keras()
    logits = TfliteSegmenter(convert_with_tensorflow(model), image_range=(-1.0, 1.0))
    wanted = model(IMAGE[None].astype(np.float32) / 127.5 - 1).numpy()[0]
    assert (logits.gives, logits.classes, logits.size) == ("logits", 5, (24, 32))
    assert np.allclose(logits(IMAGE), wanted, atol=1e-4)
    assert np.array_equal(logits.labels(IMAGE), wanted.argmax(-1))
    softmaxed = TfliteSegmenter(convert_with_tensorflow(foreign_keras(keras.layers.Softmax())), image_range=(-1.0, 1.0))
    assert softmaxed.gives == "probabilities"
    assert np.allclose(softmaxed(IMAGE), softmax(wanted), atol=1e-4)
    import tensorflow as tf

    as_labels = foreign_keras(keras.layers.Lambda(lambda scores: tf.argmax(scores, -1), output_shape=(12, 16)))
    labels = TfliteSegmenter(convert_with_tensorflow(as_labels), image_range=(-1.0, 1.0))
    assert np.array_equal(labels.labels(IMAGE), wanted.argmax(-1))
    assert np.allclose(labels(IMAGE), wanted, atol=1e-4)  # its ArgMax taken out


def test_a_tflite_says_what_it_takes(tmp_path: Path) -> None:
    silent = TfliteSegmenter(convert_with_tensorflow(foreign_keras()))
    assert (silent.image_range, silent.image_range_source) == ((0.0, 255.0), "the file does not say")
    with pytest.raises(Problem, match="an image of 12 x 32 for a network of"):
        silent(IMAGE[:12])
    ours = opened(write_tflite(tmp_path / "x.tflite"))
    assert ours.notes == ()


def test_tflites_that_are_no_segmentation_networks() -> None:
    import keras

    pooled = convert_with_tensorflow(foreign_keras(keras.layers.GlobalAveragePooling2D()))
    with pytest.raises(Problem, match=r"gives no scores and no labels of pixels \(\[1, 5\] float32\)"):
        TfliteSegmenter(pooled)


def test_real_files_that_nobody_here_wrote(tflite_folder: Path, data_folder: Path) -> None:
    """DeepLab of Pascal VOC, float with its own scaling in the metadata and uint8 with labels: a person is class 15."""
    from PIL import Image

    with Image.open(data_folder / "voc" / "JPEGImages" / "2011_000003.jpg") as picture:
        image = np.asarray(picture.convert("RGB"))
    with Image.open(data_folder / "voc" / "SegmentationClass" / "2011_000003.png") as picture:
        truth = np.asarray(picture)
    for name in ("deeplabv3_257_mnv2_dm05_float.tflite", "deeplabv3_mnv2_dm05_pascal_quant.tflite"):
        found = opened(tflite_folder / name)
        labels = label_map(found.segmenter, image, Viewing())
        assert labels.shape == image.shape[:2]
        person = (truth == 15, labels == 15)
        assert (person[0] & person[1]).sum() / (person[0] | person[1]).sum() > 0.7, name
    for name, words in (("mobilenet_v1_0.25_128_quant", "no scores"),
                        ("bodypix_mobilenet_v1_075_512_512_16_quant_decoder", "LiteRT refuses"),
                        ("selfie_segmentation", "no scores")):  # fmt: skip
        with pytest.raises(UserError, match=words):
            opened(tflite_folder / f"{name}.tflite")
    assert opened(tflite_folder / "dilated_conv.tflite").segmenter.size is None  # of any size
