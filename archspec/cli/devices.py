"""`archspec devices`: where networks can be timed, and whether such a place is fit for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from archspec.cli._options import format_option, more_kinds_option, output_option, put_table, relative
from archspec.cli._paths import InputPath
from archspec.cli._terminal import say, spinner

if TYPE_CHECKING:
    from archspec.devices import Model


@click.group(invoke_without_command=True)
@click.option("--attached", is_flag=True, help="Also ask adb for the phones that are plugged in.")
@more_kinds_option
@format_option
@output_option
@click.pass_context
def devices(context: click.Context, attached: bool, reporter: str, output: Path | None) -> None:
    """List the kinds of device and the devices described in ./devices/*.yaml, or check one of them."""
    if context.invoked_subcommand is not None:
        return
    from archspec.reporters import Column, Table

    columns = (
        Column("name", "name"),
        Column("kind", "kind"),
        Column("summary", "what it is", wraps=True),
        Column("file", "file", detail=True),
    )
    rows = [*_kind_rows(), *_file_rows(), *(_attached_rows() if attached else ())]
    put_table(Table("", columns, tuple(rows)), reporter, output)


Row = tuple[str, str, str, str]


def _kind_rows() -> list[Row]:
    from archspec.catalog import members, summary

    return [(name, "a kind", summary(path), relative(str(path))) for name, path in members("devices").items()]


def _file_rows() -> list[Row]:
    """A file with a fault is listed with that instead."""
    from archspec.devices import device_files, read_device_file
    from archspec.devices import devices as kinds
    from archspec.errors import UserError

    rows = []
    for name, path in device_files().items():
        try:
            found = read_device_file(path, kinds())
            rows.append((name, found.kind, found.summary, relative(str(path))))
        except UserError as error:
            rows.append((name, "", f"cannot be used: {error.faults[0].message}", relative(str(path))))
    return rows


def _attached_rows() -> list[Row]:
    from archspec.devices import attached_phones

    return [(serial, "adb", f"plugged in: {state}", "") for serial, state in attached_phones().items()]


@devices.command()
@click.argument("name")
@click.argument("model", required=False, type=InputPath())
@click.option("--threads", type=click.IntRange(min=1),
              help="Threads that the model runs on. Without it, the number in the device's file.")  # fmt: skip
@more_kinds_option
@format_option
@output_option
def check(name: str, model: Path | None, threads: int | None, reporter: str, output: Path | None) -> None:
    """Connect to the device NAME (a kind, a file of ./devices, or a path), read its state and run a model on it.

    MODEL is a .tflite; without it a small built-in one is run. The command exits with 2 when a step fails.
    """
    from archspec.devices import check_device, device
    from archspec.reporters import Column, Table

    place = device(name)
    with spinner(f"checking {place.name}"):
        steps = tuple(check_device(place, _model(model), threads))
    columns = (Column("step", "step"), Column("found", "found", wraps=True), Column("caution", "caution", wraps=True))
    put_table(Table("", columns, tuple((step.name, step.found, step.caution) for step in steps)), reporter, output)
    faults = [fault for step in steps if step.fault for fault in step.fault.faults]
    for fault in faults:
        say(fault)
    if faults:
        raise click.exceptions.Exit(2)


def _model(path: Path | None) -> Model:
    from archspec.devices import Model

    if path is not None:
        return Model.of(path)
    from archspec.network import probe_model

    return Model.of(probe_model(), "probe")
