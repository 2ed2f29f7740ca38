"""The charts of a page as files for papers."""

from __future__ import annotations

from pathlib import Path

from archspec.errors import user_error
from archspec.record import write_bytes
from archspec.reporters.page import Page, drawable, figure_files


def write_figures(page: Page, folder: Path) -> list[Path]:
    """`<title>.svg` and `.png` of every chart, in the order of the page. Raises `UserError`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise user_error(f"cannot make the folder {folder} ({error.strerror})", "Name another with --figures") from None
    written: list[Path] = []
    for section, anchor in zip(page.sections, page.anchors, strict=True):
        if section.kind in drawable():
            for ending, content in figure_files(section.kind, section.data).items():
                written.append(folder / f"{anchor.removeprefix('s-')}.{ending}")
                write_bytes(written[-1], content)
    return written
