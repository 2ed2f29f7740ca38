"""Networks of keras.applications as backbones: what Keras says of them is kept, and their weights find their places."""

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import archspec
from archspec.keras_model import Application, application_config
from archspec.keras_model import applications as room
from tests.keras_model.litert import in_litert

RUN = subprocess.run
SPEC = {
    "name": "small",
    "input": {"size": [64, 64]},
    "classes": 3,
    "output_stride": 16,
    "backbone": {"keras_application": {"name": "MobileNet", "alpha": 0.25}},
    "head": [{"conv_bn": {"filters": 8, "kernel": 1}}],
    "decoder": "bilinear",
    "output": "logits",
}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's cache in which Keras has been asked once."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        application_config.cache_clear()
        _ = archspec.load(SPEC).graph
    return folder


@pytest.fixture(autouse=True)
def _use(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keras is not asked again, unless a test lets it be."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    application_config.cache_clear()

    def run(command: list[str], **options: Any) -> Any:
        assert "archspec.lower.applications" not in command, "Keras was asked again"
        return RUN(command, **options)

    monkeypatch.setattr(subprocess, "run", run)


@pytest.mark.parametrize(("output_stride", "side"), [(8, 8), (16, 4), (32, 2)])
def test_strides_become_dilation_and_taps_stay(output_stride: int, side: int) -> None:
    network = archspec.load(SPEC, {"output_stride": output_stride})
    features = network.graph.taps["backbone"]
    assert (features.shape, features.stride) == ((side, side, 256), output_stride)
    assert network.cost.params == archspec.load(SPEC, {"output_stride": 32}).cost.params
    names = [f"stage{number}" for number in range(1, 6)]
    assert [network.graph.taps[name].stride for name in names] == [min(2**n, output_stride) for n in range(1, 6)]
    last = network.graph.node("backbone.conv_dw_13").layer.config["dilation_rate"]
    assert last == (32 // output_stride, 32 // output_stride)


def test_without_dilation_every_number_is_one_in_sixteen_of_those_with_it() -> None:
    image = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3)).astype(np.float32)
    found = {}
    for output_stride in (8, 32):
        spec = {**SPEC, "classes": 8, "output_stride": output_stride, "classifier": "none", "decoder": "none"}
        network = archspec.load(spec)
        found[output_stride] = in_litert(network.to_tflite(weights=network.fresh_weights(0, "random")).data, image)
    assert found[32].std() > 0.01
    assert np.abs(found[8][:, ::4, ::4] - found[32]).max() < 1e-4 * np.abs(found[32]).max()


def test_the_image_is_brought_to_what_it_was_trained_on() -> None:
    network = archspec.load(SPEC)
    assert network.spec.values["input"]["preprocess"] == "none"
    assert network.graph.node("backbone.preprocess").layer.config["scale"] == pytest.approx(1 / 127.5)
    with pytest.raises(archspec.UserError, match=r"Write input: \{preprocess: none\}"):
        _ = archspec.load(SPEC, {"input.preprocess": "unit"}).graph


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"backbone.keras_application.name": "MobileNetV9"}, "Did you mean 'MobileNetV2'?"),
        ({"backbone.keras_application.minimalistic": True}, "MobileNet has no minimalistic form"),
        ({"backbone.keras_application": {"name": "VGG16", "alpha": 0.5}}, "VGG16 has one width only"),
        ({"backbone.keras_application.weights": "imagenet", "input.channels": 4}, "published weights are of RGB"),
    ],
)
def test_what_keras_would_refuse_is_refused_before(change: dict[str, Any], said: str) -> None:
    with pytest.raises(archspec.UserError) as caught:
        _ = archspec.load(SPEC, change).graph
    assert said in str(caught.value)


def test_a_damaged_cache_is_not_believed(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (kept,) = (cache / "archspec" / "keras_applications").glob("*.json")
    whole = kept.read_text()
    content = json.loads(whole)
    asked = []

    def answer(command: list[str], **_: Any) -> Any:
        asked.append(json.loads(command[-1]))
        return subprocess.CompletedProcess(command, 0, content["config"], "")

    monkeypatch.setattr(subprocess, "run", answer)
    for damaged in (whole[:1000], json.dumps({**content, "config": content["config"].replace("relu", "tanh")}), "[]"):
        kept.write_text(damaged)
        application_config.cache_clear()
        assert archspec.load(SPEC).cost.params > 0
        assert kept.read_text() == whole
    assert asked == [list(Application("MobileNet", 64, 64, 3, 0.25))] * 3


def test_what_keras_says_against_it_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "ValueError: Input size must be at least 32x32"
    answer = subprocess.CompletedProcess([], 1, "", f"Traceback\n  File x\n{said}\n")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: answer)
    with pytest.raises(archspec.UserError) as caught:
        _ = archspec.load(SPEC, {"input.size": [16, 16]}).graph
    assert f"Keras cannot make MobileNet ({said})" in str(caught.value)


def test_weights_of_a_file_and_published_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from archspec.lower import applications as lower
    from archspec.lower.framework import keras

    monkeypatch.setattr(subprocess, "run", RUN)  # once more, for the network as it is published
    model = keras.applications.MobileNet(weights=None, include_top=False, alpha=0.25, input_shape=(64, 64, 3))
    kernel = model.get_layer("conv_pw_3").kernel
    model.save(tmp_path / "all.keras")
    model.save_weights(tmp_path / "only.weights.h5")
    for file in ("all.keras", "only.weights.h5"):
        network = archspec.load(SPEC, {"backbone.keras_application.weights": str(tmp_path / file)})
        assert np.array_equal(network.weights["backbone.conv_pw_3/kernel"], np.array(kernel))
        assert all(key.startswith(("head", "classifier")) for key in network.imported.fresh)
    published = {"backbone.keras_application.weights": "imagenet"}
    monkeypatch.setattr(lower, "application_model", lambda one, weights: model)
    assert np.array_equal(archspec.load(SPEC, published).weights["backbone.conv_pw_3/kernel"], np.array(kernel))

    def offline(one: Application, weights: str | None) -> Any:
        raise Exception(f"URL fetch failure on https://…: {weights}")  # noqa: TRY002 - as Keras does

    monkeypatch.setattr(lower, "application_model", offline)
    with pytest.raises(archspec.UserError, match=r"the weights of MobileNet cannot be had \(URL fetch failure"):
        _ = archspec.load(SPEC, published).weights


def test_every_name_has_its_preprocessing() -> None:
    from archspec.blocks.backbones.keras_application import Name

    assert set(room.NAMES) == set(Name.__args__)  # type: ignore[attr-defined]
    from archspec.lower.framework import keras

    theirs = {name for name in dir(keras.applications) if name[:1].isupper()}
    assert set(room.NAMES) == theirs
