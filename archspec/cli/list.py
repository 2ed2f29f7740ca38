"""`archspec list`: what can be named in a spec or on the command line, and where it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archspec.catalog import PART_KINDS
from archspec.cli._options import catalog, format_option, output_option, plugins_option, put_table, relative

if TYPE_CHECKING:
    from archspec.catalog import Catalog

KINDS = (
    "specs", "spaces", "backbones", "necks", "heads", "decoders", "blocks", "generators", "devices", "datasets",
    "formats", "recipes", "losses", "schedules", "measures", "metrics", "searches", "samplers", "engines", "ablations",
)  # fmt: skip
REGISTRIES = {"formats": ("reporters",), "devices": ("devices", "device_files")}  # where not one of the kind's name
Row = tuple[str, str, int | None, float | None, str, str, str, str]


@click.command(name="list")
@click.argument("kinds", nargs=-1, metavar="[KIND]...", type=click.Choice(KINDS))
@plugins_option
@format_option
@output_option
def list(kinds: tuple[str, ...], plugins: tuple[Path, ...], reporter: str, output: Path | None) -> None:  # noqa: A001
    """List specs (with cost), parts, blocks, and everything else that can be named, or the KINDs named."""
    from archspec.reporters import Column, Table

    folder = catalog(plugins)
    priced = kinds == ("specs",)  # what is asked of specs is their cost, of all else what it is
    columns = (
        Column("kind", "kind"),
        Column("name", "name"),
        Column("params", "params", kind="integer", detail=not priced),
        Column("gmacs", "GMACs", kind="number", digits=4, detail=not priced),
        Column("input", "at", detail=not priced),
        Column("summary", "what it is", wraps=True, detail=priced),
        Column("origin", "from", detail=not folder.plugins),
        Column("file", "file", detail=True),
    )
    # A head that is a block stands under heads and under blocks: once is enough.
    rows = tuple(dict.fromkeys(row for kind in kinds or KINDS for row in _rows(kind, folder)))
    notes = ("GMACs at the size that the spec is written for",) if any(row[3] is not None for row in rows) else ()
    put_table(Table("", columns, rows, notes), reporter, output)


def _rows(kind: str, folder: Catalog) -> Iterator[Row]:
    if kind == "blocks":
        yield from _block_rows("", folder)
        return
    for registry in REGISTRIES.get(kind, (kind,)):
        for name, path in folder.members(registry).items():
            yield _spec_row(name, path, folder) if kind == "specs" else _row(kind, name, path)
    if kind.removesuffix("s") in PART_KINDS:
        yield from _block_rows(kind, folder)


def _block_rows(kind: str, folder: Catalog) -> Iterator[Row]:
    """Blocks of the folder `kind`, or all."""
    from archspec.catalog import members

    kinds = {path.parent.name for path in members("blocks", ()).values()}
    for name, path in folder.blocks().items():
        place = path.parent.name if path.parent.name in kinds else "blocks"
        if kind in ("", place):
            yield _row(place, name, path)


def _row(kind: str, name: str, path: Path) -> Row:
    from archspec.catalog import summary

    return kind, name, None, None, "", summary(path), *_places(path)


def _places(path: Path) -> tuple[str, str]:
    """Whose the file is, and where it lies."""
    from archspec.catalog import origin

    folder = origin(path)
    return "archspec" if folder is None else relative(str(folder)), relative(str(path))


def _spec_row(name: str, path: Path, folder: Catalog) -> Row:
    """A spec with its cost; one with a fault, or with open choices, is listed with that instead."""
    from archspec.errors import UserError
    from archspec.network import Network

    try:
        network = Network.load(path, catalog=folder)
        sheet = network.cost
    except UserError as error:
        return "specs", name, None, None, "", f"cannot be priced: {error.faults[0].message}", *_places(path)
    size = " x ".join(map(str, sheet.input_size))
    return "specs", name, sheet.params, sheet.gmacs, size, network.expanded.source, *_places(path)
