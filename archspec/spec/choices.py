"""Open choices: values that a search, or the user with `--set`, still has to decide."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from archspec.catalog import members
from archspec.errors import Place, Problem
from archspec.spec.words import CHOOSE, RANGE

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
    """

    path: str
    place: Place = field(compare=False)
    kind: str = CHOOSE
    options: tuple[Any, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    parent: str = ""
    parent_option: int = 0
    whole: bool = False


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
