"""What charts and tables of a page are written with: HTML elements that cannot be broken by what they show, numbers for
people, and axes with round ends.

`element("p", name, class_="note")` gives a `Markup`: every other text is escaped on its way into an element. There are
no style attributes: the page's policy would not let them work.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from archspec.reporters._table import fixed

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


@dataclass(frozen=True, slots=True)
class Axis:
    """From `low` to `high`, with `ticks` between them."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def at(self, value: float) -> float:
        """0 at `low`, 100 at `high`."""
        return 100 * (value - self.low) / (self.high - self.low)

    def label(self, tick: float) -> str:
        """A tick's number, with as many decimals as its neighbours need."""
        step = self.ticks[1] - self.ticks[0] if len(self.ticks) > 1 else abs(tick) or 1.0
        digits = next((some for some in range(12) if abs(round(step, some) - step) < 1e-9 * step), 12)
        return fixed(tick, digits)


def axis_of(values: Sequence[float], *, from_zero: bool = False, wanted: int = 5) -> Axis:
    """An axis that holds all values, its ends on round numbers; a tenth of air around a single one."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    if from_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if not high > low:
        air = abs(low) / 10 or 1.0
        low, high = (low - air, high + air) if not from_zero else (min(low, 0.0), max(high, air))
    step = _round_step((high - low) / wanted)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(round(number * step, 12) for number in range(first, last + 1))
    return Axis(ticks[0], ticks[-1], ticks)


def _round_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * (1 - 1e-9))


def number(value: float | None, digits: int | None = None) -> str:
    """For people: `1,234`, `0.0123`; four digits that matter where `digits` does not say."""
    if value is None or not math.isfinite(value):
        return "–"
    return _four_digits(value) if digits is None else fixed(value, digits)


def _four_digits(value: float) -> str:
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    if not 1e-5 <= abs(value) < 1e15:
        return f"{value:.3e}"
    text = f"{value:,.{max(0, 3 - math.floor(math.log10(abs(value))))}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
