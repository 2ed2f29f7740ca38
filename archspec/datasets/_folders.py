"""Which files and folders of a folder are data: by their endings, hidden ones left out."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from archspec.datasets._images import IMAGE_SUFFIXES
from archspec.errors import Place, UserError, user_error


def files_in(folder: Path, suffixes: Iterable[str] = IMAGE_SUFFIXES) -> list[Path]:
    """The files of a folder with one of these suffixes, in order. Raises `UserError` for a folder it cannot read.

    Hidden ones are left out: macOS writes a `._x.png` beside every `x.png` on other people's disks.
    """
    wanted = tuple(suffixes)
    try:
        return sorted(path for path in folder.iterdir() if path.suffix.lower() in wanted and not is_hidden(path.name))
    except OSError as error:
        raise _not_readable(folder, error) from error


def files_below(folder: Path, suffixes: Iterable[str] = IMAGE_SUFFIXES) -> list[Path]:
    """As `files_in`, of a folder and all folders in it, links to folders among them."""
    wanted = tuple(suffixes)
    found: list[Path] = []
    seen: set[tuple[int, int]] = set()
    try:
        for root, folders, names in os.walk(folder, onerror=_raise, followlinks=True):
            status = os.stat(root)
            if (status.st_dev, status.st_ino) in seen:  # a link that leads back
                folders.clear()
                continue
            seen.add((status.st_dev, status.st_ino))
            folders[:] = [name for name in folders if not is_hidden(name)]
            paths = (Path(root, name) for name in names if not is_hidden(name))
            found += [path for path in paths if path.suffix.lower() in wanted]
    except OSError as error:
        raise _not_readable(Path(error.filename or folder), error) from error
    return sorted(found)


def folders_in(folder: Path) -> list[Path]:
    """The folders in a folder but for hidden ones, in order. Raises `UserError` for one it cannot read."""
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir() and not is_hidden(path.name))
    except OSError as error:
        raise _not_readable(folder, error) from error


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name is no data: hidden, or macOS's own in an archive."""
    return name.startswith(".") or name == "__MACOSX"


def _raise(error: OSError) -> None:
    raise error


def is_folder(path: Path) -> bool:
    """Whether it is one. Raises `UserError` where that may not be known."""
    try:
        return path.is_dir()
    except OSError as error:
        raise _not_readable(path, error) from error


def _not_readable(path: Path, error: OSError) -> UserError:
    return user_error(f"cannot be read ({error.strerror or error})", "Is it the right folder?", place=Place(str(path)))
