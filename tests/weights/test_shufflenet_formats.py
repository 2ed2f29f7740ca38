"""ShuffleNetV2 weights of three projects: imported, they compute what the project's own code does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archspec.errors import UserError
from archspec.network import hold_weights, import_weights
from tests.weights import pytorch_shufflenet as pytorch
from tests.weights.networks import FEATURES, features, graph_of, image, relative
from tests.weights.torch_files import write_zip

Array = np.ndarray[Any, Any]
SIZES = [(64, 96), (65, 97)]
NANODET_MEAN = np.array([103.53, 116.28, 123.675])
NANODET_SCALE = np.array([0.017429, 0.017507, 0.017125])
IMAGENET_MEAN, IMAGENET_DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


def fastestdet(state: pytorch.State, pixels: Array) -> Array:
    """FastestDet's own: BGR, 0..1."""
    backbone = pytorch.Backbone(state, pytorch.MEGVII, pytorch.relu, even_odd=True)
    return backbone(pixels[..., ::-1].transpose(2, 0, 1) / 255.0).transpose(1, 2, 0)


def nanodet(state: pytorch.State, pixels: Array) -> Array:
    """NanoDet's own: BGR, mean off, scaled, leaky ReLU."""
    backbone = pytorch.Backbone(state, pytorch.TORCHVISION, pytorch.leaky, even_odd=False)
    return backbone(((pixels[..., ::-1] - NANODET_MEAN) * NANODET_SCALE).transpose(2, 0, 1)).transpose(1, 2, 0)


def torchvision(state: pytorch.State, pixels: Array) -> Array:
    """torchvision's own: RGB, ImageNet's mean and deviation."""
    backbone = pytorch.Backbone(state, pytorch.TORCHVISION, pytorch.relu, even_odd=False)
    return backbone(((pixels / 255.0 - IMAGENET_MEAN) / IMAGENET_DEVIATION).transpose(2, 0, 1)).transpose(1, 2, 0)


def write(folder: Path, name: str, state: pytorch.State) -> str:
    if name == "torchvision_pth":
        return str(write_zip(folder / "shufflenet.pth", state))
    np.savez(folder / "shufflenet.npz", **pytorch.as_keras(state))
    return str(folder / "shufflenet.npz")


FORMATS = {
    "fastestdet_npz": (pytorch.MEGVII, fastestdet),
    "nanodet_npz": (pytorch.TORCHVISION, nanodet),
    "torchvision_pth": (pytorch.TORCHVISION, torchvision),
}


def imported(file: str, name: str, *settings: str) -> tuple[Any, Any]:
    held = hold_weights(file, name)
    graph = graph_of(held.spec, *held.settings, *FEATURES, "output_stride=32", *settings)
    return graph, import_weights(file, name, graph, output_stride=32)


def assert_same_channels(found: Array, expected: Array, tolerance: float) -> None:
    """Equal maps, each of ours one of theirs: the order of channels is free. All that are dead are alike."""
    ours, theirs = found.reshape(-1, found.shape[-1]).T, expected.reshape(-1, expected.shape[-1]).T
    limit = tolerance * np.abs(theirs).max()
    ours, theirs = ours[np.abs(ours).max(1) > limit], theirs[np.abs(theirs).max(1) > limit]
    assert len(ours) == len(theirs) > 0.8 * expected.shape[-1]
    distance = np.abs(ours[:, None] - theirs[None]).max(-1)
    twin = distance.argmin(1)
    assert sorted(twin) == list(range(len(theirs)))
    assert distance[np.arange(len(ours)), twin].max() < limit


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", FORMATS)
def test_computes_what_the_project_computes(tmp_path: Path, name: str, size: tuple[int, int]) -> None:
    names, original = FORMATS[name]
    state = pytorch.random_state(names)
    graph, found = imported(write(tmp_path, name, state), name, f"input.size=[{size[0]},{size[1]}]")
    assert (len(found.arrays), found.fresh) == (275, {})
    pixels = image(*size)
    ours, theirs = features(graph, dict(found.arrays), pixels), original(state, pixels.astype(np.float64))
    assert ours.shape == (-(-size[0] // 32), -(-size[1] // 32), 192)
    if name == "fastestdet_npz":
        assert relative(ours, theirs) > 0.1  # the channels do stand in another order
        assert_same_channels(ours, theirs, 1e-5)
    else:
        assert relative(ours, theirs) < 1e-5


def test_full_width_keeps_torchvisions_bottleneck(tmp_path: Path) -> None:
    state = pytorch.random_state(pytorch.TORCHVISION, 1.0)
    graph, found = imported(write(tmp_path, "torchvision_pth", state), "torchvision_pth", "input.size=[33,64]")
    assert found.arrays["backbone.stage2.0.before.conv/kernel"].shape == (1, 1, 24, 58)
    pixels = image(33, 64)
    ours = features(graph, dict(found.arrays), pixels)
    assert relative(ours, torchvision(state, pixels.astype(np.float64))) < 1e-5


def test_the_published_layout_is_another_function(tmp_path: Path) -> None:
    """All shapes fit at width 0.5: only the wiring tells, and it is told."""
    file = write(tmp_path, "fastestdet_npz", pytorch.random_state(pytorch.MEGVII))
    settings = [one for one in hold_weights(file, "fastestdet_npz").settings if "layout" not in one]
    with pytest.raises(UserError) as error:
        import_weights(file, "fastestdet_npz", graph_of("shufflenetv2_basic", *settings))
    said = str(error.value)
    assert "not as in the network that was trained, by what it reads" in said
    assert "--set backbone.layout=torchvision" in said


SWITCHES = {
    "backbone.padding=same": "by padding",
    "backbone.activation=relu": "by activation",
    "backbone.layout=published": "by what it reads",
    "input.preprocess=symmetric": "input.preprocess is not what the weights were trained with (RGB, scale 0.0171248",
    "input.preprocess=unit": "pads its input with zeros, which then mean another colour",
}


@pytest.mark.parametrize(("setting", "said"), SWITCHES.items())
def test_each_switch_must_be_set(tmp_path: Path, setting: str, said: str) -> None:
    file = write(tmp_path, "nanodet_npz", pytorch.random_state(pytorch.TORCHVISION))
    settings = hold_weights(file, "nanodet_npz").settings
    assert import_weights(file, "nanodet_npz", graph_of("shufflenetv2_basic", *settings)).arrays
    with pytest.raises(UserError) as error:
        import_weights(file, "nanodet_npz", graph_of("shufflenetv2_basic", *settings, setting))
    assert said in str(error.value)
    assert "--set backbone.activation=leaky_relu" in str(error.value)


def test_atrous_and_other_heads_take_the_backbone(tmp_path: Path) -> None:
    """A backbone goes into any network that has it: strides may have become dilation."""
    file = write(tmp_path, "nanodet_npz", pytorch.random_state(pytorch.TORCHVISION))
    settings = hold_weights(file, "nanodet_npz").settings
    graph = graph_of("shufflenetv2_dpc", *settings, "classes=7", "output_stride=8")
    found = import_weights(file, "nanodet_npz", graph, output_stride=8)
    assert len(found.arrays) == 275
    assert {key.split(".")[0] for key in found.fresh} == {"head", "classifier"}
    assert set(found.fresh.values()) == {"not in the file, which holds the backbone"}
    assert not [note for note in found.notes if "dilation" in note]


@pytest.mark.parametrize("name", FORMATS)
def test_every_tensor_counts(tmp_path: Path, name: str) -> None:
    names, _ = FORMATS[name]
    state = pytorch.random_state(names)
    lacking = {key: array for key, array in state.items() if key != f"stage3.4.{names.main}.6.running_var"}
    with pytest.raises(UserError, match=r"the file lacks 'stage3.4.\w+.6.running_var'"):
        hold_weights(write(tmp_path, name, lacking), name)
    more = {**state, "stage3.8.branch2.0.weight": np.zeros((48, 48, 1, 1), np.float32)}
    with pytest.raises(UserError, match=r"holds 'stage3.8.branch2.0.weight' \[[\d, ]+\], which belongs nowhere"):
        hold_weights(write(tmp_path, name, more), name)
    key = f"stage4.1.{names.main}.3.weight"
    with pytest.raises(UserError, match=r"makes \[5, 5, 96, 1\], and 'backbone.stage4.1.depthwise.dw/kernel' is \[3,"):
        hold_weights(write(tmp_path, name, {**state, key: np.zeros((96, 1, 5, 5), np.float32)}), name)


def test_torchvisions_classifier_is_skipped_with_its_reason(tmp_path: Path) -> None:
    state = pytorch.random_state(pytorch.TORCHVISION)
    extra = {"conv5.0.weight": np.zeros((1024, 192, 1, 1), np.float32), "fc.bias": np.zeros(1000, np.float32),
             "conv1.1.num_batches_tracked": np.array(5)}  # fmt: skip
    file = write(tmp_path, "torchvision_pth", {**state, **extra})
    held = hold_weights(file, "torchvision_pth")
    assert set(held.skipped) == set(extra)
    assert "ImageNet classifier" in held.skipped["fc.bias"]
    assert "counter" in held.skipped["conv1.1.num_batches_tracked"]


REAL = {
    "fastestdet_npz": ("shufflenetv2_x0_5_imagenet_bgr01.npz", fastestdet),
    "nanodet_npz": ("shufflenetv2_x1_0_nanodet_coco_leaky.npz", nanodet),
}


@pytest.mark.parametrize("name", REAL)
def test_real_files(data_folder: Path, name: str) -> None:
    file, original = REAL[name]
    path = str(data_folder / "weights" / file)
    graph, found = imported(path, name, "input.size=[64,97]")
    state = pytorch.as_pytorch({key: array.astype(np.float64) for key, array in np.load(path).items()})
    pixels = image(64, 97)
    ours, theirs = features(graph, dict(found.arrays), pixels), original(state, pixels.astype(np.float64))
    if name == "fastestdet_npz":
        assert_same_channels(ours, theirs, 1e-4)
    else:
        assert relative(ours, theirs) < 1e-4
