"""Files that are either the old one or the whole new one, never half of it."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from archspec.errors import Place, UserError, user_error
from archspec.files import is_folder
from archspec.record.temporary import temporary_file


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write `text` as UTF-8, line ends as they are, atomically. Raises `UserError` when the file cannot be written."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Write `data` under a temporary name in the same folder, sync it to disk, then rename it to `path`.

    Whoever reads `path` meanwhile sees the old content or the new one, and a failure leaves the old file as it was
    and nothing else behind. A symbolic link keeps pointing where it did; a device or a pipe (`/dev/stdout`) is
    written to, not replaced. Raises `UserError` when the folder is missing or the file cannot be written.
    """
    path = Path(path)
    try:
        if _is_stream(path):
            with path.open("wb") as stream:
                stream.write(data)
        else:
            _replace(path.resolve(), data)
    except OSError as error:
        raise _cannot_write(path, error) from error


def _replace(target: Path, data: bytes) -> None:
    mode = _mode_of(target)
    with temporary_file(target) as temporary:
        with temporary.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        if mode is not None:
            temporary.chmod(stat.S_IMODE(mode))
        os.replace(temporary, target)  # noqa: PTH105 (the name everybody looks for)
    sync_folder(target.parent)


def _mode_of(path: Path) -> int | None:
    """What kind of file there is and its permissions, if there is one; a new file gets those of the umask."""
    try:
        return path.stat().st_mode
    except OSError:
        return None


def _is_stream(path: Path) -> bool:
    mode = _mode_of(path)
    return mode is not None and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def sync_folder(folder: Path) -> None:
    """Make the rename itself durable, where the system can (Windows cannot open a folder)."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _cannot_write(path: Path, error: OSError) -> UserError:
    place = Place(str(path))
    if is_folder(path):
        return user_error("cannot be written (it is a folder)", "Name a file", place=place)
    if not is_folder(path.parent):
        return user_error(f"cannot be written (no such folder: {path.parent})", "Create the folder first", place=place)
    reason = error.strerror or str(error)
    return user_error(f"cannot be written ({reason})", "What was there before is unchanged", place=place)
