"""`archspec list`: what can be named in a spec, and where it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archspec.cli._options import catalog, format_option, output_option, plugins_option, put_table, relative

if TYPE_CHECKING:
    from archspec.catalog import Catalog

KINDS = (
    "specs", "spaces", "backbones", "heads", "decoders", "blocks", "generators", "devices", "formats", "recipes",
    "measures", "searches", "samplers", "ablations",
)  # fmt: skip


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
        Column("file", "file", detail=True),
    )
    # A head that is a block stands under heads and under blocks: once is enough.
    rows = tuple(dict.fromkeys(row for kind in kinds or KINDS for row in _rows(kind, folder)))
    notes = ("GMACs at the size that the spec is written for",) if any(row[3] is not None for row in rows) else ()
    put_table(Table("", columns, rows, notes), reporter, output)


Row = tuple[str, str, int | None, float | None, str, str, str]


def _rows(kind: str, folder: Catalog) -> Iterator[Row]:
    if kind == "specs":
        for name, path in folder.specs().items():
            yield _spec_row(name, path, folder)
    elif kind in ("spaces", "generators"):
        for name, path in (folder.spaces() if kind == "spaces" else folder.generators()).items():
            yield kind, name, None, None, "", folder.summary(path), relative(str(path))
    elif kind in ("backbones", "heads", "decoders"):
        for name, path in folder.parts(kind.removesuffix("s")).items():
            yield kind, name, None, None, "", folder.summary(path), relative(str(path))
        yield from _block_rows(kind, folder)
    elif kind == "blocks":
        yield from _block_rows("", folder)
    elif kind == "devices":
        from archspec import devices

        yield from _module_rows(kind, devices.__file__, devices.devices(), folder)
    elif kind == "measures":
        import archspec.measures as room

        yield from _module_rows(kind, room.__file__, room.measures(), folder)
    elif kind == "samplers":
        from archspec.catalog import bundled_folder  # no search room on the way to a list: it takes NumPy to import

        for path in sorted((bundled_folder("search") / kind).glob("[!_]*.py")):
            yield kind, path.stem, None, None, "", folder.summary(path), relative(str(path))
    elif kind in ("recipes", "searches", "ablations"):
        from archspec.catalog import bundled_folder

        for path in sorted((bundled_folder("specs") / kind).glob("*.yaml")):
            yield kind, path.stem, None, None, "", folder.summary(path), relative(str(path))
    else:
        from archspec import reporters

        yield from _module_rows(kind, reporters.__file__, reporters.formats(), folder)


def _block_rows(kind: str, folder: Catalog) -> Iterator[Row]:
    """Blocks of the folder `kind`, or all."""
    for name, path in folder.blocks().items():
        if kind in ("", path.parent.name):
            yield path.parent.name, name, None, None, "", folder.summary(path), relative(str(path))


def _module_rows(kind: str, door: str, names: Iterable[str], folder: Catalog) -> Iterator[Row]:
    for name in names:
        path = Path(door).parent / f"{name}.py"
        yield kind, name, None, None, "", folder.summary(path), relative(str(path))


def _spec_row(name: str, path: Path, folder: Catalog) -> Row:
    """A spec with its cost; one with a fault, or with open choices, is listed with that instead."""
    from archspec.errors import UserError
    from archspec.network import Network

    try:
        network = Network.load(path, catalog=folder)
        sheet = network.cost
    except UserError as error:
        return "specs", name, None, None, "", f"cannot be priced: {error.faults[0].message}", relative(str(path))
    size = " x ".join(map(str, sheet.input_size))
    return "specs", name, sheet.params, sheet.gmacs, size, network.expanded.source, relative(str(path))
