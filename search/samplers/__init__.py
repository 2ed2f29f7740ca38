"""Samplers, one file each: `<name>(task, **options) -> Sampler`. The file is the registry."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from archspec.catalog import load_function, members
from archspec.errors import nearest, user_error
from archspec.search.sampling import Sampler, Task


def samplers() -> tuple[str, ...]:
    """The names of all samplers."""
    return tuple(members("samplers"))


def sampler_file(name: str) -> Path:
    """Where a sampler is written. Raises `UserError` with the nearest name."""
    if name not in samplers():
        raise user_error(f"no sampler '{name}'", nearest(name, samplers()))
    return members("samplers")[name]


def make_sampler(name: str, task: Task, options: Mapping[str, Any] | None = None) -> Sampler:
    """The sampler `name` at work on `task`.

    Raises `UserError` for an unknown name or option, and where the sampler cannot work on this task or lacks a library.
    """
    sampler_file(name)
    make = load_function("samplers", name)
    known = [option for option in inspect.signature(make).parameters if option != "task"]
    for option in options or {}:
        if option not in known:
            raise user_error(f"sampler '{name}' has no option '{option}'", nearest(option, known))
    made: Sampler = make(task, **(options or {}))
    return made
