"""What the commands about data sets print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from archspec.reporters import Cell, Column, Table

if TYPE_CHECKING:
    from archspec.datasets import Checked, Dataset

_MOST_SIZES = 3


def kinds_table() -> Table:
    """Every kind, how to refer to one, how many classes it has, and what it is."""
    from archspec import datasets
    from archspec.catalog import Catalog

    catalog, folder = Catalog(), Path(datasets.__file__).parent
    rows: list[tuple[Cell, ...]] = []
    for name in datasets.names():
        kind = datasets.dataset_class(name)
        classes = getattr(kind, "classes", None)  # those of a folder of one's own are in the folder
        reference = f"{name}:DIR" if kind.needs_folder else name
        rows.append((name, reference, len(classes) if classes else None, catalog.summary(folder / f"{name}.py")))
    columns = (
        Column("name", "name"),
        Column("reference", "write"),
        Column("classes", "classes", kind="integer"),
        Column("summary", "what it is", wraps=True),
    )
    return Table("", columns, tuple(rows))


def checked_table(dataset: Dataset, reference: str, checked: Sequence[Checked]) -> Table:
    """Each class of each split: its pixels, its share of the labelled ones, and how many images show it.

    Notes say what looks wrong about the labels.
    """
    from archspec.datasets import cautions

    columns = (
        Column("split", "split"),
        Column("label", "label", kind="integer"),
        Column("class", "class"),
        Column("pixels", "pixels", kind="integer"),
        Column("percent", "of labelled", "%", kind="number", digits=2),
        Column("images", "images", kind="integer"),
    )
    rows: list[tuple[Cell, ...]] = []
    for one in checked:
        known = sum(one.pixels)
        for label, name in enumerate(dataset.classes.names if one.labelled else ()):
            pixels = one.pixels[label]
            rows.append((one.split, label, name, pixels, 100 * pixels / known if known else None, one.images[label]))
    labelled = {one.split: one.label_counts for one in checked if one.pixels and one.labelled}
    looks_wrong = tuple(f"caution: {line}" for line in cautions(dataset, labelled))
    return Table(f"{reference}", columns, tuple(rows), (*(_note(dataset, one) for one in checked), *looks_wrong))


def _note(dataset: Dataset, one: Checked) -> str:
    """`train: 367 images, 480 × 360; 3.95 % of the pixels ignored; fingerprint …`."""
    sizes = [f"{width} × {height}" for height, width in one.sizes[:_MOST_SIZES]]
    more = f" and {len(one.sizes) - _MOST_SIZES} other sizes" if len(one.sizes) > _MOST_SIZES else ""
    parts = [f"{one.split}: {one.examples} images, {', '.join(sizes)}{more}"]
    pixels = sum(one.pixels) + one.ignored
    if not one.labelled:
        parts.append("labels not public")
    elif pixels:
        parts.append(f"{100 * one.ignored / pixels:.2f} % of the pixels ignored")
    if one.faults:
        parts.append(f"{len(one.faults)} fault{'s' if len(one.faults) > 1 else ''}")
    else:
        parts.append(f"fingerprint {dataset.fingerprint(one.split)}")
    return "; ".join(parts)


def packed_table(reference: str, folder: Path, written: Mapping[str, Sequence[Path]]) -> Table:
    """The files that were written."""
    columns = (Column("split", "split"), Column("file", "file"), Column("bytes", "bytes", kind="integer"))
    rows = tuple((split, str(file), file.stat().st_size) for split, files in written.items() for file in files)
    return Table(reference, columns, rows, (f"read them as tfrecord:{folder}",))
