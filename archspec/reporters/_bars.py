"""A bar chart as inline SVG: no library, no script, readable in any browser and in a README."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, NAME_WIDTH, VALUE_WIDTH, ROW, BAR, TOP = 960, 380, 230, 22, 14, 56
CHARACTER = 6.6  # px, of the monospaced 11 px names
SHOWN = 60
FILL, REST_FILL, TEXT, FAINT = "#2a6f97", "#9aa5ad", "#1d2730", "#5b6770"


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its name, its length, and what is written behind it."""

    name: str
    value: float
    said: str


def bar_chart(title: str, bars: Sequence[Bar], notes: Sequence[str] = ()) -> str:
    """Horizontal bars in the order given, the longest as wide as there is room; at most `SHOWN`, the rest in one.

    The text ends in a newline and is the same for the same bars.
    """
    shown = _shown(bars)
    longest = max((bar.value for bar in shown), default=0.0) or 1.0
    height = TOP + ROW * len(shown) + 18 * len(notes) + 20
    lines = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
            f'role="img" font-family="ui-monospace, Menlo, Consolas, monospace" font-size="11">'
        ),
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="16" y="30" font-size="16" fill="{TEXT}">{escape(title)}</text>',
    ]
    for number, bar in enumerate(shown):
        lines += _bar(bar, TOP + ROW * number, longest, REST_FILL if number >= SHOWN else FILL)
    foot = TOP + ROW * len(shown) + 18
    lines += [
        f'<text x="16" y="{foot + 18 * number}" fill="{FAINT}">{escape(note)}</text>'
        for number, note in enumerate(notes)
    ]
    return "\n".join((*lines, "</svg>")) + "\n"


def _shown(bars: Sequence[Bar]) -> list[Bar]:
    if len(bars) <= SHOWN + 1:
        return list(bars)
    longest = sorted(range(len(bars)), key=lambda index: -bars[index].value)[:SHOWN]
    rest = [bar.value for index, bar in enumerate(bars) if index not in set(longest)]
    return [*(bars[index] for index in sorted(longest)), Bar(f"{len(rest)} more", sum(rest), f"{sum(rest):.3f}")]


def _bar(bar: Bar, top: int, longest: float, fill: str) -> list[str]:
    start = 16 + NAME_WIDTH
    length = (WIDTH - start - VALUE_WIDTH) * max(bar.value, 0.0) / longest
    base = top + BAR - 3
    return [
        f'<text x="{start - 8}" y="{base}" text-anchor="end" fill="{TEXT}">{escape(_shortened(bar.name))}</text>',
        f'<rect x="{start}" y="{top}" width="{length:.1f}" height="{BAR}" fill="{fill}"/>',
        f'<text x="{start + length + 6:.1f}" y="{base}" fill="{FAINT}">{escape(bar.said)}</text>',
    ]


def _shortened(name: str) -> str:
    room = int((NAME_WIDTH - 8) / CHARACTER)
    return name if len(name) <= room else f"{name[: room // 2 - 1]}…{name[-(room - room // 2) :]}"
