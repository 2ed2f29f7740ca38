"""Pages in a real browser: they ask nobody, complain of nothing, work by pointer and keyboard, at any width."""

from __future__ import annotations

from pathlib import Path

import pytest

from archspec.reporters.page import Page, page_html
from tests.needs import needed
from tests.report.browser import visiting
from tests.report.pages import HOSTILE, every_section, search_page

PAGES = {"every": every_section, "search": search_page, "hostile": lambda: search_page(word=HOSTILE)}


@pytest.fixture
def written(tmp_path: Path) -> object:
    def write(page: Page) -> Path:
        file = tmp_path / "page.html"
        file.write_text(page_html(page), "utf-8")
        return file

    return write


@pytest.mark.parametrize("name", sorted(PAGES))
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_leaves_the_page_and_nothing_goes_wrong(name: str, width: int, written: object) -> None:
    file = written(PAGES[name]())  # type: ignore[operator]
    with visiting(file, width=width) as visit:
        visit.page.wait_for_load_state("networkidle")
        assert [url for url in visit.asked if not url.startswith("data:")] == [file.as_uri()]
        assert visit.complaints == []
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
        assert visit.page.evaluate("document.scripts.length") == len(visit.page.query_selector_all("script"))


def test_hostile_words_stay_words(written: object) -> None:
    with visiting(written(PAGES["hostile"]())) as visit:  # type: ignore[operator]
        assert visit.page.query_selector_all("img[src=x]") == []
        assert "<script>alert(1)</script>" in visit.page.inner_text("h1")
        assert visit.complaints == []


def test_a_point_tells_its_values_by_pointer_and_by_keyboard(written: object) -> None:
    with visiting(written(search_page())) as visit:  # type: ignore[operator]
        page = visit.page
        page.hover(".point.on-front >> nth=0")
        assert page.is_visible("#tip")
        assert "latency_ms" in page.inner_text("#tip")
        page.mouse.move(0, 0)
        assert not page.is_visible("#tip")
        page.focus(".point[tabindex='0']")
        first = page.inner_text("#tip")
        page.keyboard.press("ArrowRight")
        assert page.inner_text("#tip") != first
        page.keyboard.press("Escape")
        assert not page.is_visible("#tip")


def test_enter_goes_to_the_spec_and_its_button_copies_it(written: object) -> None:
    with visiting(written(search_page())) as visit:  # type: ignore[operator]
        page = visit.page
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.focus(".point[tabindex='0']")
        name = page.inner_text("#tip strong")
        page.keyboard.press("Enter")
        number = name.split()[-1]
        assert page.evaluate(f"document.getElementById('spec-{number}').open")
        page.click(f"button[aria-label='Copy {name}']")
        page.wait_for_function("document.getElementById('said').textContent.includes('copied')")
        assert page.evaluate("navigator.clipboard.readText()") == f"name: n{number}\n# trial\n"


@pytest.mark.parametrize("dark", [False, True])
def test_light_and_dark_differ(dark: bool, written: object) -> None:
    with visiting(written(search_page()), dark=dark) as visit:  # type: ignore[operator]
        colour = visit.page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        body = visit.page.evaluate("getComputedStyle(document.body).backgroundColor")
        seen = colour if colour != "rgba(0, 0, 0, 0)" else body
        brightness = sum(int(part) for part in seen.removeprefix("rgb(").rstrip(")").split(",")[:3])
        assert (brightness < 150) == dark


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("name", ["every", "search"])
def test_axe_finds_nothing_serious(name: str, dark: bool, written: object) -> None:
    script = Path(needed("axe-core")).read_text("utf-8")
    with visiting(written(PAGES[name]()), dark=dark, bypass_policy=True) as visit:  # type: ignore[operator]
        visit.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        visit.page.evaluate(script)
        found = visit.page.evaluate("axe.run()")
        serious = [
            (one["id"], [node["target"] for node in one["nodes"]][:3])
            for one in found["violations"]
            if one["impact"] in ("serious", "critical")
        ]
        assert serious == []
        assert found["passes"]
