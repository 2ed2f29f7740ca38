"""Laws: sums agree however they are grouped, and costs scale as the arithmetic says they must."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from archspec.cost import LayerCost, group, layer_costs, price
from archspec.cost.layers import block_of
from archspec.graph import Graph
from tests.graph import nets

KEYS: dict[str, Callable[[LayerCost], str]] = {
    "layer": lambda cost: cost.name,
    "block": block_of,
    "section": lambda cost: cost.section,
    "line": lambda cost: str(cost.place),
    "section line": lambda cost: str(cost.section_place),
}


def priced(graph: Graph) -> tuple[int, int, int, int]:
    found = price(graph, classes=19, output_stride=16)
    return found.params, found.params_total, found.macs, sum(found.other_operations.values())


@pytest.mark.parametrize("by", KEYS)
@pytest.mark.parametrize("name", nets.BUNDLED)
def test_parts_sum_to_the_total(name: str, by: str) -> None:
    graph = nets.of_bundled(name)
    groups = group(layer_costs(graph), KEYS[by])
    summed = tuple(
        sum(getattr(one, key) for one in groups) for key in ("params", "params_total", "macs", "other_operations")
    )
    assert summed == priced(graph)
    assert sum(one.layers for one in groups) == len(graph.nodes)
    assert len({one.name for one in groups}) == len(groups)
    assert len(groups) > 3


@pytest.mark.parametrize("name", nets.BUNDLED)
def test_memory_access_sums_too(name: str) -> None:
    graph = nets.of_bundled(name)
    total = price(graph, classes=19, output_stride=16).memory_access_bytes
    assert sum(cost.memory_access_bytes for cost in layer_costs(graph)) == total


def test_blocks_of_shufflenet() -> None:
    costs = layer_costs(nets.of_bundled("shufflenetv2_dpc"))
    blocks = {one.name: one for one in group(costs, block_of)}
    assert [name for name in blocks if name.startswith("backbone.stage4")] == [
        f"backbone.stage4.{unit}" for unit in range(4)
    ]
    # 232 and 1×1: three convolutions of 232·232, 232·232 and 232·232 weights at 14 × 14, one 3×3 depthwise
    later = blocks["backbone.stage4.2"]
    assert later.macs == 14 * 14 * (2 * 232 * 232 + 9 * 232)
    assert later.params == 2 * 232 * 232 + 9 * 232 + 3 * 2 * 232
    assert later.output_shape == (14, 14, 464)
    assert blocks["head.branch1"].params == 9 * 256 + 256 * 256 + 2 * 2 * 256


def test_one_row_of_the_layer_table() -> None:
    rows = {cost.name: cost for cost in layer_costs(nets.of_bundled("shufflenetv2_basic"))}
    stem = rows["backbone.stem.conv"]
    assert (stem.layer, stem.section, stem.output_shape, stem.stride) == ("Conv2D", "backbone", (112, 112, 24), 2)
    assert (stem.params, stem.params_total) == (3 * 3 * 3 * 24,) * 2
    assert stem.macs == 112 * 112 * 24 * 27
    assert stem.activation_bytes == 4 * 112 * 112 * 24
    # reads the image and its folded weights with a bias, writes after batch norm and ReLU, which are free then
    assert stem.memory_access_bytes == 4 * (224 * 224 * 3 + 112 * 112 * 24 + 648 + 24)
    assert rows["backbone.stem.bn"].memory_access_bytes == rows["backbone.stem.relu"].memory_access_bytes == 0
    assert stem.receptive_field == (3, 3)
    norm = rows["backbone.stem.bn"]
    assert (norm.params, norm.params_total, norm.macs) == (48, 96, 0)
    assert rows["output"].dtype == "int32"


@pytest.mark.parametrize("name", ["shufflenetv2_dpc", "mobilenetv2_dpc"])
@pytest.mark.parametrize("factor", [2, 3])
def test_multiply_adds_grow_with_the_area(name: str, factor: int) -> None:
    small, large = (
        price(nets.of_bundled(name, f"input.size=[{64 * times},{96 * times}]"), classes=19, output_stride=16)
        for times in (1, factor)
    )
    assert large.macs == factor**2 * small.macs
    assert large.params == small.params


def test_image_pooling_costs_the_same_at_any_size() -> None:
    small, large = (
        price(nets.of_bundled("shufflenetv2_basic", f"input.size={64 * times}"), classes=19, output_stride=16)
        for times in (1, 2)
    )
    assert large.macs - 4 * small.macs == (1 - 4) * 464 * 256


@pytest.mark.parametrize("name", nets.BUNDLED)
def test_twice_the_classes_change_the_classifier_alone(name: str) -> None:
    few, many = (
        {cost.name: cost for cost in layer_costs(nets.of_bundled(name, f"classes={count}"))} for count in (19, 38)
    )
    assert few.keys() == many.keys()
    changed = {key for key in few if (few[key].params, few[key].macs) != (many[key].params, many[key].macs)}
    assert changed == {"classifier.logits"}
    assert many["classifier.logits"].macs == 2 * few["classifier.logits"].macs
    assert many["classifier.logits"].params == 2 * few["classifier.logits"].params


def test_other_operations_by_kind() -> None:
    """Counted by hand for a network of four layers on 32 × 32."""
    text = """
    input: {size: 32}
    classes: 5
    output_stride: 8
    backbone: [conv_bn: {filters: 6, stride: 8}]
    decoder: bilinear
    """
    found = price(nets.of_text(text), classes=5, output_stride=8).other_operations
    assert found == {
        "activation": 4 * 4 * 6,
        "argmax": 32 * 32 * 4,
        "batch_norm": 2 * 4 * 4 * 6,
        "bias": 4 * 4 * 5,
        "elementwise": 2 * 32 * 32 * 3,
        "resize": 8 * 32 * 32 * 5,
    }


def test_a_sheet_as_plain_values() -> None:
    graph = nets.of_bundled("shufflenetv2_dpc", "input.size=[360,640]", "classes=20")
    found = price(graph, classes=20, output_stride=16).to_json()
    assert list(found)[:10] == [
        "name", "hash", "input_size", "classes", "output_stride", "params", "params_total", "macs", "gmacs", "gflops",
    ]  # fmt: skip
    assert (found["name"], found["input_size"], found["classes"]) == ("shufflenetv2_dpc", [360, 640], 20)
    assert isinstance(found["macs"], int)
    assert set(found["tflite_bytes"]) == {"float32", "float16", "dynamic", "int8"}
