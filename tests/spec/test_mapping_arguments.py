"""Arguments that are mappings of any names to values of one kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import pytest

from archspec.errors import Fault, Problem
from archspec.graph import Range
from archspec.spec.document_reader import DocumentReader
from archspec.spec.nodes import Table
from archspec.spec.signatures import signature_of
from archspec.spec.yaml_text import read_mapping


def block(
    x: Any,
    *,
    counts: Mapping[str, int] = {},
    shares: Annotated[Mapping[str, float], Range(ge=0, le=1)] = {},
    names: Mapping[str, str] | None = None,
    deep: Mapping[str, Mapping[str, Any]] | None = None,
) -> Any:
    """Takes mappings."""
    return x


class ArgumentsReader(DocumentReader[None]):
    """Reads arguments, which stand in any document."""

    def value(self, document: Table) -> None:
        return None


def read(text: str) -> tuple[dict[str, Any], list[str]]:
    faults: list[Fault] = []
    table = read_mapping(text, "a.yaml", faults)
    assert isinstance(table, Table)
    reader = ArgumentsReader("a.yaml")
    found = reader.arguments(signature_of(block), table, "block", table.place)
    return found, [str(one) for one in reader.faults]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("counts: {a: 1, b: 2}", {"counts": {"a": 1, "b": 2}}),
        ("counts: {}", {"counts": {}}),
        ("shares: {a: 1, b: 0.5}", {"shares": {"a": 1.0, "b": 0.5}}),
        ("names: null", {"names": None}),
        ("names: {a: b}", {"names": {"a": "b"}}),
        ("deep: {a: {b: 1}}", {"deep": {"a": {"b": 1}}}),
    ],
)
def test_what_fits_is_read(text: str, value: dict[str, Any]) -> None:
    assert read(text) == (value, [])


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("counts: {a: 1, b: x}", "a.yaml:1:19: block.counts.b: must be an integer ('x')"),
        ("counts: [1]", "a.yaml:1:9: block.counts: must be a mapping ([1])"),
        ("shares: {a: 2}", "a.yaml:1:13: block.shares.a: must be"),
        ("names: {a: 1}", "a.yaml:1:12: block.names.a: must be text (1)"),
        ("names: 3", "a.yaml:1:8: block.names: must be a mapping or null (3)"),
        ("deep: {a: 1}", "a.yaml:1:11: block.deep.a: must be a mapping (1)"),
    ],
)
def test_each_fault_has_its_place(text: str, fault: str) -> None:
    (told,) = read(text)[1]
    assert told.startswith(fault)


def test_the_schema_says_what_its_values_are() -> None:
    kind = signature_of(block).parameters["counts"].kind
    assert kind.schema(lambda schema: schema)["additionalProperties"]["type"] == "integer"


def test_a_mapping_of_what_cannot_be_checked_is_refused() -> None:
    def wrong(x: Any, *, held: Mapping[str, complex]) -> Any:
        return x

    with pytest.raises(Problem, match="cannot be checked"):
        signature_of(wrong)
