"""Today's mobile networks: what is published of each, and every size, class count and stride by formula."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from archspec.catalog import Catalog
from archspec.cost import CostSheet, price
from archspec.errors import UserError
from archspec.graph.identity import canonical_hash
from archspec.graph.program import build_program
from archspec.graph.weights import initialise, weight_specs
from tests.cost.formulas import Count, Map
from tests.graph import nets
from tests.networks import mobile_counts as by_hand

LARGE, SMALL = "mobilenetv3_large_lraspp", "mobilenetv3_small_lraspp"
FORMULAS: dict[str, Callable[[Map, int], Count]] = {
    LARGE: lambda size, classes: by_hand.mobilenet_v3_lraspp(size, 16, classes),
    SMALL: lambda size, classes: by_hand.mobilenet_v3_lraspp(size, 16, classes, small=True),
    "fast_scnn": by_hand.fast_scnn,
    "bisenetv2": by_hand.bisenetv2,
    "ddrnet_23_slim": by_hand.ddrnet_23_slim,
    "shufflenetv2_deeplabv3plus": lambda size, classes: by_hand.deeplabv3plus("shufflenetv2", size, 16, classes),
    "mobilenetv2_deeplabv3plus": lambda size, classes: by_hand.deeplabv3plus("mobilenetv2", size, 16, classes),
}


def sheet(name: str, *overrides: str) -> CostSheet:
    return price(nets.of_bundled(name, *overrides), classes=19, output_stride=16)


def sized(height: int, width: int) -> str:
    return f"input.size=[{height},{width}]"


# --- every network --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("classes", [19, 20, 21])
@pytest.mark.parametrize("size", [(224, 224), (360, 640), (193, 257)])
@pytest.mark.parametrize("name", FORMULAS)
def test_parameters_and_multiply_adds_by_formula(name: str, size: Map, classes: int) -> None:
    found, expected = sheet(name, sized(*size), f"classes={classes}"), FORMULAS[name](size, classes)
    assert (found.params, found.params_total - found.params) == (expected.params, expected.statistics)
    assert found.macs == expected.macs


@pytest.mark.parametrize("name", FORMULAS)
def test_the_label_map_has_the_images_size_and_both_programs_are_built(name: str) -> None:
    graph = nets.of_bundled(name, sized(97, 130))
    assert (graph.outputs[0].shape, graph.outputs[0].dtype) == ((97, 130), "int32")
    for shuffle in ("follow", "transpose"):
        program = build_program(graph, shuffle=shuffle)  # type: ignore[arg-type]
        assert program.tensors[program.outputs[0]].shape == (1, 97, 130)


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMULAS)
def test_the_tflite_file_is_the_keras_model(name: str) -> None:
    from archspec.export import export, run
    from archspec.lower import to_keras
    from archspec.lower.framework import keras

    keras.backend.clear_session()
    graph = nets.of_bundled(name, sized(65, 97), "output=logits")
    weights = initialise(graph, statistics="random")
    image = np.random.default_rng(0).uniform(0, 255, (1, 65, 97, 3)).astype(np.float32)
    expected = to_keras(graph, weights)(image).numpy()
    found = run(export(graph, weights).data, [image])[0]
    assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()


@pytest.mark.parametrize("name", FORMULAS)
def test_the_header_tells_what_is_computed(name: str) -> None:
    """The numbers in the file's comment are those of the network below it."""
    text, found = Catalog().specs()[name].read_text("utf-8"), sheet(name)
    header = text[: text.index("\nname:")]
    assert f"{found.params:,}" in header
    assert any(f"{found.gmacs:.{digits}f}" in header for digits in (2, 3))


# --- MobileNetV3 with Lite R-ASPP, arXiv:1905.02244, Table 7 ----------------------------------------------------------
WHOLE = {
    LARGE: ("backbone=mobilenet_v3_large",),
    SMALL: ("backbone=mobilenet_v3_small",),
}
R_ASPP = ("head=basic", "classifier=classifier", "decoder=bilinear")


@pytest.mark.parametrize(
    ("overrides", "millions"),
    # Rows of Table 7; `basic` is R-ASPP, published for MobileNetV2 too.
    [((LARGE,), 1.51), ((SMALL,), 0.47), ((LARGE, "decoder.filters=256"), 1.63), ((LARGE, *R_ASPP), 1.76),
     ((LARGE, *WHOLE[LARGE], *R_ASPP), 3.60), (("mobilenetv2_basic",), 2.11)],
)  # fmt: skip
def test_parameters_of_table_7(overrides: tuple[str, ...], millions: float) -> None:
    assert round(sheet(*overrides).params / 1e6, 2) == millions


@pytest.mark.parametrize(
    ("name", "size", "published"),
    [(LARGE, (1025, 2049), 9.74), (LARGE, (513, 1025), 2.48), (SMALL, (1025, 2049), 2.90), (SMALL, (513, 1025), 0.74)],
)
def test_multiply_adds_of_the_paper(name: str, size: Map, published: float) -> None:
    """Theirs count two operations an element of hard swish and of gates, and a skip from inside its unit as well."""
    graph = nets.of_bundled(name, sized(*size))
    elementwise = sum(
        node.output.elements
        for node in graph.nodes
        if nets.kind(node) == "Multiply" or node.layer.config.get("activation") == "hard_swish"
    )
    low = graph.node("decoder.low_logits")
    expanded = {LARGE: 120, SMALL: 88}[name]
    counted = (
        price(graph, classes=19, output_stride=16).macs
        + 2 * elementwise
        + (expanded - low.inputs[0].channels) * low.output.elements
    )
    assert counted / 1e9 == pytest.approx(published, rel=0.01)
    assert price(graph, classes=19, output_stride=16).gmacs == pytest.approx(published, rel=0.06)


def test_torchvisions_network() -> None:
    """`num_params` and `_ops` of LRASPP_MobileNet_V3_Large_Weights, resized to 520."""
    found = sheet(LARGE, *WHOLE[LARGE], "classes=21", "input.size=520")
    assert found.params == 3_221_538
    assert round(found.gmacs, 1) == 2.1


@pytest.mark.parametrize(("name", "small"), [(LARGE, False), (SMALL, True)])
@pytest.mark.parametrize("output_stride", [8, 16, 32])
@pytest.mark.parametrize("whole", [False, True])
def test_strides_and_both_last_stages(name: str, small: bool, output_stride: int, whole: bool) -> None:
    found = sheet(name, sized(225, 320), f"output_stride={output_stride}", *(WHOLE[name] if whole else ()))
    expected = by_hand.mobilenet_v3_lraspp((225, 320), output_stride, 19, small, not whole)
    assert (found.params, found.macs) == (expected.params, expected.macs)


@pytest.mark.parametrize("width", [0.75, 1.25])
def test_widths(width: float) -> None:
    found = sheet(LARGE, *R_ASPP, sized(224, 224), f"width_multiplier={width}")
    backbone, at, inside = by_hand.mobilenet_v3((224, 224), 16, False, True, width)
    expected = backbone + by_hand.aspp(inside, at, rates=0) + by_hand.logits(19, at)
    assert (found.params, found.macs) == (expected.params, expected.macs)


def test_the_papers_pooling_window() -> None:
    """49 × 49 by (16, 20) on the 65 × 129 of the paper's image gives 2 × 5 gates a channel."""
    pooled = nets.of_bundled(LARGE, sized(1025, 2049), "decoder.pool=[49,49]")
    assert pooled.node("decoder.gate.mean").output.shape == (2, 5, 480)
    assert pooled.node("decoder.gate.resize").output.size == (65, 129)
    assert not nets.of_bundled(LARGE).has("decoder.gate.resize")


@pytest.mark.slow
@pytest.mark.parametrize(("name", "theirs"), [("large", "MobileNetV3Large"), ("small", "MobileNetV3Small")])
@pytest.mark.parametrize("size", [(64, 96), (75, 49)])
def test_the_backbone_is_that_of_keras(name: str, theirs: str, size: Map) -> None:
    """The same weights give the same features, to the last convolution, at odd sizes too."""
    from archspec.lower import to_keras
    from archspec.lower.framework import keras

    keras.backend.clear_session()
    application: Any = getattr(keras.applications, theirs)(include_top=False, weights=None, input_shape=(*size, 3))
    channels = {"large": 960, "small": 576}[name]
    text = f"backbone: mobilenet_v3_{name}\nclasses: {channels}\nclassifier: none\noutput: logits\noutput_stride: 32\n"
    graph = nets.of_text(text, [sized(*size)])
    assert price(graph, classes=19, output_stride=32).params == {"large": 2_971_952, "small": 927_008}[name]
    specs = list(weight_specs(graph))
    assert [spec.shape for _, _, spec in specs] == [tuple(weight.shape) for weight in application.weights]
    generator = np.random.default_rng(0)
    weights = {
        key: (generator.uniform(0.5, 1.5, spec.shape) if "variance" in key or "gamma" in key
              else generator.normal(0, 0.3 if "kernel" in key else 0.1, spec.shape)).astype(np.float32)
        for key, _, spec in specs
    }  # fmt: skip
    application.set_weights(list(weights.values()))
    images = generator.uniform(0, 255, (2, *size, 3)).astype(np.float32)
    found, expected = to_keras(graph, weights)(images).numpy(), application(images).numpy()
    assert found.shape == expected.shape
    assert np.abs(expected).max() > 0
    assert np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max()


# --- the others -----------------------------------------------------------------------------------------------------
def test_fast_scnn_as_published() -> None:
    """1.11 million are the weights without batch norm's."""
    graph = nets.of_bundled("fast_scnn")
    normalising = sum(
        int(np.prod(spec.shape))
        for _, node, spec in weight_specs(graph)
        if nets.kind(node) == "BatchNormalization" and spec.trainable
    )
    params = sheet("fast_scnn").params
    assert (params, normalising) == (1_137_795, 23_680)
    assert round((params - normalising) / 1e6, 2) == 1.11


def test_ddrnet_as_published() -> None:
    """5.7 million and 36.3 GFLOPs, which are multiply-adds, at 1024 × 2048."""
    found = sheet("ddrnet_23_slim")
    assert round(found.params / 1e6, 1) == 5.7
    assert round(found.gmacs, 1) == 36.3


def test_bisenetv2_beside_what_is_published() -> None:
    """3.4 million by public code. 21.15 GFLOPs are not met: they lie between heads of 512 and of 1024 channels."""
    assert round(sheet("bisenetv2").params / 1e6, 1) == 3.4
    assert sheet("bisenetv2", "head.filters=512").gmacs < 21.15 < sheet("bisenetv2").gmacs
    assert round(sheet("bisenetv2").gmacs, 2) == 24.60


def test_two_branches_at_a_lower_output_stride() -> None:
    """The low branch is dilated, the high one is not; where both would be at one stride there is nothing to fuse."""
    graph = nets.of_bundled("ddrnet_23_slim", sized(128, 256), "output_stride=16")
    dilated = {name for name, rate in nets.settings(graph, "Conv2D", "dilation_rate").items() if rate != (1, 1)}
    assert dilated
    assert all(name.startswith("backbone.low4") for name in dilated)
    with pytest.raises(UserError, match="cannot come down to stride 8"):
        nets.of_bundled("ddrnet_23_slim", sized(128, 256), "output_stride=8")


# --- ASPP and DeepLabV3+'s decoder elsewhere --------------------------------------------------------------------------
@pytest.mark.parametrize("separable", [True, False])
@pytest.mark.parametrize("rates", [[], [6], [3, 6, 9, 12]])
def test_aspp_of_any_rates(rates: list[int], separable: bool) -> None:
    found = sheet("shufflenetv2_basic", f"head={{aspp: {{rates: {rates}, separable: {separable}}}}}".lower())
    at = (14, 14)
    backbone, _ = by_hand.shufflenet((224, 224), 16, (116, 232, 464))
    expected = backbone + by_hand.aspp(464, at, len(rates), separable) + by_hand.logits(19, at)
    assert (found.params, found.macs) == (expected.params, expected.macs)


def test_aspp_without_rates_is_the_basic_head() -> None:
    ours = nets.of_bundled("shufflenetv2_basic", "head={aspp: {rates: []}}")
    assert canonical_hash(ours) == canonical_hash(nets.of_bundled("shufflenetv2_basic"))


@pytest.mark.parametrize(("output_stride", "expected"), [(8, [12, 24, 36]), (16, [6, 12, 18]), (32, [3, 6, 9])])
def test_rates_follow_the_output_stride(output_stride: int, expected: list[int]) -> None:
    graph = nets.of_bundled("shufflenetv2_basic", "head=aspp", f"output_stride={output_stride}")
    rates = nets.settings(graph, "DepthwiseConv2D", "dilation_rate")
    assert [rates[f"head.aspp{index}.depthwise.dw"] for index in (1, 2, 3)] == [(rate, rate) for rate in expected]


@pytest.mark.parametrize(
    ("name", "skip", "stride"),
    [("mobilenetv2_dpc", "stage2", 4), ("mobilenetv2_basic", "stage3", 8), ("shufflenetv2_dpc", "stem", 2)],
)
def test_the_decoder_on_any_backbone_and_head(name: str, skip: str, stride: int) -> None:
    """What it adds: 48 channels of the skip, two separable convolutions of 256, the logits, all at its stride."""
    decoder = f"decoder={{deeplabv3plus: {{skip: {skip}, decoder_output_stride: {stride}}}}}"
    found = sheet(name, decoder, "classifier=none")
    low = {"stage2": 24, "stage3": 32, "stem": 24}[skip]
    at = (224 // stride, 224 // stride)
    expected = by_hand.conv_bn(low, 48, 1, at) + by_hand.separable_bn(304, 256, at) + by_hand.separable_bn(256, 256, at)
    without = sheet(name)
    assert found.params == without.params + expected.params
    assert found.macs == without.macs + expected.macs + 19 * 256 * (at[0] * at[1] - 14 * 14)


def test_a_skip_is_found_by_its_stride_and_a_wrong_one_is_told() -> None:
    named = nets.of_bundled("shufflenetv2_deeplabv3plus")
    found = nets.of_bundled("shufflenetv2_deeplabv3plus", "decoder=deeplabv3plus")
    assert canonical_hash(named) == canonical_hash(found)
    with pytest.raises(UserError, match=r"'stage2' is at stride 8, not 4.*Steps at stride 4: pool"):
        nets.of_bundled("shufflenetv2_deeplabv3plus", "decoder.skip=stage2")
    with pytest.raises(UserError, match="no earlier step has the id 'stge2'"):
        nets.of_bundled("shufflenetv2_deeplabv3plus", "decoder.skip=stge2")
