"""The JSON Schema: a schema of its own draft, which takes what the parser takes and refuses what it refuses."""

import json
from typing import Any

import jsonschema
import pytest
import yaml

from archspec.catalog import Catalog
from archspec.errors import UserError
from archspec.spec import json_schema, parse
from tests.spec.fake_blocks import fake_catalog


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return fake_catalog(tmp_path_factory.mktemp("plugin"))


@pytest.fixture(scope="module")
def schema(catalog: Catalog) -> dict[str, Any]:
    return json_schema(catalog)


def valid(schema: dict[str, Any], text: str) -> bool:
    return not list(jsonschema.Draft202012Validator(schema).iter_errors(_keys_as_text(yaml.safe_load(text))))


def _keys_as_text(value: Any) -> Any:
    """What an editor's validator sees: JSON keys are text."""
    if isinstance(value, dict):
        return {str(key): _keys_as_text(item) for key, item in value.items()}
    return [_keys_as_text(item) for item in value] if isinstance(value, list) else value


def test_it_is_a_schema_of_draft_2020_12(schema: dict[str, Any]) -> None:
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema)
    assert json.loads(json.dumps(schema)) == schema


GOOD = [
    "backbone: tiny",
    "extends: other",
    "{extends: other, head: {gate: {filters: 8}}}",
    "{backbone: {tiny: {last: 8, width_multiplier: 0.5}}, head: none, input: {size: [97, 97]}, classes: 3}",
    "{backbone: tiny, input: {size: 97, dtype: uint8, preprocess: none}}",
    "{backbone: {tiny: {last: {by_width: {0.5: 8, 1.0: {by_variant: {paper: 8, reference: 16}}}}}}}",
    "{backbone: {tiny: {variant: {choose: [paper, reference]}}}}",
    "{backbone: [{gate: {filters: {scaled: 32}}, repeat: 2, id: a}, {gate: {filters: 8}, from: a}, cell]}",
    "{backbone: {steps: [{gate: {filters: 8}}], dilate: false}}",
    "{backbone: [{gate: {filters: {range: {from: 8, to: 64, step: 8}}, kernel: [3, 1], activation: null}}]}",
    "{backbone: [{cell: {branches: [{op: conv, rate: [1, {choose: [1, 2]}]}]}}]}",
    "{backbone: [{cell: {branches: {dpc_cell: {branches: 3}}, extra: {size: 3}}}, {join: null, from: [a, b]}]}",
    "{backbone: tiny, head: {choose: [none, {gate: {filters: 8}}]}, output_stride: {choose: [8, 16]}}",
]
BAD = [
    "head: none",
    "backbone: none",
    "backbone: unknown",
    "{backbone: tiny, hed: none}",
    "{backbone: tiny, classes: many}",
    "{backbone: tiny, classes: 0}",
    "{backbone: tiny, output_stride: 12}",
    "{backbone: tiny, variant: papr}",
    "{backbone: tiny, input: {size: [1, 2, 3]}}",
    "{backbone: tiny, input: {sise: 3}}",
    "{backbone: {tiny: {first: 8}}}",
    "{backbone: {tiny: {last: many}}}",
    "{backbone: [{gate: {filter: 8}}]}",
    "{backbone: [{gate: {}}]}",
    "{backbone: [{gate: {filters: 0}}]}",
    "{backbone: [{gate: {filters: 8, groups: 3}}]}",
    "{backbone: [{gate: {filters: 8, rate: 1}}]}",
    "{backbone: [{gate: {filters: 8, activation: swish}}]}",
    "{backbone: [{gate: {filters: 8, classes: 3}}]}",
    "{backbone: [{gate: {filters: 8}, repeat: 0}]}",
    "{backbone: [{gate: {filters: {by_widht: {1.0: 8}}}}]}",
    "{backbone: [{cell: {branches: [{kernel: 3}]}}]}",
    "{backbone: [{cell: {branches: [{op: conv, rate: [1]}]}}]}",
    "{backbone: []}",
]


@pytest.mark.parametrize("text", GOOD)
def test_what_may_be_written(text: str, schema: dict[str, Any], catalog: Catalog) -> None:
    assert valid(schema, text)
    if "extends" not in text:
        parse(text, catalog=catalog)


@pytest.mark.parametrize("text", BAD)
def test_what_may_not(text: str, schema: dict[str, Any], catalog: Catalog) -> None:
    assert not valid(schema, text)
    with pytest.raises(UserError):
        parse(text, catalog=catalog)


@pytest.mark.parametrize("name", ["shufflenetv2_basic", "shufflenetv2_dpc", "mobilenetv2_basic", "mobilenetv2_dpc"])
def test_bundled_specs_satisfy_it(name: str) -> None:
    path = Catalog().specs()[name]
    assert valid(json_schema(), path.read_text("utf-8"))


def test_hover_comes_from_docstrings(schema: dict[str, Any]) -> None:
    gate = schema["$defs"]["block.gate"]
    assert gate["description"].startswith("A gate of convolution.")
    assert gate["properties"]["filters"]["description"] == "how many channels come out."
    assert gate["properties"]["rate"]["default"] == 0.5
    assert schema["$defs"]["backbone.tiny"]["description"] == "tiny"
    assert schema["properties"]["classes"]["description"]
    assert all("description" in schema["properties"][key] for key in schema["properties"])
