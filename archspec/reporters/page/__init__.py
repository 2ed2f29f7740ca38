"""A page: sections of plain values in, one self-contained HTML file out, the same byte for byte for the same values.

A kind of section is a file in `sections/` with a frozen dataclass of what it shows, `render(data, anchor) -> Markup`
and `EXAMPLES`; the folder is the registry. The page asks no network for anything, and its policy forbids it to.
"""

from archspec.reporters.page._axis import number
from archspec.reporters.page._page import Page, Section, page_html, section_kinds

__all__ = ["Page", "Section", "number", "page_html", "section_kinds"]
