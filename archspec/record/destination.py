"""Where a command is going to write: everything that can be known before the work begins is refused before it."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

from archspec.errors import Place, user_error
from archspec.files import reason_of

_LONGEST_PATH = 4096  # of Linux; what is longer than a system takes is found out by trying
_ROOM = 256  # for the names of the files inside a folder
_REMEDY = "Name another with --output"


def check_folder(folder: str | os.PathLike[str], remedy: str = _REMEDY) -> None:
    """Raise `UserError` unless the folder is there, or can be made, and files can be written in it."""
    path = Path(folder)
    try:
        above = _nearest(path, longest=_LONGEST_PATH - _ROOM)
        if above != path:
            _check_names(path, above)
        _try_to_write(above)
    except (OSError, ValueError) as error:
        raise user_error(f"cannot make the folder {path} ({_reason(path, error)})", remedy) from error


def check_file(file: str | os.PathLike[str], remedy: str = _REMEDY, *, with_folder: bool = False) -> None:
    """Raise `UserError` unless the file can be written; `with_folder`: its folder will be made where it is missing.

    A device and a pipe (`/dev/stdout`) can be written to; of a symbolic link it is what it points to.
    """
    path = Path(file)
    try:
        if path.exists() and not path.is_dir() and not path.is_file():
            return
        above = _nearest(path.resolve(), longest=_LONGEST_PATH)
    except (OSError, ValueError, RuntimeError) as error:
        reason = reason_of(error) if isinstance(error, OSError | ValueError) else str(error)
        raise user_error(f"cannot be written ({reason})", remedy, place=Place(str(path))) from error
    if path.is_dir():
        raise user_error("cannot be written (it is a folder)", "Name a file", place=Place(str(path)))
    folder = path.resolve().parent if path.is_symlink() else path.parent
    if with_folder:
        check_folder(folder, remedy)
    elif not folder.is_dir():
        fact = f"cannot be written (no such folder: {path.parent})"
        raise user_error(fact, "Create the folder first", place=Place(str(path)))
    try:
        _check_names(path.resolve(), above)
        _try_to_write(_nearest(folder, longest=_LONGEST_PATH))
    except OSError as error:
        raise user_error(f"cannot be written ({reason_of(error)})", remedy, place=Place(str(path))) from error


def _nearest(path: Path, *, longest: int) -> Path:
    """The path, or the nearest folder above it that is there. Raises `OSError` where none can be made below that."""
    if "\0" in str(path):
        raise ValueError("embedded null byte")
    if len(os.fsencode(os.path.abspath(path))) >= longest:  # noqa: PTH100 - a link is not followed
        raise _too_long()
    here = path
    while not os.path.lexists(here) and here != here.parent:
        here = here.parent
    here.stat()  # a link to nothing, or in a circle
    return here


def _check_names(path: Path, above: Path) -> None:
    """Raise `OSError` for a name that the file system of `above` does not take."""
    longest = os.pathconf(above, "PC_NAME_MAX") if hasattr(os, "pathconf") else 255
    if any(len(os.fsencode(part)) > longest for part in path.parts[len(above.parts) :]):
        raise _too_long()


def _too_long() -> OSError:
    return OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))


def _try_to_write(folder: Path) -> None:
    """A file without a name, where the system has such: permissions alone do not tell (root, /proc, read-only)."""
    with tempfile.TemporaryFile(dir=folder):
        pass


def _reason(path: Path, error: OSError | ValueError) -> str:
    for above in (path, *path.parents):
        if os.path.lexists(above):
            if above.is_symlink() and not above.exists():
                return f"{above} is a link to nothing"
            if not above.is_dir():
                return f"{above} is a file"
            break
    return reason_of(error)


def make_folder(folder: Path, remedy: str = "Name another one") -> Path:
    """The folder, made with all above it where it is not there. Raises `UserError`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise user_error(f"cannot make the folder {folder} ({error.strerror})", remedy) from error
    return folder
