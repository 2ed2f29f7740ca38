"""A survey of a space: what its networks cost, how many are the same, and what cannot be built. Nothing is trained."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from archspec.cost import CostSheet
from archspec.errors import Problem, UserError
from archspec.search.candidates import Genome
from archspec.search.pareto import non_dominated
from archspec.search.space.space import Folding, Space

LISTED_UP_TO = 2000  # points: a smaller space is looked at as a whole
FARTHEST = 2**62  # positions that `random.sample` can draw from
UNSEEN_PAIRS = 3.0  # of which none is seen once in twenty samples: the 95 % bound of a Poisson count of 0


@dataclass(frozen=True, slots=True)
class Price:
    """One number: its heading, unit and digits for people, and how it is read off a cost sheet."""

    heading: str
    unit: str
    digits: int
    of: Callable[[CostSheet], float]


PRICES = {
    "gflops": Price("GFLOPs", "2 × GMACs", 3, lambda sheet: sheet.gflops),
    "params": Price("parameters", "", 0, lambda sheet: sheet.params),
    "tflite_mb": Price(".tflite float32", "MB", 2, lambda sheet: sheet.tflite_bytes["float32"] / 1e6),
    "int8_mb": Price(".tflite int8", "MB", 2, lambda sheet: sheet.tflite_bytes["int8"] / 1e6),
    "peak_memory_mb": Price("peak memory", "MB", 2, lambda sheet: sheet.peak_memory_bytes / 1e6),
    "memory_access_mb": Price("memory access", "MB", 1, lambda sheet: sheet.memory_access_bytes / 1e6),
    "receptive_field": Price("receptive field", "px", 0, lambda sheet: min(sheet.receptive_field)),
}
USUAL = ("gflops", "params", "tflite_mb", "peak_memory_mb")


@dataclass(frozen=True, slots=True)
class Point:
    """One genome: its identity, and its prices by name."""

    genome: Genome
    key: str
    prices: Mapping[str, float]


@dataclass
class Failure:
    """Why some genomes cannot be built: how many, and the first of them."""

    reason: str
    example: Genome
    count: int = 1


@dataclass
class Survey:
    """What was found.

    Attributes:
        size: points of the space; None where a range is continuous.
        whole: whether every point was looked at; else a sample was, even over the points.
        points: those that can be built.
        failures: the others, by reason.
    """

    size: int | None
    whole: bool
    points: list[Point] = field(default_factory=list)
    failures: dict[str, Failure] = field(default_factory=dict)
    folding: Folding = field(default_factory=Folding)

    @property
    def failed(self) -> int:
        return sum(failure.count for failure in self.failures.values())

    @property
    def looked_at(self) -> int:
        return len(self.points) + self.failed

    def distinct_at_least(self) -> int | None:
        """How many distinct networks the points that can be built hold, at 95 % confidence; None if it is not known.

        Two points of an even sample are one network with a probability p, which the pairs that were bound; then the
        mean number of points of a point's network is 1 + p (N - 1), and no space of N has fewer than N over that.
        """
        count = len(self.points)
        if self.size is None or count < 2:
            return None
        buildable = self.size * count / self.looked_at
        if self.whole:
            return len(self.folding)
        sizes: dict[str, int] = {}
        for point in self.points:
            sizes[point.key] = sizes.get(point.key, 0) + 1
        same = sum(one * (one - 1) / 2 for one in sizes.values())
        likely = (same + UNSEEN_PAIRS + 2 * same**0.5) / (count * (count - 1) / 2)
        return max(len(self.folding), int(buildable / (1 + likely * (buildable - 1))))


def survey(
    space: Space,
    count: int,
    seed: int,
    prices: Sequence[str],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Survey:
    """Look at every point of a small space, else at `count` distinct points, drawn evenly (`seed`).

    Where a range is continuous, points are drawn even over each decision. `progress(done, total)` is called after
    each.
    """
    size = space.size
    whole = size is not None and size <= max(count, LISTED_UP_TO)
    found = Survey(size, whole)
    total = size if whole and size is not None else count
    for number, genome in enumerate(_genomes(space, whole, count, seed), 1):
        _look(space, genome, prices, found)
        progress(number, total)
    return found


def _genomes(space: Space, whole: bool, count: int, seed: int) -> Iterator[Genome]:
    generator = random.Random(seed)
    size = space.size
    if whole:
        yield from space.genomes()
    elif size is None:
        yield from (space.sample(generator) for _ in range(count))
    else:
        yield from map(space.at, _positions(size, count, generator))


def _positions(size: int, count: int, generator: random.Random) -> Iterable[int]:
    if size < FARTHEST:
        return generator.sample(range(size), count)
    found: dict[int, None] = {}
    while len(found) < count:
        found[generator.randrange(size)] = None
    return found


def _look(space: Space, genome: Genome, prices: Sequence[str], found: Survey) -> None:
    try:
        candidate = space.candidate(genome)
        values = {name: PRICES[name].of(candidate.network.cost) for name in prices}
    except (UserError, Problem) as error:
        reason = _reason(error)
        known = found.failures.get(reason)
        if known:
            known.count += 1
        else:
            found.failures[reason] = Failure(reason, genome)
        return
    found.points.append(Point(genome, candidate.key, values))
    found.folding.add(candidate)


def _reason(error: UserError | Problem) -> str:
    """The first fault, without the place: that is the candidate's own."""
    if isinstance(error, Problem):
        return f"{error.fact}. {error.remedy}".rstrip(". ")
    fault = error.faults[0]
    return ": ".join(part for part in (fault.path, fault.message) if part)


def front(points: Sequence[Point], least: Sequence[str], most: Sequence[str] = ()) -> list[Point]:
    """The points that no other beats: as little of `least` and as much of `most` as any. One a network and price."""
    rows: dict[tuple[float, ...], Point] = {}
    for point in points:
        row = (*(point.prices[name] for name in least), *(-point.prices[name] for name in most))
        rows.setdefault(row, point)
    return [rows[row] for row in non_dominated(rows)]


def quartiles(values: Sequence[float]) -> tuple[float, float, float, float, float]:
    """Minimum, quartiles and maximum, between two values in proportion (NumPy's default)."""
    from statistics import quantiles  # takes 10 ms to import

    first, middle, third = quantiles(values, n=4, method="inclusive") if len(values) > 1 else [values[0]] * 3
    return min(values), first, middle, third, max(values)
