"""`archspec data`: what a data set holds, what is wrong with it, how it looks, and packing it as TFRecords."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from archspec.cli._options import Decorator, format_option, more_kinds_option, output_option, put_table
from archspec.cli._paths import OutputFile, OutputFolder
from archspec.cli._terminal import count_bar, safe

if TYPE_CHECKING:
    from archspec.datasets import Dataset

reference_argument: Decorator = click.argument("reference", metavar="NAME[:DIR]")
splits_option: Decorator = click.option(
    "--split", "splits", multiple=True, metavar="SPLIT", help="Use this split only, instead of all. Repeatable."
)


@click.group()
def data() -> None:
    """Check a data set, look at it or pack it. `archspec data list` lists the kinds of data set."""


@data.command(name="list")
@more_kinds_option
@format_option
@output_option
def list_command(reporter: str, output: Path | None) -> None:
    """List every kind of data set, and how to name one on the command line."""
    from archspec.datasets import kinds_table

    put_table(kinds_table(), reporter, output)


@data.command()
@reference_argument
@splits_option
@more_kinds_option
@format_option
@output_option
def check(reference: str, splits: tuple[str, ...], reporter: str, output: Path | None) -> None:
    """Read every image and label of a data set: camvid:DIR, folder:DIR, synthetic_streets.

    The pixels of each class are counted. Missing pairs, files cut short, sizes that differ and unknown label values are
    all listed, each with its file; where there is one, the command exits with 2.
    """
    from archspec.datasets import check, checked_table, open_dataset
    from archspec.errors import UserError

    dataset = open_dataset(reference)
    checked = []
    for split in _splits(dataset, splits):
        with count_bar(f"{reference} {split}") as progress:
            checked.append(check(dataset, split, progress))
    put_table(checked_table(dataset, reference, checked), reporter, output)
    faults = [fault for one in checked for fault in one.faults]
    if faults:
        raise UserError(faults)


@data.command()
@reference_argument
@click.option("--split", metavar="SPLIT", help="Split to show. Without it, the first one.")
@click.option("--count", type=click.IntRange(1, 200), default=8, show_default=True,
              help="How many images the sheet shows.")  # fmt: skip
@click.option("--columns", type=click.IntRange(1, 8), default=2, show_default=True,
              help="How many images stand beside each other.")  # fmt: skip
@more_kinds_option
@click.option("--output", metavar="FILE.png", required=True, type=OutputFile(),
              help="File that the sheet is written to.")  # fmt: skip
def show(reference: str, split: str | None, count: int, columns: int, output: Path) -> None:
    """Write a contact sheet: images with their labels laid over them, and the colour of each class."""
    from io import BytesIO

    from archspec.datasets import contact_sheet, open_dataset
    from archspec.record import write_bytes

    dataset = open_dataset(reference)
    chosen = split or _splits(dataset, ())[0]
    sheet, stream = contact_sheet(dataset, chosen, count, columns), BytesIO()
    sheet.save(stream, "PNG")
    write_bytes(output, stream.getvalue())
    print(safe(f"{output}: {sheet.width} × {sheet.height} pixels, {chosen} of {reference}"))


@data.command()
@reference_argument
@splits_option
@click.option("--output", "folder", metavar="DIR", required=True, type=OutputFolder(),
              help="Folder that the files are written to; `tfrecord:DIR` reads them.")  # fmt: skip
@click.option("--shards", type=click.IntRange(1, 99999), default=10, show_default=True,
              help="How many files a split is written to.")  # fmt: skip
@more_kinds_option
@format_option
def pack(reference: str, splits: tuple[str, ...], folder: Path, shards: int, reporter: str) -> None:
    """Write a data set as TFRecord files in DeepLab's layout, with a list of its classes."""
    from archspec.datasets import open_dataset, pack, packed_table

    dataset = open_dataset(reference)
    written = {}
    for split in _splits(dataset, splits):
        with count_bar(f"{reference} {split}") as progress:
            written[split] = pack(dataset, split, folder, shards, progress)
    put_table(packed_table(reference, folder, written), reporter, None)


def _splits(dataset: Dataset, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """The splits that are wanted. Raises `UserError` where there is none at all, or not one of them."""
    from archspec.errors import user_error

    for split in wanted:
        dataset.require(split)
    found = wanted or dataset.splits
    if not found:
        layout = " ".join((type(dataset).__doc__ or "").split("\n\n")[0].split())
        raise user_error(f"no split of {dataset.name} here", f"Expected {layout}", place=dataset.place)
    return found
