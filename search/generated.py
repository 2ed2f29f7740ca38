"""What a generator makes of its arguments: decisions, and the value that they stand for once they are taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from archspec.search.candidates import Genome, Parameter


@dataclass(frozen=True)
class Generated:
    """The decisions of a generator, and what to write in the spec in its place.

    Attributes:
        parameters: names continue the path where the generator stands (`[0].rate`, `.stage2`); parents come before
            what lies in them.
        value: from what was taken (by these names, only what exists) to plain Python. Raises `Problem`.
    """

    parameters: tuple[Parameter, ...]
    value: Callable[[Genome], Any]
