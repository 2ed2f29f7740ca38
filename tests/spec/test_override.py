"""`--set`: one path grammar, the last one wins, and what is set can be dumped and read again."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archspec.errors import UserError
from archspec.spec import Spec, dump, load, override, parse

TEXT = """
backbone: shufflenet_v2
head: {dpc: {branches: [{op: conv, rate: [1, 6], input: -1}, {op: conv, input: 0}]}}
decoder:
- conv_bn: {filters: 48}
  id: low
- depthwise_bn
output: {choose: [argmax, softmax]}
"""


@pytest.mark.parametrize(
    ("assignment", "keys", "value"),
    [
        ("classes=20", ["classes"], 20),
        ("width_multiplier=0.5", ["width_multiplier"], 0.5),
        ("input.size=[360,640]", ["input", "size"], [360, 640]),
        ("input.size[1]=97", ["input", "size"], [224, 97]),
        ("input.size.0=97", ["input", "size"], [97, 224]),
        ("input.dtype=uint8", ["input", "dtype"], "uint8"),
        ("input.preprocess=none", ["input", "preprocess"], "none"),
        ("head=basic", ["head"], "basic"),
        ("head=none", ["head"], "none"),
        ("head.filters=64", ["head", "dpc", "filters"], 64),
        ("head.dpc.filters=64", ["head", "dpc", "filters"], 64),
        ("head={basic: {filters: 8}}", ["head"], {"basic": {"filters": 8}}),
        ("head.branches[0].rate[1]=9", ["head", "dpc", "branches", 0, "rate"], [1, 9]),
        ("head.branches.1.kernel=1", ["head", "dpc", "branches", 1, "kernel"], 1),
        ("head.branches[1]={op: conv, input: -1}", ["head", "dpc", "branches", 1], {"op": "conv", "input": -1}),
        ("backbone.width_multiplier=0.5", ["backbone"], {"shufflenet_v2": {"width_multiplier": 0.5}}),
        ("backbone.shufflenet_v2.width_multiplier=0.5", ["backbone"], {"shufflenet_v2": {"width_multiplier": 0.5}}),
        ("classifier.dropout=0.2", ["classifier"], {"classifier": {"dropout": 0.2}}),
        ("decoder[0].filters=8", ["decoder", 0, "conv_bn", "filters"], 8),
        ("decoder[0].conv_bn.kernel=1", ["decoder", 0, "conv_bn"], {"filters": 48, "kernel": 1}),
        ("decoder[0].repeat=3", ["decoder", 0, "repeat"], 3),
        ("decoder[1].kernel=5", ["decoder", 1], {"depthwise_bn": {"kernel": 5}}),
        ("decoder[1]=max_pool", ["decoder", 1], "max_pool"),
        ("output=argmax", ["output"], "argmax"),
        ("output.choose[1]=logits", ["output"], {"choose": ["argmax", "logits"]}),
        ("head.filters={by_width: {0.5: 8, 1.0: 16}}", ["head", "dpc", "filters"], {"by_width": {"0.5": 8, "1.0": 16}}),
    ],
)
def test_assignments(assignment: str, keys: list[Any], value: object) -> None:
    found: Any = parse(TEXT, overrides=[assignment]).values
    for key in keys:
        found = found[key]
    assert found == value


def test_brackets_reach_a_key_with_a_dot() -> None:
    text = "backbone: mobilenet_v2\nhead: {dpc: {filters: {by_width: {0.5: 8, 1.0: 16}}}}\n"
    head = parse(text, overrides=["head.filters.by_width[0.5]=24"]).values["head"]
    assert head == {"dpc": {"filters": {"by_width": {"0.5": 24, "1.0": 16}}}}


def test_one_side_of_a_square() -> None:
    text = "backbone: mobilenet_v2\ninput: {size: 97}\n"
    assert parse(text, overrides=["input.size[1]=33"]).values["input"]["size"] == [97, 33]


def test_only_what_is_set_changes() -> None:
    before = parse(TEXT).values
    after = parse(TEXT, overrides=["head.filters=64"]).values
    assert {key for key in before if before[key] != after[key]} == {"head"}
    assert set(after["head"]["dpc"]) == {"branches", "filters"}


def test_a_value_may_come_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cell.json").write_text('[{"op": "conv", "kernel": 1, "input": -1}]')
    spec = load("shufflenetv2_dpc", ["head.branches=@cell.json"])
    assert spec.values["head"] == {"dpc": {"branches": [{"op": "conv", "kernel": 1, "input": -1}]}}
    (tmp_path / "cell.json").write_text('[{"op": "conv",\n "kernel": 2, "input": -1}]')
    with pytest.raises(UserError) as error:
        load("shufflenetv2_dpc", ["head.branches=@cell.json"])
    assert str(error.value) == "cell.json:2:12: head.dpc.branches[0].kernel: not allowed (2). One of: 1, 3"


def test_faults_of_file_and_assignments_come_together() -> None:
    with pytest.raises(UserError) as error:
        parse("backbone: mobilenet_v2\nclases: 3\n", overrides=["hed=dpc", "classes=0", "head.filters=1"])
    assert [str(fault).split(":")[0] for fault in error.value.faults] == [
        "--set classes=0", "--set head.filters=1", "--set hed=dpc", "<text>",
    ]  # fmt: skip


def test_override_of_a_spec_is_the_override_of_its_text() -> None:
    spec = parse(TEXT)
    assert override(spec, ["classes=3", "head.filters=8"]) == parse(TEXT, overrides=["classes=3", "head.filters=8"])
    assert override(spec, {"classes": 3, "head.filters": 8, "input.size": (97, 97)}) == parse(
        TEXT, overrides=["classes=3", "head.filters=8", "input.size=97"]
    )
    assert spec == parse(TEXT)
    with pytest.raises(UserError, match=r"--set head\.filters=0: head\.dpc\.filters: must be at least 1"):
        override(spec, {"head.filters": 0})


ASSIGNMENTS = st.sampled_from([
    "classes=2", "classes=3", "width_multiplier=0.5", "width_multiplier=2", "variant=reference", "output_stride=8",
    "head=basic", "head=dpc", "head.filters=16", "head.filters=24", "head.dpc.dropout=0", "input.size=97",
    "input.size[0]=33", "input.size.1=49", "backbone.width_multiplier=1.5", "backbone=mobilenet_v2", "decoder=none",
    "decoder=[{conv_bn: {filters: 8}}]", "decoder[0].filters=16", "output=logits", "name=other", "source='1'",
])  # fmt: skip


def applied(assignments: list[str]) -> Spec | list[str]:
    try:
        return parse(TEXT, overrides=assignments)
    except UserError as error:
        return [fault.message for fault in error.faults]


@given(st.lists(ASSIGNMENTS, max_size=4), ASSIGNMENTS)
def test_the_last_assignment_wins(before: list[str], last: str) -> None:
    """Setting twice is setting once, whatever the same path was set to in between."""
    path = last.partition("=")[0]
    once = applied([*before, last])
    if isinstance(once, Spec):
        assert applied([*before, last, last]) == once
        if path in ("classes", "width_multiplier", "output_stride", "name", "head", "output"):
            assert applied([*before, f"{path}=[wrong]", last]) == once


@given(st.lists(ASSIGNMENTS, max_size=5))
def test_set_then_dump_then_parse(assignments: list[str]) -> None:
    spec = applied(assignments)
    if isinstance(spec, list):
        assert spec  # an error says something
        return
    again = parse(dump(spec))
    assert again == spec
    assert hash(again) == hash(spec)
