"""Values that are not written out: choices, which a search or the user with `--set` still has to decide, and selectors,
which follow the width, the variant, the output stride or an argument and are resolved node to node.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from archspec.catalog import members
from archspec.errors import Fault, Place, Problem, nearest
from archspec.spec.nodes import BROKEN, Entry, Items, Node, Scalar, Table, one_line, only_key, shown
from archspec.spec.words import CHOOSE, OUTPUT_STRIDES, RANGE, SELECTED_BY, SELECTORS, VARIANTS

_LISTED = 1000


@dataclass(frozen=True)
class Choice:
    """One open choice.

    Attributes:
        path: where it stands, in the grammar of `--set`.
        kind: `choose`, `range`, or the name of a generator (`dpc_cell`).
        options: the values to choose from; for a range with a step, all of them (up to 1000); else empty.
        settings: what a range or a generator was given (`{'from': 64, 'to': 512, 'step': 64}`).
        parent: the path of the choice that this one lies inside ('' when it is always open).
        parent_option: which option of the parent must be taken for this choice to exist.
        whole: of a range: whether integers are wanted.
        name: of a choice of `together`, whose options are labels.
        closed_path: of one inside an option of `together`: where it stands once that is taken.
    """

    path: str
    place: Place = field(compare=False)
    kind: str = CHOOSE
    options: tuple[Any, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    parent: str = ""
    parent_option: int = 0
    whole: bool = False
    name: str = ""
    closed_path: str = ""


CHOICES = frozenset((CHOOSE, RANGE, *members("generators", ())))  # plugins add generators: `Reader` knows those too


def range_options(settings: Mapping[str, Any]) -> tuple[float, ...]:
    """Every value of a range that has a step, when there are at most 1000."""
    first, last, step = settings["from"], settings["to"], settings.get("step")
    if not step:
        return ()
    count = math.floor((last - first) / step + 1e-9) + 1
    return tuple(first + i * step for i in range(count)) if count <= _LISTED else ()


def range_problem(settings: dict[str, Any], whole: bool) -> Problem | None:
    """What is wrong with a range whose keys are right; `whole`: integers are wanted."""
    first, last, step = settings["from"], settings["to"], settings.get("step")
    if last <= first:
        return Problem(f"'to' must be greater than 'from' ({first} to {last})", "Swap the two, or write the value")
    if settings.get("log"):
        if step is not None:
            return Problem("'log' and 'step' exclude each other", "Remove one of the two")
        return None if first > 0 else Problem(f"a log range starts above 0 ({first})", "Write from: 1")
    if step is None:
        return None if not whole else Problem("a range of integers needs a step", "Write step: 1")
    return None if not whole or type(step) is int else Problem(f"step must be an integer ({step})", "Write step: 1")


@dataclass(frozen=True, slots=True)
class Scoped:
    """A value that selectors may look at, and where it was written ('' path: it is a default)."""

    node: Node
    path: str


Scope: TypeAlias = Mapping[str, Scoped]


def make_divisible(value: float, divisor: int = 8, minimum: int | None = None) -> int:
    """MobileNet's rounding of a scaled channel count: to the nearest multiple, never more than 10 % down."""
    rounded = max(divisor if minimum is None else minimum, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * value else rounded


def same_key(key: str, value: Any) -> bool:
    """Whether a selector's key names a value: by number where the value is one (`1` is `1.0`)."""
    if isinstance(value, str):
        return key == value
    try:
        return bool(float(key) == value)
    except ValueError:
        return False


class Resolver:
    """Resolves selectors in one scope; `owner` names the section in messages."""

    def __init__(self, scope: Scope, owner: str, faults: list[Fault]) -> None:
        self.scope, self.owner, self.faults = scope, owner, faults

    def resolve(self, node: Node, path: str) -> Node:
        """The node with a selector at its top followed to the value it stands for (BROKEN after a fault)."""
        word = only_key(node)
        while word in SELECTORS and isinstance(node, Table):
            node = self._step(word, node, path)
            word = only_key(node)
        return node

    def deep(self, node: Node, path: str) -> Node:
        """The node with every selector inside it resolved."""
        node = self.resolve(node, path)
        if isinstance(node, Table):
            entries = {
                key: Entry(self.deep(entry.node, f"{path}.{key}"), entry.place) for key, entry in node.entries.items()
            }
            return Table(entries, node.place)
        if isinstance(node, Items):
            return Items(tuple(self.deep(item, f"{path}[{i}]") for i, item in enumerate(node.items)), node.place)
        return node

    def _step(self, word: str, node: Table, path: str) -> Node:
        inner = node.entries[word].node
        try:
            if word in SELECTED_BY:
                return self._case(SELECTED_BY[word], word, inner, node, path)
            if word == "argument":
                return self._argument(inner, path)
            return self._scaled(inner, node, path)
        except Problem as problem:
            self.faults.append(problem.at(node.place, path))
            return Scalar(BROKEN, node.place)

    def _case(self, name: str, word: str, cases: Node, node: Table, path: str) -> Node:
        scoped = self.scope[name]
        if not isinstance(scoped.node, Scalar) or scoped.node.value is BROKEN or not isinstance(cases, Table):
            return Scalar(BROKEN, node.place)  # both are reported where they stand
        for key, entry in cases.entries.items():
            if same_key(key, scoped.node.value):
                return entry.node
        fact = f"{word} of {self.owner} does not list it ({scoped.node.value})"
        remedy = "One of: " + ", ".join(cases.entries)
        place, where = (scoped.node.place, scoped.path) if scoped.path else (node.place, path)
        self.faults.append(Fault(fact, remedy, where, place))
        return Scalar(BROKEN, node.place)

    def _argument(self, inner: Node, path: str) -> Node:
        name = inner.value if isinstance(inner, Scalar) else None
        if not isinstance(name, str) or name not in self.scope:
            self.faults.append(
                Fault(f"unknown argument ({shown(inner)})", nearest(name, self.scope), path, inner.place)
            )
            return Scalar(BROKEN, inner.place)
        return self.scope[name].node

    def _scaled(self, inner: Node, node: Table, path: str) -> Node:
        settings = dict(inner.entries) if isinstance(inner, Table) and "filters" in inner.entries else {}
        base = self._number(settings["filters"].node if settings else inner, f"{path}.scaled")
        divisor = self._number(settings["divisor"].node, path) if "divisor" in settings else 8
        minimum = self._number(settings["minimum"].node, path) if "minimum" in settings else None
        width = self.scope["width_multiplier"].node
        if base is None or not isinstance(width, Scalar) or not isinstance(width.value, int | float):
            return Scalar(BROKEN, node.place)
        if not divisor or divisor < 1:
            raise Problem("scaled needs a divisor of at least 1", "Write divisor: 8")
        least = None if minimum is None else int(minimum)
        return Scalar(make_divisible(base * width.value, int(divisor), least), node.place)

    def _number(self, node: Node, path: str) -> float | None:
        node = self.resolve(node, path)
        if isinstance(node, Scalar) and node.value is BROKEN:
            return None
        if not isinstance(node, Scalar) or isinstance(node.value, bool) or not isinstance(node.value, int | float):
            self.faults.append(Fault(f"must be a number ({shown(node)})", "Write scaled: 32", path, node.place))
            return None
        return node.value


def case_problem(word: str, key: str) -> Problem | None:
    """What is wrong with the key of a selector's case."""
    if word == "by_variant" and key not in VARIANTS:
        return Problem(f"unknown variant '{one_line(key)}'", nearest(key, VARIANTS))
    if word == "by_output_stride" and not any(same_key(key, stride) for stride in OUTPUT_STRIDES):
        return Problem(f"not an output stride ('{one_line(key)}')", "One of: 8, 16, 32")
    if word == "by_width":
        try:
            float(key)
        except ValueError:
            return Problem(f"not a width ('{one_line(key)}')", "Write a number such as 0.5")
    return None
