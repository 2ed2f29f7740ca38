"""A page: sections of plain values in, one self-contained HTML file out, the same byte for byte for the same values.

A kind of section is a frozen dataclass of what it shows and a function `<kind>_section(data, anchor) -> Markup`, listed
in `_page.SECTIONS`. The page asks no network for anything, and its policy forbids it to.
"""

from archspec.reporters.page._bars import Bar, Bars, Distributions, Samples
from archspec.reporters.page._diagram import Block, Diagram, diagram_html
from archspec.reporters.page._figures import drawable, figure_files
from archspec.reporters.page._markup import number
from archspec.reporters.page._page import SECTIONS, Page, Section, page_html
from archspec.reporters.page._plots import Curve, Curves, Objective, Point, Scatter
from archspec.reporters.page._tables import File, HeatMap, Line, Lines
from archspec.reporters.page._texts import Conditions, Fact, Facts, Group, Picture, Pictures, Row, Text, Texts

__all__ = [
    "SECTIONS", "Bar", "Bars", "Block", "Conditions", "Curve", "Curves", "Diagram", "Distributions", "Fact", "Facts",
    "File", "Group", "HeatMap", "Line", "Lines", "Objective", "Page", "Picture", "Pictures", "Point", "Row", "Samples",
    "Scatter", "Section", "Text", "Texts", "diagram_html", "drawable", "figure_files", "number", "page_html",
]  # fmt: skip
