"""Our own files: what is written is read back; what is wired otherwise is refused, or converted where that is exact."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archspec.errors import UserError
from archspec.graph import Graph
from archspec.graph.weights import initialise
from archspec.network import import_weights
from archspec.weights import read_tensors, save_weights, usual_format
from archspec.weights.archspec_npz import ABOUT
from tests.weights.networks import FEATURES, features, graph_of, image, relative

Array = np.ndarray[Any, Any]
SMALL = ("width_multiplier=0.5", "input.size=[33,64]")


def trained(graph: Graph, seed: int = 1) -> dict[str, Array]:
    return initialise(graph, seed, "random")


def saved(folder: Path, graph: Graph, weights: dict[str, Array], kind: str) -> str:
    if kind == "npz":
        save_weights(folder / "w.npz", weights, graph, spec="shufflenetv2_basic", settings=SMALL)
        return str(folder / "w.npz")
    from archspec import lower

    model = lower.to_keras(graph, weights)
    if kind == "keras":
        lower.save_keras(model, folder / "w.keras")
        return str(folder / "w.keras")
    model.save_weights(folder / "w.weights.h5")
    return str(folder / "w.weights.h5")


KINDS = {"npz": "archspec_npz", "keras": "keras_file", "h5": "keras_file"}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_is_read(tmp_path: Path, kind: str) -> None:
    graph = graph_of("shufflenetv2_basic", *SMALL)
    weights = trained(graph)
    file = saved(tmp_path, graph, weights, kind)
    assert usual_format(file) == KINDS[kind]
    found = import_weights(file, KINDS[kind], graph)
    assert (found.fresh, found.skipped) == ({}, {})
    assert found.arrays.keys() == weights.keys()
    for key, array in weights.items():
        np.testing.assert_array_equal(found.arrays[key], array)


@pytest.mark.parametrize("kind", ["npz", "keras"])
@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("backbone.layout=torchvision", "by what it reads"),
        ("backbone.padding=symmetric", "by padding"),
        ("backbone.activation=leaky_relu", "by activation"),
        (
            "classes=7",
            "'classifier.logits/kernel' is [1, 1, 256, 19] in the file, and the network needs [1, 1, 256, 7]",
        ),
        ("width_multiplier=1.0", "in the file, and the network needs"),
        ("head=dpc", "which the file holds"),
        ("input.preprocess=imagenet", "input.preprocess is not what the weights were trained with (RGB"),
        ("output_stride=32", None),
        ("variant=reference", None),
    ],
)
def test_other_networks(tmp_path: Path, kind: str, setting: str, said: str | None) -> None:
    graph = graph_of("shufflenetv2_basic", *SMALL)
    file = saved(tmp_path, graph, trained(graph), kind)
    other = graph_of("shufflenetv2_basic", *SMALL, setting)
    if said is not None:
        with pytest.raises(UserError) as error:
            import_weights(file, KINDS[kind], other)
        assert said in str(error.value)
    else:  # the same arrays at another dilation: allowed, and said
        notes = import_weights(file, KINDS[kind], other).notes
        assert ["another dilation" in note for note in notes] == [True]


def test_a_part_of_a_file(tmp_path: Path) -> None:
    graph = graph_of("shufflenetv2_basic", *SMALL)
    weights = trained(graph)
    file = saved(tmp_path, graph, weights, "npz")
    other = graph_of("shufflenetv2_dpc", *SMALL, "classes=7")
    found = import_weights(file, "archspec_npz", other, only=("backbone.stem", "backbone.stage2"))
    assert {".".join(key.split(".")[:2]) for key in found.arrays} == {"backbone.stem", "backbone.stage2"}
    complete = found.complete(initialise(other, 5))
    fresh = initialise(other, 5)
    for key, array in complete.items():
        np.testing.assert_array_equal(array, weights[key] if key in found.arrays else fresh[key])
    with pytest.raises(UserError, match="the file has nothing for decoder"):
        import_weights(file, "archspec_npz", other, only=("decoder",))


def test_a_partial_file_says_what_it_covers(tmp_path: Path) -> None:
    """What an import wrote is partial by intention; a backbone with a hole is not."""
    graph = graph_of("shufflenetv2_basic", *SMALL)
    backbone = {key: array for key, array in trained(graph).items() if key.startswith("backbone.")}
    save_weights(tmp_path / "w.npz", backbone, graph)
    found = import_weights(tmp_path / "w.npz", "archspec_npz", graph)
    assert set(found.fresh.values()) == {"not in the file, which holds the backbone"}
    plain = {key: array for key, array in backbone.items() if key != "backbone.stem.conv/kernel"}
    np.savez(tmp_path / "plain.npz", **plain)
    with pytest.raises(UserError, match=r"the file has nothing for 'backbone.stem.conv/kernel' \[3, 3, 3, 24\]"):
        import_weights(tmp_path / "plain.npz", "archspec_npz", graph, only=("backbone",))


def test_a_plain_npz_is_taken_on_trust_and_whole(tmp_path: Path) -> None:
    graph = graph_of("shufflenetv2_basic", *SMALL)
    np.savez(tmp_path / "w.npz", **trained(graph))
    found = import_weights(tmp_path / "w.npz", "archspec_npz", graph)
    assert found.fresh == {}
    assert "taken on trust" in found.notes[0]


def norms_with(folder: Path, name: str, epsilon: float, preprocess: str, first: str) -> Path:
    (folder / name).write_text(
        f"input: {{size: [21, 18], preprocess: {preprocess}}}\noutput_stride: 8\nbackbone:\n"
        f"- {first}\n"
        f"- conv_bn: {{filters: 6, stride: 4, epsilon: {epsilon}}}\n"
    )
    return folder / name


VALID = "valid_conv_bn: {filters: 5, stride: 2}"
SAME = "conv_bn: {filters: 5, stride: 2}"


@pytest.mark.parametrize(
    ("given", "wanted", "first"),
    [
        ((1e-5, "unit"), (1e-3, "unit"), SAME),
        ((1e-3, "unit"), (1e-2, "shuffle_none"), SAME),
        ((1e-3, "symmetric"), (1e-3, "imagenet"), VALID),
        ((1e-3, "imagenet"), (1e-5, "shuffleseg"), VALID),
        ((1e-3, "shuffleseg"), (1e-3, "unit"), VALID),
    ],
)
def test_what_can_be_folded_is_the_same_function(
    tmp_path: Path, given: tuple[float, str], wanted: tuple[float, str], first: str
) -> None:
    """Scale and order of the image's channels, its shift where nothing is padded, and epsilon."""
    ours, theirs = (norms_with(tmp_path, name, epsilon, preprocess.replace("shuffle_none", "none"), first)
                    for name, (epsilon, preprocess) in (("ours.yaml", wanted), ("theirs.yaml", given)))  # fmt: skip
    source, target = graph_of(theirs, *FEATURES), graph_of(ours, *FEATURES)
    weights = trained(source)
    save_weights(tmp_path / "w.npz", weights, source)
    found = import_weights(tmp_path / "w.npz", "archspec_npz", target)
    assert found.notes
    pixels = image(21, 18)
    expected = features(source, weights, pixels)
    assert relative(features(target, dict(found.arrays), pixels), expected) < 2e-6
    assert relative(features(target, weights, pixels), expected) > 1e-4  # unconverted it is another function


@pytest.mark.parametrize("wanted", ["unit", "imagenet", "shuffleseg", "none"])
def test_a_shift_does_not_fold_where_zeros_are_padded(tmp_path: Path, wanted: str) -> None:
    theirs = norms_with(tmp_path, "theirs.yaml", 1e-3, "symmetric", SAME)
    ours = norms_with(tmp_path, "ours.yaml", 1e-3, wanted, SAME)
    source = graph_of(theirs, *FEATURES)
    save_weights(tmp_path / "w.npz", trained(source), source)
    with pytest.raises(UserError) as error:
        import_weights(tmp_path / "w.npz", "archspec_npz", graph_of(ours, *FEATURES))
    assert "pads its input with zeros, which then mean another colour" in str(error.value)


def test_broken_files_are_told(tmp_path: Path) -> None:
    graph = graph_of("shufflenetv2_basic", *SMALL)
    for name, content, said in (
        ("a.npz", b"nothing", "cannot be read as weights"),
        ("a.keras", b"nothing", "cannot be read as weights"),
        ("none.npz", None, "no such file"),
    ):
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(UserError, match=said):
            import_weights(tmp_path / name, usual_format(name), graph)
    np.savez(tmp_path / "b.npz", **{ABOUT: np.array(json.dumps({"version": 99}))})
    with pytest.raises(UserError, match="version 99, and 1 is known"):
        import_weights(tmp_path / "b.npz", "archspec_npz", graph)
    np.savez(tmp_path / "c.npz", **{ABOUT: np.array("{}")})
    with pytest.raises(UserError, match="what is written about it is broken"):
        import_weights(tmp_path / "c.npz", "archspec_npz", graph)
    np.savez(tmp_path / "d.npz", x=np.array([{}], dtype=object))
    with pytest.raises(UserError, match="cannot be read as weights"):
        read_tensors(str(tmp_path / "d.npz"), "archspec_npz")


def test_other_suffixes_need_a_format(tmp_path: Path) -> None:
    (tmp_path / "model.pb").write_bytes(b"")
    with pytest.raises(UserError, match=r"its name does not tell its format. Name its format: .*torchvision_pth"):
        usual_format(str(tmp_path / "model.pb"))
    with pytest.raises(UserError, match=r"no such file. Name its format"):
        usual_format(str(tmp_path / "model.ckpt-7"))
    with pytest.raises(UserError, match="Did you mean 'tf1_checkpoint'"):
        read_tensors("x", "tf_checkpoint")
