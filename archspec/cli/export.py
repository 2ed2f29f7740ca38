"""`archspec export`: a folder to hand over to whoever ships the network."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archspec.cli._options import (
    catalog,
    check_representative,
    plugins_option,
    precision_option,
    procedure_option,
    representative_option,
    set_option,
)
from archspec.cli._paths import OutputFolder
from archspec.cli._terminal import safe, say, spinner

if TYPE_CHECKING:
    from archspec.export import Precision


@click.command()
@click.argument("what", metavar="RUN|SPEC")
@click.option("--output", "folder", required=True, type=OutputFolder(), metavar="FOLDER",
              help="Folder to write. It is written completely or not at all.")  # fmt: skip
@precision_option("Numeric precision of the .tflite.")
@representative_option
@procedure_option("none", "How latency is measured on this machine, for the model card.", none=True)
@click.option("--keras/--no-keras", default=True, show_default=True,
              help="Compare the .tflite with the Keras model. --no-keras needs no TensorFlow.")  # fmt: skip
@click.option("--force", is_flag=True, help="Replace FOLDER where it exists already.")
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
    """Write a folder to hand over, from the folder of a training RUN or from a SPEC.

    It holds model.tflite (with labels and spec in its metadata), spec.yaml, record.json, labels.txt and MODEL_CARD.md.
    """
    from archspec.ledger import shared_ledger
    from archspec.measures import BuildOptions
    from archspec.report.handover import hand_over, source_of

    check_representative(representative, precision)
    known = catalog(plugins)
    source = source_of(what, overrides, known)
    options = BuildOptions(precision=precision, representative=representative, labels=source.classes, latency=procedure)
    with shared_ledger("", message=say) if procedure != "none" else nullcontext() as ledger, spinner("exporting"):
        build = hand_over(source, folder, known, options, prove=keras, force=force, ledger=ledger)
    click.echo(
        safe(
            f"{folder}: {build.exported.precision}, {build.exported.size_bytes / 1e6:.3f} MB, "
            f"{build.network.describe_weights(options.seed)}"
        )
    )
