"""Choices that change together: read, listed, taken, written and read again, and refused with place and remedy."""

from pathlib import Path

import jsonschema
import pytest
import yaml

from archspec.errors import UserError
from archspec.network import Network
from archspec.search.space import Space
from archspec.spec import Spec, dump, expand, json_schema, load, override, parse

SPACE = """
classes: 5
together:
  trunk:
    choose:
    - narrow:
        width_multiplier: 0.5
        backbone: {shufflenet_v2: {layout: torchvision, until: {choose: [stage3, stage4]}}}
        input.preprocess: unit
        weights: {file: narrow.npz, format: fastestdet_npz}
    - mobile: {backbone: mobilenet_v2}
  stride:
    choose:
    - fine: {output_stride: 8}
    - coarse: {output_stride: 32, auxiliary: [{from: backbone}]}
head: {choose: [basic, {aspp: {filters: {choose: [8, 16]}}}]}
decoder: bilinear
"""
BY_HAND = """
classes: 5
width_multiplier: 0.5
output_stride: 32
input: {preprocess: unit}
backbone: {shufflenet_v2: {layout: torchvision, until: stage3}}
weights: {file: narrow.npz, format: fastestdet_npz}
auxiliary: [{from: backbone}]
head: {aspp: {filters: 16}}
decoder: bilinear
name: spec
"""


def faults(text: str, *changes: str) -> list[str]:
    with pytest.raises(UserError) as error:
        parse(text, overrides=changes)
    return str(error.value).splitlines()


def changed(old: str, new: str) -> str:
    assert old in SPACE
    return SPACE.replace(old, new)


def closed(*more: str) -> Spec:
    return parse(SPACE, overrides=["together.trunk=narrow", "together.stride=coarse", *more])


def test_an_option_sets_all_its_paths() -> None:
    spec = closed("backbone.until=stage3", "head={aspp: {filters: 16}}", "name=spec")
    assert spec == parse(BY_HAND)
    assert "together" not in spec.values


def test_an_option_leaves_other_paths_as_they_are() -> None:
    spec = parse(SPACE, overrides=["together.trunk=mobile", "together.stride=fine", "head=basic"])
    network = expand(spec)
    assert (network.width_multiplier, network.weights, network.output_stride) == (1.0, None, 8)
    assert [section.name for section in network.sections if section.kind == "preprocess"] == ["symmetric"]


def test_choices_inside_an_option_exist_only_there() -> None:
    space = Space.of(parse(SPACE))
    known = {one.name: one for one in space.decisions}
    assert list(known) == ["trunk", "backbone.shufflenet_v2.until", "stride", "head", "head.aspp.filters"]
    assert known["trunk"].options == ("narrow", "mobile")
    inner = known["backbone.shufflenet_v2.until"]
    assert (inner.parent, inner.parent_value, inner.options) == ("trunk", "narrow", ("stage3", "stage4"))
    assert space.size == (2 + 1) * 2 * (1 + 2)
    assert len({str(sorted(genome.items())) for genome in space.genomes()}) == space.size
    genome = {
        "trunk": "narrow",
        "backbone.shufflenet_v2.until": "stage3",
        "stride": "coarse",
        "head": "aspp",
        "head.aspp.filters": 16,
    }
    assert override(space.closed(genome), {"name": "spec"}) == parse(BY_HAND)


def test_equal_paths_in_two_options_are_told_apart() -> None:
    text = changed("mobile: {backbone: mobilenet_v2}", "wide: {backbone: {shufflenet_v2: {until: {choose: [stage3]}}}}")
    names = [one.name for one in Space.of(parse(text)).decisions]
    paths = ["trunk.narrow.backbone.shufflenet_v2.until", "trunk.wide.backbone.shufflenet_v2.until"]
    assert [name for name in names if "until" in name] == paths


def test_written_and_read_again_it_is_the_same() -> None:
    spec = parse(SPACE)
    assert parse(dump(spec)) == spec
    half = override(spec, ["together.stride=fine"])
    assert parse(dump(half)) == half
    assert [choice.path for choice in half.choices() if not choice.parent] == ["together.trunk", "head"]
    with pytest.raises(UserError, match=r"together\.trunk: this choice is still open\. .*--set together\.trunk=VALUE"):
        expand(override(half, ["head=basic"]))


def test_a_child_replaces_a_choice_or_takes_an_option(tmp_path: Path) -> None:
    (tmp_path / "parent.yaml").write_text(SPACE)
    child = tmp_path / "child.yaml"
    child.write_text("extends: parent\nhead: basic\ntogether: {trunk: mobile, stride: {choose: [s16: {classes: 9}]}}\n")
    spec = load(child)
    assert [choice.path for choice in spec.choices()] == ["together.stride"]
    assert expand(override(spec, ["together.stride=s16"])).classes == 9
    child.write_text("extends: parent\ntogether: {trunk: mobil}\n")
    with pytest.raises(UserError, match=r"child.yaml:2:19: together.trunk: .*no option 'mobil'. Did you mean 'mobile'"):
        load(child)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("together.trunc=narrow", "no choice 'trunc' in together. Did you mean 'trunk'?"),
        ("together.trunk=narow", "'trunk' has no option 'narow'. Did you mean 'narrow'?"),
        ("together.trunk.narrow=1", "what is inside 'together.trunk' cannot be set"),
        (
            "together.trunk={choose: [a: {clases: 3}]}",
            "together.trunk.a: unknown key 'clases'. Did you mean 'classes'?",
        ),
        ("together=3", "together: must be a mapping of choices (3)"),
    ],
)
def test_changes_that_cannot_be(change: str, said: str) -> None:
    found = faults(SPACE, change)
    assert len(found) == 1
    assert found[0].startswith(f"--set {change}")
    assert said in found[0]


@pytest.mark.parametrize(
    ("old", "new", "place", "said"),
    [
        ("until: {", "untl: {", "8:57", "unknown argument 'untl' of backbone 'shufflenet_v2'. Did you mean 'until'?"),
        ("output_stride: 8", "output_stride: 9", "14:29", "output_stride: not allowed (9)"),
        ("width_multiplier: 0.5", "width_multiplyer: 0.5", "7:9", "Did you mean 'width_multiplier'?"),
        ("fine: {output_stride: 8}", "fine: {head.filters: 8}", "14:14", "'head' is a choice of its own (<text>:16:7)"),
        ("fine: {output_stride: 8}", "fine: {width_multiplier: 1}", "14:14", "of option 'narrow' of 'trunk' too"),
        ("fine: {output_stride: 8}", "fine: {backbone.until: stage3}", "14:14", "'backbone' of option 'narrow'"),
        ("fine: {output_stride: 8}", "fine: 8", "14:13", "must be a mapping of paths and values (8)"),
        ("- fine:", "- coarse:", "15:7", "two options have the label 'coarse'"),
        ("  stride:\n", "  head:\n", "12:3", "the name 'head' is the path of another choice (<text>:16:7)"),
        ("  stride:\n", "  a b:\n", "12:3", "not a usable name ('a b')"),
        ("fine: {output_stride: 8}", "fine: {'a b': 8}", "14:14", "not a path ('a b')"),
        ("fine: {output_stride: 8}", "fine: {extends: x}", "14:14", "unknown key 'extends'"),
    ],
)
def test_faults_have_their_place(old: str, new: str, place: str, said: str) -> None:
    found = faults(changed(old, new))
    assert any(line.startswith(f"<text>:{place}: ") and said in line for line in found), found


def test_all_faults_of_all_options_are_told_together() -> None:
    text = changed("mobilenet_v2}", "mobilenet_v9}").replace("output_stride: 8", "output_stride: 9")
    assert [line.split(": ")[0] for line in faults(text)] == ["<text>:11:26", "<text>:14:29"]


def test_the_schema_takes_what_the_parser_takes() -> None:
    validator = jsonschema.Draft202012Validator(json_schema())
    assert not list(validator.iter_errors(yaml.safe_load(SPACE)))
    for old, new in (
        ("output_stride: 8", "output_stride: 9"),
        ("- fine:", "- x: {}\n      fine:"),
        ("choose:", "pick:"),
    ):
        assert list(validator.iter_errors(yaml.safe_load(changed(old, new)))), new


def test_without_together_nothing_is_different() -> None:
    spec = load("shufflenetv2_basic")
    assert "together" not in spec.values
    assert Network(spec).cost.params == 1_148_249  # as the README of the published network prints, 19 classes
