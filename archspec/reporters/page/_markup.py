"""HTML that cannot be broken by what it shows: every text is escaped on its way into an element.

`element("p", name, class_="note")` gives a `Markup`; only a `Markup` goes in as it is. There are no style attributes:
the page's policy would not let them work.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from html import escape

_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"
)
_EMPTY = {"br", "hr", "img", "input", "link", "meta", "col"}
_IN_JSON = {ord(letter): f"\\u{ord(letter):04x}" for letter in "<>&'\u2028\u2029"}

Attribute = str | int | float | bool | None


class Markup(str):
    """HTML already."""

    __slots__ = ()


Child = str | int | None


def visible(text: str) -> str:
    """Text that can be written and does not lie: lone surrogates, control characters and changes of direction are
    spelled out; line ends and tabs stay."""
    whole = text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\r\n", "\n")
    return _UNSAFE.sub(lambda match: match.group().encode("unicode_escape").decode(), whole)


def escaped(child: Child) -> Markup:
    """A child as HTML; nothing for None."""
    if child is None:
        return Markup("")
    return child if isinstance(child, Markup) else Markup(escape(visible(str(child)), quote=True))


def joined(children: Iterable[Child]) -> Markup:
    """One after the other."""
    return Markup("".join(map(escaped, children)))


def element(name: str, /, *children: Child, **attributes: Attribute) -> Markup:
    """`<name …>children</name>`. `class_` is `class`, `aria_label` is `aria-label`; True is an attribute without a
    value, None and False none."""
    words = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _EMPTY:
        return Markup(f"<{name}{words}>")
    return Markup(f"<{name}{words}>{joined(children)}</{name}>")


def script_data(value: object, identifier: str) -> Markup:
    """Plain values for a script: JSON in which no letter can end the element."""
    text = json.dumps(_clean(value), ensure_ascii=True, allow_nan=False, separators=(",", ":")).translate(_IN_JSON)
    return element("script", Markup(text), type="application/json", id=identifier)


def _attribute(key: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escaped(_short(value))}"'


def _short(value: str | float) -> str:
    """Coordinates need no more than a thousandth."""
    return f"{value:.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _clean(value: object) -> object:
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, dict):
        return {visible(str(key)): _clean(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(one) for one in value]
    return value
