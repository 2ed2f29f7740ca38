"""The studies of a file, and the trials of a study."""

from __future__ import annotations

import os
import sqlite3
import time
from dataclasses import dataclass, replace
from pathlib import Path

from archspec.errors import nearest, user_error
from archspec.search.store._file import LOCK_WAIT_S, DatabaseFile
from archspec.search.store._rows import make_tables, row_of, trial_of
from archspec.search.trials import Trial


@dataclass(frozen=True, slots=True)
class StudyInfo:
    """What a study is: `definition` is its text, which makes it again; `created_at` in seconds since 1970."""

    name: str
    definition: str
    seed: int
    created_at: float = 0.0
    repeated: int = 0
    folded: int = 0


def open_store(file: str | os.PathLike[str], wait_s: float = LOCK_WAIT_S, *, read_only: bool = False) -> TrialStore:
    """The store in an SQLite file, its tables made where they are missing; `read_only` looks at one that is there.

    Raises `UserError` where it cannot be opened; a locked file is tried for `wait_s`.
    """
    store = TrialStore(DatabaseFile(Path(file), wait_s, read_only=read_only))
    if not read_only:
        store.make_tables()
    return store


class TrialStore:
    """The studies of one file."""

    def __init__(self, file: DatabaseFile) -> None:
        self._file = file

    @property
    def url(self) -> str:
        """Where it is, as Optuna names a file."""
        return f"sqlite:///{self._file.file}"

    def make_tables(self) -> None:
        """Make what is missing of the tables."""
        self._file.transact(make_tables)

    def close(self) -> None:
        """Let the file go."""
        self._file.close()

    def studies(self) -> tuple[StudyInfo, ...]:
        """Every study, oldest first."""
        query = "SELECT name, definition, seed, created_at, repeated, folded FROM archspec_studies ORDER BY id"
        return self._file.transact(lambda connection: tuple(StudyInfo(*row) for row in connection.execute(query)))

    def open_study(self, name: str) -> Study:
        """A study there is. Raises `UserError` with the nearest name."""
        known = {study.name: study for study in self.studies()}
        if name not in known:
            raise user_error(f"no study '{name}' in {self._file.file}", nearest(name, known) or "It holds none")
        return Study(self._file, known[name])

    def create_study(self, name: str, definition: str, seed: int) -> Study:
        """A new study, or the one of that name when it is the same. Raises `UserError` where it is another."""
        insert = (
            "INSERT OR IGNORE INTO archspec_studies (name, definition, seed, created_at, clock, repeated, folded) "
            "VALUES (?, ?, ?, ?, 0, 0, 0)"
        )
        row = (name, definition, seed, time.time())
        self._file.transact(lambda connection: connection.execute(insert, row))
        study = self.open_study(name)
        for what, wanted, found in (("definition", definition, study.info.definition), ("seed", seed, study.info.seed)):
            if wanted != found:
                raise user_error(f"the study '{name}' in {self._file.file} was begun with another {what}",
                                 "Give this one another name, or go on with the one that is there")  # fmt: skip
        return study

    def redefine(self, name: str, definition: str) -> None:
        """Give a study another text: its budget was raised."""
        update = "UPDATE archspec_studies SET definition = ? WHERE name = ?"
        self._file.transact(lambda connection: connection.execute(update, (definition, name)))


class Study:
    """The trials of one study, written by its one driver: every method is one short transaction."""

    def __init__(self, file: DatabaseFile, info: StudyInfo) -> None:
        self._file, self.info = file, info
        query = "SELECT id FROM archspec_studies WHERE name = ?"
        self._id: int = file.transact(lambda connection: connection.execute(query, (info.name,)).fetchone()[0])

    def trials(self) -> list[Trial]:
        """All of them, in the order in which each was last changed. Raises `UserError` for a damaged row."""
        query = "SELECT * FROM archspec_trials WHERE study_id = ? ORDER BY changed"
        return self._file.transact(
            lambda connection: [trial_of(dict(row)) for row in connection.execute(query, (self._id,))]
        )

    def add(self, trial: Trial, repeated: int = 0, folded: int = 0) -> Trial:
        """Keep a new candidate under the next number: it is running from now on, or was rejected.

        `repeated`, `folded`: proposals that came to nothing before this one, added to the study's.
        """

        def work(connection: sqlite3.Connection) -> Trial:
            clock, now = self._tick(connection, repeated, folded), time.time()
            query = "SELECT COALESCE(MAX(number), -1) + 1 FROM archspec_trials WHERE study_id = ?"
            number = connection.execute(query, (self._id,)).fetchone()[0]
            made = replace(trial, number=number, started_at=now)
            if made.state != "running":
                made = replace(made, finished_at=now, clocks=(clock,))
            row = row_of(made) | {"study_id": self._id, "changed": clock}
            values = ", ".join(f":{column}" for column in row)
            connection.execute(f"INSERT INTO archspec_trials ({', '.join(row)}) VALUES ({values})", row)
            return made

        return self._file.transact(work)

    def begin(self, trial: Trial, repeated: int = 0, folded: int = 0) -> Trial:
        """Write that a trial that is there, or its next rung, is running from now on."""
        return self.change(replace(trial, state="running", started_at=time.time()), repeated, folded)

    def change(self, trial: Trial, repeated: int = 0, folded: int = 0) -> Trial:
        """Write a trial that is there as it is now."""
        return self._file.transact(lambda connection: self._write(connection, trial, repeated, folded))

    def finish(self, trial: Trial) -> Trial:
        """Write what became of a running trial, or of a rung of it: its state, values, metric and reason.

        Gives it as it will be read again.
        """
        now = time.time()
        ended = replace(trial, finished_at=now, seconds=trial.seconds + now - trial.started_at)
        written = self._file.transact(lambda connection: self._write(connection, ended, finished=True))
        return trial_of(row_of(written))

    def _write(
        self,
        connection: sqlite3.Connection,
        trial: Trial,
        repeated: int = 0,
        folded: int = 0,
        *,
        finished: bool = False,
    ) -> Trial:
        clock = self._tick(connection, repeated, folded)
        made = replace(trial, clocks=(*trial.clocks, clock)) if finished else trial
        row = row_of(made) | {"changed": clock}
        values = ", ".join(f"{column} = :{column}" for column in row)
        update = f"UPDATE archspec_trials SET {values} WHERE study_id = :study_id AND number = :number"
        connection.execute(update, row | {"study_id": self._id})
        return made

    def _tick(self, connection: sqlite3.Connection, repeated: int, folded: int) -> int:
        """The study's next clock."""
        changes = "clock = clock + 1, repeated = repeated + ?, folded = folded + ?"
        connection.execute(f"UPDATE archspec_studies SET {changes} WHERE id = ?", (repeated, folded, self._id))
        return int(connection.execute("SELECT clock FROM archspec_studies WHERE id = ?", (self._id,)).fetchone()[0])
