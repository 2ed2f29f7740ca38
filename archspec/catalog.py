"""The folder as registry: a file's stem is its key, and its first docstring line is its description.

`members(kind)` lists the files of a kind and imports none of them; `load(kind, name)` imports one. Bundled files come
first; a plugin folder adds files of every kind in folders of the same names (`measures/`, `heads/`). A `*.py` in any
other folder is a block; a `*.yaml` in any other folder is a whole spec when it has a `backbone:` or an `extends:` key,
else a part of any kind.

Plugin folders are known to the whole process once a `Catalog` was made with them: a loss, a device or a reporter is
asked for by its name alone, in places that know of no catalog.
"""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from archspec.errors import Fault, Place, UserError, nearest, user_error
from archspec.files import TEXT_BYTES, is_folder, read_bytes

PART_KINDS = ("backbone", "neck", "head", "decoder")
_PACKAGE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Kind:
    """One folder that is a registry: `word` is what one of its files is called in messages, `folder` where the bundled
    ones are, below the package. `plugins` says whether a plugin folder may hold more."""

    word: str
    folder: str
    ending: str = ".py"
    plugins: bool = True


KINDS = {
    "blocks": Kind("block", "blocks"),
    "layers": Kind("layer", "graph/layers"),
    "generators": Kind("generator", "search/generators"),
    "samplers": Kind("sampler", "search/samplers"),
    "measures": Kind("metric", "measures"),
    "metrics": Kind("metric", "scoring/metrics"),
    "losses": Kind("loss", "train/losses"),
    "schedules": Kind("schedule", "train/schedules"),
    "devices": Kind("device", "devices"),
    "datasets": Kind("data set", "datasets"),
    "reporters": Kind("format", "reporters"),
    "engines": Kind("engine", "experiment/engines"),
    "trackers": Kind("tracker", "experiment/trackers"),
    "methods": Kind("method", "explain/methods", plugins=False),
    "weights_formats": Kind("format", "weights", plugins=False),
    "sources": Kind("source", "report/sources", plugins=False),
    "keras_layers": Kind("layer", "lower/layers", plugins=False),
    "commands": Kind("command", "cli", plugins=False),
    "specs": Kind("spec", "specs", ".yaml"),
    "spaces": Kind("space", "specs/spaces", ".yaml"),
    "backbones": Kind("backbone", "specs/backbones", ".yaml"),
    "necks": Kind("neck", "specs/necks", ".yaml"),
    "heads": Kind("head", "specs/heads", ".yaml"),
    "decoders": Kind("decoder", "specs/decoders", ".yaml"),
    "recipes": Kind("recipe", "specs/recipes", ".yaml"),
    "searches": Kind("study", "specs/searches", ".yaml"),
    "ablations": Kind("ablation", "specs/ablations", ".yaml"),
    "published": Kind("file of published figures", "specs/published", ".yaml", plugins=False),
    "device_files": Kind("device", "devices", ".yaml"),
}
_LOOSE = ("blocks", "specs")  # their files may lie in any folder of a plugin folder
_KIND_OF = {
    (kind.folder.rpartition("/")[2], kind.ending): name
    for name, kind in KINDS.items()
    if kind.plugins and name not in _LOOSE
}
_plugged: tuple[Path, ...] = ()  # the plugin folders of this process


@cache
def bundled_folder(name: str) -> Path:
    """The folder of bundled `blocks`, `search`, `specs`: inside the installed package, or beside it in a checkout."""
    installed = _PACKAGE / name
    return installed if is_folder(installed) else _PACKAGE.parent / name


def members(kind: str, plugins: tuple[Path, ...] | None = None) -> Mapping[str, Path]:
    """Every file of a kind by its name: the bundled ones in alphabetical order, then those of plugin folders.

    `plugins` are the folders to look in, else those that the process knows. Raises `UserError` for a file of a plugin
    that has the name of a bundled one.
    """
    bundled = _bundled(kind)
    folders = (*installed_plugins(), *(_plugged if plugins is None else plugins)) if KINDS[kind].plugins else ()
    return _with_plugins(kind, folders) if folders else bundled


def load(kind: str, name: str, *needed: str, plugins: tuple[Path, ...] | None = None) -> Any:
    """The module of one file. Raises `UserError` for an unknown name, with the nearest one; for a file that cannot be
    imported, with its line; and for one that does not define everything that is `needed`."""
    found = members(kind, plugins)
    if name not in found:
        raise user_error(f"unknown {KINDS[kind].word} '{name}'", nearest(name, found))
    module = _module(kind, found[name])
    missing = [one for one in needed if not hasattr(module, one)]
    if missing:
        fact = f"a file of {kind} must define {', '.join(missing)}"
        raise user_error(fact, "Write it as docs/plugins.md shows", place=Place(os.fspath(found[name]), 1, 1))
    return module


def load_function(kind: str, name: str, *, plugins: tuple[Path, ...] | None = None) -> Callable[..., Any]:
    """The function of a file that has its name. Raises `UserError` as `load`, and where there is no such function."""
    function = getattr(load(kind, name, plugins=plugins), name, None)
    if not callable(function):
        fact = f"a {KINDS[kind].word} file must define a function of its own name ('{name}')"
        place = Place(os.fspath(members(kind, plugins)[name]), 1, 1)
        raise user_error(fact, f"Name the function '{name}', or the file after it", place=place)
    return function  # type: ignore[no-any-return]


def plugin_digest(kind: str, name: str) -> str:
    """16 hex digits of the sha256 of a plugin's file; '' of a bundled one, which changes with archspec alone."""
    path = members(kind)[name]
    if _bundled(kind).get(name) == path:
        return ""
    from hashlib import sha256

    return sha256(read_bytes(path, most_bytes=TEXT_BYTES)).hexdigest()[:16]


def summary(path: Path) -> str:
    """The first line that describes a Python file (docstring) or a YAML file (`summary:` or first comment)."""
    text = _text(path)
    if path.suffix == ".py":
        match = re.match(r'\s*[rR]?"""\s*(.+?)\s*(?:"""|\n)', text)
    else:
        match = re.search(r"^summary:\s*(.+?)\s*$", text, re.MULTILINE) or re.match(r"#\s*(.+?)\s*\n", text)
    return match.group(1).strip("'\"") if match else ""


def origin(path: Path) -> Path | None:
    """The plugin folder of this process that a file is from; None for a bundled one."""
    return next((one for one in (*_plugged, *installed_plugins()) if path.is_relative_to(one)), None)


def plug_in(plugins: tuple[Path, ...], *, behind: bool = False) -> None:
    """Make plugin folders known to this process. Where two files have one name, that of the last folder counts; with
    `behind`, that of a folder known before."""
    global _plugged
    known = dict.fromkeys(_plugged)
    if behind:
        _plugged = (*(one for one in plugins if one not in known), *_plugged)
    else:
        _plugged = (*(one for one in known if one not in plugins), *plugins)
    _forget()


@contextmanager
def plugins_of_call() -> Iterator[None]:
    """What is plugged in meanwhile is forgotten afterwards: the plugin folders of one command."""
    global _plugged
    before = _plugged
    try:
        yield
    finally:
        _plugged = before
        _forget()


def _forget() -> None:
    """Look into the plugin folders again: files may have come since."""
    _with_plugins.cache_clear()
    _of_plugin.cache_clear()


@cache
def installed_plugins() -> tuple[Path, ...]:
    """The plugin folders of installed packages: those that declare an entry point of the group `archspec.plugins`."""
    from archspec.plugin_files import declared_plugins

    return declared_plugins()


class Catalog:
    """What can be named in a spec, of what is bundled and what plugin folders hold beside it."""

    def __init__(self, plugins: tuple[Path, ...] = ()) -> None:
        self.plugins: tuple[Path, ...] = tuple(Path(folder) for folder in plugins)
        for folder in self.plugins:
            if not is_folder(folder):
                raise user_error(f"no such plugin folder ({folder})", "Name a folder that holds block or part files")
        self._found: dict[str, Mapping[str, Path]] = {}
        self._functions: dict[str, Callable[..., Any]] = {}
        if self.plugins:
            plug_in(self.plugins)

    def add(self, plugins: tuple[Path, ...]) -> None:
        """Take in further plugin folders, behind those that are there, which win where two files have one name."""
        known = {folder.resolve() for folder in self.plugins}
        new = tuple(folder for folder in plugins if folder.resolve() not in known)
        if new:
            self.plugins = (*new, *self.plugins)
            self._found.clear()
            self._functions.clear()
            plug_in(new, behind=True)

    def members(self, kind: str) -> Mapping[str, Path]:
        """Every file of a kind by its name."""
        if kind not in self._found:
            self._found[kind] = members(kind, self.plugins)
        return self._found[kind]

    def blocks(self) -> Mapping[str, Path]:
        """Every block file by its name."""
        return self.members("blocks")

    def generators(self) -> Mapping[str, Path]:
        """Every generator of choices by its name."""
        return self.members("generators")

    def parts(self, kind: str) -> Mapping[str, Path]:
        """Every YAML part of a kind of `PART_KINDS` by its name; other kinds have none."""
        return self.members(f"{kind}s") if kind in PART_KINDS else {}

    def specs(self) -> Mapping[str, Path]:
        """Every bundled or plugin spec by its name."""
        return self.members("specs")

    def spaces(self) -> Mapping[str, Path]:
        """Every search space (a spec with open choices) by its name."""
        return self.members("spaces")

    def function(self, name: str) -> Callable[..., Any]:
        """The function of the block `name`. Raises `UserError` where it lacks it, `KeyError` without a file."""
        if name not in self._functions:
            if name not in self.blocks():
                raise KeyError(name)
            self._functions[name] = load_function("blocks", name, plugins=self.plugins)
        return self._functions[name]

    def generator(self, name: str) -> Callable[..., Any]:
        """The function of the generator `name`. Raises `UserError` where it lacks it, `KeyError` without a file."""
        if name not in self.generators():
            raise KeyError(name)
        return load_function("generators", name, plugins=self.plugins)

    def summary(self, path: Path) -> str:
        """The first line that describes a file."""
        return summary(path)


def _text(path: Path) -> str:
    return read_bytes(path, most_bytes=TEXT_BYTES).decode("utf-8", "replace")


@cache
def _bundled(kind: str) -> Mapping[str, Path]:
    one = KINDS[kind]
    pattern = f"*/*{one.ending}" if kind == "blocks" else f"*{one.ending}"
    files = sorted(bundled_folder(one.folder).glob(pattern))
    return {path.stem: path for path in files if not path.stem.startswith("_")}


@cache
def _with_plugins(kind: str, folders: tuple[Path, ...]) -> Mapping[str, Path]:
    bundled = _bundled(kind)
    found = {path.stem: path for folder in folders for path in _of_plugin(folder).get(kind, ())}
    taken = [path for name, path in found.items() if name in bundled and not path.samefile(bundled[name])]
    if taken:
        fact = f"this is the name of a bundled {KINDS[kind].word}"
        remedy = "Give the file another name"
        raise UserError([Fault(fact, remedy, path.stem, Place(os.fspath(path), 1, 1)) for path in taken])
    return {**bundled, **found, **bundled}  # in this order, and none twice


@cache
def _of_plugin(folder: Path) -> dict[str, list[Path]]:
    """The files of a plugin folder by their kinds."""
    from archspec.plugin_files import plugin_files

    found: dict[str, list[Path]] = {}
    for path in plugin_files(folder):
        for kind in _kinds_of(path):
            found.setdefault(kind, []).append(path)
    return found


def _kinds_of(path: Path) -> tuple[str, ...]:
    """The kinds that a file of a plugin folder is of."""
    named = _KIND_OF.get((path.parent.name, path.suffix))
    if named is not None:
        return (named,)
    if path.suffix == ".py":
        return ("blocks",)
    if re.search(r"^(backbone|extends)\s*:", _text(path), re.MULTILINE):
        return ("specs",)
    return tuple(f"{kind}s" for kind in PART_KINDS)


def _module(kind: str, path: Path) -> object:
    if _bundled(kind).get(path.stem) is path:
        return _bundled_module(kind, path)
    from archspec.plugin_files import import_plugin

    return import_plugin(path)


@cache
def _bundled_module(kind: str, path: Path) -> object:
    folder = KINDS[kind].folder
    inside = ".".join(path.relative_to(bundled_folder(folder)).with_suffix("").parts)
    return importlib.import_module(f"archspec.{folder.replace('/', '.')}.{inside}")
