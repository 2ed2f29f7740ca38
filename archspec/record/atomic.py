"""Files that are either the old one or the whole new one, never half of it."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from archspec.errors import Place, UserError, user_error

_LONGEST_NAME = 200  # most file systems allow 255 bytes; the rest is for the suffix


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write `text` as UTF-8, line ends as they are, atomically. Raises `UserError` when the file cannot be written."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Write `data` under a temporary name in the same folder, sync it to disk, then rename it to `path`.

    Whoever reads `path` meanwhile sees the old content or the new one, and a failure leaves the old file as it was
    and nothing else behind. A symbolic link keeps pointing where it did; a device or a pipe (`/dev/stdout`) is
    written to, not replaced. Raises `UserError` when the folder is missing, or the file cannot be written.
    """
    try:
        if _is_stream(path):
            with open(path, "wb") as stream:
                stream.write(data)
        else:
            _replace(os.path.realpath(path), data)
    except OSError as error:
        raise _cannot_write(path, error) from error


def _replace(target: str, data: bytes) -> None:
    mode = _mode_of(target)
    temporary = _temporary_name(target)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        with open(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        if mode is not None:
            os.chmod(temporary, mode)
        os.replace(temporary, target)
    except BaseException:  # also when interrupted: nothing stays behind
        with suppress(OSError):
            os.unlink(temporary)
        raise
    _sync_folder(os.path.dirname(target))


def _temporary_name(target: str) -> str:
    folder, name = os.path.split(target)
    short = os.fsdecode(os.fsencode(name)[:_LONGEST_NAME].decode("utf-8", "ignore").encode())
    return os.path.join(folder, f".{short}.{os.getpid()}-{os.urandom(4).hex()}.tmp")


def _mode_of(target: str) -> int | None:
    """The permissions of the file that is replaced; a new file gets those of the umask."""
    try:
        return stat.S_IMODE(os.stat(target).st_mode)
    except OSError:
        return None


def _is_stream(path: str | os.PathLike[str]) -> bool:
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _sync_folder(folder: str) -> None:
    """Make the rename itself durable, where the system can (Windows cannot open a folder)."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _cannot_write(path: str | os.PathLike[str], error: OSError) -> UserError:
    place = Place(os.fspath(path))
    folder = Path(path).parent
    if Path(path).is_dir():
        return user_error("cannot be written (it is a folder)", "Name a file", place=place)
    if not folder.is_dir():
        return user_error(f"cannot be written (no such folder: {folder})", "Create the folder first", place=place)
    return user_error(f"cannot be written ({error.strerror or error})", "The file there, if any, is as it was", place=place)
