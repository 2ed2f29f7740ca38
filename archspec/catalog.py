"""The folder as registry: a file's stem is its key, and its first docstring line is its description.

Nothing is imported to list what there is. Bundled folders come first; a plugin folder adds files of its own:
every `*.py` in it is a block (in a folder `generators/` a generator of choices), every `*.yaml` is a part (kind named
by its folder: `backbones/`, `heads/`, `decoders/`; elsewhere any kind) or, when it has a `backbone:` key, a whole spec.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import sys
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from archspec.errors import Place, user_error
from archspec.files import TEXT_BYTES, is_folder, read_bytes

PART_KINDS = ("backbone", "head", "decoder")
GENERATORS = "generators"
_PACKAGE = Path(__file__).resolve().parent


def bundled_folder(name: str) -> Path:
    """The folder of bundled `blocks` or `specs`: inside the installed package, or beside it in a checkout."""
    installed = _PACKAGE / name
    return installed if is_folder(installed) else _PACKAGE.parent / name


def bundled_generators() -> dict[str, Path]:
    """Every bundled generator of choices by its name: `search/generators/*.py`."""
    files = sorted((bundled_folder("search") / GENERATORS).glob("*.py"))
    return {path.stem: path for path in files if not path.stem.startswith("_")}


class Catalog:
    """What can be named in a spec: blocks, parts (backbones, heads, decoders) and whole specs."""

    def __init__(self, plugins: tuple[Path, ...] = ()) -> None:
        self.plugins: tuple[Path, ...] = tuple(Path(folder) for folder in plugins)
        for folder in self.plugins:
            if not is_folder(folder):
                raise user_error(f"no such plugin folder ({folder})", "Name a folder that holds block or part files")
        self._functions: dict[str, Callable[..., Any]] = {}

    def add(self, plugins: tuple[Path, ...]) -> None:
        """Take in further plugin folders, behind those that are there, which win where two files have one name."""
        known = {folder.resolve() for folder in self.plugins}
        new = tuple(folder for folder in plugins if folder.resolve() not in known)
        if new:
            self.plugins = (*new, *self.plugins)
            for found in ("_plugin_yaml", "_blocks", "_generators", "_parts"):
                self.__dict__.pop(found, None)
            self._functions.clear()

    @cached_property
    def _plugin_yaml(self) -> tuple[dict[str, dict[str, Path]], dict[str, Path]]:
        parts: dict[str, dict[str, Path]] = {kind: {} for kind in PART_KINDS}
        specs: dict[str, Path] = {}
        for folder in self.plugins:
            for path in sorted(folder.rglob("*.yaml")):
                kind = path.parent.name.removesuffix("s")
                if kind in parts:
                    parts[kind][path.stem] = path
                elif re.search(r"^(backbone|extends)\s*:", _text(path), re.MULTILINE):
                    specs[path.stem] = path
                else:
                    for found in parts.values():
                        found[path.stem] = path
        return parts, specs

    @cached_property
    def _blocks(self) -> dict[str, Path]:
        folder = bundled_folder("blocks")
        found = {path.stem: path for path in sorted(folder.glob("*/*.py")) if not path.stem.startswith("_")}
        for plugin in self.plugins:
            found.update((path.stem, path) for path in _code(plugin) if path.parent.name != GENERATORS)
        return found

    @cached_property
    def _generators(self) -> dict[str, Path]:
        found = bundled_generators()
        for plugin in self.plugins:
            found.update((path.stem, path) for path in _code(plugin) if path.parent.name == GENERATORS)
        return found

    @cached_property
    def _parts(self) -> dict[str, dict[str, Path]]:
        found: dict[str, dict[str, Path]] = {}
        for kind in PART_KINDS:
            files = sorted((bundled_folder("specs") / f"{kind}s").glob("*.yaml"))
            found[kind] = {path.stem: path for path in files} | self._plugin_yaml[0][kind]
        return found

    def blocks(self) -> Mapping[str, Path]:
        """Every block file by its name."""
        return self._blocks

    def generators(self) -> Mapping[str, Path]:
        """Every generator of choices by its name."""
        return self._generators

    def parts(self, kind: str) -> Mapping[str, Path]:
        """Every YAML part of a kind (`backbone`, `head`, `decoder`) by its name; other kinds have none."""
        return self._parts.get(kind, {})

    def specs(self) -> Mapping[str, Path]:
        """Every bundled or plugin spec by its name."""
        found = {path.stem: path for path in sorted(bundled_folder("specs").glob("*.yaml"))}
        return found | self._plugin_yaml[1]

    def spaces(self) -> Mapping[str, Path]:
        """Every bundled search space (a spec with open choices) by its name."""
        return {path.stem: path for path in sorted((bundled_folder("specs") / "spaces").glob("*.yaml"))}

    def function(self, name: str) -> Callable[..., Any]:
        """The function of the block `name`. Raises `UserError` where it lacks it, `KeyError` without a file."""
        if name not in self._functions:
            self._functions[name] = _load_function(self._blocks[name], name, "block")
        return self._functions[name]

    def generator(self, name: str) -> Callable[..., Any]:
        """The function of the generator `name`. Raises `UserError` where it lacks it, `KeyError` without a file."""
        return _load_function(self._generators[name], name, "generator")

    def summary(self, path: Path) -> str:
        """The first line that describes a block (docstring) or a YAML file (`summary:` or first comment)."""
        text = _text(path)
        if path.suffix == ".py":
            match = re.match(r'\s*[rR]?"""\s*(.+?)\s*(?:"""|\n)', text)
        else:
            match = re.search(r"^summary:\s*(.+?)\s*$", text, re.MULTILINE) or re.match(r"#\s*(.+?)\s*\n", text)
        return match.group(1).strip("'\"") if match else ""


def _text(path: Path) -> str:
    return read_bytes(path, most_bytes=TEXT_BYTES).decode("utf-8", "replace")


def _code(plugin: Path) -> list[Path]:
    return [path for path in sorted(plugin.rglob("*.py")) if not path.stem.startswith("_")]


def _load_function(path: Path, name: str, what: str) -> Callable[..., Any]:
    if path.is_relative_to(bundled_folder("blocks")):
        module: object = importlib.import_module(f"archspec.blocks.{path.parent.name}.{path.stem}")
    elif path.is_relative_to(bundled_folder("search")):
        module = importlib.import_module(f"archspec.search.{path.parent.name}.{path.stem}")
    else:
        module = _load_plugin(path)
    function = getattr(module, name, None)
    if not callable(function):
        fact = f"a {what} file must define a function of its own name ('{name}')"
        raise user_error(fact, f"Name the function '{name}', or the file after it", place=Place(os.fspath(path), 1, 1))
    return function  # type: ignore[no-any-return]


def _load_plugin(path: Path) -> object:
    """Import a plugin file under a name of its own, so that it can never shadow an installed module."""
    module_name = f"archspec_plugin_{abs(hash(path.resolve())):x}_{path.stem}"
    if module_name in sys.modules:
        return sys.modules[module_name]
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise user_error("cannot be imported", place=Place(os.fspath(path)))
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # a plugin may raise anything
        del sys.modules[module_name]
        fact = f"this file cannot be imported ({type(error).__name__}: {error})"
        raise user_error(fact, "Mend it, or take it out of the folder", place=_raised_at(path, error)) from error
    return module


def _raised_at(path: Path, error: Exception) -> Place:
    """The line of the file that an import stumbled over."""
    line, column = 1, 1
    if isinstance(error, SyntaxError):
        line, column = error.lineno or 1, error.offset or 1
    else:
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == os.fspath(path):
                line = trace.tb_lineno
            trace = trace.tb_next
    return Place(os.fspath(path), line, column)
