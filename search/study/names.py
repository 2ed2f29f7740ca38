"""What a study may name: measures and samplers, found by their files and not imported before they are asked for."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache, wraps
from importlib import import_module
from typing import Any

from archspec.search.samplers import samplers

__all__ = ["direction", "measure_names", "sampler_function", "sampler_names"]


_TEMP = {"params": "minimize", "gflops": "minimize", "predicted_latency_ms": "minimize", "latency_ms": "minimize", "proxy_miou": "maximize", "miou": "maximize", "tflite_mb": "minimize"}


def measure_names() -> tuple[str, ...]:
    """Every measure."""
    return tuple(_TEMP)


def direction(metric: str) -> str:
    """`maximize`, `minimize`, or '' where neither is better by itself."""
    return _TEMP[metric]


def sampler_names() -> tuple[str, ...]:
    """Every sampler."""
    return samplers()


@cache
def sampler_function(name: str) -> Callable[..., Any]:
    """The sampler of that name; its signature is that of its options, which can only be named."""
    function = getattr(import_module(f"archspec.search.samplers.{name}"), name)

    @wraps(function)
    def options(*given: Any, **named: Any) -> Any:
        return function(*given, **named)

    signature = inspect.signature(function)
    task, *others = signature.parameters.values()
    changed = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in others]
    options.__signature__ = signature.replace(parameters=[task, *changed])  # type: ignore[attr-defined]
    return options
