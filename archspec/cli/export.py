"""`archspec export`: a folder to hand over to whoever ships the network."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archspec.cli._ledger_filters import shared_ledger
from archspec.cli._options import PAPER, catalog, plugins_option, procedure_option, set_option
from archspec.cli._paths import InputPath, OutputFolder
from archspec.cli._terminal import safe
from archspec.cli.build import PRECISIONS

if TYPE_CHECKING:
    from archspec.export import Precision


@click.command()
@click.argument("what", metavar="RUN|SPEC")
@click.option("--output", "folder", required=True, type=OutputFolder(), metavar="FOLDER",
              help="Is made whole, or not at all.")  # fmt: skip
@click.option("--precision", type=click.Choice(PRECISIONS), default="float32", show_default=True, help="Of the file.")
@click.option("--representative", type=InputPath(), metavar="FOLDER",
              help="Images for int8 ranges; else generated ones, which is said.")  # fmt: skip
@procedure_option(
    f"How latency is measured on this machine, for the card; none: not at all; {PAPER}", "none", none=True
)
@click.option("--keras/--no-keras", default=True, show_default=True, help="Without: no proof of equality.")
@click.option("--force", is_flag=True, help="Replace what is there.")
@set_option
@plugins_option
def export(
    what: str,
    folder: Path,
    precision: Precision,
    representative: Path | None,
    procedure: str,
    keras: bool,
    force: bool,
    overrides: tuple[str, ...],
    plugins: tuple[Path, ...],
) -> None:
    """Write FOLDER with model.tflite (labels and spec in its metadata), spec.yaml, record.json, labels.txt and
    MODEL_CARD.md, of the folder of a training RUN or of a SPEC."""
    from archspec.cli._progress import spinner
    from archspec.measures import BuildOptions
    from archspec.report.handing_over import hand_over, source_of

    if representative and precision != "int8":
        raise click.UsageError(f"--representative sets ranges of int8, not of {precision}. Leave it out")
    known = catalog(plugins)
    source = source_of(what, overrides, known)
    options = BuildOptions(precision=precision, representative=representative, labels=source.classes, latency=procedure)
    with shared_ledger("") if procedure != "none" else nullcontext() as ledger, spinner("exporting"):
        build = hand_over(source, folder, known, options, prove=keras, force=force, ledger=ledger)
    click.echo(
        safe(
            f"{folder}: {build.exported.precision}, {build.exported.size_bytes / 1e6:.3f} MB, "
            f"{build.network.describe_weights(options.seed)}"
        )
    )
