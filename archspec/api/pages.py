"""`report`: results and what commands left in folders, as one HTML page."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archspec.api.networks import Plugins
from archspec.catalog import Catalog
from archspec.errors import Place, user_error
from archspec.record import check_file, write_text
from archspec.report import open_subjects, page_of, write_figures
from archspec.reporters import Tabular, render
from archspec.reporters.page import Section, page_html

Reported = str | os.PathLike[str] | Tabular


@dataclass(frozen=True)
class ReportResult:
    """A page that was written, how many sections it has, and the files of its charts. In a notebook it is a link."""

    path: Path
    sections: int
    bytes: int
    figures: tuple[Path, ...] = ()

    def __str__(self) -> str:
        return f"{self.path}: {self.sections} sections, {self.bytes / 1e6:.2f} MB"

    def _repr_html_(self) -> str:
        from html import escape

        return f'<a href="{escape(self.path.as_posix(), quote=True)}" target="_blank">{escape(str(self))}</a>'


def report(
    what: Reported | Sequence[Reported],
    path: str | os.PathLike[str] = "report.html",
    *,
    title: str = "",
    figures: str | os.PathLike[str] | None = None,
    data: str | None = None,
    split: str = "val",
    images: int = 4,
    method: str = "gradcam",
    plugins: Plugins = (),
) -> ReportResult:
    """Write one HTML page that needs no network connection: runs, searches, ablations, scores, side by side.

    Args:
        what: results of this package, folders that its functions and commands left, files of records; one or several.
        path: the page.
        title: else the names of what is shown.
        figures: a folder for each chart as `.svg` and `.png`, for papers.
        data: of training runs, `"NAME:FOLDER"`: show image, truth, prediction, and what speaks for a class. TensorFlow.
        split, images, method: of that data, how many images, and how maps are made (as of `archspec explain`).
        plugins: folders of your own blocks and data sets.

    Returns:
        Where the page is; a link in a notebook.

    Raises:
        UserError: for something that cannot be read, or a page that cannot be written.

    Example:
        >>> import archspec
        >>> table = archspec.load("shufflenetv2_basic").cost.by("section")
        >>> print(archspec.report(table, "page.html", title="Where the parameters are"))
        page.html: ... sections, 0.0... MB
    """
    several = [what] if isinstance(what, str | os.PathLike | Tabular) else list(what)
    if not several:
        raise user_error("nothing to report", "Name a result, or the folder of one")
    check_file(path)
    folders = tuple(map(Path, plugins))
    with tempfile.TemporaryDirectory() as place:
        found = [_path_of(one, Path(place), number) for number, one in enumerate(several)]
        subjects = open_subjects(found, folders)
        pictures: list[Section] = []
        if data is not None:
            runs = [one for one in subjects if one.kind == "training run"]
            if not runs:
                fact = "--data shows what a training run makes of images, and none is named"
                raise user_error(fact, place=Place("archspec"))
            from archspec.report.image_sections import image_sections

            asked: dict[str, Any] = {"split": split, "images": images, "method": method, "catalog": Catalog(folders)}
            pictures = [section for run in runs for section in image_sections(run, data, **asked)]
        page = page_of(subjects, title, pictures)
    text = page_html(page)
    write_text(Path(path), text)
    files = () if figures is None else tuple(write_figures(page, Path(figures)))
    return ReportResult(Path(path), len(page.sections), len(text.encode()), files)


def _path_of(one: Reported, place: Path, number: int) -> Path:
    """Where it lies: the folder of a result that has one; any other result as a file of its table."""
    if not isinstance(one, Tabular):
        return Path(one)
    folder = getattr(one, "folder", None)
    if isinstance(folder, Path):
        return folder
    file = place / f"{number}.json"
    write_text(file, render(one.to_table(), "json"))
    return file
