"""TensorFlow 1 checkpoints: every variable by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archspec.errors import Place, user_error
from archspec.lower.framework import tf
from archspec.lower.quiet import quiet

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]


def read_checkpoint(prefix: str, path: str | None = None) -> dict[str, Array]:
    """Variable name -> array, of the checkpoint of a prefix or in a folder; `path` is what its user calls it.

    Raises `UserError` when it cannot be read.
    """
    try:
        with quiet():
            reader = tf.train.load_checkpoint(prefix)
            return {name: reader.get_tensor(name) for name in sorted(reader.get_variable_to_shape_map())}
    except Exception as error:  # TensorFlow raises its own types, and ValueError for a folder without any
        fact = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise user_error(
            f"cannot be read as a TensorFlow checkpoint ({fact})",
            "Name its prefix; .index and .data files belong together",
            place=Place(path or prefix),
        ) from error
