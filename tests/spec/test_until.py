"""Sections that end at one of their steps: what is left is as it was, and what is cut away is nowhere."""

from pathlib import Path

import pytest

from archspec.errors import UserError
from archspec.graph.weights import initialise
from archspec.network import Network, import_weights
from archspec.spec import dump_expanded, parse
from archspec.weights import save_weights

BASE = ("head=none", "decoder={bilinear: {align_corners: false}}", "input.size=[64,64]", "classes=3")


def network(until: str = "", name: str = "mobilenetv2_basic", *more: str) -> Network:
    return Network.load(name, [*BASE, *([f"backbone.until={until}"] if until else []), *more])


def backbone(of: Network) -> list[str]:
    return [node.name for node in of.graph.nodes if node.name.startswith("backbone.")]


@pytest.mark.parametrize(
    ("until", "last", "first_gone"),
    [
        ("stage5", "backbone.stage5.2", "backbone.stage6.0"),
        ("stage6.0", "backbone.stage6.0", "backbone.stage6.1"),
        ("stage6.1", "backbone.stage6.1", "backbone.stage6.2"),
        ("stage6.2", "backbone.stage6.2", "backbone.stage7"),
        ("stage7", "backbone.stage7", ""),
    ],
)
def test_what_is_left_are_the_first_layers_of_the_whole(until: str, last: str, first_gone: str) -> None:
    whole, cut = backbone(network()), backbone(network(until))
    assert cut == whole[: len(cut)]
    assert cut[-1].startswith(f"{last}.")
    assert (len(cut) < len(whole)) == bool(first_gone)
    if first_gone:
        assert whole[len(cut)].startswith(f"{first_gone}.")


def test_a_cut_network_written_out_is_the_same() -> None:
    cut = network("stage6.0")
    again = Network(parse(dump_expanded(cut.expanded)))
    assert (again.hash, backbone(again)) == (cut.hash, backbone(cut))
    by_hand = Network(parse(
        "input: {size: [64, 64]}\nclasses: 3\nbackbone:\n  steps:\n  - conv_bn: {filters: 8, stride: 16}\n    id: a\n"
        "    repeat: 2\n  - conv_bn: {filters: 4}\n    id: b\n  until: a.0\n"
    ))  # fmt: skip
    assert {name.rpartition(".")[0] for name in backbone(by_hand)} == {"backbone.a.0"}


def test_what_was_cut_away_has_no_id() -> None:
    with pytest.raises(UserError, match=r"no step has the id 'stage6'. Did you mean 'stage5'"):
        _ = network("stage5", "mobilenetv2_basic", "auxiliary=[{from: stage6}]").expanded


def test_a_cut_backbone_may_end_before_its_output_stride() -> None:
    shallow = network("stage5", "mobilenetv2_basic", "output_stride=32")
    assert shallow.graph.taps["backbone"].stride == 16
    assert shallow.hash == network("stage5", "mobilenetv2_basic", "output_stride=16").hash
    assert (
        shallow.cost.output_stride,
        network("stage6", "mobilenetv2_basic", "output_stride=32").cost.output_stride,
    ) == (16, 32)
    finer = network("stage5", "mobilenetv2_basic", "output_stride=8")
    assert finer.graph.taps["backbone"].stride == 8


@pytest.mark.parametrize(
    ("until", "said"),
    [
        ("stage9", "no step of the backbone has the id 'stage9'. Did you mean"),
        ("stage6.3", "'stage6' has 3 units (no 'stage6.3'). Write stage6.0 to stage6.2"),
        ("stage7.1", "'stage7' has 1 unit (no 'stage7.1'). Write stage7"),
        ("'6'", "backbone.mobilenet_v2.until: not a usable name"),
        ("[a]", "backbone.mobilenet_v2.until: must be text"),
    ],
)
def test_steps_that_are_not_there(until: str, said: str) -> None:
    with pytest.raises(UserError) as error:
        _ = network(until).expanded
    assert said in str(error.value)


def test_weights_of_what_is_left_are_loaded_and_the_others_said_to_be_unused(tmp_path: Path) -> None:
    whole, cut = network(), network("stage6.0")
    trained = initialise(whole.graph, 3, "random")
    save_weights(tmp_path / "w.npz", trained, whole.graph)
    found = import_weights(tmp_path / "w.npz", "archspec_npz", cut.graph, only=("backbone",))
    kept = {key for key in trained if key.rpartition("/")[0] in backbone(cut)}
    assert set(found.arrays) == kept
    assert all((found.arrays[key] == trained[key]).all() for key in kept)
    unused = {name for name, why in found.skipped.items() if "unused" in why}
    assert unused == {key for key in trained if key.startswith("backbone.")} - kept
    with pytest.raises(UserError, match="the file has nothing for"):  # the other way round is an error, as ever
        save_weights(tmp_path / "cut.npz", initialise(cut.graph, 3), cut.graph)
        import_weights(tmp_path / "cut.npz", "archspec_npz", whole.graph, only=("backbone",))
