"""What a folder says of how it was made, and what is noted for that: plugin folders, the facts of a training run,
package versions, and the command as it can be repeated.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from archspec.errors import Place, UserError, user_error
from archspec.files import is_file, read_text
from archspec.record.replacement import write_text

PLUGINS_FILE = "plugins.json"
PLUGINS_FORMAT = "archspec-plugins"


def note_plugins(folder: Path, plugins: Iterable[Path]) -> None:
    """Write down, in the folder of what is being made, the plugin folders that it needs; nothing where it needs none.

    Raises `UserError` when it cannot be written.
    """
    folders = [str(one.resolve()) for one in plugins]
    if folders:
        write_text(folder / PLUGINS_FILE, json.dumps({"format": PLUGINS_FORMAT, "folders": folders}, indent=2) + "\n")


def noted_plugins(path: Path) -> tuple[Path, ...]:
    """The plugin folders that were noted where `path` lies: in that folder (or in the file's), or in the one above.

    Those that are gone are left out, and so are those inside of it: a folder that somebody sent must not bring code
    that runs when it is looked at.
    """
    here = path.resolve() if path.is_dir() else path.resolve().parent
    for folder in (here, here.parent):
        if is_file(folder / PLUGINS_FILE):
            return tuple(one for one in _read_plugins(folder / PLUGINS_FILE) if _is_trusted(one, folder))
    return ()


def describe_plugins(plugins: Iterable[Path]) -> str:
    """` --plugins FOLDER` for each, to stand behind a command that is shown."""
    return "".join(f" --plugins {shlex.quote(os.fspath(one))}" for one in plugins)


def _read_plugins(file: Path) -> list[Path]:
    try:
        content = json.loads(read_text(file))
        if content["format"] != PLUGINS_FORMAT:
            return []
        return [Path(str(one)) for one in content["folders"]]
    except (UserError, OSError, ValueError, KeyError, TypeError, RecursionError):
        return []  # somebody else's, or damaged: --plugins says it then


def _is_trusted(plugin: Path, folder: Path) -> bool:
    try:
        return plugin.is_absolute() and plugin.is_dir() and not plugin.resolve().is_relative_to(folder)
    except (OSError, ValueError):
        return False


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What `run.json` says: `state` is `finished`, `running`, `stopped` or `failed`; `data` names the last data set."""

    state: str = "finished"
    classes: tuple[str, ...] = ()
    data: str = ""


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """`folder` with `spec.yaml`, `weights.npz` and `run.json`, as archspec/train writes them."""

    folder: Path

    @property
    def spec(self) -> Path:
        return self.folder / "spec.yaml"

    @property
    def weights(self) -> Path:
        """The trained weights, by graph path."""
        return self.folder / "weights.npz"

    @property
    def missing(self) -> tuple[str, ...]:
        """The names of files without which nothing can be opened."""
        return tuple(file.name for file in (self.spec, self.weights) if not is_file(file))

    def facts(self) -> RunFacts:
        """What it says of itself; the defaults where it has no `run.json`. Raises `UserError` when that is damaged."""
        file = self.folder / "run.json"
        if not is_file(file):
            return RunFacts()
        try:
            about = json.loads(read_text(file))
            classes, data = _texts(about.get("classes", [])), _texts(about.get("data", []))
            return RunFacts(str(about.get("state", "finished")), classes, data[-1] if data else "")
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            fact = f"not the run.json of a training ({error})"
            raise user_error(fact, "Name another run", place=Place(str(file))) from error


def _texts(many: object) -> tuple[str, ...]:
    if not isinstance(many, list):
        raise TypeError(f"{many!r} is no list")
    return tuple(map(str, many))


RUNTIME_PACKAGES = ("ai-edge-litert", "numpy")


def package_versions(packages: Iterable[str] = RUNTIME_PACKAGES) -> dict[str, str]:
    """`{"archspec": ..., "python": ..., package: ...}`; a package that is not installed is left out."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    from archspec import __version__

    found = {"archspec": __version__, "python": platform.python_version()}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


_PASSWORD = re.compile(r"(?<=://)([^/@:\s]*):[^@\s]*(?=@)")


def shell_command(*words: object) -> str:
    """`archspec WORDS`, each word quoted where a shell would take it apart; passwords of URLs are `***`."""
    return shlex.join(["archspec", *(without_password(str(word)) for word in words)])


def without_password(where: str) -> str:
    """A database's URL as it can be shown; a path as it is."""
    return _PASSWORD.sub(r"\1:***", where)
