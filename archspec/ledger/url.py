"""Where a ledger is: a path, or a database's URL."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from archspec.errors import Place, user_error

if TYPE_CHECKING:
    from sqlalchemy import URL

VARIABLE = "ARCHSPEC_LEDGER"
FILE_NAME = "ledger.db"


def default_ledger(output: str | os.PathLike[str] = "runs") -> str:
    """The path or URL in ARCHSPEC_LEDGER, else `ledger.db` in the folder where runs go."""
    return os.environ.get(VARIABLE) or str(Path(output) / FILE_NAME)


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
