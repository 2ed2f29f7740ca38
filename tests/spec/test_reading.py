"""Text to values: the core schema of YAML 1.2, places, and nothing but `UserError` for whatever text."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from archspec.errors import Fault, UserError
from archspec.spec import expand, load, parse
from archspec.spec.nodes import Table, plain
from archspec.spec.yaml_text import read_mapping


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"), ("no", "no"), ("on", "on"), ("off", "off"), ("y", "y"), ("TRUE", True), ("False", False),
        ("012", 12), ("0o17", 15), ("0x1F", 31), ("+7", 7), ("-7", -7), ("1_000", "1_000"), ("1:30", "1:30"),
        ("1e-3", 0.001), ("1e5", 100000.0), (".5", 0.5), ("5.", 5.0), ("-1.5E+2", -150.0), ("1.5.2", "1.5.2"),
        ("2024-01-01", "2024-01-01"), ("~", None), ("Null", None), ("nULL", "nULL"), ("=", "="), ("-x", "-x"),
        ("'12'", "12"), ('"true"', "true"), ("|\n  a\n  b", "a\nb\n"), ("0b1", "0b1"), ("e3", "e3"), (".", "."),
    ],
)  # fmt: skip
def test_scalars_are_those_of_yaml_1_2(text: str, value: object) -> None:
    assert plain_value(text) == value
    assert type(plain_value(text)) is type(value)


def plain_value(text: str) -> object:
    """What the text of one value reads as."""
    faults: list[Fault] = []
    node = read_mapping(f"key: {text}\n", "f", faults)
    assert faults == []
    assert isinstance(node, Table)
    return plain(node)["key"]


@pytest.mark.parametrize("text", [".inf", "-.INF", ".nan", "1e999", "9223372036854775808", "1" * 5000, "0x" + "f" * 30])
def test_numbers_that_no_spec_can_mean(text: str) -> None:
    with pytest.raises(UserError, match=r"f:1:10: classes: (not a finite number|number too large)"):
        parse(f"classes: {text}\nbackbone: mobilenet_v2\n", file="f")


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("backbone: mobilenet_v2\nclasses: x\n", 2, 10),
        ("backbone: mobilenet_v2\r\nclasses: x\r\n", 2, 10),
        ("\ufeffclasses: x\nbackbone: mobilenet_v2\n", 1, 10),
        ("# Größe ×2\nbackbone: mobilenet_v2\nsource: é\nclasses: x\n", 4, 10),
        ("{source: é×, classes: x, backbone: mobilenet_v2}\n", 1, 23),
        ("backbone: mobilenet_v2\n\n\nclasses:\n    x\n", 5, 5),
    ],
)
def test_places_count_characters_from_one(text: str, line: int, column: int) -> None:
    with pytest.raises(UserError) as error:
        parse(text, file="f")
    assert str(error.value).startswith(f"f:{line}:{column}: classes: ")


def test_aliases_may_be_used_in_measure() -> None:
    text = "backbone: mobilenet_v2\nhead: {dpc: {branches: [&b {op: conv, input: -1}, *b, *b]}}\n"
    assert len(parse(text).values["head"]["dpc"]["branches"]) == 3


def test_the_size_limit_is_on_the_file_not_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    path.write_text("backbone: mobilenet_v2\n#" + "x" * (1_000_000 - 24))
    assert load(path).name == "large"
    path.write_text("backbone: mobilenet_v2\n#" + "x" * (1_000_000 - 23))
    with pytest.raises(UserError, match=r"1:1: the file is too large \(1,000,001 bytes\)"):
        load(path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "shufflenetv2_dcp",
            "shufflenetv2_dcp: no such spec file, nor a bundled spec of that name. Did you mean 'shufflenetv2_dpc'?",
        ),
        ("specs/none.yaml", "specs/none.yaml: no such spec file"),
        (".", ".: this is a folder. Name a spec file in it"),
        ("a\x00b", "a\\x00b: no such spec file"),
    ],
)
def test_a_source_that_is_no_spec(name: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as error:
        load(name)
    assert str(error.value).startswith(message)


def check_refused_or_read(text: str, *overrides: str) -> None:
    """Whatever it is: a spec, or a `UserError` whose every fault is one line."""
    try:
        expand(parse(text, file="f", overrides=overrides))
    except UserError as error:
        assert error.faults
        for fault in error.faults:
            line = str(fault)
            assert len(line.splitlines()) == 1, line
            assert math.isfinite(fault.place.line)
            assert line.startswith(("f", "--set", "specs/", "blocks/", "/")), line


PIECES = st.sampled_from([
    "backbone", "mobilenet_v2", "shufflenet_v2", "head", "dpc", ": ", ":\n", "\n", "\n- ", "\n  ", "{", "}", "[", "]",
    ", ", "&a ", "*a", "!!int ", "<<", "choose", "range", "by_width", "scaled", "argument", "extends", "input", "size",
    "classes", "width_multiplier", "0.5", "1", "none", "'", '"', "|", ">", "#", "? ", "---", "...", "%", "@", "`", "\t",
    "conv_bn", "filters", "repeat", "id", "from", "steps", "dilate", "true", "~", "é", "\x85", "\u2028", "\x07", "\\",
])  # fmt: skip


@given(st.lists(PIECES, max_size=40).map("".join))
@example("backbone: {choose: [{choose: []}]}")
@example("backbone: {steps: 3}")
@example("? {a: b}\n: c")
@example("backbone: {by_width: {1.0: mobilenet_v2}}")
def test_any_arrangement_of_the_words_is_refused_or_read(text: str) -> None:
    check_refused_or_read(text)


@given(st.text(max_size=200))
def test_any_text_is_refused_or_read(text: str) -> None:
    check_refused_or_read(text)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_read(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(data)
    with pytest.raises(UserError) as error:  # no 200 bytes at random name a backbone
        load(path)
    assert all(len(str(fault).splitlines()) == 1 for fault in error.value.faults)


VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-3, 300), st.floats(allow_nan=False, allow_infinity=False),
        st.sampled_from(["none", "dpc", "conv_bn", "basic", "x", "8", ""]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from([
                "choose", "range", "dpc_cell", "by_width", "by_variant", "by_output_stride", "scaled", "argument",
                "0.5", "1.0", "paper", "16", "filters", "divisor", "from", "to", "step", "log", "steps", "dilate",
                "repeat", "id", "conv_bn", "dpc", "branches", "op", "input", "kernel", "rate", "mobilenet_v2",
            ]),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=8,
)  # fmt: skip
PATHS = st.sampled_from([
    "classes", "input", "input.size", "input.preprocess", "backbone", "head", "head.filters", "head.branches",
    "head.branches[0]", "decoder", "decoder[0]", "decoder[0].repeat", "decoder[0].filters", "output", "name", "source",
    "width_multiplier", "variant", "backbone.width_multiplier", "head.dropout", "decoder[0].from", "decoder[0].id",
])  # fmt: skip


@given(st.lists(st.tuples(PATHS, VALUES), min_size=1, max_size=3))
def test_any_value_anywhere_is_refused_or_read(changes: list[tuple[str, object]]) -> None:
    text = (
        "backbone: mobilenet_v2\nhead: {dpc: {branches: [{op: conv, input: -1}]}}\ndecoder: [{conv_bn: {filters: 8}}]\n"
    )
    check_refused_or_read(text, *(f"{path}={json.dumps(value)}" for path, value in changes))


@given(st.text(max_size=30), st.text(max_size=30))
@example("head.filters", "@")
@example("head.filters", "@/")
@example("head.branches[0].rate", "[1")
def test_any_assignment_is_refused_or_read(path: str, value: str) -> None:
    check_refused_or_read("backbone: mobilenet_v2\n", f"{path}={value}")
