"""Necks on any backbone: where they end, what they cost by hand, and that a spec without one is what it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from archspec.catalog import Catalog
from archspec.cost import price
from archspec.errors import UserError
from archspec.graph import Graph, weight_specs
from archspec.graph.identity import canonical_hash
from archspec.graph.trace import trace
from archspec.graph.weights import initialise
from archspec.network import Network, import_weights
from archspec.spec import dump, expand, load, override, parse
from archspec.spec.spec_text import dump_expanded
from archspec.weights import save_weights
from tests.cli.runner import run

CATALOG = Catalog()
NECKS = ["fpn", "pan", "lateral_sums"]
# What camvid_mobilenetv2 was before necks had a section of their own.
STEPS = """
- aspp: {filters: 128, rates: [4, 8, 12]}
  id: context
- conv_bn: {filters: 128, kernel: 1, activation: none}
  from: stage5
  id: lateral16
- resize_add: {activation: relu, align_corners: false}
  from: [lateral16, context]
- conv_bn: {filters: 96, activation: none}
  id: fused16
- conv_bn: {filters: 96, kernel: 1, activation: none}
  from: stage3
  id: lateral8
- resize_add: {activation: relu, align_corners: false}
  from: [lateral8, fused16]
- conv_bn: {filters: 64, activation: none}
  id: fused8
- conv_bn: {filters: 64, kernel: 1, activation: none}
  from: stage2
  id: lateral4
- resize_add: {activation: relu, align_corners: false}
  from: [lateral4, fused8]
- conv_bn: {filters: 64}
  id: fused4
"""
FORMER = f"""
input: {{size: [64, 96]}}
classes: 11
output_stride: 32
backbone: mobilenet_v2
head:{STEPS}decoder: {{bilinear: {{align_corners: false}}}}
"""


def graph_of(text: str) -> Graph:
    return trace(expand(parse(text)), CATALOG)


def feature(graph: Graph) -> tuple[int, ...]:
    """Stride and channels of what the classifier reads."""
    (read,) = next(node for node in graph.nodes if node.name == "classifier.logits").inputs
    return read.stride, read.channels


@pytest.mark.parametrize("name", CATALOG.specs())
def test_a_spec_without_a_neck_says_nothing_of_one(name: str) -> None:
    """Text is what runs and studies are compared by: theirs stays as it was."""
    spec = load(name, catalog=CATALOG)
    named = any(section.kind == "neck" for section in expand(spec).sections)
    assert ("\nneck:" in dump(spec)) == ("\nneck:" in dump_expanded(expand(spec))) == named
    assert override(spec, {"neck": "none"}) == spec or named


@pytest.mark.parametrize("neck", NECKS)
@pytest.mark.parametrize("backbone", ["ddrnet_23_slim", "mobilenet_v2", "mobilenet_v3_small", "shufflenet_v2"])
def test_any_backbone(backbone: str, neck: str) -> None:
    """64 filters at the finest stride, whatever the backbone; the last of lateral_sums is two strides finer."""
    arguments = "filters: [48, 64]" if neck == "lateral_sums" else "filters: 64"
    graph = graph_of(
        f"backbone: {backbone}\nneck: {{{neck}: {{{arguments}}}}}\noutput_stride: 32\ninput: {{size: [97, 130]}}\n"
    )
    assert feature(graph) == (8, 64)


@pytest.mark.parametrize(("finest", "output_stride"), [(4, 16), (8, 16), (4, 8), (16, 32)])
def test_a_pyramid_halves_down_to_the_finest_stride(finest: int, output_stride: int) -> None:
    text = f"backbone: mobilenet_v2\nneck: {{fpn: {{finest: {finest}}}}}\noutput_stride: {output_stride}\n"
    graph = graph_of(text)
    laterals = [node.output.stride for node in graph.nodes if ".lateral" in node.name and node.name.endswith(".conv")]
    assert laterals == [stride for stride in (32, 16, 8, 4) if finest <= stride <= output_stride]
    assert feature(graph) == (finest, 128)


def sheet(neck: str) -> tuple[int, int]:
    """Parameters and multiply-adds of a neck alone: MobileNetV2 has 320, 96 and 32 channels at strides 32, 16 and 8."""
    found = []
    for one in ("none", neck):
        text = f"backbone: mobilenet_v2\noutput_stride: 32\ninput: {{size: [64, 96]}}\nneck: {one}\n"
        network = expand(parse(text))
        found.append(price(trace(network, CATALOG), classes=19, output_stride=32))
    # The classifier reads 320 channels of 2 × 3 without a neck, and `filters` of 8 × 12 with one.
    width, area = (12, 96)
    params = found[1].params - 19 * width - (found[0].params - 19 * 320)
    return params, found[1].macs - 19 * width * area - (found[0].macs - 19 * 320 * 6)


def test_the_cost_of_a_pyramid_by_hand() -> None:
    """Three laterals with their batch norms, and one 3×3 convolution at 8 × 12: the coarser ones are read by nobody."""
    params, macs = sheet("{fpn: {filters: 12}}")
    assert params == 12 * (320 + 96 + 32) + 9 * 12 * 12 + 4 * 2 * 12
    assert macs == 12 * (320 * 6 + 96 * 24 + 32 * 96) + 9 * 12 * 12 * 96


def test_the_cost_of_all_maps_fused_by_hand() -> None:
    params, macs = sheet("{fpn: {filters: 12, fusion: concatenate, separable: true}}")
    assert params == 12 * (320 + 96 + 32) + 3 * (9 * 12 + 12 * 12) + 36 * 12 + (3 + 6 + 1) * 2 * 12
    smooth = (9 * 12 + 12 * 12) * (6 + 24 + 96)
    assert macs == 12 * (320 * 6 + 96 * 24 + 32 * 96) + smooth + 36 * 12 * 96


def test_the_cost_of_path_aggregation_by_hand() -> None:
    """Beside the pyramid with its three 3×3 convolutions: two of stride 2 and two behind the sums."""
    params, macs = sheet("{pan: {filters: 12}}")
    assert params == 12 * (320 + 96 + 32) + 7 * 9 * 12 * 12 + (3 + 7) * 2 * 12
    convolved = 6 + 24 + 96 + 2 * (6 + 24)
    assert macs == 12 * (320 * 6 + 96 * 24 + 32 * 96) + 9 * 12 * 12 * convolved


def test_later_steps_read_the_other_maps() -> None:
    text = """
backbone: mobilenet_v2
output_stride: 32
neck:
- fpn: {filters: 16}
  id: pyramid
head:
- conv_bn: {filters: 8}
  from: pyramid
"""
    graph = graph_of(text)
    assert feature(graph) == (8, 8)
    assert not any("smooth16" in node.name for node in graph.nodes)  # nobody reads it


@pytest.mark.parametrize(
    ("neck", "tap"), [("fpn", "neck.stride16"), ("[{pan: {}, id: pyramid}]", "pyramid.stride32"), ("fpn", "neck")]
)
def test_auxiliary_heads_read_its_maps(neck: str, tap: str) -> None:
    """128 channels and a classifier of them; with the 3×3 convolution that makes a map nobody else reads."""
    text = f"backbone: mobilenet_v2\noutput_stride: 32\nneck: {neck}\n"
    found = Network(parse(f"{text}auxiliary: [{{from: {tap}}}]\n")).cost
    classifier, smooth = 128 * 19 + 19, 9 * 128 * 128 + 2 * 128
    assert found.auxiliary is not None
    assert found.auxiliary.params == classifier + (smooth if tap == "neck.stride16" else 0)
    assert found.params == Network(parse(text)).cost.params


@pytest.mark.parametrize(
    ("neck", "place", "said"),
    [
        ("fpn: {finest: 32}", "2:8", "the map before the neck is at stride 16, which does not halve down to 32"),
        ("fpn: {finest: 3}", "2:8", "the map before the neck is at stride 16, which does not halve down to 3"),
        ("fpn: {skips: [stage2, stage3]}", "2:8", "'stage3' is at stride 8, no finer than the 4 before it"),
        ("fpn: {skips: [stage33]}", "2:8", "no earlier step has the id 'stage33'. Did you mean 'stage3'?"),
        ("fpn: {skips: [stage2], finest: 8}", "2:8", "finest is 8, and the last of skips is at stride 4"),
        ("pan: {fusion: finest}", "2:22", "neck.pan.fusion: not allowed"),
        ("lateral_sums: {skips: [stage3]}", "2:8", "3 filters for 1 skips"),
        ("lateral_sums: {filters: []}", "2:8", "filters names no width"),
        ("fpn: {filter: 8}", "2:14", "unknown argument 'filter'. Did you mean 'filters'?"),
    ],
)
def test_what_cannot_be_is_said_with_its_place(neck: str, place: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "net.yaml"
    file.write_text(f"backbone: mobilenet_v2\nneck: {{{neck}}}\n")
    with pytest.raises(UserError) as error:
        trace(expand(load(str(file), catalog=CATALOG)), CATALOG)
    assert said in str(error.value)
    assert f"net.yaml:{place}: neck" in str(error.value)


def test_an_unknown_neck_is_answered_with_those_there_are(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text("backbone: mobilenet_v2\nneck: fpm\n")
    result = run("check", str(tmp_path / "net.yaml"))
    assert result.code == 2
    assert "net.yaml:2:7: neck: unknown neck 'fpm'. Did you mean 'fpn'?" in result.err


def test_a_neck_of_ones_own_and_its_path(tmp_path: Path) -> None:
    (tmp_path / "mine" / "necks").mkdir(parents=True)
    (tmp_path / "mine" / "necks" / "narrow.yaml").write_text(
        "summary: Mine\narguments: {width: 24}\nsteps:\n- fpn: {filters: {argument: width}}\n"
    )
    mine = Catalog((tmp_path / "mine",))
    spec = override(parse("backbone: mobilenet_v2\nneck: narrow\n", catalog=mine), {"neck.width": 40})
    assert feature(trace(expand(spec), mine)) == (8, 40)
    spec = override(parse("backbone: mobilenet_v2\nneck: fpn\n"), {"neck.fpn.filters": 56})
    assert feature(trace(expand(spec), CATALOG)) == (8, 56)
    assert [
        choice.path for choice in parse("backbone: shufflenet_v2\nneck: {choose: [none, fpn, pan]}\n").choices()
    ] == ["neck"]


def test_the_camvid_network_is_what_it_was(tmp_path: Path) -> None:
    """Its pyramid was written in the head: the same function, and weights of then fit now."""
    then = graph_of(FORMER)
    now = trace(expand(load("camvid_mobilenetv2", ["input.size=[64,96]"], catalog=CATALOG)), CATALOG)
    assert canonical_hash(now) == canonical_hash(then)
    weights = initialise(then, 3, "random")
    save_weights(tmp_path / "then.npz", weights, then)
    found = import_weights(tmp_path / "then.npz", "archspec_npz", now)
    assert (found.fresh, found.skipped) == ({}, {})
    assert [name for name, _, _ in weight_specs(now)] == list(initialise(now))
    for (new, _, _), (old, _, _) in zip(weight_specs(now), weight_specs(then), strict=True):
        np.testing.assert_array_equal(found.arrays[new], weights[old])
    assert any("arrays are called otherwise in the file" in note for note in found.notes)
    other = override(load("camvid_mobilenetv2", ["input.size=[64,96]"]), {"neck.align_corners": True})
    with pytest.raises(UserError, match="by what it reads"):
        import_weights(tmp_path / "then.npz", "archspec_npz", trace(expand(other), CATALOG))
