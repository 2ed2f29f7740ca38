"""TopFormer, SeaFormer and PP-MobileSeg: what is published of each, and other sizes, classes and widths by formula."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from archspec.catalog import Catalog
from archspec.cost import CostSheet, price
from archspec.errors import UserError
from archspec.graph import Graph
from archspec.graph.layer import WeightSpec
from archspec.graph.program import build_program
from archspec.graph.weights import weight_specs
from tests.cost.formulas import Count, Map
from tests.graph import nets
from tests.networks import attention_counts as by_hand

FORMULAS: dict[str, Callable[[Map, int], Count]] = {
    "topformer_tiny": lambda size, classes: by_hand.topformer("tiny", size, classes),
    "topformer_base": lambda size, classes: by_hand.topformer("base", size, classes),
    "seaformer_tiny": lambda size, classes: by_hand.seaformer("tiny", size, classes),
    "seaformer_small": lambda size, classes: by_hand.seaformer("small", size, classes),
    "pp_mobileseg_tiny": by_hand.pp_mobileseg_tiny,
}


def sheet(name: str, *overrides: str) -> CostSheet:
    return price(nets.of_bundled(name, *overrides), classes=150, output_stride=32)


def sized(height: int, width: int) -> str:
    return f"input.size=[{height},{width}]"


# --- every network --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("classes", [19, 150])
@pytest.mark.parametrize("size", [(512, 512), (448, 448), (360, 640), (193, 257)])
@pytest.mark.parametrize("name", FORMULAS)
def test_parameters_and_multiply_adds_by_formula(name: str, size: Map, classes: int) -> None:
    found, expected = sheet(name, sized(*size), f"classes={classes}"), FORMULAS[name](size, classes)
    assert (found.params, found.params_total - found.params) == (expected.params, expected.statistics)
    assert found.macs == expected.macs


@pytest.mark.parametrize(
    ("name", "width", "formula"),
    [("topformer_base", 0.75, lambda: by_hand.topformer("small", (512, 512))),
     ("seaformer_small", 1.0, lambda: by_hand.seaformer("base", (512, 512)))],
)  # fmt: skip
def test_the_variants_between(name: str, width: float, formula: Callable[[], Count]) -> None:
    """TopFormer-Small and SeaFormer-Base, by the width alone (but for TopFormer's last convolution)."""
    last = ("classifier[0].conv_bn.filters=192",) if name == "topformer_base" else ()
    found, expected = sheet(name, f"width_multiplier={width}", *last), formula()
    assert (found.params, found.macs) == (expected.params, expected.macs)


@pytest.mark.parametrize("name", FORMULAS)
def test_the_label_map_has_the_images_size_and_both_programs_are_built(name: str) -> None:
    graph = nets.of_bundled(name, sized(97, 130))
    assert (graph.outputs[0].shape, graph.outputs[0].dtype) == ((97, 130), "int32")
    for shuffle in ("follow", "transpose"):
        program = build_program(graph, shuffle=shuffle)  # type: ignore[arg-type]
        assert program.tensors[program.outputs[0]].shape == (1, 97, 130)


@pytest.mark.parametrize("name", FORMULAS)
def test_the_header_tells_what_is_computed(name: str) -> None:
    """The numbers in the file's comment are those of the network below it."""
    text, found = Catalog().specs()[name].read_text("utf-8"), sheet(name)
    header = text[: text.index("\nname:")]
    assert f"{found.params:,}" in header
    assert f"{found.gmacs:.3f}" in header


# --- what is published ----------------------------------------------------------------------------------------------
PARAMETERS_MILLION = {"topformer_tiny": 1.4, "topformer_base": 5.1, "seaformer_tiny": 1.7, "seaformer_small": 4.0}
GMACS = {"topformer_tiny": 0.6, "topformer_base": 1.8, "seaformer_tiny": 0.6, "seaformer_small": 1.1}


def with_batch_norm(name: str, *overrides: str) -> float:
    """G multiply-adds, and two operations an element of each batch norm, as PyTorch's counters (fvcore, mmcv) do."""
    graph = nets.of_bundled(name, *overrides)
    elements = sum(node.output.elements for node in graph.nodes if nets.kind(node) == "BatchNormalization")
    return (price(graph, classes=150, output_stride=32).macs + 2 * elements) / 1e9


@pytest.mark.parametrize("name", PARAMETERS_MILLION)
def test_published_parameters(name: str) -> None:
    """To the decimal that is printed; within one per cent but for SeaFormer-Tiny, whose 1.667 is printed as 1.7."""
    millions = sheet(name).params / 1e6
    assert round(millions, 1) == PARAMETERS_MILLION[name]
    assert millions == pytest.approx(PARAMETERS_MILLION[name], rel=0.02 if name == "seaformer_tiny" else 0.01)


@pytest.mark.parametrize("name", GMACS)
def test_published_multiply_adds(name: str) -> None:
    """To the decimal that is printed, with batch norm; without it they are 3 to 11 % less."""
    assert round(with_batch_norm(name), 1) == GMACS[name]
    assert 0.88 < sheet(name).gmacs / GMACS[name] < 1


def test_seaformer_small_on_cityscapes() -> None:
    """2.0 G at half the size, 8.0 G at the whole, of 19 classes."""
    assert round(with_batch_norm("seaformer_small", sized(512, 1024), "classes=19"), 1) == 2.0
    assert round(with_batch_norm("seaformer_small", sized(1024, 2048), "classes=19"), 1) == 8.0


def test_pp_mobileseg_beside_what_is_published() -> None:
    """1.61 million in one table of its README, 1.44 in another: neither is what its code and configuration make."""
    millions = sheet("pp_mobileseg_tiny").params / 1e6
    assert 1.44 < millions < 1.61
    assert round(millions, 3) == 1.492


# --- what attention asks of sizes and strides -------------------------------------------------------------------------
def test_attention_is_counted_by_its_tokens() -> None:
    """A map twice as wide: twice the tokens, four times the products; of lines, h² + w² instead of 2 h²."""

    def products(name: str, *size: int) -> int:
        graph = nets.of_bundled(name, sized(*size))
        return sum(node.layer.macs(node) for node in graph.nodes if nets.kind(node) == "MatMul")

    assert products("topformer_base", 512, 1024) == 4 * products("topformer_base", 512, 512) > 0
    assert 2 * products("seaformer_tiny", 512, 1024) == 5 * products("seaformer_tiny", 512, 512) > 0


@pytest.mark.parametrize("name", FORMULAS)
def test_a_lower_output_stride_dilates_the_backbone(name: str) -> None:
    """Its convolutions keep their weights; transformer units stand on a map of twice the size, undilated."""
    whole, dilated = (nets.of_bundled(name, sized(256, 256), f"output_stride={stride}") for stride in (32, 16))
    rates = nets.settings(dilated, "DepthwiseConv2D", "dilation_rate")
    last = {rate for node, rate in rates.items() if node.startswith("backbone.stage5")}
    assert last == ({(1, 1)} if name.startswith("seaformer") else {(1, 1), (2, 2)})  # the first one keeps its rate
    assert [one.shape for one in weights_of(whole)] == [one.shape for one in weights_of(dilated)]


def weights_of(graph: Graph) -> list[WeightSpec]:
    return [one for _, _, one in weight_specs(graph)]


def test_semantics_that_do_not_fit_the_maps_are_refused() -> None:
    with pytest.raises(UserError, match=r"semantics of 32 channels for 1 maps of \[16\]"):
        nets.of_bundled("topformer_tiny", "head=[{semantic_injection: {}, from: [stage2, stage3]}]")


def test_position_embeddings_are_of_sixteen_places_at_every_size() -> None:
    shapes = [
        {
            node.name: node.layer.weights(node)[0].shape
            for node in nets.of_bundled("seaformer_tiny", sized(*size)).nodes
            if nets.kind(node) == "PositionEmbedding"
        }
        for size in ((512, 512), (192, 320))
    ]
    assert shapes[0] == shapes[1]
    assert {math.prod(shape[:2]) for shape in shapes[0].values()} == {16}
