"""The files that a spec names: weights and models, found beside the spec, and weights also in folders of the user's.

`ARCHSPEC_WEIGHTS` names those folders, divided as PATH is. A file that is nowhere stays where the spec would have it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from archspec.errors import Fault, Place, UserError
from archspec.files import exists, expanded
from archspec.spec.document import Spec
from archspec.spec.document_file import shown_path
from archspec.spec.expanded import WeightsFile
from archspec.spec.nodes import Entry, Items, Node, Scalar, Table, one_line, plain
from archspec.spec.spec_text import dump_plain
from archspec.spec.words import CHOOSE, NONE, TOGETHER
from archspec.spec.yaml_text import read_mapping

WEIGHTS_VARIABLE = "ARCHSPEC_WEIGHTS"
PUBLISHED = "imagenet"  # weights that Keras downloads
_MODEL_FILES = {"keras_model": "file", "keras_application": "weights"}  # block: its argument that is a path
_HOLDERS = ("file", CHOOSE)  # where in `weights` a path may stand
_WEIGHTS_PATHS = ("weights", "weights.file")
_DOWNLOADED = "keras_app"  # of a format whose files Keras downloads by name


def weights_folders() -> tuple[Path, ...]:
    """The folders of ARCHSPEC_WEIGHTS, in order."""
    return tuple(expanded(one) for one in os.environ.get(WEIGHTS_VARIABLE, "").split(os.pathsep) if one.strip())


def locate_files(document: Table, folder: Path) -> Table:
    """The document with the paths of weights and models in it as they are found from the folder it was written in."""
    for key, located in (("weights", _weights), ("backbone", _models)):
        entry = document.entries.get(key)
        if entry is not None:
            document = document.with_entry(key, located(entry.node, folder), entry.place)
    entry = document.entries.get(TOGETHER)
    return document if entry is None else document.with_entry(TOGETHER, _joint(entry.node, folder), entry.place)


def _joint(node: Node, folder: Path) -> Node:
    """`together`, with the files that its options set."""
    if isinstance(node, Items):
        return Items(tuple(_joint(item, folder) for item in node.items), node.place)
    if not isinstance(node, Table):
        return node
    entries = {}
    for key, entry in node.entries.items():
        located = _weights if key in _WEIGHTS_PATHS else _models if key.split(".")[0] == "backbone" else _joint
        if key in (*_WEIGHTS_PATHS, "backbone") or not isinstance(entry.node, Scalar):
            entries[key] = Entry(located(entry.node, folder), entry.place)
        else:
            entries[key] = entry
    return Table(entries, node.place)


def _models(node: Node, folder: Path) -> Node:
    """A backbone with the files that it names, of a model or of its weights, wherever its spec is written next."""
    if isinstance(node, Items):
        return Items(tuple(_models(item, folder) for item in node.items), node.place)
    if not isinstance(node, Table):
        return node
    entries = dict(node.entries)
    for key, entry in node.entries.items():
        name = _MODEL_FILES.get(key)
        inner = entry.node
        if name is None:
            entries[key] = Entry(_models(inner, folder), entry.place)
        elif isinstance(inner, Table) and isinstance(written := inner.get(name), Scalar) and written.value != PUBLISHED:
            whole = isinstance(written.value, str) and written.value not in ("", NONE)
            there = Scalar(os.fspath((folder / str(written.value)).absolute()), written.place) if whole else written
            entries[key] = Entry(inner.with_entry(name, there, written.place), entry.place)
    return Table(entries, node.place)


def _weights(node: Node, folder: Path) -> Node:
    if isinstance(node, Scalar):
        path = node.value
        named = isinstance(path, str) and path not in ("", NONE)
        return Scalar(_found(folder, str(path)), node.place) if named else node
    if isinstance(node, Items):
        return Items(tuple(_weights(item, folder) for item in node.items), node.place)
    entries = {
        key: Entry(_weights(entry.node, folder), entry.place) if key in _HOLDERS else entry
        for key, entry in node.entries.items()
    }
    return Table(entries, node.place)


def _found(folder: Path, name: str) -> str:
    """Where a file of weights is: beside the spec, else in one of the user's folders, else as seen from here, which is
    how a study names what it was begun with."""
    places = [folder / name, *(one / name for one in weights_folders()), Path(name)]
    return shown_path(next((place for place in places if _is_there(place)), places[0]))


def _is_there(path: Path) -> bool:
    """Whether there is a file, a folder, or a checkpoint of TensorFlow that begins with this path."""
    return exists(path) or exists(f"{path}.index")


def missing_weights(specs: Iterable[Spec]) -> list[Fault]:
    """A fault for each file of weights that specs name, in any of their options, and that is nowhere."""
    faults: dict[str, Fault] = {}
    for spec in specs:
        for node, place in _named(spec.document):
            settings = node.entries if isinstance(node, Table) else {"file": Entry(node, place)}
            page, kind = (_text(settings[key].node) if key in settings else "" for key in ("source", "format"))
            for one in () if kind.startswith(_DOWNLOADED) else _files(settings["file"].node):
                fault = missing_file(str(one.value), page, one.place)
                if fault is not None:
                    faults.setdefault(str(one.value), fault)
    return list(faults.values())


def named_files(spec: Spec) -> tuple[str, ...]:
    """The paths of all files that a spec names, of weights and of models, in any of their options, once each."""
    found = []
    for node, _ in _named(spec.document):
        settings = node.entries if isinstance(node, Table) else {"file": Entry(node, node.place)}
        kind = _text(settings["format"].node) if "format" in settings else ""
        if "file" in settings and not kind.startswith(_DOWNLOADED):
            found += [str(one.value) for one in _files(settings["file"].node)]
    backbone = spec.document.get("backbone")
    found += [] if backbone is None else list(_model_files(backbone))
    return tuple(dict.fromkeys(found))


def _model_files(node: Node) -> Iterator[str]:
    """The paths of models that a backbone is cut from, and of their weights."""
    if isinstance(node, Items):
        for item in node.items:
            yield from _model_files(item)
    for key, entry in node.entries.items() if isinstance(node, Table) else ():
        written = entry.node.get(_MODEL_FILES[key]) if key in _MODEL_FILES and isinstance(entry.node, Table) else None
        if written is None:
            yield from _model_files(entry.node)
        elif _text(written) not in ("", NONE, PUBLISHED):
            yield _text(written)


def text_with_files(text: str, files: Mapping[str, str]) -> str:
    """The text of a spec in which every path of `files` is replaced by the one that it stands for."""
    faults: list[Fault] = []
    document = read_mapping(text, "<spec>", faults)
    if document is None:
        raise UserError(faults)
    return dump_plain(_replaced(plain(document), files))


def _replaced(value: Any, files: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(one, files) for key, one in value.items()}
    if isinstance(value, list):
        return [_replaced(one, files) for one in value]
    return files.get(value, value) if isinstance(value, str) else value


def missing_file(path: str, page: str, place: Place) -> Fault | None:
    """The fault of a file of weights that is nowhere; `page` is where it can be had."""
    if _is_there(Path(path)):
        return None
    folders = ", ".join(map(str, weights_folders()))
    looked = f"neither beside the spec nor in {folders}" if folders else "not beside the spec"
    fact = f"no such file of weights ({one_line(Path(path).name, 100)}): it is {looked}"
    source = f" from {one_line(page, 200)}" if page else ""
    return Fault(fact, f"Get it{source}, and name its folder in the variable {WEIGHTS_VARIABLE}", "weights", place)


def need_weights(asked: WeightsFile) -> None:
    """Raises `UserError` for weights that say where they can be had, and whose file is nowhere."""
    fault = missing_file(asked.file, asked.source, asked.place) if asked.source else None
    if fault is not None:
        raise UserError(fault)


def _text(node: Node) -> str:
    return str(node.value) if isinstance(node, Scalar) and node.value is not None else ""


def _named(document: Table) -> Iterator[tuple[Node, Place]]:
    """The values of `weights`, of the document and of every option of `together`."""
    for table in (document, *_options(document.get(TOGETHER))):
        for key in _WEIGHTS_PATHS:
            entry = table.entries.get(key)
            if entry is not None:
                yield from ((node, entry.place) for node in _each(entry.node))


def _each(node: Node) -> Iterator[Node]:
    """The values that a choice may take; what is no choice is one."""
    options = node.get(CHOOSE) if isinstance(node, Table) else None
    if isinstance(options, Items):
        for item in options.items:
            yield from _each(item)
    else:
        yield node


def _options(node: Node | None) -> Iterator[Table]:
    for choice in node.entries.values() if isinstance(node, Table) else ():
        for option in _each(choice.node):
            for label in option.entries.values() if isinstance(option, Table) else ():
                if isinstance(label.node, Table):
                    yield label.node


def _files(node: Node) -> Iterator[Scalar]:
    for one in _each(node):
        if isinstance(one, Scalar) and isinstance(one.value, str) and one.value not in ("", NONE):
            yield one
