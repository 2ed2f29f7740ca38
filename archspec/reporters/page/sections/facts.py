"""A few numbers that matter most, large, each with its unit and a word on what it is."""

from __future__ import annotations

from dataclasses import dataclass

from archspec.reporters.page._markup import Markup, element


@dataclass(frozen=True, slots=True)
class Fact:
    """One number: `value` as it is to be read."""

    name: str
    value: str
    unit: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """Numbers in order of their weight."""

    facts: tuple[Fact, ...]


EXAMPLES = (Facts((Fact("val mIoU", "64.5", "%", "101 images"), Fact("size", "6.02", "MB"))),)


def render(data: Facts, anchor: str) -> Markup:  # noqa: ARG001 (every kind is called alike)
    """A list of terms and values."""
    return element("dl", *map(_fact, data.facts), class_="facts")


def _fact(fact: Fact) -> Markup:
    unit = element("span", f" {fact.unit}", class_="unit") if fact.unit else None
    note = element("dd", fact.note, class_="note") if fact.note else None
    return element("div", element("dt", fact.name), element("dd", fact.value, unit, class_="value"), note)
