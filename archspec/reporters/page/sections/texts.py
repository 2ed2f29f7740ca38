"""Texts to take away, such as specs and commands, each with a button that copies it."""

from __future__ import annotations

from dataclasses import dataclass

from archspec.reporters.page._markup import Markup, element


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


EXAMPLES = (
    Texts((Text("shufflenetv2_dpc", "name: shufflenetv2_dpc\nclasses: 19\n", "0.65 GFLOPs", "spec-a"),)),
    Texts((Text("a", "x: 1\n"), Text("b", "x: 2\n")), folded=True),
)


def render(data: Texts, anchor: str) -> Markup:
    """Each in a frame with its button."""
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
