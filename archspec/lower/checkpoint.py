"""TensorFlow 1 checkpoints: every variable by its name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from archspec.errors import Place, user_error
from archspec.files import is_file, is_folder
from archspec.lower.framework import tf
from archspec.lower.quiet import quiet

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

ENDINGS = (".index", ".meta", ".data-00000-of-00001")
STATE = "checkpoint"  # beside them: which prefix is the newest


def read_checkpoint(path: str) -> dict[str, Array]:
    """Variable name -> array. `path` is the prefix, one of its files, or a folder with a file `checkpoint`, or that.

    Raises `UserError` when there is no checkpoint or it cannot be read.
    """
    is_state = Path(path).name == STATE and is_file(path) and not is_file(f"{path}.index")
    prefix = str(Path(path).parent) if is_state else path
    for ending in ENDINGS:
        prefix = prefix.removesuffix(ending)
    beside = Path(prefix).parent.glob(f"{Path(prefix).name}*") if is_folder(Path(prefix).parent) else ()
    if not is_folder(prefix) and not any(beside):
        raise user_error("no such checkpoint", "Name its prefix, such as model.ckpt-120000", place=Place(path))
    try:
        with quiet():
            reader = tf.train.load_checkpoint(prefix)
            return {name: reader.get_tensor(name) for name in sorted(reader.get_variable_to_shape_map())}
    except Exception as error:  # TensorFlow raises its own types, and ValueError for a folder without any
        fact = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise user_error(
            f"cannot be read as a TensorFlow checkpoint ({fact})",
            "Name its prefix; .index and .data files belong together",
            place=Place(path),
        ) from error
