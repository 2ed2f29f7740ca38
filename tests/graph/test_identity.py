"""The canonical hash: the same for one network however it is written, another for every change that is used."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from archspec.graph import layers
from archspec.graph.identity import canonical_hash, equivalence_key
from archspec.graph.layer import Layer
from tests.graph import nets


def hash_of(name: str, *overrides: str) -> str:
    return canonical_hash(nets.of_bundled(name, *overrides))


def test_sixteen_hexadecimal_letters() -> None:
    found = hash_of("shufflenetv2_dpc")
    assert len(found) == 16
    assert int(found, 16) >= 0


SAME = [
    ("name=other",),
    ("source=somewhere",),
    ("input.size=224",),
    ("head=dpc", "head.filters=256", "head.dropout=0.1"),
    ("classifier={classifier: {dropout: 0.0}}",),
    ("decoder={bilinear: {align_corners: true}}",),
    ("backbone={shufflenet_v2: {width_multiplier: 1.0}}",),
    ("output_stride=16", "variant=paper"),
]


@pytest.mark.parametrize("overrides", SAME, ids=" ".join)
def test_the_same_network_written_otherwise(overrides: tuple[str, ...]) -> None:
    assert hash_of("shufflenetv2_dpc", *overrides) == hash_of("shufflenetv2_dpc")


def test_a_switch_that_changes_nothing_is_not_used() -> None:
    """The published MobileNetV2 dilates; at output stride 32 and 1.0×, ShuffleNetV2 is one in both variants."""
    assert hash_of("mobilenetv2_dpc", "variant=reference") == hash_of("mobilenetv2_dpc")
    assert hash_of("shufflenetv2_basic", "output_stride=32", "variant=reference") == hash_of(
        "shufflenetv2_basic", "output_stride=32"
    )
    assert hash_of("shufflenetv2_basic", "variant=reference") != hash_of("shufflenetv2_basic")


def test_places_and_order_of_arguments_do_not_matter() -> None:
    one = "output_stride: 8\nbackbone:\n- conv_bn: {filters: 8, kernel: 5, stride: 8}\n- conv_bn: {filters: 4}\n"
    two = "# moved\n\nbackbone:\n- conv_bn: {stride: 8, filters: 8,\n   kernel: 5}\n  id: first\n"
    two += "- conv_bn: {filters: 4}\noutput_stride: 8\n"
    assert canonical_hash(nets.of_text(one)) == canonical_hash(nets.of_text(two))


def test_initialisers_and_training_settings_do_not_matter() -> None:
    text = "output_stride: 8\nbackbone: [conv_bn: {{filters: 8, stride: 8{more}}}]\n"
    plain = canonical_hash(nets.of_text(text.format(more="")))
    assert canonical_hash(nets.of_text(text.format(more=", initializer: he_normal, momentum: 0.9"))) == plain
    assert canonical_hash(nets.of_text(text.format(more=", epsilon: 0.002"))) != plain


@pytest.mark.parametrize("first", ["1", "1.0"])
def test_a_whole_number_is_the_number_whichever_was_seen_first(first: str) -> None:
    """In a process of its own: what an earlier network looked like must not show in a later one's hash."""
    text = "output_stride: 8\nbackbone: [conv_bn: {filters: 8, stride: 8, epsilon: %s}]\nhead: {basic: {dropout: %s}}"
    code = (
        "from archspec.graph.identity import canonical_hash\nfrom tests.graph import nets\n"
        f"for number in ({first!r}, '1', '1.0'):\n"
        f"    print(canonical_hash(nets.of_text({text!r} % (number, '0.5'))))\n"
    )
    found = python(code).split()
    assert len(set(found)) == 1


USED = [
    "input.size=225",
    "input.size=[224,225]",
    "input.dtype=uint8",
    "input.channels=1",
    "input.preprocess=unit",
    "input.preprocess=none",
    "classes=20",
    "width_multiplier=0.5",
    "output_stride=8",
    "output_stride=32",
    "variant=reference",
    "backbone=mobilenet_v2",
    "head=basic",
    "head.filters=255",
    "head.dropout=0.2",
    "head.dropout=0.0",
    "head.branches=[{op: conv, kernel: 1, input: -1}]",
    "classifier={classifier: {dropout: 0.1}}",
    "decoder=none",
    "decoder={bilinear: {align_corners: false}}",
    "output=logits",
    "output=softmax",
]


def test_every_used_change_gives_another_hash() -> None:
    found = {change: hash_of("shufflenetv2_dpc", change) for change in USED}
    found["nothing"] = hash_of("shufflenetv2_dpc")
    assert len(set(found.values())) == len(USED) + 1


# Each argument of each layer, changed once.
WINDOW: dict[str, Any] = {"kernel_size": (3, 1), "strides": 2, "padding": "valid", "dilation_rate": (1, 2)}
VARIATIONS: dict[str, tuple[Callable[..., Layer], dict[str, Any], dict[str, Any]]] = {
    "Conv2D": (
        layers.Conv2D,
        {"filters": 8, "kernel_size": 3, "padding": "same"},
        {"filters": 6, "groups": 2, **WINDOW, "use_bias": False},
    ),
    "DepthwiseConv2D": (
        layers.DepthwiseConv2D,
        {"kernel_size": 3, "padding": "same"},
        {"depth_multiplier": 2, **WINDOW, "use_bias": False},
    ),
    "BatchNormalization": (layers.BatchNormalization, {}, {"epsilon": 1e-5, "center": False, "scale": False}),
    "MaxPooling2D": (layers.MaxPooling2D, {"pool_size": 2}, {"pool_size": 3, "strides": 1, "padding": "same"}),
    "AveragePooling2D": (layers.AveragePooling2D, {"pool_size": 2}, {"pool_size": 3, "strides": 1, "padding": "same"}),
    "ReLU": (layers.ReLU, {}, {"max_value": 6, "negative_slope": 0.1}),
    "Rescaling": (layers.Rescaling, {"scale": 0.5}, {"scale": 0.25, "offset": 1.0}),
    "Resize": (
        layers.Resize,
        {"size": (5, 5), "stride": 1},
        {"size": (5, 6), "interpolation": "nearest", "align_corners": False},
    ),
    "ZeroPadding2D": (layers.ZeroPadding2D, {}, {"padding": ((1, 1), (1, 2))}),
    "ChannelShuffle": (layers.ChannelShuffle, {"groups": 2}, {"groups": 4}),
    "Dropout": (layers.Dropout, {"rate": 0.1}, {"rate": 0.2}),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(VARIATIONS))
def test_every_argument_of_a_layer_counts(name: str) -> None:
    make, base, changes = VARIATIONS[name]
    kinds = [base, *({**base, key: value} for key, value in changes.items())]
    hashes = {canonical_hash(nets.finish(make(**arguments)(nets.image(8, 8, 8)))) for arguments in kinds}
    assert len(hashes) == len(kinds)


def test_the_kind_of_layer_counts() -> None:
    x = [nets.image(8, 8, 8) for _ in range(3)]
    kinds = [layers.MaxPooling2D(2)(x[0]), layers.AveragePooling2D(2)(x[1]), layers.DepthwiseConv2D(2, 2)(x[2])]
    assert len({canonical_hash(nets.finish(tensor)) for tensor in kinds}) == 3


# --- processes --------------------------------------------------------------------------------------------------------


def python(code: str, **environment: str) -> str:
    path = os.pathsep.join(one for one in sys.path if one)
    process = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path, **environment},
        capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    return process.stdout


def test_hashes_are_the_same_in_every_process() -> None:
    code = (
        "from archspec.graph.identity import canonical_hash, equivalence_key\nfrom tests.graph import nets\n"
        "for name in nets.BUNDLED:\n"
        "    graph = nets.of_bundled(name)\n    print(canonical_hash(graph), equivalence_key(graph))\n"
    )
    here = "".join(
        f"{canonical_hash(graph)} {equivalence_key(graph)}\n"
        for graph in (nets.of_bundled(name) for name in random.Random(0).sample(nets.BUNDLED, 4))
    )
    runs = {python(code, PYTHONHASHSEED=seed) for seed in ("0", "1234")}
    assert len(runs) == 1
    assert sorted(runs.pop().splitlines()) == sorted(here.splitlines())
