"""Studies of a database, and the transitions of their trials."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from archspec.errors import nearest, user_error
from archspec.search.store._database import LOCK_WAIT_S, Database
from archspec.search.store._lease import is_dead, new_identity
from archspec.search.store._tables import Tables, add_missing_columns, row_of, tables, values_text
from archspec.search.trials import State, Trial

if TYPE_CHECKING:
    from sqlalchemy import Connection

LEASE_S = 120.0


@dataclass(frozen=True, slots=True)
class StudyInfo:
    """What a study is: `definition` is its text, which makes it again; `created_at` in seconds since 1970."""

    name: str
    definition: str
    seed: int
    created_at: float = 0.0
    repeated: int = 0
    folded: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """What came of wanting a trial: it (`trial`), or why not: `known` already, or the budget is `full`."""

    trial: Trial | None = None
    known: bool = False
    full: bool = False


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
        return tuple(_info(row) for row in rows)

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


class Study:
    """The trials of one study as one process works on them: every method is one short transaction.

    `identity` names this process in what it claims. A claim holds for `lease_s` and is renewed by `heartbeat`.
    """

    def __init__(self, database: Database, described: Tables, info: StudyInfo, lease_s: float = LEASE_S) -> None:
        from sqlalchemy import select

        self._database, self._trials, self._studies = database, described.trials, described.studies
        self.info, self.lease_s, self.identity = info, lease_s, new_identity()
        query = select(self._studies.c.id).where(self._studies.c.name == info.name)
        self._id: int = database.transact(lambda connection: connection.execute(query).scalar_one())

    def news(self, after: int = 0) -> tuple[list[Trial], int]:
        """Trials changed since clock `after` (0: all), in the order of their changes, and the clock of the last."""
        from sqlalchemy import select

        table = self._trials
        query = select(table).where(table.c.study_id == self._id, table.c.changed > after).order_by(table.c.changed)
        rows = self._database.transact(lambda connection: connection.execute(query).mappings().all())
        return [self._database.trial(dict(row)) for row in rows], rows[-1]["changed"] if rows else after

    def claim(self, trial: Trial, budget: int, repeated: int = 0, folded: int = 0) -> Claim:
        """Take a new candidate to evaluate it, unless it is known or as many as `budget` are done or running.

        `repeated`, `folded`: proposals that came to nothing before this one, added to the study's.
        """
        return self._insert(trial, "running", budget, repeated, folded)

    def reject(self, trial: Trial, repeated: int = 0, folded: int = 0) -> Claim:
        """Keep a candidate that the screen rejected, with its `metric`, `reason` and `values`."""
        return self._insert(trial, "rejected", None, repeated, folded)

    def exchange(self, known: Trial, trial: Trial, budget: int, repeated: int = 0, folded: int = 0) -> Claim:
        """Let `trial`, of the same number and key, stand where `known` does; `known` if that is no longer there.

        A `running` one is this process's from then on, within the `budget`.
        """

        def work(connection: Connection) -> Claim:
            from sqlalchemy import select

            table = self._trials
            clock = self._tick(connection, repeated, folded)
            if trial.state == "running" and self._counted(connection) >= budget:
                return Claim(full=True)
            made = replace(trial, worker=self.identity, attempt=known.attempt + 1)
            row = row_of(made) | {"changed": clock}
            if trial.state == "running":
                now = self._database.now()
                row |= {"started_at": now, "lease_until": now + self.lease_s, "finished_at": 0.0}
            here = (table.c.study_id == self._id, table.c.number == known.number)
            same = (table.c.state == known.state, table.c.genome == row_of(known)["genome"])
            if connection.execute(table.update().where(*here, *same).values(**row)).rowcount == 1:
                return Claim(made)
            ours = (table.c.worker == self.identity, table.c.genome == row["genome"])  # the second try of a commit
            written = connection.execute(select(table.c.id).where(*here, *ours)).first()
            return Claim(known=True) if written is None else Claim(made)

        return self._database.transact(work)

    def take_over(self) -> Trial | None:
        """A trial that waits, or whose worker is dead or silent; now held by this process."""
        return self._database.transact(self._take_over)

    def finish(self, trial: Trial) -> bool:
        """Write what became of a claimed trial: its state, values, metric and reason.

        False, and nothing is written, when it is no longer this process's (it was silent for too long).
        """
        changes = {
            "state": trial.state, "measured": values_text(trial.values), "metric": trial.metric,
            "reason": trial.reason, "crashes": trial.crashes, "finished_at": self._database.now(),
        }  # fmt: skip
        return self._database.transact(lambda connection: self._change(connection, trial, changes))

    def release(self, trial: Trial) -> bool:
        """Give a claimed trial back unevaluated: whoever comes next takes it."""
        changes = {"state": "proposed", "lease_until": 0.0, "attempt": trial.attempt - 1}
        return self._database.transact(lambda connection: self._change(connection, trial, changes))

    def heartbeat(self) -> None:
        """Renew the lease of everything this process holds."""
        table = self._trials
        mine = (table.c.study_id == self._id, table.c.state == "running", table.c.worker == self.identity)
        update = table.update().where(*mine).values(lease_until=self._database.now() + self.lease_s)
        self._database.transact(lambda connection: connection.execute(update))

    def refreshed(self) -> StudyInfo:
        """The study's row as it is now (repeated and folded proposals counted)."""
        from sqlalchemy import select

        query = select(self._studies).where(self._studies.c.id == self._id)
        return _info(self._database.transact(lambda connection: connection.execute(query).mappings().one()))

    def _tick(self, connection: Connection, repeated: int = 0, folded: int = 0) -> int:
        """The study's next clock. The row stays locked until the transaction ends: writers of a study are in line."""
        from sqlalchemy import select

        columns = self._studies.c
        changes: dict[str, Any] = {"clock": columns.clock + 1}
        if repeated or folded:
            changes |= {"repeated": columns.repeated + repeated, "folded": columns.folded + folded}
        connection.execute(self._studies.update().where(columns.id == self._id).values(**changes))
        return int(connection.execute(select(columns.clock).where(columns.id == self._id)).scalar_one())

    def _insert(self, trial: Trial, state: State, budget: int | None, repeated: int, folded: int) -> Claim:
        from sqlalchemy import func, select

        table = self._trials

        def work(connection: Connection) -> Claim:
            clock = self._tick(connection, repeated, folded)
            if budget is not None and self._counted(connection) >= budget:
                return Claim(full=True)
            same = select(table.c.id).where(table.c.study_id == self._id, table.c.candidate == trial.key)
            if connection.execute(same).first() is not None:
                return Claim(known=True)
            last = connection.execute(select(func.max(table.c.number)).where(table.c.study_id == self._id)).scalar()
            made = replace(trial, state=state, worker=self.identity, number=0 if last is None else last + 1)
            now = self._database.now()
            times = {"started_at": now, "lease_until": now + self.lease_s, "finished_at": 0.0}
            if state != "running":
                times |= {"lease_until": 0.0, "finished_at": now}
            row = row_of(made) | times | {"study_id": self._id, "changed": clock}
            connection.execute(table.insert().values(**row))
            return Claim(made)

        return self._database.transact(work)

    def _counted(self, connection: Connection) -> int:
        """How many trials count against the budget."""
        from sqlalchemy import func, select

        table = self._trials
        busy = select(func.count()).where(table.c.study_id == self._id, table.c.state.in_(_COUNTED))
        return int(connection.execute(busy).scalar_one())

    def _take_over(self, connection: Connection) -> Trial | None:
        from sqlalchemy import select

        table = self._trials
        clock = self._tick(connection)
        now = self._database.now()
        waiting = (table.c.state == "proposed") | ((table.c.state == "running") & (table.c.worker != self.identity))
        query = select(table, (table.c.lease_until < now).label("silent")).where(table.c.study_id == self._id, waiting)
        for row in connection.execute(query.order_by(table.c.number)).mappings():
            if row["state"] == "running" and not row["silent"] and not is_dead(row["worker"]):
                continue
            trial = replace(
                self._database.trial(dict(row)), state="running", worker=self.identity, attempt=row["attempt"] + 1
            )
            changes = {"state": "running", "worker": self.identity, "attempt": trial.attempt, "changed": clock,
                       "lease_until": now + self.lease_s, "started_at": now}  # fmt: skip
            connection.execute(table.update().where(table.c.id == row["id"]).values(**changes))
            return trial
        return None

    def _change(self, connection: Connection, trial: Trial, changes: dict[str, Any]) -> bool:
        from sqlalchemy import select

        table = self._trials
        clock = self._tick(connection)
        same = (table.c.study_id == self._id, table.c.number == trial.number, table.c.worker == self.identity,
                table.c.attempt == trial.attempt)  # fmt: skip
        update = table.update().where(*same, table.c.state == "running").values(**changes, changed=clock)
        if connection.execute(update).rowcount == 1:
            return True
        # Written already, when the connection broke after the commit and this is the second try?
        written = select(table.c.id).where(*same, table.c.state == changes["state"])
        return connection.execute(written).first() is not None


_COUNTED = ("done", "running")


def _info(row: Any) -> StudyInfo:
    return StudyInfo(row["name"], row["definition"], row["seed"], row["created_at"], row["repeated"], row["folded"])
