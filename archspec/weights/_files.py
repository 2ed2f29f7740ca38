"""Reading files of arrays without running anything that is in them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from archspec.errors import Place, UserError, user_error
from archspec.files import is_file

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

NUMBERS = "fiub"  # NumPy's letters of the types that numbers have


def read_npz(file: str, text: tuple[str, ...] = ()) -> dict[str, Array]:
    """Every array of an .npz by its name, numbers but for those named in `text`. Raises `UserError`."""
    import numpy as np

    need_file(file)
    if Path(file).suffix == ".npy":
        raise unreadable(file, "it holds one array, not several", "Name an .npz file")
    try:
        arrays = _unpacked(file)
    except Exception as error:  # a broken file raises anything: its header may ask for more memory than there is
        raise unreadable(file, first_line(error), "Name an .npz file") from error
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray) or array.dtype.kind not in ("U" if name in text else NUMBERS):
            raise unreadable(file, f"'{name}' is no array of numbers", "Name an .npz file of weights")
    return arrays


def _unpacked(file: str) -> dict[str, Any]:
    import numpy as np

    with np.load(file, allow_pickle=False) as found:
        return {name: found[name] for name in found.files}


def need_file(file: str) -> None:
    """Raises `UserError` when there is no such file."""
    if not is_file(file):
        raise user_error("no such file", "Name a file of weights", place=Place(file))


def unreadable(file: str, why: str, remedy: str) -> UserError:
    """The error for a file that is not what its format says."""
    return user_error(f"cannot be read as weights ({why})", remedy, place=Place(file))


def first_line(error: Exception) -> str:
    """What an error says, in a line; its type where it says nothing."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
