"""Reading files of arrays without running anything that is in them."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archspec.errors import Place, UserError, user_error

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]


def read_npz(file: str) -> dict[str, Array]:
    """Every array of an .npz by its name. Raises `UserError`."""
    import numpy as np

    need_file(file)
    try:
        with np.load(file, allow_pickle=False) as found:
            if not isinstance(found, np.lib.npyio.NpzFile):
                raise unreadable(file, "it holds one array, not several", "Name an .npz file")
            return {name: found[name] for name in found.files}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise unreadable(file, _first_line(error), "Name an .npz file") from error


def need_file(file: str) -> None:
    """Raises `UserError` when there is no such file."""
    if not Path(file).is_file():
        raise user_error("no such file", "Name a file of weights", place=Place(file))


def unreadable(file: str, why: str, remedy: str) -> UserError:
    """The error for a file that is not what its format says."""
    return user_error(f"cannot be read as weights ({why})", remedy, place=Place(file))


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
