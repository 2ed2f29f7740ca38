"""The database of a ledger: where it is, how it is opened, and its faults as what a user can do about them."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archspec.errors import Fault, Place, UserError, user_error
from archspec.files import exists, is_file, is_folder
from archspec.ledger.former_names import renamed
from archspec.ledger.schema import FORMER_VERSION, VERSION, record_of, row_of, spec_of, tables
from archspec.record import check_file, make_folder

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine, Table
    from sqlalchemy.sql.dml import Insert

VARIABLE = "ARCHSPEC_LEDGER"
FILE_NAME = "ledger.db"
RUNS, SEARCHES = "runs", "searches"
FORMER_LEDGER = f"{SEARCHES}/{FILE_NAME}"
"""Where searches kept their numbers before all commands shared one ledger."""


def default_ledger(output: str | os.PathLike[str] = RUNS) -> str:
    """The path or URL in ARCHSPEC_LEDGER, else `ledger.db` in the folder where runs go.

    The usual folder of searches has none of its own: they share the one of the usual folder of runs.
    """
    folder = Path(RUNS) if Path(output).absolute() == Path(SEARCHES).absolute() else Path(output)
    return os.environ.get(VARIABLE) or str(folder / FILE_NAME)


@dataclass(frozen=True)
class Where:
    """A ledger's address: `file` where it is one, and how it is said (never with a password)."""

    url: URL
    file: Path | None
    said: str

    @property
    def place(self) -> Place:
        """For faults."""
        return Place(self.said)

    @property
    def sqlite(self) -> bool:
        """Whether it is a SQLite file."""
        return self.url.get_backend_name() == "sqlite"


def where_of(place: str | os.PathLike[str]) -> Where:
    """A path or a URL, read. Raises `UserError` for a URL that is none, and for a database in memory."""
    from sqlalchemy import URL, make_url
    from sqlalchemy.exc import ArgumentError

    text = os.fspath(place)
    if "://" not in text:
        if not text:
            raise user_error("no ledger is named", "Give a path, or a database's URL")
        return Where(URL.create("sqlite", database=text), Path(text), text)
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:
        fact = "a ledger's URL cannot be read"
        raise user_error(fact, "Its form is postgresql+psycopg2://user:password@host/name") from error
    if url.get_backend_name() != "sqlite":
        return Where(_with_driver(url), None, url.render_as_string(hide_password=True))
    if not url.database or url.database == ":memory:" or "mode=memory" in text:
        raise user_error("a ledger in memory keeps nothing", "Name a file", place=Place(text))
    return Where(url, Path(url.database), url.database)


def _with_driver(url: URL) -> URL:
    """`postgresql://` is whichever driver is installed: SQLAlchemy changed its mind about the default."""
    from importlib.util import find_spec

    if url.drivername == "postgresql":
        driver = "psycopg2" if find_spec("psycopg2") or not find_spec("psycopg") else "psycopg"
        return url.set(drivername=f"postgresql+{driver}")
    if url.drivername in ("mysql", "mariadb") and not find_spec("MySQLdb"):
        return url.set(drivername=f"{url.drivername}+pymysql")
    return url


WAIT_S = 30.0
START_WAIT_S = 20.0
_COPY = "Take a copy of before; `archspec ledger import` reads record.json files again"
_SQLITE = (  # a word of SQLite's message, the fact, the remedy
    ("locked", f"is locked by another process (waited {WAIT_S:g} s)", "Let that one finish, then try again"),
    ("busy", f"is locked by another process (waited {WAIT_S:g} s)", "Let that one finish, then try again"),
    ("full", "the disk is full; nothing was added", "Make room, then try again: what was added before is safe"),
    ("disk i/o", "the disk failed", "Is it full, or a network file system? A ledger's file needs a local disk"),
    ("not a database", "not a ledger (no SQLite file)", "Name another file; one that is not there yet is made"),
    ("malformed", "a damaged ledger", _COPY),
    ("readonly", "cannot be written", "Change its permissions, or those of its folder: SQLite keeps files beside it"),
    ("unable to open", "cannot be opened", "Is it a folder, or not yours to write?"),
)


class StartingUp(UserError):
    """A server that takes no connections yet."""


@contextmanager
def said_plainly(where: Where) -> Iterator[None]:
    """Faults of the database inside become a `UserError` at the ledger's place."""
    from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError

    try:
        yield
    except NoSuchModuleError as error:
        remedy = "Its form is postgresql+psycopg2://… or mysql+pymysql://…, or a path"
        raise user_error(f"no database of that kind is known ({where.url.drivername})", remedy) from error
    except ModuleNotFoundError as error:
        extra = "mysql" if where.url.get_backend_name() in ("mysql", "mariadb") else "postgresql"
        fact = f"the driver {error.name} is not installed"
        raise user_error(fact, f'pip install "archspec-keras[{extra}]"', place=where.place) from error
    except UnicodeDecodeError as error:
        fact = "a damaged ledger (its text is not UTF-8)"
        raise user_error(fact, _COPY, place=where.place) from error
    except SQLAlchemyError as error:
        raise _fault(where, error) from error


def _fault(where: Where, error: Exception) -> UserError:
    """SQLAlchemy's own message quotes whole statements: only the first line of the driver's is said."""
    message = str(getattr(error, "orig", None) or error).strip().split("\n")[0]
    if where.sqlite:
        return sqlite_fault(message, where.place)
    if "starting up" in message:
        fact = f"the server is starting up (waited {START_WAIT_S:g} s)"
        return StartingUp(Fault(fact, "Try again when it is up", place=where.place))
    remedy = "Is the server running, and the URL right?"
    return user_error(f"the ledger cannot be used ({message})", remedy, place=where.place)


def sqlite_fault(message: str, place: Place) -> UserError:
    """What SQLite says of a ledger's file."""
    for word, fact, remedy in _SQLITE:
        if word in message.lower():
            return user_error(fact, remedy, place=place)
    return user_error(f"the ledger cannot be used ({message})", place=place)


_log = logging.getLogger("archspec.ledger")
_LOCK = 0x61726368  # "arch": several processes may make the tables of one server at once


def opened(where: Where, *, create: bool, wait_s: float = WAIT_S) -> Engine:
    """An engine on a ledger of our version. Raises `UserError` where there is none and `create` is false."""
    from sqlalchemy import create_engine, inspect

    if where.file is not None:
        check_place(where.file, where.place, create=create)
    connect_args = {"timeout": wait_s} if where.sqlite else {}
    silence_pool_log()
    engine = create_engine(where.url, connect_args=connect_args, pool_pre_ping=not where.sqlite)
    if where.sqlite:
        _tune(engine)
    try:
        if not inspect(engine).has_table(tables().about.name):
            _make_tables(engine, where, create)
        _check_version(engine, where)
    except BaseException:
        engine.dispose()
        raise
    return engine


def silence_pool_log() -> None:
    """What interrupts a transaction (Ctrl-C, a lost server) is raised anyway: the pool need not print it as well."""
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)


def check_place(file: Path, place: Place, *, create: bool) -> None:
    """Raises `UserError` where there can be no ledger, or is none and `create` is false; else its folder is made."""
    if is_file(file):
        return
    if is_folder(file):
        raise user_error("is a folder", "Name a file", place=place)
    if exists(file):
        raise user_error("not a ledger (no regular file)", "Name a file", place=place)
    if not create:
        raise user_error("no such ledger", "Name a ledger's file, or set ARCHSPEC_LEDGER", place=place)
    check_file(file, "Name another ledger", with_folder=True)
    make_folder(file.parent)


def _tune(engine: Engine) -> None:
    """One writer and any readers at a time, and every commit on the disk before it is said to be there."""
    from sqlalchemy import event

    @event.listens_for(engine, "connect")
    def tune(connection: Any, _: object) -> None:
        with closing(connection.cursor()) as cursor:
            write_ahead(cursor)
            cursor.execute("PRAGMA synchronous=FULL")
            cursor.execute("PRAGMA temp_store=MEMORY")


def write_ahead(cursor: Any) -> None:
    """SQLite does not wait for others where the kind of journal changes: so it is tried again."""
    import sqlite3

    for _ in range(200):
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            time.sleep(0.01)


def _make_tables(engine: Engine, where: Where, create: bool) -> None:
    """Each step may have been done before: a process killed between two of them leaves nothing to mend."""
    from sqlalchemy import text
    from sqlalchemy.schema import CreateIndex, CreateTable

    if not create:
        raise user_error("not a ledger (it has no archspec_about)", "Name another one", place=where.place)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        for table in (tables().specs, tables().records, tables().about):  # the last one says that all are there
            connection.execute(CreateTable(table, if_not_exists=True))
            for index in sorted(table.indexes, key=lambda one: str(one.name)):
                if engine.dialect.name in ("mysql", "mariadb") and _has_index(connection, table, str(index.name)):
                    continue
                connection.execute(CreateIndex(index, if_not_exists=engine.dialect.name not in ("mysql", "mariadb")))
        version = {"name": "ledger_version", "value": VERSION}
        connection.execute(insert_new(engine, tables().about), [version])


def _has_index(connection: Connection, table: Table, name: str) -> bool:
    from sqlalchemy import inspect

    return any(index["name"] == name for index in inspect(connection).get_indexes(table.name))


def _check_version(engine: Engine, where: Where) -> None:
    """A ledger of the version before is brought to ours; one of a later version is refused."""
    from sqlalchemy import select

    about = tables().about
    with engine.connect() as connection:
        found = connection.scalar(select(about.c.value).where(about.c.name == "ledger_version"))
    if found is None:  # killed between the table and its row
        with engine.begin() as connection:
            connection.execute(insert_new(engine, about), [{"name": "ledger_version", "value": VERSION}])
    elif found == FORMER_VERSION:
        count = _migrate(engine)
        _log.warning("%s: %d records are now kept under the names of this version", where.said, count)
    elif found != VERSION:
        fact = f"a ledger of version {found}, this archspec reads {VERSION}"
        raise user_error(fact, "Update archspec", place=where.place)


def _migrate(engine: Engine) -> int:
    """Translate every record of a ledger of the version before, in one transaction; how many were translated.

    Its first statement writes, so that a second process waits, and then finds nothing to do.
    """
    from sqlalchemy import delete, select, update

    about, records, specs = tables().about, tables().records, tables().specs
    former: list[str] = []
    with engine.begin() as connection:
        step = update(about).where(about.c.name == "ledger_version", about.c.value == FORMER_VERSION)
        if not connection.execute(step.values(value=VERSION)).rowcount:
            return 0
        texts = {row.digest: row.text for row in connection.execute(select(specs))}
        rows = connection.execute(select(records.c.key, records.c.body, records.c.spec)).all()
        values = {row.key: _value(row.body) for row in rows}
        new: dict[str, Any] = {}
        for row in rows:
            with suppress(ValueError, TypeError, KeyError):  # a damaged record stays as it is
                record = record_of(row.body, spec_of(texts[row.spec]) if row.spec else "")
                today = renamed(record)
                if today is record or values.get(today.key, record.value) != record.value:
                    continue  # nothing to translate, or another value of the same number is there: both stay
                former.append(row.key)
                if today.key not in values:
                    values[today.key], new[today.key] = today.value, row_of(today)
        for key in former:
            connection.execute(delete(records).where(records.c.key == key))
        if new:
            connection.execute(insert_new(engine, records), list(new.values()))
    return len(former)


def _value(body: str) -> object:
    try:
        return json.loads(body)["value"]
    except (ValueError, TypeError, KeyError):
        return None


def insert_new(engine: Engine, table: Table) -> Insert:
    """An insert that leaves rows alone that are there."""
    dialect = engine.dialect.name
    if dialect == "sqlite":
        from sqlalchemy.dialects.sqlite import insert as sqlite_insert

        return sqlite_insert(table).on_conflict_do_nothing()
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as postgresql_insert

        return postgresql_insert(table).on_conflict_do_nothing()
    from sqlalchemy import insert

    return insert(table).prefix_with("IGNORE")


def insert_over(engine: Engine, table: Table, columns: Iterable[str]) -> Insert:
    """An insert that writes `columns` over those of a row that is there."""
    dialect = engine.dialect.name
    if dialect == "sqlite":
        from sqlalchemy.dialects.sqlite import insert as sqlite_insert

        here = sqlite_insert(table)
        return here.on_conflict_do_update(index_elements=["key"], set_={name: here.excluded[name] for name in columns})
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as postgresql_insert

        there = postgresql_insert(table)
        new = {name: there.excluded[name] for name in columns}
        return there.on_conflict_do_update(index_elements=["key"], set_=new)
    from sqlalchemy.dialects.mysql import insert as mysql_insert

    row = mysql_insert(table)
    return row.on_duplicate_key_update({name: row.inserted[name] for name in columns})
