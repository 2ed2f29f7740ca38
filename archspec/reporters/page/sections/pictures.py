"""Pictures in rows, each with a caption, such as image, truth and prediction; a legend of colours below."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from archspec.reporters.page._markup import Markup, element, joined
from archspec.reporters.page.sections.heat_map import swatch


@dataclass(frozen=True, slots=True)
class Picture:
    """The bytes of a PNG or JPEG file, its height and width in pixels, what stands below it, and what it shows for
    those who cannot see it."""

    content: bytes
    size: tuple[int, int]
    caption: str
    said: str


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


_DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
EXAMPLES = (
    Pictures((Row("0001", (Picture(_DOT, (1, 1), "image", "A street"), Picture(_DOT, (1, 1), "truth", "Its labels"))),),
             (("road", "#804080"),)),
)  # fmt: skip


def render(data: Pictures, anchor: str) -> Markup:  # noqa: ARG001 (every kind is called alike)
    """The rows, then the legend."""
    items = (element("li", swatch(colour), name) for name, colour in data.legend)
    legend = element("ul", *items, class_="legend", aria_label="Colours") if data.legend else None
    return joined((*map(_row, data.rows), legend))


def _row(row: Row) -> Markup:
    figures = (
        element("figure", element("img", src=_address(one.content), alt=one.said, width=one.size[1], height=one.size[0],
                                  decoding="async"), element("figcaption", one.caption))
        for one in row.pictures
    )  # fmt: skip
    return element(
        "div", element("h3", row.name), element("div", *figures, class_="picture-row"), class_="picture-group"
    )


def _address(content: bytes) -> str:
    kind = "jpeg" if content.startswith(b"\xff\xd8") else "png"
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
