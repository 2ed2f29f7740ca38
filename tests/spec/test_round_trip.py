"""`parse(dump(s)) == s` for specs made at random; an expanded network written out expands to itself."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from archspec.catalog import Catalog
from archspec.errors import NOWHERE
from archspec.spec import ExpandedSpec, dump, dump_expanded, expand, load, parse
from tests.spec.fake_blocks import fake_catalog


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return fake_catalog(tmp_path_factory.mktemp("plugin"))


TEXTS = st.one_of(
    st.sampled_from(
        ["", "true", "no", "1e-3", "0x10", "012", "~", "<<", "- a", "a: b", "#", "*a", "@x", " x ", "\n", "é\n\n×"]
    ),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Co"]), max_size=20),
)


def selected(plain: st.SearchStrategy[Any], numbers: bool = False) -> st.SearchStrategy[Any]:
    """A value, or a selector or a choice of such values."""
    forms: list[st.SearchStrategy[Any]] = [
        plain,
        st.builds(lambda a, b: {"by_width": {"0.5": a, "1.0": b, "2": a}}, plain, plain),
        st.builds(
            lambda a, b: {"by_variant": {"paper": {"by_output_stride": {"16": a, "8": b, "32": a}}, "reference": b}},
            plain,
            plain,
        ),
        st.builds(lambda options: {"choose": options}, st.lists(plain, min_size=1, max_size=3)),
    ]
    if numbers:
        forms.append(st.builds(lambda base: {"scaled": {"filters": base, "divisor": 4}}, st.integers(1, 64)))
        forms.append(
            st.builds(lambda first: {"range": {"from": first, "to": first + 8, "step": 4}}, st.integers(1, 64))
        )
        forms.append(st.just({"argument": "classes"}))
    return st.one_of(forms)


UNIT = st.fixed_dictionaries(
    {"filters": selected(st.integers(1, 4096), numbers=True)},
    optional={
        "kernel": selected(st.one_of(st.integers(1, 9), st.tuples(st.integers(1, 9), st.integers(1, 9)).map(list))),
        "rate": selected(st.floats(0.01, 0.99)),
        "activation": selected(st.sampled_from(["relu", "none", None])),
        "bias": selected(st.booleans()),
        "note": selected(TEXTS),
    },
)
BRANCH = st.fixed_dictionaries(
    {"op": selected(st.sampled_from(["conv", "pool"]))},
    optional={
        "kernel": selected(st.integers(-5, 5)),
        "rate": st.lists(selected(st.integers(1, 9)), min_size=2, max_size=2),
    },
)
CELL = st.fixed_dictionaries({}, optional={"branches": st.lists(BRANCH, max_size=3), "extra": st.none()})
BLOCK = st.one_of(UNIT.map(lambda a: {"gate": a}), CELL.map(lambda a: {"cell": a}), st.just("cell"))
STEP = st.one_of(
    BLOCK,
    st.builds(lambda a, r: {"gate": a, "repeat": r}, UNIT, selected(st.integers(1, 5))),
    st.builds(lambda a: {"choose": a}, st.lists(BLOCK, min_size=1, max_size=2)),
)
STEPS = st.lists(STEP, min_size=1, max_size=3)
SECTION = st.one_of(
    BLOCK, STEPS, st.builds(lambda steps, dilate: {"steps": steps, "dilate": dilate}, STEPS, selected(st.booleans())),
    st.lists(BLOCK, min_size=1, max_size=2).map(lambda options: {"choose": options}),
)  # fmt: skip
BACKBONE = st.one_of(
    SECTION, st.just("tiny"), st.just({"tiny": {"last": 3, "width_multiplier": 0.5, "variant": "reference"}})
)
SPECS = st.fixed_dictionaries(
    {"backbone": BACKBONE},
    optional={
        "name": st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,8}", fullmatch=True),
        "source": TEXTS,
        "classes": st.one_of(st.integers(1, 65536), st.just({"choose": [2, 3]})),
        "width_multiplier": st.one_of(
            st.sampled_from([0.5, 1, 2.0]), st.just({"range": {"from": 0.25, "to": 2, "log": True}})
        ),
        "output_stride": st.sampled_from([8, 16, 32]),
        "variant": st.sampled_from(["paper", "reference"]),
        "head": st.one_of(SECTION, st.just("none")),
        "decoder": SECTION,
        "input": st.fixed_dictionaries(
            {},
            optional={
                "size": st.one_of(st.integers(32, 999), st.lists(st.integers(32, 999), min_size=2, max_size=2)),
                "dtype": st.sampled_from(["uint8", "float32"]),
                "channels": st.integers(1, 9),
                "preprocess": st.one_of(SECTION, st.just("none")),
            },
        ),
    },
)


@given(SPECS)
def test_what_is_dumped_reads_back_the_same(catalog: Catalog, document: dict[str, Any]) -> None:
    spec = parse(json.dumps(document, ensure_ascii=False), catalog=catalog)
    text = dump(spec)
    again = parse(text, catalog=catalog)
    assert again == spec
    assert hash(again) == hash(spec)
    assert dump(again) == text
    assert {choice.path: choice for choice in again.choices()} == {choice.path: choice for choice in spec.choices()}


def without_places(network: ExpandedSpec) -> ExpandedSpec:
    """The network as a value: places, paths and the names of parts do not count."""
    return replace(
        network,
        sections=tuple(
            replace(
                section,
                name=None,
                place=NOWHERE,
                steps=tuple(replace(step, place=NOWHERE, path="") for step in section.steps),
            )
            for section in network.sections
        ),
    )


@given(SPECS)
def test_dump_keeps_the_network(catalog: Catalog, document: dict[str, Any]) -> None:
    spec = parse(json.dumps(document, ensure_ascii=False), catalog=catalog)
    if spec.choices():
        return
    found = expand(spec)
    assert without_places(expand(parse(dump(spec), catalog=catalog))) == without_places(found)
    assert without_places(expand(parse(dump_expanded(found), catalog=catalog))) == without_places(found)


@pytest.mark.parametrize("name", ["shufflenetv2_dpc", "mobilenetv2_basic"])
@pytest.mark.parametrize(
    "overrides", [[], ["variant=reference", "width_multiplier=2.0"], ["backbone.variant=reference"]]
)
def test_a_bundled_network_written_out_is_the_same_network(name: str, overrides: list[str]) -> None:
    found = expand(load(name, overrides))
    text = dump_expanded(found)
    assert without_places(expand(parse(text))) == without_places(found)
    assert not any(word in text for word in ("by_width", "by_variant", "scaled", "shufflenet_v2\n"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("input: {size: 97}", "input: {size: [97, 97]}"),
        ("head: {basic: {}}", "head: basic"),
        ("head: {basic: }", "head: {basic}"),
        ("classes: 19", ""),
        ("width_multiplier: 1", "width_multiplier: 1.0"),
        ("decoder: [{conv_bn: {filters: 8}}, {max_pool: {}}]", "decoder:\n- conv_bn:\n    filters: 8\n- max_pool\n"),
        ("decoder: {steps: [max_pool]}", "decoder: [max_pool]"),
        ("head: {dpc: {filters: 8, dropout: 0.5}}", "head: {dpc: {dropout: 0.5, filters: 8}}"),
    ],
)
def test_two_ways_to_say_one_thing(one: str, other: str) -> None:
    first, second = (parse(f"backbone: mobilenet_v2\n{text}\n") for text in (one, other))
    assert first == second
    assert hash(first) == hash(second)
    assert first.values == second.values


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("classes: 19", "classes: 20"),
        ("head: dpc", "head: basic"),
        ("head: {dpc: {dropout: {choose: [0, 0.5]}}}", "head: {dpc: {dropout: {choose: [0.5, 0]}}}"),
        ("decoder: [max_pool, depthwise_bn]", "decoder: [depthwise_bn, max_pool]"),
        ("decoder: [max_pool]", "decoder: max_pool"),
        ("source: '1'", "source: ''"),
    ],
)
def test_two_things(one: str, other: str) -> None:
    assert parse(f"backbone: mobilenet_v2\n{one}\n") != parse(f"backbone: mobilenet_v2\n{other}\n")


def test_true_is_not_one(tmp_path: Path) -> None:
    catalog = fake_catalog(tmp_path, backbones__odd="arguments: {flag: 0}\nsteps: [{gate: {filters: 8}}]\n")
    one, true = (parse(f"backbone: {{odd: {{flag: {value}}}}}\n", catalog=catalog) for value in ("1", "true"))
    assert one != true


def test_an_integer_width_is_a_real_one() -> None:
    width = parse("backbone: mobilenet_v2\nwidth_multiplier: 2\n").values["width_multiplier"]
    assert (width, type(width)) == (2.0, float)


def test_places_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "text.yaml").write_text("\n\n# moved\nbackbone:   mobilenet_v2\n")
    assert load(tmp_path / "text.yaml") == parse("backbone: mobilenet_v2\n")


def test_dump_reads_as_yaml_elsewhere() -> None:
    """Another YAML reader sees the same values."""
    spec = load("shufflenetv2_dpc", ["head.dropout=0.00001", "source='no'"])
    assert yaml.safe_load(dump(spec))["source"] == "no"
