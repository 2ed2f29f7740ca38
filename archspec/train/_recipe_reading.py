"""YAML to a recipe: every fault with its place, all of them together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from archspec.catalog import Catalog, bundled_folder
from archspec.errors import Fault, Place, mistyped, nearest
from archspec.spec.document import raise_together
from archspec.spec.document_file import read_file
from archspec.spec.document_reader import PlainReader, find_document
from archspec.spec.kinds import Kind
from archspec.spec.nodes import BROKEN, Items, Node, Scalar, Table, one_line, plain, shown
from archspec.spec.paths import override_plain
from archspec.spec.spec_text import dump_plain
from archspec.spec.words import NONE
from archspec.spec.yaml_text import read_mapping
from archspec.train._recipe import Recipe, Stage
from archspec.train._recipe_kinds import RECIPE_KINDS, REQUIRED, STAGE_KINDS

STAGES = "stages"
LENGTH = ("steps", "epochs")
OPTION = "--set-recipe"


def recipe_names() -> dict[str, Path]:
    """The bundled recipes by name."""
    return {path.stem: path for path in sorted((bundled_folder("specs") / "recipes").glob("*.yaml"))}


def load_recipe(
    source: str | Path, overrides: Sequence[str] = (), *, steps: int | None = None, name: str | None = None
) -> Recipe:
    """The recipe in a file, or the bundled one of that name, with assignments `PATH=VALUE` applied.

    `steps` is the length of every stage, whatever is written; `name` is what it is called, else as its file.
    Raises `UserError` with every fault, in the order of their places.
    """
    path = _find(source)
    faults: list[Fault] = []
    return _finish(read_file(path, faults), name or path.stem, overrides, faults, steps)


def parse_recipe(text: str, name: str, *, file: str = "<text>", overrides: Sequence[str] = ()) -> Recipe:
    """The recipe in a text; `file` is what messages call it."""
    faults: list[Fault] = []
    return _finish(read_mapping(text, file, faults), name, overrides, faults)


def _find(source: str | Path) -> Path:
    return find_document(source, recipe_names(), "recipe")


def _finish(
    document: Table | None, name: str, overrides: Sequence[str], faults: list[Fault], steps: int | None = None
) -> Recipe:
    for assignment in overrides:
        document = override_plain(document or Table({}), assignment, faults, OPTION)
    if document is None:
        raise_together(faults)
        raise AssertionError("a recipe that cannot be read has a fault")
    if steps is not None:
        document = _with_steps(document, steps)
    reading = _Reading(Catalog(), faults)
    recipe = reading.recipe(document, name)
    raise_together(reading.faults)
    return replace(recipe, text=dump_plain(plain(document)))


def _with_steps(document: Table, steps: int) -> Table:
    """The same, with one length for every stage."""
    place = Place(f"--steps {steps}")
    document = document.without(*LENGTH).with_entry("steps", Scalar(steps, place), place)
    stages = document.get(STAGES)
    if not isinstance(stages, Items):
        return document
    items = (item.without(*LENGTH) if isinstance(item, Table) else item for item in stages.items)
    return document.with_entry(STAGES, Items(tuple(items), stages.place), document.entries[STAGES].place)


class _Reading(PlainReader):
    """Reads one recipe. There are no selectors and no choices in it."""

    def recipe(self, document: Table, name: str) -> Recipe:
        """The recipe; of no use when there are faults."""
        top = {key: self._value(kind, document.get(key), key, "") for key, kind in RECIPE_KINDS.items()}
        self._unknown(document, (*RECIPE_KINDS, *STAGE_KINDS, STAGES), "")
        defaults = document.without(STAGES, *RECIPE_KINDS)
        written = document.get(STAGES)
        if written is None:
            only = self._stage(Table({}, document.place), defaults, "", 0)
            return Recipe(name, (only,) if only else (), **top)
        if not isinstance(written, Items) or not written.items:
            if not (isinstance(written, Scalar) and written.value is BROKEN):
                fact = f"must be a list of stages ({shown(written)})"
                self.fault(fact, "Write - {steps: 100}", STAGES, written.place)
            return Recipe(name, (), **top)
        found = [self._item(item, defaults, number) for number, item in enumerate(written.items)]
        return Recipe(name, tuple(stage for stage in found if stage), **top)

    def _item(self, node: Node, defaults: Table, number: int) -> Stage | None:
        path = f"{STAGES}[{number}]"
        if not isinstance(node, Table):
            self.fault(f"must be a mapping ({shown(node)})", "Write {steps: 100}", path, node.place)
            return None
        self._unknown(node, STAGE_KINDS, path)
        return self._stage(node, defaults, path, number)

    def _unknown(self, table: Table, known: Any, path: str) -> None:
        for key, entry in table.entries.items():
            if key not in known:
                self.fault(f"unknown key '{one_line(key)}'", nearest(key, known), _join(path, key), entry.place)

    def _stage(self, own: Table, defaults: Table, path: str, number: int) -> Stage | None:
        """A stage: its own keys over those at the top."""
        if any(key in own.entries for key in LENGTH):
            defaults = defaults.without(*LENGTH)
        table = Table({**defaults.entries, **own.entries}, own.place)
        values = {
            key: self._value(kind, table.get(key), key, path if key in own.entries else "")
            for key, kind in STAGE_KINDS.items()
            if key in table.entries
        }
        self._complete(table, path)
        return None if self.faults else _stage(values, number)

    def _value(self, kind: Kind, node: Node | None, key: str, path: str) -> Any:
        return "" if node is None else self.read(kind, node, _join(path, key))

    def _complete(self, table: Table, path: str) -> None:
        """What is missing, and what goes together or not."""
        meant = mistyped(table.entries, (*STAGE_KINDS, *RECIPE_KINDS, STAGES))
        if STAGES in meant:  # what is missing here may stand in them
            return
        for key in REQUIRED:
            if key not in table.entries and key not in meant:
                self.fault(f"missing key '{key}'", f"Write {key}: {STAGE_KINDS[key].example}", path, table.place)
        lengths = [key for key in LENGTH if key in table.entries]
        if len(lengths) != 1 and not meant.intersection(LENGTH):
            fact = "both 'steps' and 'epochs' are written" if lengths else "missing key 'steps' (or 'epochs')"
            place = table.entries[lengths[-1]].place if lengths else table.place
            self.fault(fact, "Write one of them, such as steps: 400", path, place)
        if "cache_features" in table.entries and "freeze" not in table.entries.keys() | meant:
            fact, place = "only features of frozen sections can be cached", table.entries["cache_features"].place
            self.fault(fact, "Write freeze: backbone", _join(path, "cache_features"), place)
        if _name(table.get("optimizer")) == "adamw" and not {"weight_decay"} & (table.entries.keys() | meant):
            fact, place = "adamw without a weight decay", table.entries["optimizer"].place
            remedy = "Write weight_decay: {decoupled: 0.004}, which is Keras's default"
            self.fault(fact, remedy, _join(path, "optimizer"), place)


def _name(node: Node | None) -> str:
    if isinstance(node, Table):
        return next(iter(node.entries), "")
    return str(node.value) if isinstance(node, Scalar) else ""


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _stage(values: dict[str, Any], number: int) -> Stage:
    """A checked stage; `none` is nothing."""
    found = {key: value for key, value in values.items() if value not in (NONE, None)}
    if isinstance(found.get("freeze"), str):
        found["freeze"] = (found["freeze"],)
    return Stage(**{"name": str(number + 1), **found})
