"""ShuffleSeg and RTSeg's MobileNets: the published numbers, every size and width by formula, decoders elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from archspec.cost import CostSheet, price
from archspec.errors import UserError
from archspec.graph import Graph
from tests.graph import nets
from tests.networks.rtseg_counts import Shuffle, network

# Of the published code at 20 classes, what nothing reads included: trainable parameters, GMACs at 224 × 224, and
# 2 × GMACs at 360 × 640 and at 512 × 1024. What is cropped from transposed convolutions is not counted there.
PUBLISHED = {
    "shuffleseg_skipnet": (1_014_682, 0.2142, 1.9966, 4.4814),
    "shuffleseg_unet": (6_400_090, 0.8436, 7.8402, 17.6329),
    "shuffleseg_dilation_8s": (1_831_042, 0.8440, 7.7797, 17.6420),
    "shuffleseg_dilation_4s": (1_735_042, 0.7687, 7.0885, 16.0691),
    "skipnet_mobilenet": (3_369_240, 0.6566, 6.1373, 13.7214),
    "unet_mobilenet": (9_930_632, 2.6560, 24.5725, 55.5058),
    "dilation_8s_mobilenet": (11_677_284, 7.1643, 65.9011, 149.7183),
    "dilation_4s_mobilenet": (11_581_284, 7.0890, 65.2099, 148.1454),
}
SIZES = [(224, 224), (360, 640), (512, 1024)]
# The U-Nets keep what nothing reads, for their checkpoints; the dilated networks do not build it.
KEPT = ("shuffleseg_unet", "unet_mobilenet")
LIVE = {"shuffleseg_skipnet": 1_014_682, "shuffleseg_dilation_8s": 987_242, "shuffleseg_dilation_4s": 891_242}


def sheet(name: str, *overrides: str) -> CostSheet:
    return price(nets.of_bundled(name, *overrides), classes=20, output_stride=32)


def sized(height: int, width: int) -> str:
    return f"input.size=[{height},{width}]"


@pytest.mark.parametrize("name", PUBLISHED)
def test_as_published(name: str) -> None:
    """What the logits need, and what the published code makes beside it, are together what was counted there."""
    params, *figures = PUBLISHED[name]
    found = sheet(name)
    live, dead = network(name, (360, 640))
    assert found.params == (params if name in KEPT else LIVE.get(name, params - dead.params))
    assert live.params + dead.params == params
    for size, factor, figure in zip(SIZES, (1, 2, 2), figures, strict=True):
        found = sheet(name, sized(*size))
        live, dead = network(name, size)
        assert round(factor * (found.macs + dead.macs - live.cropped) / 1e9, 4) == figure


@pytest.mark.parametrize("classes", [19, 20, 21])
@pytest.mark.parametrize("name", PUBLISHED)
def test_classes(name: str, classes: int) -> None:
    found, (live, dead) = sheet(name, f"classes={classes}"), network(name, (360, 640), classes)
    params, statistics = live.params, live.statistics
    if name in KEPT:
        params, statistics = params + dead.params, statistics + dead.statistics
    assert (found.params, found.params_total, found.macs) == (params, params + statistics, live.macs)


def test_unet_without_what_nothing_reads() -> None:
    live, _ = network("shuffleseg_unet", (360, 640))
    assert sheet("shuffleseg_unet", "decoder.score_encoder=false").params == live.params == 6_380_870


@pytest.mark.parametrize("size", [(63, 95), (128, 95), (361, 637), (1025, 1000)])
@pytest.mark.parametrize("name", [name for name in PUBLISHED if "mobilenet" in name])
def test_mobilenet_takes_any_size(name: str, size: tuple[int, int]) -> None:
    assert sheet(name, sized(*size)).macs == network(name, size)[0].macs


@pytest.mark.parametrize("size", [(63, 95), (357, 637), (1024, 2048)])
@pytest.mark.parametrize("name", [name for name in PUBLISHED if "shuffleseg" in name])
def test_shuffleseg_at_other_sizes(name: str, size: tuple[int, int]) -> None:
    assert sheet(name, sized(*size)).macs == network(name, size)[0].macs


@pytest.mark.parametrize("width", [0.25, 0.5, 1.0, 1.5, 2.0])
@pytest.mark.parametrize("groups", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("name", ["shuffleseg_skipnet", "shuffleseg_unet", "shuffleseg_dilation_8s"])
def test_groups_and_widths(name: str, groups: int, width: float) -> None:
    found = sheet(name, f"backbone.groups={groups}", f"width_multiplier={width}", sized(224, 320))
    live, dead = network(name, (224, 320), groups=groups, width=width)
    assert (found.params, found.macs) == (live.params + dead.params * (name in KEPT), live.macs)


@pytest.mark.parametrize("groups", [1, 2, 3, 4, 8])
def test_published_widths(groups: int) -> None:
    """arXiv:1707.01083, Table 1."""
    first = {1: 144, 2: 200, 3: 240, 4: 272, 8: 384}[groups]
    graph = nets.of_bundled("shuffleseg_skipnet", f"backbone.groups={groups}")
    ends = [graph.node(f"backbone.stage{stage}.3.relu").output.channels for stage in (2, 3, 4)]
    assert ends == [first, 2 * first, 4 * first]
    widths = nets.settings(graph, "Conv2D", "groups")
    assert {widths[name] for name in widths if "gconv" in name} == {groups}
    assert widths["backbone.stage2.0.bottleneck.conv"] == 1  # the one 1×1 convolution that is never grouped
    assert widths["backbone.stage3.0.bottleneck.conv"] == groups


@pytest.mark.parametrize(
    ("size", "maps"),
    [
        ((512, 1024), [(255, 511), (256, 512), (127, 255), (64, 128), (32, 64), (16, 32)]),
        ((360, 640), [(179, 319), (180, 320), (89, 159), (45, 80), (23, 40), (12, 20)]),
    ],
)
def test_maps_of_the_encoder(size: tuple[int, int], maps: list[tuple[int, int]]) -> None:
    graph = nets.of_bundled("shuffleseg_skipnet", sized(*size))
    names = ["conv1.relu", "conv1_padded", "max_pool", "stage2.3.relu", "stage3.7.relu", "stage4.3.relu"]
    assert [graph.node(f"backbone.{name}").output.size for name in names] == maps
    parts = Shuffle(size)
    assert [parts.conv1, parts.pool, *parts.at.values()] == [maps[0], *maps[2:]]


def test_names_are_those_of_the_checkpoint() -> None:
    """The scopes of the TensorFlow 1 checkpoint, with `stage2_0` as `stage2.0` and `Gconv1x1` as `gconv`."""
    graph = nets.of_bundled("shuffleseg_skipnet")
    scopes = {node.name.rpartition(".")[0] for node in graph.nodes if node.layer.weights(node)}
    units = {f"backbone.stage{stage}.{unit}" for stage, count in ((2, 4), (3, 8), (4, 4)) for unit in range(count)}
    expected = {"backbone.conv1"} | {
        f"{unit}.{part}" for unit in units for part in ("bottleneck", "depthwise", "gconv")
    }
    expected |= {f"decoder.{name}" for name in ("score_fr", "score_feed1", "score_feed2")}
    assert scopes == expected | {f"decoder.upscore{number}" for number in (2, 4, 8)}
    without = {scope for scope in scopes if not graph.has(f"{scope}.bn")}
    assert without == {"decoder.score_fr", "decoder.upscore8"}


def test_batch_norms() -> None:
    graph = nets.of_bundled("shuffleseg_skipnet")
    assert set(nets.settings(graph, "BatchNormalization", "momentum").values()) == {0.99}
    epsilons = nets.settings(graph, "BatchNormalization", "epsilon")
    grouped = {name for name in epsilons if "gconv" in name or "bottleneck" in name} - {
        "backbone.stage2.0.bottleneck.bn"
    }
    assert {name for name, epsilon in epsilons.items() if epsilon == 1e-5} == grouped
    assert {epsilons[name] for name in epsilons.keys() - grouped} == {1e-3}


def rates(graph: Graph) -> list[int]:
    """Of the depthwise convolutions of stages 3 and 4."""
    found = nets.settings(graph, "DepthwiseConv2D", "dilation_rate")
    return [rate[0] for name, rate in found.items() if "stage3" in name or "stage4" in name]


@pytest.mark.parametrize(
    ("variant", "output_stride", "expected"),
    [
        ("reference", 8, [2, *[1] * 7, 4, 1, 1, 1]),
        ("reference", 16, [1, *[1] * 7, 2, 1, 1, 1]),
        ("paper", 8, [1, *[2] * 7, 2, 4, 4, 4]),
        ("paper", 16, [1, *[1] * 7, 1, 2, 2, 2]),
    ],
)
def test_rates_of_shufflenet(variant: str, output_stride: int, expected: list[int]) -> None:
    graph = nets.of_bundled("shuffleseg_dilation_8s", f"variant={variant}", f"output_stride={output_stride}")
    assert rates(graph) == expected
    assert graph.outputs[0].shape == (360, 640)


def test_dilated_mobilenet_has_two_whole_atrous_convolutions() -> None:
    found = nets.settings(nets.of_bundled("dilation_8s_mobilenet"), "Conv2D", "dilation_rate")
    names = {"backbone.conv_ds_7_dil.conv": (2, 2), "backbone.conv_ds_13_dil.conv": (4, 4)}
    assert {name: rate for name, rate in found.items() if rate != (1, 1)} == names


@pytest.mark.parametrize("name", ["shuffleseg_dilation_4s", "dilation_4s_mobilenet"])
@pytest.mark.parametrize(
    ("size", "labels"), [((360, 640), (90, 160)), ((512, 1024), (128, 256)), ((357, 637), (89, 159))]
)
def test_labels_at_a_quarter(name: str, size: tuple[int, int], labels: tuple[int, int]) -> None:
    assert nets.of_bundled(name, sized(*size)).outputs[0].shape == labels


@pytest.mark.parametrize("name", PUBLISHED)
def test_documents_tell_these_numbers(name: str, root: Path) -> None:
    text = (root / "docs" / "networks.md").read_text()
    row = re.findall(rf"^\| `{name}` \|(.*)\|$", text, re.MULTILINE)[0]
    sheets = [sheet(name, sized(*size)) for size in SIZES]
    small, middle, large = sheets
    expected = [f"{small.params:,}", f"{PUBLISHED[name][0]:,}", f"{small.gmacs:.4f}"]
    assert [cell.strip() for cell in row.split("|")][:5] == [*expected, f"{middle.gflops:.4f}", f"{large.gflops:.4f}"]
    head = (root / "specs" / f"{name}.yaml").read_text()
    assert f"{small.params:,} trainable parameters; {middle.gmacs:.3f} GMACs at 360 × 640" in head
    dead = network(name, SIZES[2])[1]
    assert not dead.params or f"{dead.params:,}" in head
    assert not dead.params or f"| {dead.params:,} | {dead.macs / 1e9:.4f} |" in text


# --- decoders on other backbones --------------------------------------------------------------------------------------

BACKBONES = {
    "shufflenet_v1": ("[stage3, stage2]", "[stage3, stage2, max_pool_padded, conv1_padded]"),
    "shufflenet_v2": ("[stage3, stage2]", "[stage3, stage2, stem]"),
    "mobilenet_v1": ("[conv_ds_12, conv_ds_6]", "[conv_ds_12, conv_ds_4, conv_1]"),
    "mobilenet_v2": ("[stage5, stage3]", "[stage5, stage3, stage2, stage1]"),
    "mobilenet_v3_large": ("[stage5, stage3]", "[stage5, stage3, stage2, stage1]"),
    "mobilenet_v3_small": ("[stage3, stage2]", "[stage3, stage2, stage1]"),
}
ELSEWHERE = (
    "input: {{size: {size}}}\noutput_stride: {stride}\nbackbone: {backbone}\ndecoder: {decoder}\nclassifier: none"
)


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize("decoder", ["skipnet", "unet"])
@pytest.mark.parametrize("size", [[224, 288], [63, 95]])
def test_skips_of_any_backbone(backbone: str, decoder: str, size: list[int]) -> None:
    skips = BACKBONES[backbone][decoder == "unet"]
    text = ELSEWHERE.format(size=size, stride=32, backbone=backbone, decoder=f"{{{decoder}: {{skips: {skips}}}}}")
    graph = nets.of_text(text)
    assert graph.outputs[0].shape == tuple(size)
    assert sum(nets.kind(node) == "Add" and node.name.startswith("decoder") for node in graph.nodes) == len(
        skips.split(",")
    )


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize("stride", [8, 16, 32])
@pytest.mark.parametrize(("decoder", "share"), [("dilation_8s", 1), ("dilation_4s", 4)])
def test_dilation_decoders_on_any_backbone(backbone: str, stride: int, decoder: str, share: int) -> None:
    graph = nets.of_text(ELSEWHERE.format(size=[224, 288], stride=stride, backbone=backbone, decoder=decoder))
    assert graph.outputs[0].shape == (224 // share, 288 // share)
    assert graph.node("decoder.upscore8.deconv").layer.config["strides"] == (stride // share, stride // share)


def test_one_skip_makes_fcn_16s() -> None:
    graph = nets.of_bundled("shuffleseg_skipnet", "decoder.skips=[stage3]")
    strides = nets.settings(graph, "Conv2DTranspose", "strides")
    assert strides == {"decoder.upscore2.deconv": (2, 2), "decoder.upscore4.deconv": (16, 16)}


WRONG = {
    ("shuffleseg_skipnet", "input.size=225"): (
        "upscore8: a map of 28 × 28 at stride 8 can become 217 × 217 to 224 × 224, not 225 × 225. "
        "Multiples of the stride fit: set input.size to [224, 224]"
    ),
    ("shuffleseg_unet", "input.size=[361, 640]"): (
        "upscale3: a map of 45 × 80 at stride 8 can become 89 × 159 to 90 × 160, not 91 × 160. "
        "Multiples of the stride fit: set input.size to [360, 640]"
    ),
    ("shuffleseg_dilation_8s", "input.size=[1025, 2049]"): "set input.size to [1024, 2048]",
    (
        "shuffleseg_skipnet",
        "decoder.skips=[stage3, stag2]",
    ): "no earlier step has the id 'stag2'. Did you mean 'stage2'?",
    ("shuffleseg_unet", "decoder.skips=[stage2, stage3]"): (
        "upscale2: a map at stride 8 cannot be upsampled to stride 16, that of 'stage3'. "
        "Name steps of finer stride: conv1 (2), conv1_padded (2), max_pool (4), max_pool_padded (4)"
    ),
    ("skipnet_mobilenet", "output_stride=16"): (
        "upscore2: a map at stride 16 cannot be upsampled to stride 16, that of 'conv_ds_7'. "
        "Name steps of finer stride: conv_1 (2), conv_ds_2 (2), conv_ds_3 (4), conv_ds_4 (4), conv_ds_5 (8), conv_"
    ),
    ("dilation_8s_mobilenet", "output_stride=16"): "the backbone's strides multiply to 8, less than output_stride 16",
    ("shuffleseg_unet", "backbone.groups=5"): "backbone.shufflenet_v1.groups: not allowed (5). One of: 1, 2, 3, 4, 8",
}


@pytest.mark.parametrize(("name", "override"), WRONG)
def test_what_does_not_fit(name: str, override: str) -> None:
    with pytest.raises(UserError) as caught:
        nets.of_bundled(name, override)
    assert WRONG[name, override] in str(caught.value)


@pytest.mark.parametrize("size", [(224, 224), (224, 225), (225, 224), (361, 640), (97, 65), (1025, 2049)])
@pytest.mark.parametrize("name", ["shuffleseg_skipnet", "shuffleseg_unet", "shuffleseg_dilation_8s"])
def test_the_size_that_an_error_offers_fits(name: str, size: tuple[int, int]) -> None:
    try:
        nets.of_bundled(name, sized(*size))
    except UserError as error:
        offered = str(error).rpartition("input.size to ")[2]
        assert nets.of_bundled(name, f"input.size={offered}").outputs[0].shape == tuple(
            map(int, offered[1:-1].split(","))
        )
    else:
        assert size == (224, 224)


def test_the_steps_that_an_error_offers_are_finer() -> None:
    with pytest.raises(UserError) as caught:
        nets.of_bundled("shuffleseg_unet", "decoder.skips=[stage2, stage3]")
    offered = str(caught.value).rpartition("finer stride: ")[2].split(", ")
    assert offered == ["conv1 (2)", "conv1_padded (2)", "max_pool (4)", "max_pool_padded (4)"]
