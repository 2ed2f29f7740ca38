"""Which plugin folders something was made with: `plugins.json` in its folder, so that nobody has to be told again."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterable
from pathlib import Path

from archspec.errors import UserError
from archspec.files import is_file, read_text
from archspec.record.atomic import write_text

PLUGINS_FILE = "plugins.json"
FORMAT = "archspec-plugins"


def note_plugins(folder: Path, plugins: Iterable[Path]) -> None:
    """Write down, in the folder of what is being made, the plugin folders that it needs; nothing where it needs none.

    Raises `UserError` when it cannot be written.
    """
    folders = [str(one.resolve()) for one in plugins]
    if folders:
        write_text(folder / PLUGINS_FILE, json.dumps({"format": FORMAT, "folders": folders}, indent=2) + "\n")


def noted_plugins(path: Path) -> tuple[Path, ...]:
    """The plugin folders that were noted where `path` lies: in that folder (or in the file's), or in the one above.

    Those that are gone are left out, and so are those inside of it: a folder that somebody sent must not bring code
    that runs when it is looked at.
    """
    here = path.resolve() if path.is_dir() else path.resolve().parent
    for folder in (here, here.parent):
        if is_file(folder / PLUGINS_FILE):
            return tuple(one for one in _read(folder / PLUGINS_FILE) if _is_trusted(one, folder))
    return ()


def plugins_words(plugins: Iterable[Path]) -> str:
    """` --plugins FOLDER` for each, to stand behind a command that is shown."""
    return "".join(f" --plugins {shlex.quote(os.fspath(one))}" for one in plugins)


def _read(file: Path) -> list[Path]:
    try:
        content = json.loads(read_text(file))
        if content["format"] != FORMAT:
            return []
        return [Path(str(one)) for one in content["folders"]]
    except (UserError, OSError, ValueError, KeyError, TypeError, RecursionError):
        return []  # somebody else's, or damaged: --plugins says it then


def _is_trusted(plugin: Path, folder: Path) -> bool:
    try:
        return plugin.is_absolute() and plugin.is_dir() and not plugin.resolve().is_relative_to(folder)
    except (OSError, ValueError):
        return False
