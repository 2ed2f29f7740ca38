"""The file of a ledger, asked and added to without SQLAlchemy: for commands that take a second or less.

It reads and writes the same tables as `Ledger`. A database on a server, and a file of the version before, take that.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from archspec.errors import Place, UserError, user_error
from archspec.ledger.database import VARIABLE, WAIT_S, check_place, default_ledger, sqlite_fault, write_ahead
from archspec.ledger.schema import SQLITE_TABLES, VERSION, record_of, row_of, spec_of, spec_row
from archspec.record import Record

if TYPE_CHECKING:
    import sqlite3

    from archspec.ledger.ledger import Ledger

COLUMNS = ("key", "hash", "metric", "name", "time", "number", "spec", "body")
AT_ONCE = 500


class KnownNumbers(Protocol):
    """What measuring needs of a ledger."""

    def get_many(self, keys: Iterable[str]) -> dict[str, Record]:
        """The records that are there, by key."""
        ...

    def add(self, records: Iterable[Record], *, replace: bool = False) -> int:
        """Keep records; a key that is there stays as it was, unless `replace`."""
        ...


class LightLedger:
    """A ledger's file. Open it with `open_light`; each call is one transaction. Raises `UserError` as `Ledger` does."""

    def __init__(self, file: Path, connection: sqlite3.Connection) -> None:
        self._file, self._connection = file, connection

    def get_many(self, keys: Iterable[str]) -> dict[str, Record]:
        """The records that are there, by key, in the order asked."""
        wanted, found = list(dict.fromkeys(keys)), {}
        for start in range(0, len(wanted), AT_ONCE):
            some = wanted[start : start + AT_ONCE]
            question = (
                "SELECT records.key, body, specs.text FROM archspec_records AS records "
                "LEFT JOIN archspec_specs AS specs ON specs.digest = records.spec "
                f"WHERE records.key IN ({', '.join('?' * len(some))})"
            )
            with _plain_faults(self._file):
                rows = self._connection.execute(question, some).fetchall()
            for key, body, text in rows:
                try:
                    found[key] = record_of(body, spec_of(text) if text is not None else "")
                except (ValueError, TypeError, KeyError) as error:
                    raise user_error(f"the record {key} is damaged ({error})", place=Place(str(self._file))) from error
        return {key: found[key] for key in wanted if key in found}

    def add(self, records: Iterable[Record], *, replace: bool = False) -> int:
        """Keep records, all or none of a call; the number of rows. A key that is there stays, unless `replace`."""
        rows = [(row_of(record), spec_row(record.spec) if record.spec else None) for record in records]
        changed = ", ".join(f"{name} = excluded.{name}" for name in COLUMNS[1:])
        end = f"ON CONFLICT (key) DO UPDATE SET {changed}" if replace else "ON CONFLICT (key) DO NOTHING"
        statement = f"INSERT INTO archspec_records VALUES ({', '.join(f':{name}' for name in COLUMNS)}) {end}"
        with _plain_faults(self._file), self._connection:
            self._connection.executemany(
                "INSERT OR IGNORE INTO archspec_specs VALUES (:digest, :text)", [spec for _, spec in rows if spec]
            )
            return self._connection.executemany(statement, [row for row, _ in rows]).rowcount

    def close(self) -> None:
        """Let the file go."""
        self._connection.close()

    def __enter__(self) -> LightLedger:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def open_light(where: str | os.PathLike[str]) -> LightLedger | Ledger:
    """The ledger at a path, made where there is none; of a server's URL, and of another version, the whole one."""
    text = os.fspath(where)
    if "://" in text or not text:
        return _whole(text)
    file = Path(text)
    check_place(file, Place(text), create=True)
    with _plain_faults(file):
        connection = _connected(file)
        try:
            found = _version(connection)
        except BaseException:
            connection.close()
            raise
    if found != VERSION:
        connection.close()
        return _whole(text)
    return LightLedger(file, connection)


@contextmanager
def shared_ledger(
    where: str = "", output: Path = Path("runs"), message: Callable[[str], object] = print
) -> Iterator[KnownNumbers | None]:
    """The ledger that is named, else that of the folder where runs go.

    One that nobody named and that cannot be used is told in a `message`, and no number is kept: what is measured does
    not need it. Raises `UserError` for one that is named.
    """
    named = where or os.environ.get(VARIABLE)
    try:
        kept = open_light(where or default_ledger(output))
    except UserError as error:
        if named:
            raise
        message(f"archspec: {error}. The numbers are not kept")
        yield None
        return
    with kept:
        yield kept


def _whole(where: str) -> Ledger:
    from archspec.ledger.ledger import Ledger

    return Ledger.open(where)


def _connected(file: Path) -> sqlite3.Connection:
    import sqlite3

    connection = sqlite3.connect(file, timeout=WAIT_S)
    with closing(connection.cursor()) as cursor:
        write_ahead(cursor)
    connection.execute("PRAGMA synchronous=FULL")
    return connection


def _version(connection: sqlite3.Connection) -> str:
    """Of the tables; they are made where there are none."""
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if "archspec_about" not in names:
        for statement in SQLITE_TABLES:
            connection.execute(statement)
    connection.execute("INSERT OR IGNORE INTO archspec_about VALUES ('ledger_version', ?)", (VERSION,))
    connection.commit()
    return str(connection.execute("SELECT value FROM archspec_about WHERE name = 'ledger_version'").fetchone()[0])


@contextmanager
def _plain_faults(file: Path) -> Iterator[None]:
    import sqlite3

    try:
        yield
    except sqlite3.Error as error:
        raise sqlite_fault(str(error), Place(str(file))) from error
