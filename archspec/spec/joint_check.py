"""The check of a document with `together`: every option is looked at as if it was taken, with the first of the others.

What is found inside an option (choices, faults) is that option's. No path may be set by two choices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from archspec.catalog import Catalog
from archspec.errors import Fault, Problem, nearest
from archspec.spec.document import check_document
from archspec.spec.joint_choice import JointChoice, JointOption, joint_choices
from archspec.spec.nodes import Scalar, Table, one_line, only_key
from archspec.spec.paths import SETTABLE, split_path, with_option
from archspec.spec.special_values import Choice
from archspec.spec.words import CHOOSE, TOGETHER, TOP_SECTIONS

Segments = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Set:
    """One path that an option sets."""

    choice: JointChoice
    option: JointOption
    path: str
    segments: Segments


def check_joint(document: Table, catalog: Catalog) -> tuple[list[Fault], tuple[Choice, ...]]:
    """As `check_document`, of a document that has `together`."""
    faults: list[Fault] = []
    joint = joint_choices(document, faults)
    base = document.without(TOGETHER)
    _check_paths(joint, faults)
    if faults or not joint:
        found, choices = check_document(base, catalog)
        told = [one for one in found if not (faults and one.message.startswith("missing key"))]  # an option may have it
        return [*faults, *told], choices
    first = _taken(base, [(choice, choice.options[0]) for choice in joint], faults)
    outside = check_document(base, catalog)[1]
    _check_overlaps(joint, outside, first, faults)
    if faults:
        return faults, ()
    found, choices = check_document(first, catalog)
    faults += found
    inside: list[Choice] = []
    for choice in joint:
        inside.append(Choice(choice.path, choice.place, CHOOSE, choice.labels, name=choice.name))
        for number, option in enumerate(choice.options):
            taken = [(one, option if one is choice else one.options[0]) for one in joint]
            whole = _taken(base, taken, faults)
            found, choices = check_document(whole, catalog)
            faults += found
            inside += _inside(choice, number, choices, whole)
    return faults, (*inside, *outside)


def _check_paths(joint: Sequence[JointChoice], faults: list[Fault]) -> None:
    for choice in joint:
        for option in choice.options:
            for path, entry in option.changes.items():
                problem = _path_problem(path)
                if problem is not None:
                    faults.append(problem.at(entry.place, f"{choice.path}.{option.label}"))


def _path_problem(path: str) -> Problem | None:
    """What is wrong with a path that an option sets; the values there are checked when it is taken."""
    known = [key for key in SETTABLE if key not in ("name", TOGETHER)]
    try:
        key = split_path(path)[0]
    except Problem as problem:
        return problem
    return None if key in known else Problem(f"unknown key '{one_line(key)}'", nearest(key, known))


def _taken(document: Table, taken: Sequence[tuple[JointChoice, JointOption]], faults: list[Fault]) -> Table:
    for choice, option in taken:
        document = with_option(document, choice, option, faults)
    return document


def _segments(path: str, document: Table) -> Segments:
    """A path without the name of a section's part, which may be left out: `head.dpc.filters` is `head.filters`."""
    found = split_path(path)
    if len(found) > 1 and found[0] in TOP_SECTIONS:
        node = document.get(found[0])
        name = node.value if isinstance(node, Scalar) else only_key(node)
        if found[1] == name:
            del found[1]
    return tuple(found)


def _is_under(path: Segments, other: Segments) -> bool:
    return path[: len(other)] == other


def _overlap(one: Segments, other: Segments) -> bool:
    return _is_under(one, other) or _is_under(other, one)


def _check_overlaps(joint: Sequence[JointChoice], outside: Sequence[Choice], first: Table, faults: list[Fault]) -> None:
    """A fault for each path that two choices set, or one option twice, and for a name that is taken."""
    found = [
        _Set(choice, option, path, _segments(path, first))
        for choice in joint
        for option in choice.options
        for path in option.changes
    ]
    for one, other in combinations(found, 2):
        together = one.choice is not other.choice or one.option is other.option
        if together and _overlap(one.segments, other.segments):
            place = other.option.changes[other.path].place
            what = f"'{one.path}' of option '{one.option.label}' of '{one.choice.name}'"
            fact = f"'{other.path}' is set by {what} too"
            faults.append(Fault(fact, "Let one of them set it", f"{other.choice.path}.{other.option.label}", place))
    for one in found:
        where, place = f"{one.choice.path}.{one.option.label}", one.option.changes[one.path].place
        for choice in outside:
            if not choice.parent and _overlap(_segments(choice.path, first), one.segments):
                fact = f"'{one.path}' is set here, and '{choice.path}' is a choice of its own ({choice.place})"
                faults.append(Fault(fact, "Let one of them set it", where, place))
    names = {choice.path: choice for choice in outside}
    for named in joint:
        if named.name in names:
            fact = f"the name '{named.name}' is the path of another choice ({names[named.name].place})"
            faults.append(Fault(fact, "Write another name", named.path, named.place))


def _inside(choice: JointChoice, number: int, choices: Sequence[Choice], whole: Table) -> list[Choice]:
    """The choices that lie inside an option, by paths that name it."""
    option = choice.options[number]
    own = [_segments(path, whole) for path in option.changes]
    prefix = f"{choice.path}.{option.label}."
    found = []
    for one in choices:
        if any(_is_under(_segments(one.path, whole), path) for path in own):
            placed = (f"{prefix}{one.parent}", one.parent_option) if one.parent else (choice.path, number)
            closed = "" if one.parent else one.path
            found.append(
                replace(one, path=prefix + one.path, parent=placed[0], parent_option=placed[1], closed_path=closed)
            )
    return found
