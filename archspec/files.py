"""Files and folders that a user names: what is there, and the content of a file, read whole within bounds.

A path may be too long, hold a NUL, or name a folder, a device or a pipe that nobody writes to. Each of these is one
`UserError` at once; nothing here waits for ever or reads without an end.
"""

from __future__ import annotations

import os
import select
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING

from archspec.errors import Place, Problem, UserError, user_error

if TYPE_CHECKING:
    import zipfile

TEXT_BYTES = 64 * 2**20
"""The largest text file (specs have a smaller bound of their own)."""
DATA_BYTES = 4 * 2**30
"""The largest model, file of weights, or list of annotations."""
_WRITER_WAIT_S = 3.0  # until somebody opens the other end of a pipe
_BYTES_WAIT_S = 30.0  # until a writer that is there writes something
_CHUNK_BYTES = 2**20
_KINDS = (
    (stat.S_ISDIR, "a folder, not a file"),
    (stat.S_ISCHR, "a device, not a file"),
    (stat.S_ISBLK, "a device, not a file"),
    (stat.S_ISSOCK, "a socket, not a file"),
)

UNPACKED_BYTES, UNPACKED_RATIO = 256 * 2**20, 20
"""What a packed file may unpack to whatever its size, and how many times its size beyond that."""

AnyPath = str | os.PathLike[str]


def is_file(path: AnyPath) -> bool:
    """Whether there is a regular file; False also for a path that the system does not take."""
    return os.path.isfile(path)  # noqa: PTH113 - pathlib's raises for a name that is too long


def is_folder(path: AnyPath) -> bool:
    """Whether there is a folder; False also for a path that the system does not take."""
    return os.path.isdir(path)  # noqa: PTH112 - as above


def exists(path: AnyPath) -> bool:
    """Whether anything is there; False also for a path that the system does not take."""
    return os.path.exists(path)  # noqa: PTH110 - as above


def expanded(path: AnyPath) -> Path:
    """The path with `~` as the user's home; `~name` of nobody stays as it is written."""
    return Path(os.path.expanduser(path))  # noqa: PTH111 - pathlib's raises for a user that is not known


def cache_folder(kind: str) -> Path:
    """Where things of a kind are kept that can be made again: in the user's cache (XDG_CACHE_HOME or ~/.cache)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or expanded("~/.cache")) / "archspec" / kind


def reason_of(error: OSError | ValueError) -> str:
    """What the system says against a path, in a few words."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return "a NUL character in its name" if "null" in str(error) else str(error)


def read_text(path: AnyPath, *, most_bytes: int = TEXT_BYTES, remedy: str = "") -> str:
    """The UTF-8 text of a file, without a byte order mark. Raises `UserError` as `read_bytes`, and for other bytes."""
    data = read_bytes(path, most_bytes=most_bytes, remedy=remedy)
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise user_error("not UTF-8 text", remedy or "Save the file as UTF-8", place=Place(str(path))) from error


def read_bytes(path: AnyPath, *, most_bytes: int = DATA_BYTES, remedy: str = "") -> bytes:
    """The whole content of a regular file, or of a pipe (`/dev/stdin`) that is written to and closed.

    Raises `UserError` at the path for a file that is missing, no file, larger than `most_bytes`, or cannot be read,
    and for a pipe that nobody writes to (3 s) or that stays silent (30 s).
    """
    place = Place(str(path))
    try:
        mode = os.stat(path).st_mode
        for is_kind, fact in _KINDS:
            if is_kind(mode):
                raise user_error(fact, remedy or "Name a file", place=place)
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        try:
            return _content(descriptor, most_bytes, place, remedy)
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:
        raise user_error(f"cannot be read ({reason_of(error)})", remedy, place=place) from error


def _content(descriptor: int, most_bytes: int, place: Place, remedy: str) -> bytes:
    about = os.fstat(descriptor)
    if stat.S_ISREG(about.st_mode) and about.st_size > most_bytes:
        raise _too_large(most_bytes, place, remedy, about.st_size)
    pipe = _Pipe(descriptor, place) if stat.S_ISFIFO(about.st_mode) else None
    found = bytearray()
    while len(found) <= most_bytes:
        wanted = min(_CHUNK_BYTES, most_bytes + 1 - len(found))
        data = os.read(descriptor, wanted) if pipe is None else pipe.read(wanted)
        if not data:
            return bytes(found)
        found += data
    raise _too_large(most_bytes, place, remedy)


def check_unpacked(unpacked_bytes: int, packed_bytes: int) -> None:
    """Raise `Problem` where a file unpacks to far more than it takes: numbers of a network hardly shrink."""
    most = min(DATA_BYTES, max(UNPACKED_BYTES, UNPACKED_RATIO * packed_bytes))
    if unpacked_bytes > most:
        raise Problem(f"{packed_bytes:,} bytes that unpack to {unpacked_bytes:,}, at most {most:,} are read")


def check_archive(archive: zipfile.ZipFile) -> None:
    """`check_unpacked` of all that is in a zip."""
    members = archive.infolist()
    check_unpacked(sum(one.file_size for one in members), sum(one.compress_size for one in members))


class _Pipe:
    """Reads a pipe that was opened without waiting, and gives up where nothing comes."""

    def __init__(self, descriptor: int, place: Place) -> None:
        self._descriptor, self._place = descriptor, place
        self._begun = False

    def read(self, count: int) -> bytes:
        """Some bytes, none at the end. Raises `UserError` after waiting."""
        start = time.monotonic()
        limit = _BYTES_WAIT_S if self._begun else _WRITER_WAIT_S
        while time.monotonic() - start < limit:
            try:
                data = os.read(self._descriptor, count)
            except BlockingIOError:  # a writer is there, and has written nothing yet
                self._begun, limit = True, _BYTES_WAIT_S
                select.select([self._descriptor], [], [], 1.0)
                continue
            if data or self._begun:
                self._begun = True
                return data
            time.sleep(0.02)  # nobody has opened the other end
        fact = f"a pipe through which nothing came for {limit:g} s"
        raise user_error(fact, "Name a file, or write to the pipe and close it", place=self._place)


def _too_large(most_bytes: int, place: Place, remedy: str, size: int | None = None) -> UserError:
    found = f"{size:,} bytes, at most {most_bytes:,} are read" if size else f"more than {most_bytes:,} bytes"
    return user_error(f"the file is too large ({found})", remedy, place=place)


def check_keras_file(path: AnyPath) -> None:
    """Raise `UserError` for what is no archive, as a `.keras` file is one: without Keras, which takes seconds."""
    import zipfile

    place = Place(str(path))
    if not is_file(path):
        raise user_error("no such file", "Name a .keras file", place=place)
    try:
        with zipfile.ZipFile(path) as archive:
            check_archive(archive)
    except (Problem, zipfile.BadZipFile, OSError) as error:
        fact = error.fact if isinstance(error, Problem) else str(error)
        raise user_error(f"cannot be loaded as a Keras model ({fact})", "Save it again", place=place) from error
