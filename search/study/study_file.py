"""YAML to a study: every fault with its place, all of them together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from archspec.catalog import Catalog, members
from archspec.errors import Place, UserError, mistyped, nearest
from archspec.files import exists, expanded
from archspec.search.study.kinds import KEYS, STUDY_KINDS
from archspec.search.study.named_networks import NamedNetworks
from archspec.search.study.study import Study
from archspec.spec import (
    DocumentReader,
    Node,
    Spec,
    Table,
    Written,
    find_written,
    from_plain,
    override,
    override_plain,
    recalled,
    shown_path,
)

OPTION = "--set-study"
_REQUIRED = {"spec": "shufflenetv2_dpc", "objectives": STUDY_KINDS["objectives"].example}


def study_names() -> Mapping[str, Path]:
    """The bundled studies, and those of plugin folders, by name."""
    return members("searches")


def load_study(
    source: Written,
    *,
    changes: Sequence[str] = (),
    options: Mapping[str, tuple[str, Any]] | None = None,
    overrides: Sequence[str | Mapping[str, Any]] = (),
    catalog: Catalog | None = None,
) -> Study:
    """The study in a file, the bundled one of that name, or one that is written.

    `changes` are assignments `PATH=VALUE` to the study, `options` values that the command line has an option for
    (`{"budget.evaluations": ("--trials", 20)}`), `overrides` changes of its spec, laid on last.
    Raises `UserError` with every fault, in the order of their places.
    """
    path, written = find_written(source, study_names(), "study")
    return _StudyReader(path, recalled(path, catalog), changes, options, overrides).load(written)


def parse_study(text: str, *, file: str = "<text>", catalog: Catalog | None = None) -> Study:
    """The study in a text; `file` is what messages call it, and what its paths are relative to."""
    return _StudyReader(file, catalog).load(text)


def _with_option(document: Table, keys: list[str], node: Node) -> Table:
    key, *rest = keys
    if rest:
        inner = document.get(key)
        node = _with_option(inner if isinstance(inner, Table) else Table({}, node.place), rest, node)
    return document.with_entry(key, node, node.place)


class _StudyReader(DocumentReader[Study]):
    """Reads one study. Choices stand in its space only, which the spec's own reader checks."""

    def __init__(
        self,
        source: str | Path,
        catalog: Catalog | None = None,
        changes: Sequence[str] = (),
        options: Mapping[str, tuple[str, Any]] | None = None,
        overrides: Sequence[str | Mapping[str, Any]] = (),
    ) -> None:
        super().__init__(source, catalog)
        self.changes, self.options, self.overrides = changes, options or {}, overrides

    def changed(self, document: Table) -> Table:
        for assignment in self.changes:
            document = override_plain(document, assignment, self.faults, OPTION)
        for where, (option, value) in self.options.items():
            document = _with_option(document, where.split("."), from_plain(value, Place(f"{option} {value}")))
        return document

    def value(self, document: Table) -> Study | None:
        self.check_keys(document, KEYS)
        self.check_required(document, _REQUIRED, mistyped(document.entries, KEYS))
        values = {"name": self.path.stem, **self.values(document, STUDY_KINDS)}
        space = self._space(document)
        named = None if space is None else NamedNetworks(self, space)
        found = (
            {}
            if named is None
            else {"beside": named.beside(document.get("beside")), "priors": named.priors(document.get("priors"))}
        )
        if space is None or self.faults:
            return None
        study = self._located(values | found | {"space": space, "file": shown_path(self.path)})
        self._check_trains(study, document)
        self._check_base(study, document)
        return study

    def _check_trains(self, study: Study, document: Table) -> None:
        """A fault where trainings are counted or cut short, and nothing is trained."""
        if study.trained:
            return
        remedy = "Name one among the objectives, such as miou: maximize with its recipe, or leave this out"
        budget = document.get("budget")
        trainings = budget.get("trainings") if isinstance(budget, Table) else None
        for path, node in (("fidelity", document.get("fidelity")), ("budget.trainings", trainings)):
            if node is not None:
                self.fault("no metric of this study is of a training", remedy, path, node.place)

    def _located(self, values: dict[str, Any]) -> Study:
        """With paths as seen from the current folder; in the file they are relative to it."""
        values["target"] = values.pop("device", Study.target)
        pretrain = values.get("pretrain")
        if pretrain is not None:
            values["pretrain"] = replace(pretrain, recipe=self.seen(pretrain.recipe))
        values["recipes"] = {metric: self.seen(one) for metric, one in values.get("recipes", {}).items()}
        if "front" in values:
            recipes = {metric: self.seen(one) for metric, one in values["front"].recipes.items()}
            values["front"] = replace(values["front"], recipes=recipes)
        values["data"] = tuple(_reference(one, self.path.parent) for one in values.get("data", ()))
        return Study(**values)

    def _check_base(self, study: Study, document: Table) -> None:
        """A fault where the base of the front is no network beside it and no prior."""
        base, names = study.front.base, [*study.beside, *study.priors.networks]
        written = document.get("front")
        if not base or base in names or not isinstance(written, Table):
            return
        remedy = nearest(base, names) if names else f"Write beside: {{{base}: SPEC}}"
        fact = f"no network beside the front and no prior is called '{base}'"
        self.fault(fact, remedy, "front.base", written.entries["base"].node.place)

    def _space(self, document: Table) -> Spec | None:
        """The spec with everything that the study, then the command line, changes about it."""
        written = document.get("spec")
        if written is None:
            return None
        space = self._spec(written, "spec")
        for text, place in self.assignments(document.get("set"), "set", "classes=11"):
            space = space and self._assigned(space, text, place)
        choices = document.get("choices")
        if isinstance(choices, Table):
            for path, entry in choices.entries.items():
                space = space and (self._changed(space, {path: entry.node}) or space)
        elif choices is not None:
            self.not_mapping(choices, "choices", "{width_multiplier: {choose: [0.5, 1.0]}}")
        for change in self.overrides:
            space = space and self.tried(partial(override, space, [change] if isinstance(change, str) else change))
        return space

    def _assigned(self, spec: Spec, text: str, place: Place) -> Spec:
        """The spec with an assignment of the key `set`, whose faults stand where it was written."""
        try:
            return override(spec, [text])
        except UserError as error:
            self.faults.extend(replace(fault, place=place) for fault in error.faults)
            return spec

    def _changed(self, spec: Spec, changes: Mapping[str, Node]) -> Spec | None:
        return self.tried(partial(override, spec, changes))

    def _spec(self, written: Node, path: str) -> Spec | None:
        wanted = "the name of a spec, a path, or a whole spec"
        return self.spec(written, path, wanted, f"Write {path}: shufflenetv2_dpc")


def _reference(reference: str, folder: Path) -> str:
    name, colon, root = reference.partition(":")
    there = folder / expanded(root)
    return f"{name}:{shown_path(there)}" if colon and exists(there) else reference
