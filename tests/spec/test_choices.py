"""Open choices: found with path, place and options; refused by `expand`; fixed by an override."""

import pytest

from archspec.errors import UserError
from archspec.spec import Choice, expand, override, parse

SPACE = """
backbone: {mobilenet_v2: {width_multiplier: {choose: [0.5, 1.0]}}}
classes: {choose: [19, 21]}
head:
  choose:
  - basic
  - dpc:
      filters: {range: {from: 64, to: 256, step: 64}}
      branches: {dpc_cell: {branches: 3}}
decoder:
- conv_bn: {filters: 8, momentum: {range: {from: 0.001, to: 0.1, log: true}}}
  repeat: {choose: [1, 2]}
- choose: [max_pool, {depthwise_bn: {kernel: {choose: [3, 5]}}}]
"""


def test_choices_are_listed_with_what_they_offer() -> None:
    found = {choice.path: choice for choice in parse(SPACE).choices()}
    settings = {"from": 64, "to": 256, "step": 64}
    inside = {"parent": "head", "parent_option": 1}
    log = {"from": 0.001, "to": 0.1, "log": True}
    cell = {"filters": {"range": settings}, "branches": {"dpc_cell": {"branches": 3}}}
    nowhere = next(iter(found.values())).place
    wanted = [
        Choice("backbone.mobilenet_v2.width_multiplier", nowhere, "choose", (0.5, 1.0)),
        Choice("classes", nowhere, "choose", (19, 21)),
        Choice("head", nowhere, "choose", ("basic", {"dpc": cell})),
        Choice("head.choose[1].dpc.filters", nowhere, "range", (64, 128, 192, 256), settings, whole=True, **inside),
        Choice("head.choose[1].dpc.branches", nowhere, "dpc_cell", (), {"branches": 3}, **inside),
        Choice("decoder[0].repeat", nowhere, "choose", (1, 2)),
        Choice("decoder[0].conv_bn.momentum", nowhere, "range", (), log),
        Choice("decoder[1]", nowhere, "choose", ("max_pool", {"depthwise_bn": {"kernel": {"choose": [3, 5]}}})),
        Choice("decoder[1].choose[1].depthwise_bn.kernel", nowhere, "choose", (3, 5), {}, "decoder[1]", 1),
    ]  # fmt: skip
    assert list(found.values()) == wanted
    assert str(found["classes"].place) == "<text>:3:10"
    assert str(found["head.choose[1].dpc.filters"].place) == "<text>:8:16"


def test_expand_names_every_choice_that_is_open_and_no_other() -> None:
    with pytest.raises(UserError) as error:
        expand(parse(SPACE))
    paths = [
        "backbone.mobilenet_v2.width_multiplier", "classes", "head", "decoder[0].conv_bn.momentum",
        "decoder[0].repeat", "decoder[1]",
    ]  # fmt: skip
    assert [fault.path for fault in error.value.faults] == paths
    assert all(fault.remedy == f"Fix it with --set {fault.path}=VALUE" for fault in error.value.faults)


def test_every_remedy_works() -> None:
    """Setting each path to its first option closes the spec, in any order, and opens what lies inside."""
    spec = parse(SPACE)
    while spec.choices():
        choice = next(choice for choice in reversed(spec.choices()) if not choice.parent)
        made = {"range": 0.01, "dpc_cell": [{"op": "conv", "input": -1}]}
        value = choice.options[-1] if choice.options else made[choice.kind]
        spec = override(spec, {choice.path: value})
    network = expand(spec)
    steps = {section.kind: section.steps for section in network.sections}
    assert (network.classes, steps["head"][0].arguments["filters"]) == (21, 256)
    assert [(step.block, step.repeat) for step in steps["decoder"]] == [("conv_bn", 2), ("depthwise_bn", 1)]
    assert steps["decoder"][1].arguments == {"kernel": 5}


def test_a_choice_inside_an_option_can_be_set_where_it_stands() -> None:
    spec = override(parse(SPACE), ["head.choose[1].dpc.filters=32"])
    assert spec.values["head"]["choose"][1]["dpc"]["filters"] == 32
    with pytest.raises(UserError, match="must be at least 1"):
        override(spec, ["head.choose[1].dpc.filters=0"])


def test_range_of_reals_lists_its_values() -> None:
    text = "backbone: mobilenet_v2\nhead: {dpc: {dropout: {range: {from: 0.1, to: 0.3, step: 0.1}}}}\n"
    (choice,) = parse(text).choices()
    assert choice.options == pytest.approx((0.1, 0.2, 0.3))
    with pytest.raises(UserError, match=r"from: must be an integer \(0\.1\)"):
        parse(text.replace("dropout", "filters"))
