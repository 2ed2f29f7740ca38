"""`archspec doctor`: what is installed, what is missing, and what this machine runs networks with."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

from archspec.cli._options import format_option, more_kinds_option, output_option, put_table

NEEDED = {  # package: what needs it
    "numpy": "weights",
    "pyyaml": "specs",
    "click": "the command line",
    "rich": "tables and progress on a terminal",
    "flatbuffers": "writing .tflite",
    "ai-edge-litert": "writing, checking and timing .tflite",
    "pillow": "representative images of int8",
    "tensorflow": "Keras models and --via tensorflow",
    "keras": "Keras models",
}
OPTIONAL = {"optuna": "search", "pandas": "data frames", "keras-tuner": "tuner adapter", "tf-keras-vis": "saliency"}
CPU_FEATURES = ("avx2", "avx512f", "avx512_vnni", "amx_int8", "asimd", "asimddp", "i8mm", "sve")


@click.command()
@more_kinds_option
@format_option
@output_option
def doctor(reporter: str, output: Path | None) -> None:
    """List what is installed and what is missing. The command exits with 2 when a command needs what is missing."""
    from archspec.reporters import Column, Table

    rows: list[tuple[str, str | None, str, str]] = [
        ("python", platform.python_version(), _python_state(), sys.executable)
    ]
    rows += [_package_row(name, use, needed=True) for name, use in NEEDED.items()]
    rows += [_package_row(name, use, needed=False) for name, use in OPTIONAL.items()]
    rows += [("cpu", ", ".join(_cpu_features()) or "not known", "ok", platform.machine()), _delegate_row()]
    columns = (
        Column("item", "item"),
        Column("found", "found", wraps=True),
        Column("state", "state", wraps=True),
        Column("use", "for", wraps=True),
    )
    put_table(Table("", columns, tuple(rows)), reporter, output)
    if any(state.startswith("missing") for _, _, state, _ in rows):
        raise click.exceptions.Exit(2)


def _python_state() -> str:
    return "ok" if (3, 11) <= sys.version_info[:2] <= (3, 13) else "untested (3.11 to 3.13 are supported)"


def _package_row(name: str, use: str, needed: bool) -> tuple[str, str | None, str, str]:
    try:
        return name, version(name), "ok", use
    except PackageNotFoundError:
        return name, None, f"missing: pip install {name}" if needed else f"optional: pip install {name}", use


def _cpu_features() -> list[str]:
    """Those that decide which kernels a runtime picks; read from Linux's /proc, empty elsewhere."""
    path = Path("/proc/cpuinfo")
    if not path.is_file():
        return []
    words = set(path.read_text("utf-8", "replace").replace(":", " ").split())
    return [feature for feature in CPU_FEATURES if feature in words]


def _delegate_row() -> tuple[str, str | None, str, str]:
    """Whether LiteRT really takes a network to XNNPACK here: a small one is exported and opened."""
    from archspec.devices import Model, device
    from archspec.errors import UserError
    from archspec.network import probe_model

    try:
        session = device("host").open(Model.of(probe_model(), "probe"), threads=1)
    except UserError as error:
        return "delegate", None, f"missing: {error.faults[0].message}", "latency on this machine"
    system = session.system
    session.close()
    return (
        "delegate",
        f"{system.runtime} {system.version}, {system.delegate or 'none'}",
        "ok",
        "latency on this machine",
    )
