"""Questions to the database, and rows made records again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from archspec.errors import user_error
from archspec.ledger.errors import said_plainly
from archspec.ledger.rows import record_of, searchable, spec_of
from archspec.ledger.schema import tables
from archspec.ledger.summary import Summary
from archspec.ledger.url import Where
from archspec.ledger.wanted import Wanted
from archspec.record import Record, shell_command

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Engine, Executable, Select

_PAGE = 5000


class Reading:
    """Reads one ledger. Specs are fetched once each, for many records repeat them."""

    def __init__(self, where: Where, engine: Engine) -> None:
        self._where = where
        self._engine = engine
        self._specs: dict[str, str] = {"": ""}

    def of_keys(self, keys: Sequence[str]) -> Iterator[Record]:
        """The records of some keys, in any order."""
        records = tables().records
        rows = self._fetch(_columns().where(records.c.key.in_(keys)))
        return self._records(rows, Wanted())

    def of(self, wanted: Wanted, *, newest: bool = False) -> Iterator[Record]:
        """Oldest first, else newest; a page at a time: no lock is held meanwhile, and the caller may add and delete."""
        from sqlalchemy import and_, or_

        time, key = tables().records.c.time, tables().records.c.key
        order = (time.desc(), key.desc()) if newest else (time, key)
        question = _columns().where(*_clauses(wanted)).order_by(*order).limit(_PAGE)
        rows = self._fetch(question)
        while rows:
            yield from self._records(rows, wanted)
            if len(rows) < _PAGE:
                return
            last = rows[-1]
            if newest:
                rest = or_(time < last.time, and_(time == last.time, key < last.key))
            else:
                rest = or_(time > last.time, and_(time == last.time, key > last.key))
            rows = self._fetch(question.where(rest))

    def count(self, wanted: Wanted) -> int:
        """How many records; each is looked at only where conditions are wanted."""
        from sqlalchemy import func, select

        if wanted.conditions:
            return sum(1 for _ in self.of(wanted))
        return int(self._fetch(select(func.count()).select_from(tables().records).where(*_clauses(wanted)))[0][0])

    def summary(self) -> Summary:
        """Counts and times."""
        from sqlalchemy import func, select

        records = tables().records
        metrics = self._fetch(select(records.c.metric, func.count()).group_by(records.c.metric))
        distinct = func.count(func.distinct(records.c.hash))
        networks, first, last = self._fetch(select(distinct, func.min(records.c.time), func.max(records.c.time)))[0]
        specs = self._fetch(select(func.count()).select_from(tables().specs))[0][0]
        counts = dict(sorted((str(metric), int(number)) for metric, number in metrics))
        size = self._where.file.stat().st_size if self._where.file else None
        return Summary(sum(counts.values()), networks, specs, counts, first or "", last or "", size)

    def _fetch(self, question: Executable) -> Sequence[Any]:
        with said_plainly(self._where), self._engine.connect() as connection:
            return connection.execute(question).all()

    def _records(self, rows: Sequence[Any], wanted: Wanted) -> Iterator[Record]:
        rows = [row for row in rows if wanted.likely(row.body)]
        self._load_specs({row.spec for row in rows})
        for row in rows:
            try:
                record = record_of(row.body, self._specs[row.spec])
            except (ValueError, TypeError, KeyError) as error:
                fact = f"the record {row.key} is damaged ({error})"
                forget = shell_command("ledger", "prune", "--key", row.key, "--ledger", self._where.said, "--yes")
                remedy = f"Forget it: {forget}"
                raise user_error(fact, remedy, place=self._where.place) from error
            if wanted.agrees(record):
                yield record

    def _load_specs(self, digests: set[str]) -> None:
        from sqlalchemy import select

        specs = tables().specs
        missing = sorted(digests - self._specs.keys())
        for start in range(0, len(missing), 500):
            question = select(specs).where(specs.c.digest.in_(missing[start : start + 500]))
            for row in self._fetch(question):
                self._specs[row.digest] = spec_of(row.text)


def _columns() -> Select[str, str, str, str]:
    from sqlalchemy import select

    records = tables().records
    return select(records.c.key, records.c.time, records.c.spec, records.c.body)


def _clauses(wanted: Wanted) -> list[ColumnElement[bool]]:
    records = tables().records
    texts = ((records.c.hash, wanted.hash), (records.c.metric, wanted.metric), (records.c.name, wanted.name))
    clauses: list[ColumnElement[bool]] = [column == searchable(text) for column, text in texts if text is not None]
    if wanted.hash_begins:
        clauses.append(records.c.hash.startswith(searchable(wanted.hash_begins), autoescape=True))
    if wanted.since:
        clauses.append(records.c.time >= searchable(wanted.since))
    if wanted.before:
        clauses.append(records.c.time < searchable(wanted.before))
    return clauses
