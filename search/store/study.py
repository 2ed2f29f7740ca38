"""The trials of a study, and their transitions: every one is a short transaction."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from archspec.search.store._database import Database
from archspec.search.store._lease import is_dead, new_identity
from archspec.search.store._tables import Tables, clocks_of, row_of, rungs_text, values_text
from archspec.search.trials import State, Trial

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.sql.elements import ColumnElement

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

    def claim(
        self, trial: Trial, budget: int, repeated: int = 0, folded: int = 0, most_steps: int | None = None
    ) -> Claim:
        """Take a new candidate to evaluate it, unless it is known, or as many as `budget` are done, paused or running,
        or all trials would have cost more than `most_steps` training steps with its own.

        `repeated`, `folded`: proposals that came to nothing before this one, added to the study's.
        """
        return self._insert(trial, "running", budget, repeated, folded, most_steps)

    def promote(self, trial: Trial, most_steps: int | None = None) -> Claim:
        """Take a trial that is paused to the next rung: `trial` is it as it is then, with that `rung` and its `steps`.

        Whoever is first gets it, so no rung of a candidate is evaluated twice.
        """

        def work(connection: Connection) -> Claim:
            from sqlalchemy import select

            table = self._trials
            clock = self._tick(connection)
            here = (
                table.c.study_id == self._id,
                table.c.number == trial.number,
                table.c.genome == row_of(trial)["genome"],
            )
            if most_steps is not None:
                before = select(table.c.steps).where(*here)
                more = trial.steps - int(connection.execute(before).scalar() or 0)
                if self._steps(connection) + more > most_steps:
                    return Claim(full=True)
            made = replace(trial, state="running", worker=self.identity, attempt=1, crashes=0)
            now = self._database.now()
            row = row_of(made) | {"changed": clock, "started_at": now, "lease_until": now + self.lease_s}
            paused = (table.c.state == "paused", table.c.rung == trial.rung - 1)
            if connection.execute(table.update().where(*here, *paused).values(**row)).rowcount == 1:
                return Claim(made)
            ours = (table.c.state == "running", table.c.rung == trial.rung, table.c.worker == self.identity)
            written = connection.execute(select(table.c.id).where(*here, *ours)).first()  # the second try of a commit
            return Claim(known=True) if written is None else Claim(made)

        return self._database.transact(work)

    def reject(self, trial: Trial, repeated: int = 0, folded: int = 0) -> Claim:
        """Keep a candidate that the screen rejected, with its `metric`, `reason` and `values`."""
        return self._insert(trial, "rejected", None, repeated, folded)

    def exchange(
        self,
        known: Trial,
        trial: Trial,
        budget: int,
        repeated: int = 0,
        folded: int = 0,
        most_steps: int | None = None,
    ) -> Claim:
        """Let `trial`, of the same number and key, stand where `known` does; `known` if that is no longer there.

        A `running` one is this process's from then on, within the `budget` and `most_steps`.
        """

        def work(connection: Connection) -> Claim:
            from sqlalchemy import select

            table = self._trials
            clock = self._tick(connection, repeated, folded)
            if trial.state == "running" and self._full(connection, budget, trial.steps - known.steps, most_steps):
                return Claim(full=True)
            made = replace(trial, worker=self.identity, attempt=known.attempt + 1)
            row = row_of(made) | {"changed": clock}
            if trial.state == "running":
                now = self._database.now()
                row |= {"started_at": now, "lease_until": now + self.lease_s, "finished_at": 0.0}
            here = (table.c.study_id == self._id, table.c.number == known.number)
            same = (table.c.state == known.state, table.c.genome == row_of(known)["genome"], self._at(known.rung))
            if connection.execute(table.update().where(*here, *same).values(**row)).rowcount == 1:
                return Claim(made)
            ours = (table.c.worker == self.identity, table.c.genome == row["genome"])  # the second try of a commit
            written = connection.execute(select(table.c.id).where(*here, *ours)).first()
            return Claim(known=True) if written is None else Claim(made)

        return self._database.transact(work)

    def take_over(self) -> Trial | None:
        """A trial that waits, or whose worker is dead or silent; now held by this process."""
        return self._database.transact(self._take_over)

    def finish(self, trial: Trial) -> Trial | None:
        """Write what became of a claimed trial, or of a rung of it: its state, values, metric and reason.

        Gives it as it is written; None, and nothing is written, when it is no longer this process's (it was silent for
        too long).
        """
        changes = {
            "state": trial.state, "measured": values_text(trial.values), "metric": trial.metric,
            "reason": trial.reason, "crashes": trial.crashes, "finished_at": self._database.now(),
            "rungs": rungs_text(trial.rungs), "steps": trial.steps,
        }  # fmt: skip
        return self._database.transact(lambda connection: self._change(connection, trial, changes))

    def release(self, trial: Trial) -> bool:
        """Give a claimed trial back unevaluated: whoever comes next takes it."""
        changes = {"state": "proposed", "lease_until": 0.0, "attempt": trial.attempt - 1}
        return self._database.transact(lambda connection: self._change(connection, trial, changes)) is not None

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
        return info_of(self._database.transact(lambda connection: connection.execute(query).mappings().one()))

    def _tick(self, connection: Connection, repeated: int = 0, folded: int = 0) -> int:
        """The study's next clock. The row stays locked until the transaction ends: writers of a study are in line."""
        from sqlalchemy import select

        columns = self._studies.c
        changes: dict[str, Any] = {"clock": columns.clock + 1}
        if repeated or folded:
            changes |= {"repeated": columns.repeated + repeated, "folded": columns.folded + folded}
        connection.execute(self._studies.update().where(columns.id == self._id).values(**changes))
        return int(connection.execute(select(columns.clock).where(columns.id == self._id)).scalar_one())

    def _insert(
        self,
        trial: Trial,
        state: State,
        budget: int | None,
        repeated: int,
        folded: int,
        most_steps: int | None = None,
    ) -> Claim:
        from sqlalchemy import func, select

        table = self._trials

        def work(connection: Connection) -> Claim:
            clock = self._tick(connection, repeated, folded)
            if budget is not None and self._full(connection, budget, trial.steps, most_steps):
                return Claim(full=True)
            same = select(table.c.id).where(table.c.study_id == self._id, table.c.candidate == trial.key)
            if connection.execute(same).first() is not None:
                return Claim(known=True)
            last = connection.execute(select(func.max(table.c.number)).where(table.c.study_id == self._id)).scalar()
            made = replace(trial, state=state, worker=self.identity, number=0 if last is None else last + 1)
            now = self._database.now()
            times = {"started_at": now, "lease_until": now + self.lease_s, "finished_at": 0.0}
            if state != "running":
                times |= {"lease_until": 0.0, "finished_at": now, "clocks": json.dumps([clock])}
                made = replace(made, clocks=(clock,))
            row = row_of(made) | times | {"study_id": self._id, "changed": clock}
            connection.execute(table.insert().values(**row))
            return Claim(made)

        return self._database.transact(work)

    def _full(self, connection: Connection, budget: int, steps: int, most_steps: int | None) -> bool:
        """Whether one more candidate, of so many `steps`, is beyond the budget."""
        from sqlalchemy import func, select

        table = self._trials
        busy = select(func.count()).where(table.c.study_id == self._id, table.c.state.in_(_COUNTED))
        if int(connection.execute(busy).scalar_one()) >= budget:
            return True
        return most_steps is not None and self._steps(connection) + steps > most_steps

    def _steps(self, connection: Connection) -> int:
        """The training steps of all trials, those that are running among them."""
        from sqlalchemy import func, select

        table = self._trials
        total = select(func.sum(table.c.steps)).where(table.c.study_id == self._id)
        return int(connection.execute(total).scalar() or 0)

    def _at(self, rung: int) -> ColumnElement[bool]:
        from sqlalchemy import func

        return func.coalesce(self._trials.c.rung, 0) == rung

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

    def _change(self, connection: Connection, trial: Trial, changes: dict[str, Any]) -> Trial | None:
        from sqlalchemy import func, select

        table = self._trials
        clock = self._tick(connection)
        same = (table.c.study_id == self._id, table.c.number == trial.number, table.c.worker == self.identity,
                table.c.attempt == trial.attempt, self._at(trial.rung))  # fmt: skip
        running = select(table.c.id, table.c.clocks).where(*same, table.c.state == "running")
        row = connection.execute(running).first()
        if row is not None:
            if "finished_at" in changes:
                seconds = func.coalesce(table.c.seconds, 0.0) + (changes["finished_at"] - table.c.started_at)
                changes = {**changes, "clocks": json.dumps([*clocks_of(row.clocks), clock]), "seconds": seconds}
            connection.execute(table.update().where(table.c.id == row.id).values(**changes, changed=clock))
            written = select(table).where(table.c.id == row.id)
        else:  # written already, when the connection broke after the commit and this is the second try?
            written = select(table).where(*same, table.c.state == changes["state"])
        found = connection.execute(written).mappings().first()
        return None if found is None else self._database.trial(dict(found))


_COUNTED = ("done", "paused", "running")


def info_of(row: Any) -> StudyInfo:
    """The study of a row of `archspec_studies`."""
    return StudyInfo(row["name"], row["definition"], row["seed"], row["created_at"], row["repeated"], row["folded"])
