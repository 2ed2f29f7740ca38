"""Stride becomes dilation: the rule of arXiv:1902.07476 §3.1 on lists of strides and on both backbones."""

from __future__ import annotations

import json

import pytest

from archspec.errors import UserError
from archspec.graph import Graph
from tests.graph import nets

Unit = tuple[int, int]  # stride, rate


def spec_of(strides: list[int], output_stride: int, **backbone: bool) -> str:
    steps = [{"depthwise_bn": {"stride": stride}} for stride in strides]
    spec = {
        "input": {"size": 128},
        "classes": 3,  # depthwise: as many as the image has channels
        "output_stride": output_stride,
        "backbone": steps,
        "classifier": "none",
        "output": "logits",
    }
    return json.dumps(spec)


def units(graph: Graph) -> list[Unit]:
    """Stride and rate of every depthwise convolution of the backbone, which must be square."""
    found = []
    for node in graph.nodes:
        if nets.kind(node) == "DepthwiseConv2D" and node.name.startswith("backbone."):
            (stride, other_stride), (rate, other_rate) = (
                node.layer.config["strides"],
                node.layer.config["dilation_rate"],
            )
            assert (stride, rate) == (other_stride, other_rate)
            found.append((stride, rate))
    return found


# The first unit that loses its stride keeps the rate it finds, those after it have the rate times the stride lost.
RULE: list[tuple[int, list[int], list[Unit]]] = [
    (8, [2, 2, 2], [(2, 1), (2, 1), (2, 1)]),
    (8, [2, 2, 2, 1, 1], [(2, 1), (2, 1), (2, 1), (1, 1), (1, 1)]),
    (8, [2, 2, 2, 2, 1], [(2, 1), (2, 1), (2, 1), (1, 1), (1, 2)]),
    (8, [2, 2, 2, 2, 1, 2, 1], [(2, 1), (2, 1), (2, 1), (1, 1), (1, 2), (1, 2), (1, 4)]),
    (8, [8, 2, 2, 2, 1], [(8, 1), (1, 1), (1, 2), (1, 4), (1, 8)]),
    (8, [2, 4, 3, 1, 2, 1], [(2, 1), (4, 1), (1, 1), (1, 3), (1, 3), (1, 6)]),
    (16, [2, 1, 2, 1, 2, 1, 2, 1, 2, 1], [(2, 1), (1, 1)] * 4 + [(1, 1), (1, 2)]),
    (16, [1, 4, 4, 1], [(1, 1), (4, 1), (4, 1), (1, 1)]),
    (32, [2, 2, 2, 2, 2, 1], [(2, 1)] * 5 + [(1, 1)]),
]


@pytest.mark.parametrize(("output_stride", "strides", "expected"), RULE)
def test_rule(output_stride: int, strides: list[int], expected: list[Unit]) -> None:
    graph = nets.of_text(spec_of(strides, output_stride))
    assert units(graph) == expected
    assert graph.outputs[0].stride == output_stride


@pytest.mark.parametrize(
    ("output_stride", "strides", "words", "step"),
    [
        (8, [2, 2, 3, 1], "a stride of 3 from 4 passes the output_stride 8", 2),
        (16, [2, 2, 2, 4], "a stride of 4 from 8 passes the output_stride 16", 3),
        (
            32,
            [2, 2, 2, 2, 1],
            "the backbone's strides multiply to 16, less than output_stride 32. Set output_stride to 16",
            4,
        ),
        (16, [2, 1, 1], "the backbone's strides multiply to 2, less than output_stride 16. Add strides", 2),
        (16, [2], "the backbone's strides multiply to 2, less than output_stride 16. Add strides", 0),
    ],
)
def test_an_output_stride_out_of_reach(output_stride: int, strides: list[int], words: str, step: int) -> None:
    text = "\n".join(
        [f"output_stride: {output_stride}", "backbone:", *(f"- depthwise_bn: {{stride: {one}}}" for one in strides)]
    )
    with pytest.raises(UserError) as caught:
        nets.of_text(text)
    (fault,) = caught.value.faults
    assert words in str(fault)
    assert (fault.place.file, fault.place.line, fault.place.column) == ("<text>", 3 + step, 3)


def test_a_written_rate_and_a_lost_stride_cannot_both_be() -> None:
    text = "output_stride: 8\nbackbone:\n- depthwise_bn: {stride: 8}\n- depthwise_bn: {stride: 2}\n"
    text += "- depthwise_bn: {dilation_rate: 3}\n"
    with pytest.raises(UserError, match=r"<text>:5:3: .* the output_stride asks for a rate of 2"):
        nets.of_text(text)


def test_a_written_rate_stands_where_the_strides_are_kept() -> None:
    text = "output_stride: 8\nbackbone:\n- depthwise_bn: {stride: 8}\n- depthwise_bn: {dilation_rate: [3, 5]}\n"
    rates = nets.settings(nets.of_text(text), "DepthwiseConv2D", "dilation_rate")
    assert rates == {"backbone.0_depthwise_bn.dw": (1, 1), "backbone.1_depthwise_bn.dw": (3, 5)}


def test_only_the_first_of_a_repeated_step_has_the_stride() -> None:
    text = "output_stride: 8\nbackbone:\n- depthwise_bn: {stride: 8}\n- depthwise_bn: {stride: 2}\n  repeat: 3\n"
    assert units(nets.of_text(text)) == [(8, 1), (1, 1), (1, 2), (1, 2)]


def test_steps_outside_the_backbone_keep_their_strides() -> None:
    text = "output_stride: 8\nbackbone: [depthwise_bn: {stride: 8}]\nhead: [depthwise_bn: {stride: 2}]\ndecoder: none\n"
    assert nets.of_text(text).outputs[0].stride == 16


# (stage, unit) -> rate where it is not 1; ShuffleNetV2 stages have 4, 8 and 4 units (Table 1 of the paper).
SHUFFLENET = {
    8: {
        **{("stage3", unit): 2 for unit in range(1, 8)},
        ("stage4", 0): 2,
        **{("stage4", unit): 4 for unit in (1, 2, 3)},
    },
    16: {("stage4", unit): 2 for unit in (1, 2, 3)},
    32: {},
}
SHUFFLENET_STRIDED = {8: ["stage2"], 16: ["stage2", "stage3"], 32: ["stage2", "stage3", "stage4"]}


@pytest.mark.parametrize("size", [224, 769, 1025])
@pytest.mark.parametrize("output_stride", [8, 16, 32])
def test_shufflenet(output_stride: int, size: int) -> None:
    graph = nets.of_bundled("shufflenetv2_basic", f"output_stride={output_stride}", f"input.size={size}")
    rates, strides = (nets.settings(graph, "DepthwiseConv2D", key) for key in ("dilation_rate", "strides"))
    assert sum(name.startswith("backbone.") for name in rates) == 16 + 3  # a first unit has two
    for name, rate in rates.items():
        _, stage, unit, *_rest = name.split(".")
        wanted = SHUFFLENET[output_stride].get((stage, int(unit)), 1)
        assert rate == (wanted, wanted), name
        assert strides[name] == ((2, 2) if unit == "0" and stage in SHUFFLENET_STRIDED[output_stride] else (1, 1)), name
    features = graph.node("backbone.stage4.3.concat").output
    side = -(-size // output_stride)  # 769: 97, 49, 25; 1025: 129, 65, 33
    assert (features.shape, features.stride) == ((side, side, 464), output_stride)


# expanded_conv_k of the published code: stage2 is 1-2, stage3 3-5, stage4 6-9, stage5 10-12, stage6 13-15, stage7 16.
BLOCKS = [("stage2", 2), ("stage3", 3), ("stage4", 4), ("stage5", 3), ("stage6", 3), ("stage7", 1)]
EXPANDED = {
    f"backbone.{stage}.{unit}" if count > 1 else f"backbone.{stage}" for stage, count in BLOCKS for unit in range(count)
}
MOBILENET = {
    8: {**dict.fromkeys(range(7, 14), 2), **dict.fromkeys((14, 15, 16), 4)},
    16: dict.fromkeys((14, 15, 16), 2),
    32: {},
}


@pytest.mark.parametrize("variant", ["paper", "reference"])
@pytest.mark.parametrize("size", [224, 769, 1025])
@pytest.mark.parametrize("output_stride", [8, 16, 32])
def test_mobilenet(output_stride: int, size: int, variant: str) -> None:
    """The published code dilates MobileNetV2 as it should: both variants are one."""
    graph = nets.of_bundled(
        "mobilenetv2_basic", f"output_stride={output_stride}", f"input.size={size}", f"variant={variant}"
    )
    rates = nets.settings(graph, "DepthwiseConv2D", "dilation_rate")
    in_order = [rate for name, rate in rates.items() if name.startswith("backbone.")]
    assert len(in_order) == 17
    for block, rate in enumerate(in_order):
        assert rate == (MOBILENET[output_stride].get(block, 1),) * 2, block
    side = -(-size // output_stride)
    assert graph.node("backbone.stage7.project.bn").output.shape == (side, side, 320)


@pytest.mark.parametrize("output_stride", [8, 16, 32])
def test_the_published_shufflenet_never_dilates(output_stride: int) -> None:
    paper = nets.of_bundled("shufflenetv2_basic", f"output_stride={output_stride}")
    published = nets.of_bundled("shufflenetv2_basic", f"output_stride={output_stride}", "variant=reference")
    assert set(nets.settings(published, "DepthwiseConv2D", "dilation_rate").values()) == {(1, 1)}
    assert nets.settings(published, "DepthwiseConv2D", "strides") == nets.settings(paper, "DepthwiseConv2D", "strides")
    assert [node.output.shape for node in published.nodes] == [node.output.shape for node in paper.nodes]


@pytest.mark.parametrize(
    ("output_stride", "rates"),
    [
        (8, [(2, 12), (36, 30), (12, 6), (2, 2), (12, 42)]),
        (16, [(1, 6), (18, 15), (6, 3), (1, 1), (6, 21)]),
        (32, [(1, 3), (9, 8), (3, 2), (1, 1), (3, 11)]),  # halved, halves rounded up, not below 1: our choice
    ],
)
@pytest.mark.parametrize("name", ["shufflenetv2_dpc", "mobilenetv2_dpc"])
def test_rates_of_the_cell_follow_the_output_stride(name: str, output_stride: int, rates: list[Unit]) -> None:
    graph = nets.of_bundled(name, f"output_stride={output_stride}")
    found = nets.settings(graph, "DepthwiseConv2D", "dilation_rate")
    assert [found[f"head.branch{index}.depthwise.dw"] for index in range(5)] == rates


def test_the_published_cell_refuses_output_stride_32() -> None:
    with pytest.raises(UserError, match=r"no dense prediction cell at output stride 32") as caught:
        nets.of_bundled("shufflenetv2_dpc", "output_stride=32", "variant=reference")
    (fault,) = caught.value.faults
    assert (fault.path, fault.place.line) == ("head.dpc", 8)
