"""The frame around the sections: head with its policy, title, contents, foot."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from archspec.reporters.page._bars import bars_section, distributions_section
from archspec.reporters.page._diagram import diagram_section
from archspec.reporters.page._markup import Markup, element
from archspec.reporters.page._plots import curves_section, scatter_section
from archspec.reporters.page._tables import heat_map_section, lines_section, table_section
from archspec.reporters.page._texts import conditions_section, facts_section, pictures_section, texts_section

_HERE = Path(__file__).parent
SECTIONS: dict[str, Callable[[Any, str], Markup]] = {
    "bars": bars_section,
    "conditions": conditions_section,
    "curves": curves_section,
    "diagram": diagram_section,
    "distributions": distributions_section,
    "facts": facts_section,
    "heat_map": heat_map_section,
    "lines": lines_section,
    "pictures": pictures_section,
    "scatter": scatter_section,
    "table": table_section,
    "texts": texts_section,
}
"""What draws each kind of section."""


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a page: `data` is what the function of its `kind` takes. `lead` says in a sentence or two
    what is seen; `notes` are conditions, one a line."""

    kind: str
    title: str
    data: Any
    lead: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A title, what kind of thing it is about, a line about it, and its sections."""

    title: str
    about: str
    lead: str
    sections: tuple[Section, ...]

    @property
    def anchors(self) -> tuple[str, ...]:
        """A name for each section in the page's address: its title's letters, numbered where two are alike."""
        found: list[str] = []
        for one in self.sections:
            word = re.sub("[^a-z0-9]+", "-", one.title.lower()).strip("-")[:60] or "section"
            name, number = f"s-{word}", 2
            while name in found:
                name, number = f"s-{word}-{number}", number + 1
            found.append(name)
        return tuple(found)


def page_html(page: Page) -> str:
    """The page as text that ends in a newline. Raises `ValueError` for a kind of section that does not exist."""
    style, script = _asset("page.css"), _asset("page.js")
    anchors = page.anchors
    body = element(
        "body",
        element("a", "Skip to the content", class_="skip", href="#content"),
        element("header", element("p", page.about, class_="about"), element("h1", page.title), _lead(page.lead)),
        element("div", _contents(page, anchors), element(
            "main", *(_section(one, anchor) for one, anchor in zip(page.sections, anchors, strict=True)),
            id="content", tabindex=-1,
        ), class_="frame"),
        element("footer", element("p", "Made by archspec report. This page holds all of its data and asks no network "
                                       "for anything.")),
        element("div", id="tip", class_="tip", hidden=True),
        element("p", id="said", class_="unseen", role="status"),
        element("script", Markup(script)),
    )  # fmt: skip
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_policy(style, script)),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", f"{page.title} – {page.about}"),
        element("style", Markup(style)),
    )
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


def _policy(style: str, script: str) -> str:
    """Nothing from anywhere, no style or script but the two of the page, not even one that got in by a hole."""
    return (
        f"default-src 'none'; img-src data:; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _asset(name: str) -> str:
    return (_HERE / name).read_text("utf-8")


def _lead(text: str) -> Markup:
    return element("p", text, class_="lead") if text else Markup("")


def _contents(page: Page, anchors: tuple[str, ...]) -> Markup:
    links = (
        element("li", element("a", one.title, href=f"#{anchor}"))
        for one, anchor in zip(page.sections, anchors, strict=True)
    )
    return element("nav", element("ul", *links), aria_label="Contents")


def _section(section: Section, anchor: str) -> Markup:
    if section.kind not in SECTIONS:
        raise ValueError(f"no kind of section '{section.kind}'")
    notes = element("ul", *(element("li", note) for note in section.notes), class_="notes") if section.notes else None
    return element(
        "section",
        element("h2", section.title, id=f"{anchor}-title"),
        _lead(section.lead),
        SECTIONS[section.kind](section.data, anchor),
        notes,
        id=anchor,
        class_=f"section kind-{section.kind.replace('_', '-')}",
        aria_labelledby=f"{anchor}-title",
    )
