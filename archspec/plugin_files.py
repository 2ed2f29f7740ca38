"""The files of plugin folders: which there are, the folders of installed packages, and the import of one file."""

from __future__ import annotations

import importlib.util
import os
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

from archspec.errors import Place, user_error
from archspec.files import is_folder

GROUP = "archspec.plugins"
_LIST_BYTES = 2**20  # of a package's list of entry points


def plugin_files(folder: Path) -> list[Path]:
    """Every Python and YAML file below a plugin folder, in alphabetical order.

    Left out are files that begin with `_`, hidden folders, and virtual environments.
    """
    return sorted(_walk(folder))


def _walk(folder: Path) -> Iterator[Path]:
    for here, folders, files in os.walk(folder):
        inside = [one for one in folders if not one.startswith(".") and one != "__pycache__"]
        folders[:] = [one for one in inside if "pyvenv.cfg" not in files]
        for name in files:
            path = Path(here, name)
            if path.suffix == ".yaml" or (path.suffix == ".py" and not name.startswith("_")):
                yield path


def declared_plugins() -> tuple[Path, ...]:
    """The folders that installed packages name by the entry point group `archspec.plugins`.

    Raises `UserError` where there is no such folder.
    """
    if not any(map(_declares, sys.path)):
        return ()  # importlib.metadata takes 20 ms to import
    from importlib.metadata import entry_points

    found = []
    for entry in entry_points(group=GROUP):
        try:
            spec = importlib.util.find_spec(entry.value)
        except (ImportError, ValueError):
            spec = None
        places = list(spec.submodule_search_locations or ()) if spec else []
        if not places or not is_folder(places[0]):
            owner = entry.dist.name if entry.dist else entry.name
            fact = f"the entry point {GROUP} of {owner} names no package ({entry.value})"
            raise user_error(fact, "Install it again, or remove it")
        found.append(Path(places[0]))
    return tuple(dict.fromkeys(found))


def _declares(folder: str) -> bool:
    """Whether a package that is installed there has an entry point of the group."""
    group = f"[{GROUP}]".encode()
    try:
        with os.scandir(folder or ".") as entries:
            packages = [one.path for one in entries if one.name.endswith((".dist-info", ".egg-info"))]
    except OSError:
        return False
    return any(group in _first_bytes(f"{package}/entry_points.txt") for package in packages)


def _first_bytes(path: str) -> bytes:
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError:
        return b""
    try:
        return os.read(file, _LIST_BYTES)
    except OSError:
        return b""
    finally:
        os.close(file)


def import_plugin(path: Path) -> object:
    """Import a file under a module name of its own, so that it can never shadow an installed module.

    Raises `UserError` with the line of the file where its import failed.
    """
    name = f"archspec_plugin_{zlib.crc32(os.fsencode(path.resolve())):08x}_{path.stem}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise user_error("cannot be imported", place=Place(os.fspath(path)))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # a plugin may raise anything
        del sys.modules[name]
        fact = f"this file cannot be imported ({type(error).__name__}: {error})"
        place = _raised_at(path, spec.origin, error)
        raise user_error(fact, "Mend it, or take it out of the folder", place=place) from error
    return module


def _raised_at(path: Path, source: str | None, error: Exception) -> Place:
    """The line of the file, compiled as `source`, that its import failed at."""
    line, column = 1, 1
    if isinstance(error, SyntaxError):
        line, column = error.lineno or 1, error.offset or 1
    else:
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == source:
                line = trace.tb_lineno
            trace = trace.tb_next
    return Place(os.fspath(path), line, column)
