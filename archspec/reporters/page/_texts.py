"""Sections of words and pictures: facts, conditions, texts to copy, pictures in rows."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from archspec.reporters.page._markup import Markup, element, joined
from archspec.reporters.page._tables import swatch


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


def facts_section(data: Facts, anchor: str) -> Markup:  # noqa: ARG001
    """A few numbers that matter most, large, each with its unit and a short note."""
    return element("dl", *map(_fact, data.facts), class_="facts")


def _fact(fact: Fact) -> Markup:
    unit = element("span", f" {fact.unit}", class_="unit") if fact.unit else None
    note = element("dd", fact.note, class_="note") if fact.note else None
    return element("div", element("dt", fact.name), element("dd", fact.value, unit, class_="value"), note)


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


def conditions_section(data: Conditions, anchor: str) -> Markup:  # noqa: ARG001
    """What the numbers hold under: names and values, nothing left out, long lists folded behind the first."""
    shown = [index < OPEN or len(group.items) <= FEW for index, group in enumerate(data.groups)]
    return joined(_group(group, one) for group, one in zip(data.groups, shown, strict=True))


def _group(group: Group, shown: bool) -> Markup:
    rows = (element("div", element("dt", name), element("dd", value)) for name, value in group.items)
    if shown:
        head = element("h3", group.name) if group.name else None
        return element("div", head, element("dl", *rows), class_="conditions-group")
    description = element("span", f"{len(group.items)} conditions", class_="note")
    summary = element("summary", group.name or "more", description)
    return element("div", element("details", summary, element("dl", *rows)), class_="conditions-group folded")


@dataclass(frozen=True, slots=True)
class Text:
    """A name, the text, and a word about it. `anchor` is what links on the page lead to, if any do."""

    name: str
    text: str
    note: str = ""
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Texts:
    """Several, folded away where `folded` says so."""

    texts: tuple[Text, ...]
    folded: bool = False


def texts_section(data: Texts, anchor: str) -> Markup:
    """Texts to take away, such as specs and commands, each with a button that copies it."""
    return element(
        "div", *(_text(one, f"{anchor}-{number}", data.folded) for number, one in enumerate(data.texts)), class_="texts"
    )


def _text(one: Text, identifier: str, folded: bool) -> Markup:
    note = element("span", one.note, class_="note") if one.note else None
    copy = element("button", "Copy", type="button", data_copy=identifier, aria_label=f"Copy {one.name}")
    code = element("pre", element("code", one.text.rstrip("\n") + "\n", id=identifier), tabindex=0, role="region",
                   aria_label=one.name)  # fmt: skip
    head = (element("span", one.name, class_="name"), note)
    if folded:
        details = element("details", element("summary", *head), code, id=one.anchor or None)
        return element("div", details, copy, class_="text folded")
    return element("div", element("div", *head, copy, class_="text-head"), code, class_="text", id=one.anchor or None)


@dataclass(frozen=True, slots=True)
class Picture:
    """The bytes of a PNG or JPEG file, its height and width in pixels, what stands below it, and what it shows for
    those who cannot see it."""

    content: bytes
    size: tuple[int, int]
    caption: str
    alternative: str


@dataclass(frozen=True, slots=True)
class Row:
    """Pictures that belong together."""

    name: str
    pictures: tuple[Picture, ...]


@dataclass(frozen=True, slots=True)
class Pictures:
    """Rows, and the names of colours (such as `#804080`) in them."""

    rows: tuple[Row, ...]
    legend: tuple[tuple[str, str], ...] = ()


def pictures_section(data: Pictures, anchor: str) -> Markup:  # noqa: ARG001
    """Pictures in rows, each with a caption, such as image, truth and prediction; a legend of colours below."""
    items = (element("li", swatch(colour), name) for name, colour in data.legend)
    legend = element("ul", *items, class_="legend", aria_label="Colours") if data.legend else None
    return joined((*map(_row, data.rows), legend))


def _row(row: Row) -> Markup:
    figures = (
        element("figure", element("img", src=_address(one.content), alt=one.alternative, width=one.size[1],
                                  height=one.size[0], decoding="async"), element("figcaption", one.caption))
        for one in row.pictures
    )  # fmt: skip
    return element(
        "div", element("h3", row.name), element("div", *figures, class_="picture-row"), class_="picture-group"
    )


def _address(content: bytes) -> str:
    kind = "jpeg" if content.startswith(b"\xff\xd8") else "png"
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
