"""The open choices of a spec: each has decisions, and knows what to write where it stands."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from archspec.errors import Problem, UserError, user_error
from archspec.search.candidates import Decision, DecisionValue, Generated, Genome
from archspec.spec import CHOOSE, RANGE, TOGETHER, Choice, Spec
from archspec.spec.nodes import show_plain

MOST_OPTIONS = 100_000
LABEL_LETTERS = 24


@dataclass(frozen=True)
class OpenChoice:
    """One choice of a spec.

    Attributes:
        path: where its value goes, once what it lies inside has been taken.
        decisions: its decisions; those that hang on no other of them exist when the choice does.
        value: what to write, from the whole genome.
        parent: the decision that must have taken `parent_value` for the choice to exist; '' for always.
    """

    path: str
    decisions: tuple[Decision, ...]
    value: Callable[[Genome], Any]
    parent: str
    parent_value: DecisionValue

    def exists(self, genome: Genome) -> bool:
        """Whether this choice has to be made."""
        return not self.parent or genome.get(self.parent) == self.parent_value


def open_choices(spec: Spec) -> tuple[OpenChoice, ...]:
    """Every choice, parents before what lies in them. Raises `UserError`."""
    choices = spec.choices()
    paths = _closed_paths(choices)
    counts = Counter([*paths.values(), *(choice.name for choice in choices if choice.name)])
    names = {
        path: closed if counts[closed] == 1 else path.removeprefix(f"{TOGETHER}.") for path, closed in paths.items()
    }
    names |= {choice.path: choice.name for choice in choices if choice.name}
    labels = {choice.path: _labels(choice) for choice in choices if choice.kind == CHOOSE}
    found = []
    for choice in choices:
        parent = names.get(choice.parent, "")
        parent_value: DecisionValue = labels[choice.parent][choice.parent_option] if parent else ""
        name = names[choice.path]
        if choice.kind == CHOOSE:
            decisions, value = _chosen(name, choice, labels[choice.path])
        elif choice.kind == RANGE:
            decisions, value = _ranged(name, choice)
        else:
            decisions, value = _generated(name, choice, spec)
        placed = (one if one.parent else replace(one, parent=parent, parent_value=parent_value) for one in decisions)
        found.append(OpenChoice(paths[choice.path], tuple(placed), value, parent, parent_value))
    return tuple(found)


def _closed_paths(choices: tuple[Choice, ...]) -> dict[str, str]:
    """Where each choice stands once its parents are taken: `head.choose[1].dpc.filters` is at `head.dpc.filters`."""
    closed: dict[str, str] = {}
    for choice in choices:
        inside = f"{choice.parent}.{CHOOSE}[{choice.parent_option}]"
        if choice.closed_path or not choice.parent:
            closed[choice.path] = choice.closed_path or choice.path
        else:
            closed[choice.path] = closed[choice.parent] + choice.path[len(inside) :]
    return closed


Decided = tuple[tuple[Decision, ...], Callable[[Genome], Any]]


def _chosen(name: str, choice: Choice, labels: tuple[DecisionValue, ...]) -> Decided:
    values: Mapping[DecisionValue, Any] = dict(zip(labels, choice.options, strict=True))
    return (Decision(name, labels, _rises(labels)),), lambda genome: values[genome[name]]


def _ranged(name: str, choice: Choice) -> Decided:
    settings = choice.settings
    first, last, step, log = settings["from"], settings["to"], settings.get("step"), bool(settings.get("log"))
    if step is None and choice.whole:
        step = 1  # of a logarithmic range of integers: all of them, small ones more often
    if step is None:
        return (Decision(name, (), False, float(first), float(last), log),), lambda genome: float(genome[name])
    count = math.floor((last - first) / step + 1e-9) + 1
    if count > MOST_OPTIONS:
        fact = f"a range of {count:,} values; a search takes up to {MOST_OPTIONS:,}"
        raise user_error(fact, "Write a larger step", choice.path, choice.place)
    options = tuple(first + i * step for i in range(count))
    return (Decision(name, options, True, float(first), float(last), log),), lambda genome: genome[name]


def _generated(name: str, choice: Choice, spec: Spec) -> Decided:
    try:
        made = spec.catalog.generator(choice.kind)(**choice.settings)
    except Problem as problem:
        raise UserError(problem.at(choice.place, f"{choice.path}.{choice.kind}")) from None
    if not isinstance(made, Generated):
        fact = f"the generator '{choice.kind}' gave back {type(made).__name__}, not Generated"
        raise user_error(fact, "Return archspec.search.candidates.Generated", choice.path, choice.place)
    own = {one.name: name + one.name for one in made.decisions}
    decisions = tuple(
        replace(one, name=own[one.name], parent=own[one.parent] if one.parent else "") for one in made.decisions
    )

    def value(genome: Genome) -> Any:
        return made.value({short: genome[full] for short, full in own.items() if full in genome})

    return decisions, value


def _labels(choice: Choice) -> tuple[DecisionValue, ...]:
    """A plain and distinct word for each option. Raises `UserError` for one that stands twice."""
    wanted = [_label(option, number) for number, option in enumerate(choice.options, 1)]
    counts = Counter(wanted)
    found: dict[DecisionValue, None] = {}
    for number, (option, label) in enumerate(zip(choice.options, wanted, strict=True), 1):
        if any(option == other and type(option) is type(other) for other in choice.options[: number - 1]):
            fact = f"an option stands twice ({show_plain(option)})"
            raise user_error(fact, "Remove one", choice.path, choice.place)
        taken = label if counts[label] == 1 or not isinstance(label, str) else f"{label} (option {number})"
        found[taken if taken not in found else f"option {number}"] = None
    return tuple(found)


def _label(option: Any, number: int) -> DecisionValue:
    if isinstance(option, bool) or option is None:
        return show_plain(option)
    if isinstance(option, int | float | str):
        return option
    if isinstance(option, dict):
        words = [key for key in option if key not in ("repeat", "id", "from")]
        return str(words[0]) if len(words) == 1 and words[0] not in (CHOOSE, RANGE, "steps") else f"option {number}"
    short = show_plain(option) if not any(isinstance(item, dict | list) for item in option) else ""
    return short if 0 < len(short) <= LABEL_LETTERS else f"option {number}"


def _rises(labels: tuple[DecisionValue, ...]) -> bool:
    numbers = [label for label in labels if not isinstance(label, str)]
    return len(numbers) == len(labels) and all(a < b for a, b in itertools.pairwise(numbers))
