"""What a study may name: measures and samplers, found by their files and not imported before they are asked for."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

from archspec.catalog import load_function
from archspec.measures import measure_named, measures
from archspec.search.samplers import samplers
from archspec.search.trials import Direction

__all__ = ["direction", "measure_names", "sampler_function", "sampler_names"]


def measure_names() -> tuple[str, ...]:
    """Every measure."""
    return measures()


def direction(metric: str) -> Direction:
    """Which way is better."""
    return "minimize" if measure_named(metric).less_is_better else "maximize"


def sampler_names() -> tuple[str, ...]:
    """Every sampler."""
    return samplers()


def sampler_function(name: str) -> Callable[..., Any]:
    """The sampler of that name; its signature is that of its options, which can only be named."""
    function = load_function("samplers", name)

    @wraps(function)
    def options(*given: Any, **named: Any) -> Any:
        return function(*given, **named)

    signature = inspect.signature(function)
    task, *others = signature.parameters.values()
    changed = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in others]
    options.__signature__ = signature.replace(parameters=[task, *changed])  # type: ignore[attr-defined]
    return options
