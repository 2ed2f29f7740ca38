"""What the numbers hold under: names and values, nothing left out, long lists folded behind the first."""

from __future__ import annotations

from dataclasses import dataclass

from archspec.reporters.page._markup import Markup, element, joined

OPEN, FEW = 2, 4  # so many groups stand open, and any that is so short


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions that belong together, each with its value."""

    name: str
    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Conditions:
    """All groups."""

    groups: tuple[Group, ...]


EXAMPLES = (
    Conditions((Group("latency", (("threads", "1"), ("runtime", "LiteRT 2.3"))), Group("", (("seed", "0"),)),
                Group("miou", tuple((f"condition {number}", str(number)) for number in range(FEW + 1))))),
)  # fmt: skip


def render(data: Conditions, anchor: str) -> Markup:  # noqa: ARG001 (every kind is called alike)
    """A list a group."""
    shown = [index < OPEN or len(group.items) <= FEW for index, group in enumerate(data.groups)]
    return joined(_group(group, one) for group, one in zip(data.groups, shown, strict=True))


def _group(group: Group, shown: bool) -> Markup:
    rows = (element("div", element("dt", name), element("dd", value)) for name, value in group.items)
    if shown:
        head = element("h3", group.name) if group.name else None
        return element("div", head, element("dl", *rows), class_="conditions-group")
    said = element("span", f"{len(group.items)} conditions", class_="note")
    summary = element("summary", group.name or "more", said)
    return element("div", element("details", summary, element("dl", *rows)), class_="conditions-group folded")
