"""From a path to a subject: the first kind of source that recognises it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

from archspec.catalog import Catalog, load, members
from archspec.errors import Fault, Place, UserError, user_error
from archspec.files import exists
from archspec.record import describe_plugins, noted_plugins
from archspec.report._subject import Subject

_REMEDY = "Name the folder of a training run, a build, scores or a search, or a file that archspec wrote"


def source_kinds() -> tuple[str, ...]:
    """The names of all kinds of sources: the files of `sources/`."""
    return tuple(members("sources"))


def open_subjects(paths: Sequence[Path], plugins: tuple[Path, ...] = ()) -> list[Subject]:
    """Each path as a subject; of two that are called alike the second is `<name>-2`. Raises every `UserError`.

    `plugins` are folders that they need beside those that were noted with them.
    """
    found: list[Subject] = []
    faults: list[Fault] = []
    for path in paths:
        try:
            found.append(open_subject(path, plugins))
        except UserError as error:
            faults += error.faults
    if faults:
        raise UserError(faults)
    seen: Counter[str] = Counter()
    for number, one in enumerate(found):
        seen[one.name] += 1
        if seen[one.name] > 1:
            found[number] = replace(one, name=f"{one.name}-{seen[one.name]}")
    return found


def open_subject(path: Path, plugins: tuple[Path, ...] = ()) -> Subject:
    """What lies there. Raises `UserError` where nothing does, or nothing that is known."""
    if not exists(path):
        raise user_error("no such file or folder", _REMEDY, place=Place(str(path)))
    catalog = Catalog(plugins)
    catalog.add(noted_plugins(path))
    for kind in source_kinds():
        module = load("sources", kind)
        if module.recognises(path):
            found = cast(Subject, module.read(path, catalog.plugins))
            commands = found.commands.items()
            return replace(found, commands={what: _with_plugins(command, catalog) for what, command in commands})
    raise user_error("nothing that can be reported", _REMEDY, place=Place(str(path)))


def _with_plugins(command: str, catalog: Catalog) -> str:
    """The command with the plugin folders that it needs, unless it names some, as one that was typed may."""
    return command if " --plugins" in command else command + describe_plugins(catalog.plugins)
