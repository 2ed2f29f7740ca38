"""Which records are asked for, the question to the database, and its rows made records again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from archspec.errors import user_error
from archspec.ledger.database import Where, said_plainly
from archspec.ledger.schema import encode, record_of, searchable, spec_of, tables
from archspec.record import Plain, Record, shell_command

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Engine, Executable, Select

_SHORT = 10**12  # from 1e16 on a float is written with an exponent


@dataclass(frozen=True)
class Wanted:
    """What records must agree with; None and '' are anything.

    `conditions` give the values that one may have; times are in UTC as records write them, or their beginnings:
    from `since` on, and before `before`.
    """

    hash: str | None = None
    metric: str | None = None
    name: str | None = None
    conditions: Mapping[str, tuple[Plain, ...]] = field(default_factory=dict)
    since: str = ""
    before: str = ""
    hash_begins: str = ""

    def likely(self, body: str) -> bool:
        """Whether a row's text may hold a wanted record: most are turned away before they are parsed."""
        return all(any(_written(name, value) in body for value in values) for name, values in self.conditions.items())

    def agrees(self, record: Record) -> bool:
        """Whether a record is wanted: what is in its columns may be cut short."""
        texts = ((self.hash, record.hash), (self.metric, record.metric), (self.name, record.name))
        return all(wanted is None or wanted == found for wanted, found in texts) and all(
            name in record.conditions and any(_same(record.conditions[name], value) for value in values)
            for name, values in self.conditions.items()
        )


def _written(name: str, value: Plain) -> str:
    """How a condition begins in a row's text; a number that may be written in two ways is looked at later."""
    if isinstance(value, float):
        return encode(name) + ":" if not value.is_integer() or abs(value) > _SHORT else f"{encode(name)}:{int(value)}"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _SHORT:
        return encode(name) + ":"
    return f"{encode(name)}:{encode(value)}"


def _same(found: Plain, wanted: Plain) -> bool:
    """1 and 1.0 are the same condition; 1 and true are not."""
    return found == wanted and isinstance(found, bool) == isinstance(wanted, bool)


@dataclass(frozen=True, slots=True)
class Merged:
    """Records that came new, that were there already, and that were there with another value (ours stayed)."""

    added: int = 0
    already: int = 0
    differing: int = 0

    def __add__(self, other: Merged) -> Merged:
        return Merged(self.added + other.added, self.already + other.already, self.differing + other.differing)


@dataclass(frozen=True, slots=True)
class Summary:
    """How many records of which metrics, of how many networks, from when to when (UTC; '' where there are none)."""

    records: int
    networks: int
    specs: int
    metrics: Mapping[str, int]
    first: str
    last: str
    size_bytes: int | None


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
