"""Pages as text: the same bytes twice, small, and everything that is shown is escaped."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archspec.reporters.page import SECTIONS, page_html
from tests.report.pages import every_section, search_page
from tests.report.section_examples import EXAMPLES


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.scripts = 0
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        self.handlers += [name for name, _ in attrs if name.startswith("on")]


@pytest.mark.parametrize("kind", SECTIONS)
def test_every_kind_has_examples_and_says_what_it_is(kind: str) -> None:
    assert SECTIONS[kind].__doc__
    assert EXAMPLES[kind]


def test_the_same_bytes_twice() -> None:
    assert page_html(every_section()) == page_html(every_section())


def test_five_hundred_points_are_small() -> None:
    assert len(page_html(search_page(500)).encode()) < 5_000_000


def test_it_names_no_other_place() -> None:
    text = page_html(every_section())
    assert "default-src &#x27;none&#x27;" in text
    assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in text


@settings(deadline=None, max_examples=30)
@given(st.text(min_size=1, max_size=60))
def test_no_word_becomes_markup(word: str) -> None:
    plain, hostile = _Tags(), _Tags()
    plain.feed(page_html(search_page(5)))
    hostile.feed(page_html(search_page(5, word)))
    assert hostile.scripts == plain.scripts
    assert hostile.handlers == []
