"""Ways to attribute a score to pixels: one file each, found by its stem, with `attribute(question)`.

It gives the maps `(K, H, W)`, float32, from 0, one a score, of the image's size; their scale is their own.
`READS_LAYER` says whether they are made of a layer's map, or of the image alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from archspec.catalog import load, members
from archspec.errors import Place, nearest, user_error

if TYPE_CHECKING:
    import numpy as np

    from archspec.explain.question import Question

    Method = Callable[[Question], np.ndarray[Any, Any]]

PLUS_PLUS = ("++", "_plus_plus")  # on the command line, in a file's name


def methods() -> tuple[str, ...]:
    """The names of all methods as they are written on the command line: the files of this folder, none imported."""
    return tuple(sorted(name.replace(*PLUS_PLUS[::-1]) for name in members("methods")))


def method_name(asked: str) -> str:
    """The name as `methods` has it; case, `-` and `_` do not matter (`Grad-CAM++`). Raises `UserError`."""
    plain = asked.lower().replace("-", "").replace("_", "").replace(" ", "")
    if plain not in methods():
        raise user_error(f"unknown method '{asked}'", nearest(plain, methods()), place=Place("--method"))
    return plain


def attribute(name: str, question: Question) -> np.ndarray[Any, Any]:
    """The maps `(K, H, W)` of the method of that name. Raises `UserError` where it cannot be."""
    return cast("Method", _module(name).attribute)(question)


def reads_layer(name: str) -> bool:
    """Whether the method's maps are made of a layer's."""
    return bool(_module(name).READS_LAYER)


def _module(name: str) -> Any:
    return load("methods", name.replace(*PLUS_PLUS))
