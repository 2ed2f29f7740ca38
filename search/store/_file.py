"""An SQLite file: its transactions, tried again while another program locks it, and its faults in plain words."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from archspec.errors import Place, Problem, UserError, first_line, user_error
from archspec.files import is_file
from archspec.record import check_file

Found = TypeVar("Found")
LOCK_WAIT_S = 60.0
_BUSY_S = 1.0  # that SQLite waits by itself: an interrupt is heard only afterwards
_LOCKED = "locked"
_FULL = ("disk is full", "no space left", "disk i/o error")
_FOREIGN = ("not a database", "malformed", "no such table")
_OURS = (sqlite3.IntegrityError, sqlite3.ProgrammingError)
_KEPT = "and start again: what is finished is kept"


class DatabaseFile:
    """One SQLite file, opened at its first transaction; `read_only` writes nothing to it."""

    def __init__(self, file: Path, wait_s: float = LOCK_WAIT_S, *, read_only: bool = False) -> None:
        self.file, self._wait_s, self._read_only = file, wait_s, read_only
        self._connection: sqlite3.Connection | None = None

    def transact(self, work: Callable[[sqlite3.Connection], Found]) -> Found:
        """Run `work` in a transaction; again while the file is locked, for a minute. Raises `UserError`."""
        end, pause = time.monotonic() + self._wait_s, 0.05
        while True:
            try:
                return self._once(work)
            except Problem as problem:
                raise UserError(problem.at(self._place)) from problem
            except (sqlite3.Error, UnicodeDecodeError) as error:
                if _LOCKED not in str(error) or time.monotonic() > end:
                    raise self._fault(error) from error
            time.sleep(pause)
            pause = min(2 * pause, 1.0)

    def close(self) -> None:
        """Let the file go; the next transaction opens it again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _once(self, work: Callable[[sqlite3.Connection], Found]) -> Found:
        if self._connection is None:
            self._connection = self._opened()
        connection = self._connection
        try:
            connection.execute("BEGIN" if self._read_only else "BEGIN IMMEDIATE")
            found = work(connection)
            connection.execute("COMMIT")
        except BaseException:
            connection.rollback()
            raise
        return found

    def _opened(self) -> sqlite3.Connection:
        """A write-ahead log: readers never wait, and a commit is in the operating system's hands, so survives kill -9.

        `synchronous=NORMAL` syncs at checkpoints: a power cut may take the last trials, never the file.
        """
        pragmas = ("query_only=1",) if self._read_only else ("journal_mode=WAL", "synchronous=NORMAL")
        if not self._read_only:
            _make_folder(self.file)
        elif not is_file(self.file):
            raise user_error(
                "no trial store (there is no such file)", "Run the search: it makes one", place=self._place
            )
        connection = sqlite3.connect(f"{self.file.absolute().as_uri()}?mode={self._mode()}", uri=True,
                                     timeout=min(_BUSY_S, self._wait_s), isolation_level=None,
                                     check_same_thread=False)  # fmt: skip
        try:
            connection.row_factory = sqlite3.Row
            for pragma in pragmas:
                connection.execute(f"PRAGMA {pragma}")
        except BaseException:
            connection.close()
            raise
        return connection

    def _mode(self) -> str:
        """With `ro` a reader leaves the log as it is; with `rw` it removes the empty one that it made itself."""
        if not self._read_only:
            return "rwc"
        return "ro" if is_file(f"{self.file}-wal") else "rw"

    @property
    def _place(self) -> Place:
        return Place(str(self.file))

    def _fault(self, error: Exception) -> Exception:
        """A fault of the file as the user's error; one of our own statements stays what it is."""
        fact = first_line(error)
        lowered = fact.lower()
        if isinstance(error, UnicodeDecodeError) or "utf-8" in lowered:
            return user_error("a damaged trial store (its text is not UTF-8)", "Put a copy of before in its place",
                              place=self._place)  # fmt: skip
        if isinstance(error, sqlite3.IntegrityError) and "unique" in lowered:
            return user_error(f"another program writes to the trial store {self.file} ({fact})",
                              f"A study has one driver: end the other, {_KEPT}")  # fmt: skip
        if not isinstance(error, sqlite3.DatabaseError) or isinstance(error, _OURS):
            return error
        if any(word in lowered for word in _FULL):
            return user_error(f"the trial store {self.file} cannot be written ({fact})",
                              f"Make room on the disk {_KEPT}")  # fmt: skip
        if _LOCKED in lowered:
            return user_error(f"the trial store {self.file} stayed locked for {self._wait_s:g} s ({fact})",
                              f"End the program that holds it, {_KEPT}")  # fmt: skip
        if any(word in lowered for word in _FOREIGN):
            return user_error(f"{self.file} is no trial store ({fact})", "Name another file")
        return user_error(f"the trial store {self.file} cannot be opened ({fact})",
                          f"Check the file, its folder and who may write there, {_KEPT}")  # fmt: skip


def _make_folder(file: Path) -> None:
    if not is_file(file):
        check_file(file, "Name another file for the trials", with_folder=True)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise user_error(f"the folder of {file} cannot be made ({error.strerror})", "Name another") from error
