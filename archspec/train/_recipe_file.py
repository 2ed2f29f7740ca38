"""YAML to a recipe: every fault with its place, all of them together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from archspec.catalog import members
from archspec.errors import Place, mistyped
from archspec.spec import (
    BROKEN,
    NONE,
    DocumentReader,
    Items,
    Kind,
    Node,
    Scalar,
    Table,
    Written,
    dump_plain,
    find_written,
    joined,
    override_plain,
    plain,
    shown,
)
from archspec.train._recipe import Recipe, Stage
from archspec.train._recipe_kinds import RECIPE_KINDS, REQUIRED, STAGE_KINDS
from archspec.train._teacher_kind import located_teachers

STAGES = "stages"
LENGTH = ("steps", "epochs")
OPTION = "--set-recipe"


def recipe_names() -> Mapping[str, Path]:
    """The bundled recipes, and those of plugin folders, by name."""
    return members("recipes")


def load_recipe(
    source: Written, overrides: Sequence[str] = (), *, steps: int | None = None, name: str | None = None
) -> Recipe:
    """The recipe in a file, the bundled one of that name, or one that is written, with `PATH=VALUE` applied.

    `steps` is the length of every stage, whatever is written; `name` is what it is called, else as its file.
    Raises `UserError` with every fault, in the order of their places.
    """
    path, written = find_written(source, recipe_names(), "recipe")
    return _RecipeReader(path, name or path.stem, overrides, steps).load(written)


def parse_recipe(text: str, name: str, *, file: str = "<text>", overrides: Sequence[str] = ()) -> Recipe:
    """The recipe in a text; `file` is what messages call it."""
    return _RecipeReader(file, name, overrides).load(text)


def _with_steps(document: Table, steps: int) -> Table:
    """The same, with one length for every stage."""
    place = Place(f"--steps {steps}")
    document = document.without(*LENGTH).with_entry("steps", Scalar(steps, place), place)
    stages = document.get(STAGES)
    if not isinstance(stages, Items):
        return document
    items = (item.without(*LENGTH) if isinstance(item, Table) else item for item in stages.items)
    return document.with_entry(STAGES, Items(tuple(items), stages.place), document.entries[STAGES].place)


class _RecipeReader(DocumentReader[Recipe]):
    """Reads one recipe; `steps` is the length of every stage, whatever is written."""

    def __init__(self, source: str | Path, name: str, overrides: Sequence[str], steps: int | None = None) -> None:
        super().__init__(source)
        self.name, self.overrides, self.steps = name, overrides, steps

    def changed(self, document: Table) -> Table:
        document = located_teachers(document, self.path.parent)
        for assignment in self.overrides:
            document = override_plain(document, assignment, self.faults, OPTION)
        document = located_teachers(document, Path())  # what the overrides name
        return document if self.steps is None else _with_steps(document, self.steps)

    def value(self, document: Table) -> Recipe | None:
        kinds = {key: kind for key, kind in RECIPE_KINDS.items() if key in document.entries}
        top = {key: self._value(kind, document.get(key), key, "") for key, kind in kinds.items()}
        self.check_keys(document, (*RECIPE_KINDS, *STAGE_KINDS, STAGES))
        stages = self._stages(document)
        return None if self.faults else Recipe(self.name, stages, text=dump_plain(plain(document)), **top)

    def _stages(self, document: Table) -> tuple[Stage, ...]:
        defaults = document.without(STAGES, *RECIPE_KINDS)
        written = document.get(STAGES)
        if written is None:
            only = self._stage(Table({}, document.place), defaults, "", 0)
            return (only,) if only else ()
        if not isinstance(written, Items) or not written.items:
            if not (isinstance(written, Scalar) and written.value is BROKEN):
                fact = f"must be a list of stages ({shown(written)})"
                self.fault(fact, "Write - {steps: 100}", STAGES, written.place)
            return ()
        found = [self._item(item, defaults, number) for number, item in enumerate(written.items)]
        return tuple(stage for stage in found if stage)

    def _item(self, node: Node, defaults: Table, number: int) -> Stage | None:
        path = f"{STAGES}[{number}]"
        if not isinstance(node, Table):
            self.fault(f"must be a mapping ({shown(node)})", "Write {steps: 100}", path, node.place)
            return None
        self.check_keys(node, STAGE_KINDS, path)
        return self._stage(node, defaults, path, number)

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
        return "" if node is None else self.read(kind, node, joined(path, key))

    def _complete(self, table: Table, path: str) -> None:
        """What is missing, and what goes together or not."""
        meant = mistyped(table.entries, (*STAGE_KINDS, *RECIPE_KINDS, STAGES))
        if STAGES in meant:  # what is missing here may stand in them
            return
        self.check_required(table, {key: STAGE_KINDS[key].example for key in REQUIRED}, meant, path)
        lengths = [key for key in LENGTH if key in table.entries]
        if len(lengths) != 1 and not meant.intersection(LENGTH):
            fact = "both 'steps' and 'epochs' are written" if lengths else "missing key 'steps' (or 'epochs')"
            place = table.entries[lengths[-1]].place if lengths else table.place
            self.fault(fact, "Write one of them, such as steps: 400", path, place)
        if "cache_features" in table.entries and "freeze" not in table.entries.keys() | meant:
            fact, place = "only features of frozen sections can be cached", table.entries["cache_features"].place
            self.fault(fact, "Write freeze: backbone", joined(path, "cache_features"), place)
        if _name(table.get("optimizer")) == "adamw" and not {"weight_decay"} & (table.entries.keys() | meant):
            fact, place = "adamw without a weight decay", table.entries["optimizer"].place
            remedy = "Write weight_decay: {decoupled: 0.004}, which is Keras's default"
            self.fault(fact, remedy, joined(path, "optimizer"), place)


def _name(node: Node | None) -> str:
    if isinstance(node, Table):
        return next(iter(node.entries), "")
    return str(node.value) if isinstance(node, Scalar) else ""


def _stage(values: dict[str, Any], number: int) -> Stage:
    """A checked stage; `none` is nothing."""
    found = {key: value for key, value in values.items() if value not in (NONE, None)}
    if isinstance(found.get("freeze"), str):
        found["freeze"] = (found["freeze"],)
    return Stage(**{"name": str(number + 1), **found})
