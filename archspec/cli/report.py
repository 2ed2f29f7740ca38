"""`archspec report`: one HTML page of a run, a build, scores, an ablation or a search, that needs no network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from archspec.cli._options import catalog, plugins_option, put
from archspec.cli._paths import InputPath, OutputFile, OutputFolder
from archspec.cli._terminal import safe

if TYPE_CHECKING:
    from archspec.reporters.page import Section


@click.command()
@click.argument("what", nargs=-1, required=True, metavar="WHAT...", type=InputPath())
@click.option("--output", metavar="FILE.html", type=OutputFile(), default=Path("report.html"), show_default=True,
              help="File that the page is written to.")  # fmt: skip
@click.option("--figures", metavar="FOLDER", type=OutputFolder(),
              help="Also write every chart to this folder, as <name>.svg and <name>.png, for papers.")  # fmt: skip
@click.option("--title", default="", help="Title of the page. Without it, the name of what is shown.")
@click.option("--data", metavar="NAME[:DIR]",
              help="Also show images of this data set with labels and predictions, and what a training "
                   "run looks at in them.")  # fmt: skip
@click.option("--split", default="val", show_default=True, help="Split of the data set.")
@click.option("--images", type=click.IntRange(1, 32), default=4, show_default=True,
              help="How many images of the split, evenly spread over it.")  # fmt: skip
@click.option("--method", default="gradcam", show_default=True,
              help="How the maps of what a run looks at are made; see archspec explain.")  # fmt: skip
@plugins_option
def report(
    what: tuple[Path, ...],
    output: Path,
    figures: Path | None,
    title: str,
    data: str | None,
    split: str,
    images: int,
    method: str,
    plugins: tuple[Path, ...],
) -> None:
    """Write an HTML page about WHAT: folders that archspec train, build, evaluate, ablate or search made, files of
    records, and JSON that archspec profile and ablate wrote.

    Several are set side by side. The page needs no network connection, and the same files give the same bytes.
    """
    from archspec.record import check_file
    from archspec.report import open_subjects, page_of, write_figures
    from archspec.reporters.page import page_html

    check_file(output)
    subjects = open_subjects(what, plugins)
    pictures: list[Section] = []
    runs = [one for one in subjects if one.kind == "training run"]
    if data is not None:
        if not runs:
            raise click.UsageError(
                "--data shows the predictions of a training run, and WHAT names none. Name one, or leave out --data"
            )
        from archspec.report.image_sections import image_sections

        for run in runs:
            pictures += image_sections(run, data, split=split, images=images, method=method, catalog=catalog(plugins))
    page = page_of(subjects, title, pictures)
    text = page_html(page)
    put(text, output)
    if figures is not None:
        click.echo(safe(f"{figures}: {len(write_figures(page, figures))} figures"))
    click.echo(safe(f"{output}: {len(page.sections)} sections, {len(text.encode()) / 1e6:.2f} MB"))
