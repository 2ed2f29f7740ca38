"""The door to a database: short transactions, tried again while it is locked or away, and its faults in plain words."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from archspec.errors import Place, Problem, UserError, first_line, user_error
from archspec.files import is_file
from archspec.ledger.database import silence_pool_log
from archspec.record import check_file
from archspec.search.store._tables import trial_of
from archspec.search.trials import Trial

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.sql.elements import ColumnElement

Found = TypeVar("Found")
LOCK_WAIT_S, START_WAIT_S = 60.0, 20.0
_LOCKED = ("locked", "deadlock", "could not serialize", "lock wait timeout")
_AWAY = ("connection", "gone away", "shutting down", "starting up")
_STARTING = "starting up"
_FULL = ("disk is full", "no space left", "could not extend", "disk i/o error", "table is full")


class Database:
    """One database by URL (or the path of an SQLite file). Raises `UserError` where it cannot be used."""

    def __init__(self, url: str, wait_s: float = LOCK_WAIT_S) -> None:
        self.url = url if "://" in url else f"sqlite:///{url}"
        self._wait_s = wait_s
        self._reached = False
        self.engine = _engine(self.url)

    @property
    def shared(self) -> bool:
        """Whether several machines may work on it: not on an SQLite file."""
        return self.engine.dialect.name != "sqlite"

    def now(self) -> ColumnElement[float]:
        """The time by the database's clock, the same for all machines."""
        from sqlalchemy import literal, literal_column

        dialect = self.engine.dialect.name
        if dialect == "postgresql":
            return literal_column("extract(epoch from clock_timestamp())::float8")
        if dialect in ("mysql", "mariadb"):
            return literal_column("unix_timestamp(sysdate(6)) + 0e0")
        return literal(time.time())

    def transact(self, work: Callable[[Connection], Found]) -> Found:
        """Run `work` in a transaction; again while the database is locked or away, for a minute."""
        from sqlalchemy.exc import DBAPIError

        start = time.monotonic()
        end = start + self._wait_s
        pause = 0.05
        while True:
            try:
                with self.engine.begin() as connection:
                    self._reached = True
                    return work(connection)
            except UnicodeDecodeError as error:
                fact = "a damaged trial store (its text is not UTF-8)"
                raise user_error(fact, "Put a copy of before in its place", place=Place(self._location)) from error
            except DBAPIError as error:
                late = time.monotonic() > (end if _STARTING not in str(error.orig) else min(end, start + START_WAIT_S))
                if late or not self._passes(error):
                    raise self._as_user_error(error) from error
            time.sleep(pause)
            pause = min(2 * pause, 1.0)

    def trial(self, row: Mapping[str, Any]) -> Trial:
        """The trial of a row. Raises `UserError`, with the database, for one that is damaged."""
        try:
            return trial_of(row)
        except Problem as problem:
            raise UserError(problem.at(Place(self._location))) from problem

    @property
    def _location(self) -> str:
        """The path of a file, else the URL without its password."""
        url = self.engine.url
        return url.database or "" if not self.shared else url.render_as_string(hide_password=True)

    def close(self) -> None:
        self.engine.dispose()

    def _passes(self, error: DBAPIError) -> bool:
        """Whether to try again: it is locked, starting up, or was reached before and is away now."""
        fact = str(error.orig).lower()
        if _STARTING in fact:
            return True
        away = error.connection_invalidated or any(word in fact for word in _AWAY)
        return any(word in fact for word in _LOCKED) or (self._reached and away)

    def _as_user_error(self, error: DBAPIError) -> Exception:
        """A fault of the database as the user's error; one of our own statements stays what it is."""
        from sqlalchemy.exc import DatabaseError, IntegrityError, ProgrammingError

        fact = first_line(error.orig or error)
        where = self.engine.url.render_as_string(hide_password=True)
        if isinstance(error, IntegrityError | ProgrammingError) or not isinstance(error, DatabaseError):
            return error
        lowered = fact.lower()
        if any(word in lowered for word in _FULL):
            return user_error(f"the trial store {where} cannot be written ({fact})",
                              "Make room on the disk and start again: what is finished is kept")  # fmt: skip
        if "locked" in lowered:
            return user_error(f"the trial store {where} stayed locked for {self._wait_s:g} s ({fact})",
                              "End the program that holds it, and start again: what is finished is kept")  # fmt: skip
        if "not a database" in lowered or "malformed" in lowered:
            return user_error(f"{where} is no trial store ({fact})", "Name another file")
        return user_error(f"the trial store {where} cannot be reached ({fact})",
                          "Check the URL and the server, and start again: what is finished is kept")  # fmt: skip


def _engine(url: str) -> Engine:
    from sqlalchemy import create_engine, event
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError

    try:
        is_file = url.startswith("sqlite")
        if is_file:
            _make_folder(url)
        silence_pool_log()
        engine = create_engine(url, connect_args={"timeout": 5.0} if is_file else {}, pool_pre_ping=not is_file)
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise user_error(f"no storage URL ({url}: {error})",
                         "Write sqlite:///FILE, postgresql+psycopg2://… or mysql+pymysql://…") from error  # fmt: skip
    except ModuleNotFoundError as error:
        raise _no_driver(url, error) from error
    if is_file:
        event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _no_driver(url: str, error: ModuleNotFoundError) -> UserError:
    extra = "mysql" if url.startswith("mysql") else "postgresql"
    return user_error(f"the driver of this database is not installed ({error.name})",
                      f"pip install 'archspec-keras[{extra}]'")  # fmt: skip


def _make_folder(url: str) -> None:
    from sqlalchemy.engine import make_url

    file = make_url(url).database
    if file and file != ":memory:":
        if not is_file(file):
            check_file(file, "Name another file for the trials", with_folder=True)
        try:
            Path(file).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise user_error(f"the folder of {file} cannot be made ({error.strerror})", "Name another") from error


def _prepare_sqlite(connection: object, record: object) -> None:  # noqa: ARG001 - as SQLAlchemy calls it
    """A write-ahead log: readers never wait, and a commit is in the operating system's hands, so survives kill -9.

    `synchronous=NORMAL` syncs at checkpoints: a power cut may take the last trials, never the file.
    """
    cursor = connection.cursor()  # type: ignore[attr-defined]
    try:
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")
    finally:
        cursor.close()
