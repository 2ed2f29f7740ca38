"""From steps to nodes: names, origins, ids and `from`, faults with the place of the step, dead ends dropped."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from archspec.catalog import Catalog
from archspec.errors import Problem, UserError
from archspec.graph import Graph, layers
from archspec.graph.trace import trace
from archspec.spec import expand, parse
from tests.graph import nets

STEM = "output_stride: 8\nbackbone:\n- conv_bn: {filters: 8, stride: 8}\n  id: stem\n"


@pytest.mark.parametrize("name", nets.BUNDLED)
def test_names_are_unique_dotted_paths(name: str) -> None:
    graph = nets.of_bundled(name)
    names = [node.name for node in graph.nodes]
    assert len(set(names)) == len(names)
    sections = {"image", "preprocess", "backbone", "head", "classifier", "decoder", "output"}
    assert {one.split(".")[0] for one in names} == sections
    assert all(re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)*", one) for one in names)
    assert all(graph.node(node.name) is node for node in graph.nodes)


@pytest.mark.parametrize("name", nets.BUNDLED)
def test_nodes_stand_after_what_they_read(name: str) -> None:
    graph = nets.of_bundled(name)
    seen: set[int] = set()
    for node in graph.nodes:
        assert all(id(tensor.node) in seen for tensor in node.inputs)
        seen.add(id(node))
        for tensor in node.inputs:
            assert node in tensor.consumers
    assert all(
        consumer in graph.nodes for node in graph.nodes for tensor in node.outputs for consumer in tensor.consumers
    )


def test_every_node_knows_the_words_that_made_it() -> None:
    text = STEM + "- conv_bn: {filters: 4}\n  repeat: 2\nhead: basic\n"
    graph = nets.of_text(text)
    origins = {node.name: node.origin for node in graph.nodes}
    second = origins["backbone.1_conv_bn.1.conv"]
    assert (second.section, second.path, str(second.place)) == ("backbone", "backbone[1]", "<text>:5:3")
    assert str(second.section_place) == "<text>:2:1"
    head = origins["head.aspp0.conv"]
    assert (head.section, head.path, str(head.place)) == ("head", "head.basic", "<text>:7:7")
    assert all(origin.section for name, origin in origins.items() if name != "image")


def test_a_part_keeps_its_own_lines() -> None:
    node = nets.of_bundled("shufflenetv2_basic").node("backbone.stage3.4.after.conv")
    part = Catalog().parts("backbone")["shufflenet_v2"]
    written = part.read_text().splitlines()[node.origin.place.line - 1]
    assert Path(node.origin.place.file).resolve() == part.resolve()
    assert "shuffle_unit" in written
    assert "232" in written
    assert node.origin.section_place.line == 7  # backbone: shufflenet_v2


def test_from_reads_an_earlier_step_and_drops_what_nobody_reads() -> None:
    graph = nets.of_text(STEM + "- conv_bn: {filters: 4}\n  id: a\n- conv_bn: {filters: 5}\n  from: stem\n")
    assert graph.node("backbone.2_conv_bn.conv").inputs[0].node.name == "backbone.stem.relu"
    assert not any(node.name.startswith("backbone.a.") for node in graph.nodes)


def test_from_reads_several_steps_in_the_order_written(tmp_path: Path) -> None:
    (tmp_path / "join.py").write_text(
        '"""Beside one another."""\nfrom collections.abc import Sequence\nfrom archspec.graph import Tensor, layers\n'
        "def join(x: Sequence[Tensor], *, name: str) -> Tensor:\n"
        "    return layers.Concatenate(name=name)(x)\n"
    )
    text = STEM + "- conv_bn: {filters: 4}\n  id: a\n- conv_bn: {filters: 4}\n- join: {}\n  from: [a, stem, a]\n"
    catalog = Catalog((tmp_path,))
    graph = trace(expand(parse(text, catalog=catalog)), catalog)
    read = [tensor.node.name for tensor in graph.node("backbone.3_join").inputs]
    assert read == ["backbone.a.relu", "backbone.stem.relu", "backbone.a.relu"]
    assert not any(node.name.startswith("backbone.2_conv_bn") for node in graph.nodes)


def test_from_reads_whole_sections_and_the_image() -> None:
    text = (
        STEM
        + "- conv_bn: {filters: 4}\nhead: [conv_bn: {filters: 3}]\n"
        + "decoder:\n- bilinear\n- conv_bn: {filters: 2}\n  from: backbone\n"
    )
    text += "classes: 2\noutput: logits\n"
    graph = nets.of_text(text)
    assert graph.outputs[0].shape == (28, 28, 2)
    assert graph.node("decoder.1_conv_bn.conv").inputs[0].node.name == "backbone.1_conv_bn.relu"
    assert not any(node.name.startswith(("head", "classifier")) for node in graph.nodes)
    from_image = nets.of_text(text.replace("from: backbone", "from: input"))
    assert from_image.outputs[0].shape == (224, 224, 2)
    assert [node.name for node in from_image.nodes] == [
        "image",
        "decoder.1_conv_bn.conv",
        "decoder.1_conv_bn.bn",
        "decoder.1_conv_bn.relu",
    ]


def unreached_fault(text: str, catalog: Catalog | None = None) -> str:
    folder = catalog or nets.CATALOG
    with pytest.raises(UserError) as caught:
        trace(expand(parse(text, catalog=folder)), folder)
    (fault,) = caught.value.faults
    return str(fault)


@pytest.mark.parametrize(
    ("steps", "line", "words"),
    [
        ("- conv_bn: {filters: 9, groups: 3}\n", 5, "groups 3 must divide 8 input channels and 9 filters"),
        ("- conv_bn: {filters: 4}\n- shuffle_unit: {filters: 4, dilation_rate: [1, 0]}\n", 6, "dilation_rate"),
    ],
)
def test_impossible_geometry_has_the_place_of_the_step(steps: str, line: int, words: str) -> None:
    fault = unreached_fault(STEM + steps)
    assert fault.startswith(f"<text>:{line}:")
    assert words in fault


def test_a_block_that_gives_back_something_else(tmp_path: Path) -> None:
    (tmp_path / "broken_block.py").write_text('"""Nothing."""\ndef broken_block(x, *, name):\n    return [x, x]\n')
    fault = unreached_fault(STEM + "- broken_block\n", Catalog((tmp_path,)))
    assert fault == "<text>:5:3: backbone[1]: block 'broken_block' gave back list, not one tensor"


def test_a_block_that_names_two_layers_alike(tmp_path: Path) -> None:
    relu = 'layers.ReLU(name=f"{name}/relu")'
    text = f'"""Twice."""\nfrom archspec.graph import layers\ndef twice(x, *, name):\n    return {relu}({relu}(x))\n'
    (tmp_path / "twice.py").write_text(text)
    fault = unreached_fault(STEM + "- twice\n", Catalog((tmp_path,)))
    assert "two layers are named 'backbone.1_twice.relu'" in fault
    assert fault.startswith("<text>:5:3: ")


def test_layers_without_a_name_get_one_each() -> None:
    x = nets.image()
    for _ in range(3):
        x = layers.ReLU()(x)
    assert [node.name for node in x.node.graph.nodes] == ["image", "relu_1", "relu_2", "relu_3"]


def test_slashes_become_dots() -> None:
    node = layers.ReLU(name="a/b/c")(nets.image()).node
    assert node.name == "a.b.c"
    with pytest.raises(Problem, match=r"two layers are named 'a\.b\.c'"):
        layers.ReLU(name="a.b.c")(node.output)


def test_finish_drops_what_no_output_needs() -> None:
    x = nets.image()
    kept = layers.ReLU(name="kept")(x)
    lost = layers.Conv2D(4, 1, name="lost")(x)
    layers.ReLU(name="lost_too")(lost)
    parts = layers.ChannelSplit(3, name="split")(kept)
    graph = nets.finish(layers.ReLU(name="end")(parts[1]))
    assert [node.name for node in graph.nodes] == ["image", "kept", "split", "end"]
    assert [node.name for node in x.consumers] == ["kept"]
    assert not graph.has("lost")
    with pytest.raises(KeyError):
        graph.node("lost")


def test_the_image_stays_even_where_nothing_reads_it() -> None:
    graph = Graph()
    x = layers.Input((4, 4, 3), name="image").enter(graph)
    graph.finish((x,))
    assert [node.name for node in graph.nodes] == ["image"]


def test_section_values_override_the_networks() -> None:
    narrow = nets.of_text("backbone: {shufflenet_v2: {width_multiplier: 0.5}}\nhead: basic\n")
    assert narrow.node("backbone.stage4.3.concat").output.channels == 192
    published = nets.of_text("variant: paper\nbackbone: {shufflenet_v2: {variant: reference, width_multiplier: 2.0}}\n")
    assert published.node("backbone.stage4.3.concat").output.channels == 896
    assert set(nets.settings(published, "DepthwiseConv2D", "dilation_rate").values()) == {(1, 1)}
