"""What the numbers hold under: names and values, nothing left out."""

from __future__ import annotations

from dataclasses import dataclass

from archspec.reporters.page._markup import Markup, element, joined


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions that belong together, each with its value."""

    name: str
    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Conditions:
    """All groups."""

    groups: tuple[Group, ...]


EXAMPLES = (Conditions((Group("latency", (("threads", "1"), ("runtime", "LiteRT 2.3"))), Group("", (("seed", "0"),)))),)


def render(data: Conditions, anchor: str) -> Markup:  # noqa: ARG001 (every kind is called alike)
    """A list a group."""
    return joined(map(_group, data.groups))


def _group(group: Group) -> Markup:
    rows = (element("div", element("dt", name), element("dd", value)) for name, value in group.items)
    head = element("h3", group.name) if group.name else None
    return element("div", head, element("dl", *rows), class_="conditions-group")
