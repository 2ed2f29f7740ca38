"""`run.json`: what a run is of and how far it came, as plain values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from archspec.errors import Place, user_error
from archspec.files import is_file, read_text
from archspec.record import Plain

State = Literal["running", "stopped", "finished", "failed"]
"""`stopped` by an error or Ctrl-C: it goes on from its last checkpoint. Only a killed process leaves `running`."""
FORMAT, VERSION = "archspec-run", 1
RUN_FILE = "run.json"


def read_about(folder: Path) -> dict[str, Any]:
    """What the `run.json` of a folder says; empty where there is none. Raises `UserError` when it is damaged."""
    path = folder / RUN_FILE
    if not is_file(path):
        return {}
    try:
        about = json.loads(read_text(path))
        if about["format"] != FORMAT or about["version"] != VERSION:
            raise ValueError(f"{about['format']} {about['version']}")  # noqa: TRY301 (said below)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        fact = f"not the run.json of a training ({error})"
        raise user_error(fact, "Name another folder", place=Place(str(path))) from error
    return dict(about)


def describe_duration(about: Mapping[str, Any]) -> dict[str, Plain]:
    """What a training took, as circumstances of its scores: `training_s` of all its steps, and how many steps and
    seconds of them an earlier training of the same trunk had done."""
    if "seconds" not in about:  # a run of before
        return {}
    trunk = about.get("trunk") or {"steps": 0, "seconds": 0.0}
    found: dict[str, Plain] = {"training_s": round(about["seconds"], 3)}
    if trunk["steps"]:
        found |= {"trunk_steps": trunk["steps"], "trunk_s": round(trunk["seconds"], 3)}
    return found


def finished_about(folder: Path) -> dict[str, Any]:
    """The same of a run that is finished. Raises `UserError` for any other folder."""
    about = read_about(folder)
    if not about:
        raise user_error("no run.json here", "Name the folder of a run", place=Place(str(folder)))
    if about["state"] != "finished":
        fact = f"this run is not finished ({about['state']}), so it has no trained weights"
        raise user_error(fact, f"Train it to its end: archspec train --resume {folder}", place=Place(str(folder)))
    return about
