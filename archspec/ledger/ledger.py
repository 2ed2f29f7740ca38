"""The ledger: records in a database, one a key."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from archspec.ledger.database import (
    START_WAIT_S,
    WAIT_S,
    StartingUp,
    Where,
    insert_new,
    insert_over,
    opened,
    said_plainly,
    where_of,
)
from archspec.ledger.query import Merged, Reading, Summary, Wanted
from archspec.ledger.schema import row_of, spec_row, tables
from archspec.record import Plain, Record, package_versions

if TYPE_CHECKING:
    from sqlalchemy import Engine

_BATCH = 2000
_Item = TypeVar("_Item")


class Ledger:
    """Measured numbers by their keys. Open it with `Ledger.open`, close it with `close` or as a context manager.

    Each call is one transaction of its own: what a call has returned from is kept, whatever happens to the process.
    Several processes may read one SQLite file while one adds; adding at the same time waits for the other.
    Every method raises `UserError` when the database is locked, full, damaged or gone.
    """

    def __init__(self, where: Where, engine: Engine) -> None:
        self._where = where
        self._engine = engine
        self._reading = Reading(where, engine)

    @classmethod
    def open(cls, where: str | os.PathLike[str], *, create: bool = True, wait_s: float = WAIT_S) -> Ledger:
        """The ledger at a path (SQLite) or a database's URL, made where it is not there and `create` is true.

        `wait_s` is how long SQLite waits for another writer. Raises `UserError`.
        """
        place = where_of(where)
        end = time.monotonic() + START_WAIT_S
        while True:
            try:
                with said_plainly(place):
                    return cls(place, opened(place, create=create, wait_s=wait_s))
            except StartingUp:
                if time.monotonic() > end:
                    raise
            time.sleep(0.2)

    @property
    def where(self) -> str:
        """Its path or URL, without a password."""
        return self._where.said

    def close(self) -> None:
        """Let the database go. It may be called twice."""
        self._engine.dispose()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def get(self, key: str) -> Record | None:
        """The record of a key, None where it was never measured."""
        return self.get_many((key,)).get(key)

    def get_many(self, keys: Iterable[str]) -> dict[str, Record]:
        """The records that are there, by key, in the order asked."""
        wanted = list(dict.fromkeys(keys))
        found: dict[str, Record] = {}
        for some in batches(wanted, _BATCH // 4):
            found.update((record.key, record) for record in self._reading.of_keys(some))
        return {key: found[key] for key in wanted if key in found}

    def find(
        self,
        *,
        hash: str | None = None,  # noqa: A002 (its name in a record)
        metric: str | None = None,
        name: str | None = None,
        conditions: Mapping[str, Plain] | None = None,
        since: str = "",
        limit: int | None = None,
    ) -> list[Record]:
        """The records that agree with all that is given, oldest first (of one time: by key), at most `limit`.

        `conditions` are some of a record's; `since` is a time in UTC as records write it, or its beginning.
        """
        alternatives = {condition: (value,) for condition, value in (conditions or {}).items()}
        return list(islice(self.select(Wanted(hash, metric, name, alternatives, since)), limit))

    def select(self, wanted: Wanted, *, newest: bool = False) -> Iterator[Record]:
        """As `find`, one after the other, and for more kinds of question."""
        return self._reading.of(wanted, newest=newest)

    def all(self) -> Iterator[Record]:
        """Every record, oldest first, a few thousand at a time in memory."""
        return self._reading.of(Wanted())

    def count(self, wanted: Wanted | None = None) -> int:
        """How many records there are, or of those that are wanted."""
        return self._reading.count(wanted or Wanted())

    def summary(self) -> Summary:
        """Counts by metric, networks, times and size."""
        return self._reading.summary()

    def add(self, records: Iterable[Record], *, replace: bool = False) -> int:
        """Keep records, all or none of a call, and say how many were written.

        A key that is there stays as it was, unless `replace`; of equal keys in one call the first counts (the last
        with `replace`).
        """
        rows, specs = {}, {}
        for record in records:
            key = record.key
            if key not in rows or replace:
                rows[key] = row_of(record)
                if record.spec:
                    specs[record.spec] = True
        if not rows:
            return 0
        return self._write(list(rows.values()), [spec_row(text) for text in specs], replace)

    def delete(self, keys: Iterable[str]) -> int:
        """Forget records; the number of those that were there. A spec that no record refers to goes with them."""
        from sqlalchemy import delete, select

        records, specs = tables().records, tables().specs
        gone = 0
        with said_plainly(self._where), self._engine.begin() as connection:
            for some in batches(list(dict.fromkeys(keys)), _BATCH // 4):
                gone += connection.execute(delete(records).where(records.c.key.in_(some))).rowcount
            if gone and self._where.sqlite:  # on a server another writer may be about to refer to it
                connection.execute(delete(specs).where(specs.c.digest.not_in(select(records.c.spec))))
        return gone

    def merge(self, other: Ledger) -> Merged:
        """Add what another ledger has and this one lacks. Where values differ, this one's stays, and is counted."""
        done = Merged()
        for some in batches(other.all(), _BATCH):
            here = self.get_many(record.key for record in some)
            new = [record for record in some if record.key not in here]
            added = self.add(new)
            differing = sum(record.key in here and here[record.key].value != record.value for record in some)
            done += Merged(added, len(some) - added - differing, differing)
        return done

    def compact(self) -> None:
        """Give the space of forgotten records back to the disk (SQLite; a server does so by itself)."""
        if self._where.sqlite:
            with said_plainly(self._where), self._engine.connect() as connection:
                connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM")

    def _write(self, rows: list[dict[str, object]], specs: list[dict[str, object]], replace: bool) -> int:
        """One transaction; its first statement writes, so that SQLite waits for its turn instead of giving up."""
        records = tables().records
        columns = [column.name for column in records.columns if column.name != "key"]
        statement = insert_over(self._engine, records, columns) if replace else insert_new(self._engine, records)
        server_counts = self._engine.dialect.name == "postgresql"
        with said_plainly(self._where), self._engine.begin() as connection:
            if specs:
                connection.execute(insert_new(self._engine, tables().specs), specs)
            if server_counts:
                return len(connection.execute(statement.returning(records.c.key), rows).all())
            written = connection.execute(statement, rows).rowcount
        return len(rows) if replace else written


def batches(items: Iterable[_Item], size: int) -> Iterator[Sequence[_Item]]:
    """`items` by at most `size`."""
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some


_PACKAGES = ("ai-edge-litert", "keras", "litert-quantizer", "numpy", "pillow", "tensorflow")


def all_but_latest(records: Iterable[Record], keep: int) -> list[Record]:
    """Of records in the order of their times: those of which `keep` newer ones of the same thing are there.

    The same thing is the same network and metric under the same conditions, versions of packages aside.
    """
    versions = frozenset(package_versions(_PACKAGES))
    newer: Counter[tuple[object, ...]] = Counter()
    superfluous = []
    for record in reversed(list(records)):
        what = (record.hash, record.metric, _lasting(record, versions))
        newer[what] += 1
        if newer[what] > keep:
            superfluous.append(record)
    return superfluous[::-1]


def _lasting(record: Record, versions: frozenset[str]) -> tuple[tuple[str, object], ...]:
    return tuple(
        (name, value)
        for name, value in record.conditions.items()
        if name not in versions and not name.startswith("version_") and not name.endswith("_version")
    )
