"""`archspec report`: one HTML page of a run, a build, scores, an ablation or a search, that needs no network."""

from __future__ import annotations

from pathlib import Path

import click

from archspec.cli._options import plugins_option
from archspec.cli._paths import InputPath, OutputFile, OutputFolder
from archspec.cli._terminal import safe


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
    from archspec.api.pages import report as write_page

    found = write_page(
        what, output, title=title, figures=figures, data=data, split=split, images=images, method=method,
        plugins=plugins,
    )  # fmt: skip
    if figures is not None:
        click.echo(safe(f"{figures}: {len(found.figures)} figures"))
    click.echo(safe(str(found)))
