"""Temporary files and folders beside what they will become; those of a process that was killed are swept away.

Each is called `.NAME.MACHINE-RANDOM.tmp`, and the process that makes one holds a lock on it, which the system
releases when the process ends, however it ends. So one that can be locked is left over. What another machine or
another user made is left alone, and so is everything where the system has no such locks.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

OLD = "old"
"""In a temporary folder: what stood under the name before, until the new folder stands there."""
_LONGEST_NAME = 200  # most file systems allow 255 bytes; the rest is for the suffix
_PATTERN = re.compile(r"\.(?P<name>.+)\.(?P<machine>[0-9a-f]{8})-[0-9a-f]{8}\.tmp", re.DOTALL)
_SWEEP_EVERY_S = 5.0
_last_sweep: dict[tuple[int, int], float] = {}
_ours: set[str] = set()  # of this process: over a network locks do not tell its threads apart


@contextmanager
def temporary_file(target: Path) -> Iterator[Path]:
    """A new empty file beside `target`, to be written and renamed; it goes where that fails. Raises `OSError`."""
    sweep(target.parent)
    path, descriptor = _new(target, _make_file)
    try:
        yield path
    except BaseException:  # also when interrupted: nothing stays behind
        with suppress(OSError):
            path.unlink()
        raise
    finally:
        _release(path, descriptor)


@contextmanager
def temporary_folder(target: Path | None = None) -> Iterator[Path]:
    """A new empty folder beside `target`, else in the system's folder for temporary files; it goes at the end.

    Raises `OSError` where it cannot be made.
    """
    target = target or Path(tempfile.gettempdir()) / "archspec"
    sweep(target.parent)
    path, descriptor = _new(target, _make_folder)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        _release(path, descriptor)


def sweep(folder: Path) -> None:
    """Remove what processes of this machine and user that are gone left in a folder, at most every few seconds."""
    if os.name != "posix":
        return
    with suppress(OSError):
        about = folder.stat()
        here, now = (about.st_dev, about.st_ino), time.monotonic()
        if now - _last_sweep.get(here, -_SWEEP_EVERY_S) < _SWEEP_EVERY_S:
            return
        _last_sweep[here] = now
        for path in folder.iterdir():
            match = _PATTERN.fullmatch(path.name)
            if match and match["machine"] == _machine() and path.name not in _ours:
                with suppress(OSError):
                    _remove_unless_held(path, folder / match["name"])


@cache
def _machine() -> str:
    return hashlib.blake2b(platform.node().encode(), digest_size=4).hexdigest()


def _new(target: Path, make: Callable[[Path], int | None]) -> tuple[Path, int | None]:
    """A path that is new, and the descriptor that holds its lock, where the system has locks."""
    short = os.fsencode(target.name)[:_LONGEST_NAME].decode("utf-8", "ignore")
    while True:
        path = target.with_name(f".{short}.{_machine()}-{os.urandom(4).hex()}.tmp")
        _ours.add(path.name)
        try:
            descriptor = make(path)
        except BaseException:
            _ours.discard(path.name)
            raise
        if descriptor is None or _lock(descriptor, path):
            return path, descriptor
        _release(path, descriptor)


def _release(path: Path, descriptor: int | None) -> None:
    _ours.discard(path.name)
    if descriptor is not None:
        os.close(descriptor)


def _lock(descriptor: int, path: Path) -> bool:
    """Hold it; False where a sweep came between and took it away."""
    import fcntl

    with suppress(OSError):  # a file system without locks: nobody sweeps there either
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    return _is(descriptor, path)


def _is(descriptor: int, path: Path) -> bool:
    try:
        there = path.lstat()
    except OSError:
        return False
    return os.path.samestat(os.fstat(descriptor), there)


def _make_file(path: Path) -> int | None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    if os.name == "posix":
        return descriptor
    os.close(descriptor)
    return None


def _make_folder(path: Path) -> int | None:
    path.mkdir(mode=0o700)
    return os.open(path, os.O_RDONLY) if os.name == "posix" else None


def _remove_unless_held(path: Path, target: Path) -> None:
    import fcntl

    about = path.lstat()
    is_folder = stat.S_ISDIR(about.st_mode)
    if about.st_uid != os.geteuid() or not (is_folder or stat.S_ISREG(about.st_mode)):
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # OSError where somebody holds it
        if not _is(descriptor, path):
            return
        if not is_folder:
            path.unlink()
            return
        if (path / OLD).exists() and not os.path.lexists(target):  # killed between two renames
            (path / OLD).rename(target)
        shutil.rmtree(path, ignore_errors=True)
    finally:
        os.close(descriptor)
