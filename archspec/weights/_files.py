"""Reading files of arrays without running anything that is in them."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from archspec.arrays import Array
from archspec.errors import Place, Problem, UserError, first_line, user_error
from archspec.files import check_archive, is_file

if TYPE_CHECKING:
    import numpy as np

NUMBERS = "fiub"  # NumPy's letters of the types that numbers have


class TensorShape(NamedTuple):
    """What a tensor is, without its numbers."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def size(self) -> int:
        """How many numbers."""
        return math.prod(self.shape)


def npz_shapes(
    file: str, text: tuple[str, ...] = (), check: Callable[[zipfile.ZipFile], None] | None = None
) -> dict[str, TensorShape]:
    """The shape of every array of an .npz by its name: only the headers are unpacked, which are small.

    `check` may refuse the archive before. Raises `UserError`.
    """
    need_file(file)
    if Path(file).suffix == ".npy":
        raise unreadable(file, "it holds one array, not several", "Name an .npz file")
    try:
        with zipfile.ZipFile(file) as archive:
            if check is not None:
                check(archive)
            found = {one.filename.removesuffix(".npy"): _npy_shape(archive, one) for one in archive.infolist()}
    except Problem as problem:
        raise unreadable(file, problem.fact, "Name an .npz file") from None
    except Exception as error:  # a broken file raises anything
        raise unreadable(file, first_line(error), "Name an .npz file") from error
    for name, one in found.items():
        if one.dtype.kind not in ("U" if name in text else NUMBERS):
            raise unreadable(file, f"'{name}' is no array of numbers", "Name an .npz file of weights")
    return found


def _npy_shape(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> TensorShape:
    """From the header of one array. Raises `Problem` where its numbers are more or fewer than stand there."""
    import numpy as np

    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    with archive.open(member) as stream:
        shape, _, dtype = readers[np.lib.format.read_magic(stream)](stream)
        found = TensorShape(shape, dtype)
        if min(shape, default=0) < 0 or (found.size * dtype.itemsize != member.file_size - stream.tell()):
            raise Problem(f"'{member.filename}' does not hold the {shape} numbers that it announces")
    return found


def read_npz(file: str, text: tuple[str, ...] = ()) -> dict[str, Array]:
    """Every array of an .npz by its name, numbers but for those named in `text`. Raises `UserError`.

    What is no such file, or would unpack to far more than it takes, is refused before any array is read.
    """
    import numpy as np

    npz_shapes(file, text, check_archive)
    try:
        with np.load(file, allow_pickle=False) as found:
            return {name: found[name] for name in found.files}
    except Exception as error:  # a broken file raises anything
        raise unreadable(file, first_line(error), "Name an .npz file") from error


def need_file(file: str) -> None:
    """Raises `UserError` when there is no such file."""
    if not is_file(file):
        raise user_error("no such file", "Name a file of weights", place=Place(file))


def unreadable(file: str, why: str, remedy: str) -> UserError:
    """The error for a file that is not what its format says."""
    return user_error(f"cannot be read as weights ({why})", remedy, place=Place(file))
