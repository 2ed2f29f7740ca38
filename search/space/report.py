"""A survey of a search space as tables and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from archspec.reporters import Cell, Column, Table
from archspec.search.candidates import Genome
from archspec.search.space import Space
from archspec.search.space.survey import PRICES, USUAL, Point, Survey, front, quartiles
from archspec.spec import describe_closed

REASONS = 6  # in a table; JSON has all
FIVE = ("min", "q1", "median", "q3", "max")


@dataclass(frozen=True)
class Wanted:
    """What was asked for: the prices of the front (less is better, more is better), and limits by price."""

    least: tuple[str, ...]
    most: tuple[str, ...]
    limits: dict[str, float]

    @property
    def prices(self) -> tuple[str, ...]:
        """Every price to work out."""
        return tuple(dict.fromkeys((*USUAL, *self.least, *self.most, *self.limits)))


def survey_table(space: Space, found: Survey, wanted: Wanted, seed: int, closed: tuple[str, ...] = ()) -> Table:
    """One row for each price; notes say which points were priced, what that means, and which choices are `closed`."""
    columns = [Column("price", "per point"), Column("unit", "unit")]
    columns += [Column(one, one, align="right") for one in FIVE]
    if wanted.limits:
        columns += [Column("limit", "limit", align="right"), Column("fits", "fits", "%", "number", 1)]
    rows = []
    for name in wanted.prices if found.points else ():
        price = PRICES[name]
        row: list[Cell] = [price.heading, price.unit, *(f"{value:,.{price.digits}f}" for value in _five(found, name))]
        if wanted.limits:
            most = wanted.limits.get(name)
            share = None if most is None else 100 * _share(found.points, {name: most})
            row += [None if most is None else f"{most:,g}" if most < 1e6 else f"{most:,.0f}", share]
        rows.append(tuple(row))
    notes = (*([describe_closed(closed)] if closed else []), *_notes(found, wanted, seed, _within(space)))
    return Table(_title(space, found), tuple(columns), tuple(rows), notes)


def _title(space: Space, found: Survey) -> str:
    points = "endless points (a range is continuous)" if found.size is None else f"{found.size:,} points"
    count = len(space.decisions)
    return f"{space.spec.name}: {points}, {count} decision{'s' if count != 1 else ''}"


def _notes(found: Survey, wanted: Wanted, seed: int, within: str) -> Iterator[str]:
    if found.whole:
        yield f"every point was priced; {_distinct(found)}"
    else:
        even = "the points" if found.size is not None else "each decision"
        yield f"a sample of {found.looked_at:,} points, drawn evenly over {even} (seed {seed}): {_distinct(found)}"
        bound = found.distinct_at_least()
        if bound is not None:
            yield f"so the space holds at least {bound:,} distinct networks (95 %); a larger --sample tells more"
    if found.failures:
        share = 100 * found.failed / found.looked_at
        yield f"{found.failed:,} of {found.looked_at:,} points ({share:.1f} %) cannot be built:"
        worst = sorted(found.failures.values(), key=lambda failure: -failure.count)
        for failure in worst[:REASONS]:
            yield f"  {failure.count:,} × {failure.reason}; such as {_words(failure.example, within)}"
        if len(worst) > REASONS:
            yield f"  and {len(worst) - REASONS} other reasons (--format json lists all)"
    if len(wanted.limits) > 1 and found.points:
        yield f"{100 * _share(found.points, wanted.limits):.1f} % of the points fit all limits"


def _distinct(found: Survey) -> str:
    built, distinct = len(found.points), len(found.folding)
    folded = f", {found.folding.folded:,} fold into a cheaper or equal one that computes the same function"
    return f"{built:,} can be built, {distinct:,} of them distinct networks" + (folded if built > distinct else "")


def front_tables(space: Space, found: Survey, wanted: Wanted) -> list[Table]:
    """The cost-only front, one row for each network; nothing where nothing could be built."""
    points = _front(found, wanted)
    if not points:
        return []
    columns = [_price_column(name) for name in wanted.prices]
    within = _within(space)
    rows: list[tuple[Cell, ...]] = []
    for point in points:
        rows.append((*(point.prices[name] for name in wanted.prices), _words(point.genome, within)))
    asked = [*(f"least {PRICES[name].heading}" for name in wanted.least)]
    asked += [f"most {PRICES[name].heading}" for name in wanted.most]
    note = f"{'of all points' if found.whole else 'of the sample'}; cost alone says nothing of accuracy"
    columns.append(Column("genome", f"choices in {within}" if within else "choices", wraps=True))
    return [Table(f"front: {', '.join(asked)}", tuple(columns), tuple(rows), (note,))]


def points_table(space: Space, found: Survey, wanted: Wanted) -> Table:
    """One row for each point that could be built: its decisions (empty where they do not exist), prices and key."""
    names = [decision.name for decision in space.decisions]
    columns = [Column("key", "key"), *(Column(f"choice:{name}", name) for name in names)]
    columns += [_price_column(name) for name in wanted.prices]
    rows = tuple(
        (point.key, *(point.genome.get(name) for name in names), *(point.prices[name] for name in wanted.prices))
        for point in found.points
    )
    return Table("", tuple(columns), rows)


def json_text(space: Space, found: Survey, wanted: Wanted, seed: int, closed: tuple[str, ...] = ()) -> str:
    """Everything, in plain values."""
    report: dict[str, Any] = {
        "name": space.spec.name,
        "points": found.size,
        "decisions": len(space.decisions),
        "closed_by_set": list(closed),
        "priced_all": found.whole,
        "seed": None if found.whole else seed,
        "looked_at": found.looked_at,
        "built": len(found.points),
        "failed": found.failed,
        "failures": [
            {"reason": one.reason, "count": one.count, "example": dict(one.example)} for one in found.failures.values()
        ],
        "distinct": len(found.folding),
        "folded": found.folding.folded,
        "distinct_in_space_at_least": found.distinct_at_least(),
        "distribution": {
            name: dict(zip(FIVE, _five(found, name), strict=True)) for name in wanted.prices if found.points
        },
        "limits": {
            name: {"maximum": most, "share": _share(found.points, {name: most})} for name, most in wanted.limits.items()
        },
        "fits_all_limits": _share(found.points, wanted.limits) if wanted.limits else None,
        "front": [_point(point) for point in _front(found, wanted)],
    }
    return json.dumps(report, indent=2, ensure_ascii=False) + "\n"


def _point(point: Point) -> dict[str, Any]:
    return {"key": point.key, "genome": dict(point.genome), "prices": dict(point.prices)}


def _front(found: Survey, wanted: Wanted) -> list[Point]:
    """Of the cheapest way to write each network, and only of what fits the limits."""
    kept = [
        point
        for point in found.points
        if found.folding[point.key].genome == point.genome and _fits(point, wanted.limits)
    ]
    return front(kept, wanted.least, wanted.most)


def _five(found: Survey, name: str) -> tuple[float, ...]:
    return quartiles([point.prices[name] for point in found.points])


def _fits(point: Point, limits: dict[str, float]) -> bool:
    return all(point.prices[name] <= most for name, most in limits.items())


def _share(points: list[Point], limits: dict[str, float]) -> float:
    return sum(_fits(point, limits) for point in points) / len(points) if points else 0.0


def _price_column(name: str) -> Column:
    price = PRICES[name]
    whole = price.digits == 0
    return Column(name, price.heading, price.unit, "integer" if whole else "number", None if whole else price.digits)


def _words(genome: Genome, within: str = "") -> str:
    """`head=dpc, head.dpc.filters=128`; the names without the path that all of them begin with."""
    return ", ".join(f"{name[len(within) :].lstrip('.')}={value}" for name, value in genome.items())


def _within(space: Space) -> str:
    """The path that all decisions lie in ('' where there is none)."""
    names = [decision.name for decision in space.decisions]
    first, last = min(names), max(names)
    shared = next((at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(map(len, names)))
    ends = [at for at, letter in enumerate(first[:shared]) if letter in ".["]
    return first[: ends[-1]] if ends and len(names) > 1 and first[:shared] not in names else ""
