"""A subject of a report: what is known of one thing, as plain values, and how it is read from a path."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from archspec.catalog import Catalog, load, members
from archspec.errors import Place, UserError, each_result, user_error
from archspec.files import DATA_BYTES, exists, is_file, read_text
from archspec.record import Plain, Record, describe_plugins, noted_plugins
from archspec.reporters.page import Section

if TYPE_CHECKING:
    from archspec.cost import CostSheet
    from archspec.export.file_cost import FileCost
    from archspec.reporters.page import Curves


DESCRIBED = ("images", "image_sizes", "mode", "recipe", "crop", "steps")  # circumstances that are told as conditions


def held_under(record: Record) -> dict[str, Plain]:
    """What a number holds under, with what else is told of how it was taken."""
    told = {name: record.circumstances[name] for name in DESCRIBED if name in record.circumstances}
    return {**told, **record.conditions}


def shown_metric(record: Record) -> str:
    """What a page calls a record: the score at the end of a training is not the one of `archspec evaluate`."""
    return "val_miou" if record.metric == "miou" and "recipe_digest" in record.conditions else record.metric


def again(what: str, command: object) -> dict[str, str]:
    """A command that was written down, by what it does; nothing where none was (by an older archspec, from Python)."""
    return {what: command} if isinstance(command, str) and command.startswith("archspec ") else {}


def json_head(path: Path, size: int) -> bytes:
    """How a JSON file begins; nothing for anything else."""
    if path.suffix != ".json" or not is_file(path):
        return b""
    with path.open("rb") as stream:
        return stream.read(size)


def read_object(path: Path, what: str) -> dict[str, Any]:
    """The object in a JSON file. Raises `UserError` for a file that is not `what` it should be."""
    try:
        return dict(json.loads(read_text(path, most_bytes=DATA_BYTES)))
    except (ValueError, TypeError, RecursionError) as error:
        raise user_error(f"not the {what} ({error})", place=Place(str(path))) from error


@dataclass(frozen=True)
class Subject:
    """`name` as it is shown, `kind` in words, `path` where it lies. `spec` is the merged text, `records` every number
    with its conditions, `curves` those of a training, `class_iou` shares (0..1) by class, `facts` what else is said in
    conditions, `commands` how to repeat it by name, `sections` what a kind of source shows by itself, `plugins` the
    folders that the spec needs, `file` what a `.tflite` that was named says of itself."""

    name: str
    kind: str
    path: Path
    spec: str = ""
    records: tuple[Record, ...] = ()
    curves: Curves | None = None
    class_iou: Mapping[str, float | None] = field(default_factory=dict)
    class_names: tuple[str, ...] = ()
    data: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    commands: Mapping[str, str] = field(default_factory=dict)
    sections: tuple[Section, ...] = ()
    lead: str = ""
    plugins: tuple[Path, ...] = ()
    file: FileCost | None = None

    def record(self, metric: str) -> Record | None:
        """The first record that is shown as that metric."""
        return next((one for one in self.records if shown_metric(one) == metric and one.value is not None), None)

    def value(self, metric: str) -> float | None:
        """The number of that metric, None where there is none."""
        found = self.record(metric)
        return float(found.value) if found is not None and isinstance(found.value, int | float) else None

    @property
    def costs(self) -> CostSheet | FileCost | None:
        """As the file says them where a file was named, else those of the spec."""
        return self.sheet if self.file is None else self.file

    @cached_property
    def sheet(self) -> CostSheet | None:
        """Costs, worked out from the spec; None where there is none, or it cannot be traced (a plugin is missing)."""
        if not self.spec:
            return None
        from archspec.network import Network
        from archspec.spec import bundled_catalog, override, parse

        catalog = Catalog(self.plugins) if self.plugins else bundled_catalog()
        try:
            return Network(override(parse(self.spec, file=self.name, catalog=catalog), {"weights": "none"})).cost
        except UserError:
            return None


_REMEDY = (
    "Name the folder of a training run, a build, scores or a search, a file that archspec wrote, a spec or a .tflite"
)


def source_kinds() -> tuple[str, ...]:
    """The names of all kinds of sources: the files of `sources/`."""
    return tuple(members("sources"))


def open_subjects(paths: Sequence[Path], plugins: tuple[Path, ...] = ()) -> list[Subject]:
    """Each path as a subject; of two that are called alike the second is `<name>-2`. Raises every `UserError`.

    `plugins` are folders that they need beside those that were noted with them.
    """
    found = each_result(lambda path: open_subject(path, plugins), paths)
    seen: Counter[str] = Counter()
    for number, one in enumerate(found):
        seen[one.name] += 1
        if seen[one.name] > 1:
            found[number] = replace(one, name=f"{one.name}-{seen[one.name]}")
    return found


def open_subject(path: Path, plugins: tuple[Path, ...] = ()) -> Subject:
    """What lies there. Raises `UserError` where nothing does, or nothing that is known."""
    if not exists(path) and str(path) not in Catalog(plugins).specs():
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
