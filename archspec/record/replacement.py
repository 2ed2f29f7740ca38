"""A folder that takes another's place whole: whoever looks, whenever it ends, finds the old one or the new one."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from archspec.errors import Place, user_error
from archspec.record.atomic import sync_folder
from archspec.record.temporary import OLD, temporary_folder

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
    _check(target, check_old)
    try:
        with temporary_folder(target) as beside:
            new = beside / "new"
            new.mkdir()
            yield new
            _check(target, check_old)
            _exchange(new, target, beside / OLD)
            sync_folder(target.parent)
    except OSError as error:
        reason = error.strerror or str(error)
        raise user_error(f"cannot be written ({reason})", "Name another folder", place=Place(str(target))) from error


def _check(target: Path, check_old: Callable[[Path], None]) -> None:
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
    """The first name in a folder that is none of `names`; '' where there is none. Raises `OSError`."""
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
