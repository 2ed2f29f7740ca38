"""The door to the database: opened with waiting for others, tables made where they are not there."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from contextlib import closing
from typing import TYPE_CHECKING, Any

from archspec.errors import user_error
from archspec.files import exists, is_file, is_folder
from archspec.ledger.errors import WAIT_S
from archspec.ledger.schema import VERSION, tables
from archspec.ledger.url import Where
from archspec.record import check_file, make_folder

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Table
    from sqlalchemy.sql.dml import Insert

_LOCK = 0x61726368  # "arch": several processes may make the tables of one server at once


def opened(where: Where, *, create: bool, wait_s: float = WAIT_S) -> Engine:
    """An engine on a ledger of our version. Raises `UserError` where there is none and `create` is false."""
    from sqlalchemy import create_engine, inspect

    if where.file is not None:
        _check_file(where, create)
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


def _check_file(where: Where, create: bool) -> None:
    file = where.file
    if file is None or is_file(file):
        return
    if is_folder(file):
        raise user_error("is a folder", "Name a file", place=where.place)
    if exists(file):
        raise user_error("not a ledger (no regular file)", "Name a file", place=where.place)
    if not create:
        raise user_error("no such ledger", "Name a ledger's file, or set ARCHSPEC_LEDGER", place=where.place)
    check_file(file, "Name another ledger", with_folder=True)
    make_folder(file.parent)


def _tune(engine: Engine) -> None:
    """One writer and any readers at a time, and every commit on the disk before it is said to be there."""
    from sqlalchemy import event

    @event.listens_for(engine, "connect")
    def tune(connection: Any, _: object) -> None:
        with closing(connection.cursor()) as cursor:
            _write_ahead(cursor)
            cursor.execute("PRAGMA synchronous=FULL")
            cursor.execute("PRAGMA temp_store=MEMORY")


def _write_ahead(cursor: Any) -> None:
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
    from sqlalchemy import select

    about = tables().about
    with engine.connect() as connection:
        found = connection.scalar(select(about.c.value).where(about.c.name == "ledger_version"))
    if found is None:  # killed between the table and its row
        with engine.begin() as connection:
            connection.execute(insert_new(engine, about), [{"name": "ledger_version", "value": VERSION}])
    elif found != VERSION:
        fact = f"a ledger of version {found}, this archspec reads {VERSION}"
        raise user_error(fact, "Update archspec", place=where.place)


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
