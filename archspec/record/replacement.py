"""Files and folders that are either the old one or the whole new one, never half of it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from archspec.errors import Place, UserError, user_error
from archspec.files import is_folder
from archspec.record.temporary_files import OLD, temporary_file, temporary_folder


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write `text` as UTF-8, line ends as they are, atomically. Raises `UserError` when the file cannot be written."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Write `data` under a temporary name in the same folder, sync it to disk, then rename it to `path`.

    A process that reads `path` during this sees the old content or the new one, and a failure leaves the old file
    as it was and nothing else behind. A symbolic link keeps pointing where it did; a device or a pipe (`/dev/stdout`)
    is written to, not replaced. Raises `UserError` when the folder is missing or the file cannot be written.
    """
    path = Path(path)
    try:
        if _is_stream(path):
            with path.open("wb") as stream:
                stream.write(data)
        else:
            _replace_file(path.resolve(), data)
    except OSError as error:
        raise _cannot_write(path, error) from error


def _replace_file(target: Path, data: bytes) -> None:
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


SAVED_MODEL = frozenset(("saved_model.pb", "fingerprint.pb", "variables", "assets", "assets.extra"))
"""What the folder of a TensorFlow SavedModel holds."""
_HERE, _EXCHANGE = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of Linux


@contextmanager
def replacing_folder(target: Path, check_old: Callable[[Path], None]) -> Iterator[Path]:
    """A new folder that is renamed to `target` at the end; where that does not come, everything is as it was.

    `check_old` raises where what stands at `target` may not be replaced: it is asked at the beginning, and again
    before the rename. Raises `UserError` for a symbolic link, a file or a mount point at
    `target`, and where it cannot be written.
    """
    target = Path(os.path.abspath(target))  # noqa: PTH100 - `resolve` would follow a link
    _check_target(target, check_old)
    try:
        with temporary_folder(target) as beside:
            new = beside / "new"
            new.mkdir()
            yield new
            _check_target(target, check_old)
            _exchange(new, target, beside / OLD)
            sync_folder(target.parent)
    except OSError as error:
        reason = error.strerror or str(error)
        raise user_error(f"cannot be written ({reason})", "Name another folder", place=Place(str(target))) from error


def _check_target(target: Path, check_old: Callable[[Path], None]) -> None:
    if not os.path.lexists(target):
        return
    if target.is_symlink():
        fact = "a symbolic link, which is not replaced"
    elif not target.is_dir():
        fact = "a file, which is not replaced"
    elif target.is_mount():
        fact = "where a file system is mounted, which is not replaced"
    else:
        check_old(target)
        return
    raise user_error(fact, "Name another folder", place=Place(str(target)))


def foreign_in(folder: Path, names: Collection[str]) -> str:
    """The first name in a folder that is not among `names`, or ''. Raises `OSError`."""
    return next((name for name in sorted(path.name for path in folder.iterdir()) if name not in names), "")


def _exchange(new: Path, target: Path, old: Path) -> None:
    if not os.path.lexists(target):
        new.rename(target)
    elif not _exchanged(new, target):  # two renames: what is killed between them is put right by the next `sweep`
        target.rename(old)
        try:
            new.rename(target)
        except OSError:
            old.rename(target)
            raise


def _exchanged(one: Path, other: Path) -> bool:
    """Whether the system swapped two folders in one step (Linux, on most file systems)."""
    import ctypes

    try:
        swap = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    return bool(swap(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0)
