"""From subjects to a page: its sections in their order, the conditions that its numbers hold
under and the commands that give them again; and the charts of a page as files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from archspec.cost import diagram_of
from archspec.record import Record, make_folder, write_bytes
from archspec.report._comparison import comparison
from archspec.report._numbers import facts_of, latency_bars, latency_samples, score_bars, score_map
from archspec.report._subject import Subject
from archspec.reporters.page import Conditions, Page, Section, Text, Texts, drawable, figure_files
from archspec.reporters.page import Group as ConditionGroup

DRAWN = 6  # architectures on one page


def page_of(subjects: Sequence[Subject], title: str = "", pictures: Sequence[Section] = ()) -> Page:
    """The page. `pictures` are sections that were drawn beforehand: they need a network to run."""
    kinds = list(dict.fromkeys(one.kind for one in subjects))
    about = kinds[0] if len(subjects) == 1 else f"{len(subjects)} {f'{kinds[0]}s' if len(kinds) == 1 else 'results'}"
    single = subjects[0] if len(subjects) == 1 else None
    names = ", ".join(one.name for one in subjects[:3]) + ("…" if len(subjects) > 3 else "")
    return Page(
        title or names,
        about[:1].upper() + about[1:],
        single.lead if single else "",
        tuple(_sections(subjects, pictures)),
    )


def _sections(subjects: Sequence[Subject], pictures: Sequence[Section]) -> Iterator[Section]:
    yield from _numbers(subjects)
    for one in subjects:
        yield from one.sections
    for one in subjects:
        if one.curves:
            yield Section("curves", _titled("Training", one, subjects), one.curves)
    yield from pictures
    for one in _distinct(subjects)[:DRAWN]:
        if one.sheet is not None:
            lead = (
                "A bar is as wide as the root of its feature map; darker is a larger stride. Right: its share of MACs."
            )
            yield Section("diagram", _titled("Architecture", one, subjects), diagram_of(one.sheet.graph), lead)
    specs = tuple(Text(one.name, one.spec) for one in subjects if one.spec)
    if specs:
        yield Section("texts", "Spec" if len(specs) == 1 else "Specs", Texts(specs, folded=len(specs) > 1))
    conditions = conditions_of(subjects)
    if conditions.groups:
        yield Section("conditions", "Conditions", conditions)
    commands = repeating(subjects)
    if commands.texts:
        yield Section("texts", "How to repeat it", commands)


def _numbers(subjects: Sequence[Subject]) -> Iterator[Section]:
    if len(subjects) == 1:
        facts = facts_of(subjects[0])
        if facts.facts:
            yield Section("facts", "Numbers", facts)
    elif sum(bool(one.records) for one in subjects) > 1:
        found = comparison([one for one in subjects if one.records])
        for table in found.tables:
            yield Section("table", table.title, table)
        bars = score_bars(subjects)
        if bars is not None:
            yield Section("bars", "mIoU", bars)
    heat = score_map(subjects)
    if heat is not None:
        yield Section(
            "heat_map",
            "IoU by class",
            heat,
            "Share of a class's pixels that are found, among all that are it or are taken for it.",
        )
    samples = latency_samples(subjects)
    if samples is not None:
        notes = tuple(dict.fromkeys(
            f"{one.name}: {found.circumstances['cautions']}" for one in subjects
            for found in (one.record("latency_ms"),) if found is not None and found.circumstances.get("cautions")
        ))  # fmt: skip
        yield Section(
            "distributions",
            "Latency, every run",
            samples,
            "Every run is a stroke; the box goes from quartile to quartile around the median.",
            notes,
        )
    ratios = latency_bars(subjects)
    if ratios is not None:
        yield Section("bars", "Latency against the reference", ratios)


def _titled(title: str, one: Subject, subjects: Sequence[Subject]) -> str:
    return title if len(subjects) == 1 else f"{title}: {one.name}"


def _distinct(subjects: Sequence[Subject]) -> list[Subject]:
    """One subject a network: two runs of one architecture are drawn once."""
    found: dict[str, Subject] = {}
    for one in subjects:
        if one.sheet is not None:
            found.setdefault(one.sheet.hash, one)
    return list(found.values())


def conditions_of(subjects: Sequence[Subject]) -> Conditions:
    """Per subject: what is said of the whole, then the conditions of its numbers, those of several told once."""
    groups = []
    for one in subjects:
        prefix = "" if len(subjects) == 1 else f"{one.name}: "
        said = tuple((name, value) for name, value in one.facts.items() if value)
        if said:
            groups.append(ConditionGroup(f"{prefix}{one.kind}", said))
        shared, own = _shared(one.records)
        if shared:
            groups.append(ConditionGroup(f"{prefix}all numbers" if own else f"{prefix}numbers", _items(shared)))
        groups += [ConditionGroup(f"{prefix}{metric}", _items(conditions)) for metric, conditions in own.items()]
    return Conditions(tuple(groups))


def _shared(records: Sequence[Record]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Conditions that all records have alike, and what the others have beside them; equal ones under joined names."""
    if not records:
        return {}, {}
    everywhere = dict(records[0].conditions)
    for record in records[1:]:
        everywhere = {name: value for name, value in everywhere.items() if record.conditions.get(name, _NONE) == value}
    rest: dict[tuple[tuple[str, Any], ...], list[str]] = {}
    for record in records:
        own = {name: value for name, value in record.conditions.items() if name not in everywhere and name != "class"}
        own |= {name: value for name, value in record.circumstances.items() if value not in (None, "")}
        if own:
            names = rest.setdefault(tuple(sorted(own.items(), key=lambda item: item[0])), [])
            if record.metric not in names:
                names.append(record.metric)
    return everywhere, {", ".join(names): dict(items) for items, names in rest.items()}


_NONE = object()


def _items(conditions: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name.replace("_", " "), "yes" if value is True else "no" if value is False else str(value))
        for name, value in conditions.items()
        if value is not None and value != ""
    )


def repeating(subjects: Sequence[Subject]) -> Texts:
    """Each command once."""
    found: dict[str, str] = {}
    for one in subjects:
        for name, command in one.commands.items():
            found.setdefault(command, name if len(subjects) == 1 else f"{name} ({one.name})")
    return Texts(tuple(Text(name, command) for command, name in found.items()))


def write_figures(page: Page, folder: Path) -> list[Path]:
    """`<title>.svg` and `.png` of every chart, in the order of the page. Raises `UserError`."""
    make_folder(folder, "Name another with --figures")
    written: list[Path] = []
    for section, anchor in zip(page.sections, page.anchors, strict=True):
        if section.kind in drawable():
            for ending, content in figure_files(section.kind, section.data).items():
                written.append(folder / f"{anchor.removeprefix('s-')}.{ending}")
                write_bytes(written[-1], content)
    return written
