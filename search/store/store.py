"""The studies of a database."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from archspec.errors import nearest, user_error
from archspec.search.store._database import LOCK_WAIT_S, Database
from archspec.search.store._tables import Tables, add_missing_columns, tables
from archspec.search.store.study import LEASE_S, Study, StudyInfo, info_of

if TYPE_CHECKING:
    from sqlalchemy import Connection


def open_store(url: str, wait_s: float = LOCK_WAIT_S) -> TrialStore:
    """The store at a URL or an SQLite path, its tables made where they are missing.

    Raises `UserError` where it cannot be opened; a locked database is tried for `wait_s`.
    """
    return TrialStore(Database(url, wait_s), tables())


def check_shared(url: str) -> None:
    """Raise `UserError` for storage that several machines cannot share."""
    if "://" not in url or url.startswith("sqlite"):
        raise user_error(f"workers of other machines cannot share an SQLite file ({url})",
                         "Its locks do not hold over a network. Take postgresql+psycopg2://… or mysql+pymysql://…, or "
                         "more --workers of one `archspec search` on this machine")  # fmt: skip


class TrialStore:
    """The studies of one database."""

    def __init__(self, database: Database, described: Tables) -> None:
        self._database, self._tables = database, described
        self._database.transact(self._create)

    @property
    def url(self) -> str:
        """Where it is, as SQLAlchemy writes it."""
        return self._database.url

    def close(self) -> None:
        self._database.close()

    def studies(self) -> tuple[StudyInfo, ...]:
        """Every study, oldest first."""
        from sqlalchemy import select

        query = select(self._tables.studies).order_by(self._tables.studies.c.id)
        rows = self._database.transact(lambda connection: connection.execute(query).mappings().all())
        return tuple(info_of(row) for row in rows)

    def open_study(self, name: str, lease_s: float = LEASE_S) -> Study:
        """A study there is. Raises `UserError` with the nearest name."""
        known = {study.name: study for study in self.studies()}
        if name not in known:
            raise user_error(f"no study '{name}' in {self.url}", nearest(name, known) or "It holds none")
        return Study(self._database, self._tables, known[name], lease_s)

    def create_study(self, name: str, definition: str, seed: int, lease_s: float = LEASE_S) -> Study:
        """A new study, or the one of that name when it is the same. Raises `UserError` where it is another."""
        from sqlalchemy.exc import IntegrityError

        row = {"name": name, "definition": definition, "seed": seed, "created_at": self._database.now()}
        insert = self._tables.studies.insert().values(**row)
        with suppress(IntegrityError):  # there already, or made by another machine just now
            self._database.transact(lambda connection: connection.execute(insert))
        study = self.open_study(name, lease_s)
        for what, wanted, found in (("definition", definition, study.info.definition), ("seed", seed, study.info.seed)):
            if wanted != found:
                raise user_error(f"the study '{name}' in {self.url} was begun with another {what}",
                                 "Give this one another name, or go on with the one that is there")  # fmt: skip
        return study

    def redefine(self, name: str, definition: str) -> None:
        """Give a study another text: its budget was raised. Who joins it from now on reads that one."""
        update = self._tables.studies.update().where(self._tables.studies.c.name == name)
        self._database.transact(lambda connection: connection.execute(update.values(definition=definition)))

    def _create(self, connection: Connection) -> None:
        from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

        try:
            self._tables.metadata.create_all(connection, checkfirst=True)
        except (IntegrityError, OperationalError, ProgrammingError) as error:
            if "already exists" not in str(error) and "duplicate key" not in str(error):
                raise
            connection.rollback()  # another process made them at the same moment
            return
        add_missing_columns(connection)
