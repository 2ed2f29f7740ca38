"""A study's outcome as tables: the front with what is beside it, counts, rank correlations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from archspec.experiment import FEWEST as FEWEST_SEEDS
from archspec.measures import measure_named
from archspec.measures._correlation import FEWEST, RankCorrelation
from archspec.reporters import Cell, Column, Table
from archspec.search.pareto import hypervolume, reference_point
from archspec.search.study.prior_networks import prior_notes
from archspec.search.study.result import Finalist, StudyResult
from archspec.search.trials import costs


def front_table(outcome: StudyResult) -> Table:
    """One row for each network: how it was found, every metric of the search, then those measured afterwards.

    With a base, each of these also beside that of the base: the difference with its p, a latency as a ratio.
    """
    searched, after = outcome.study.searched, outcome.study.front.metrics
    columns = [Column("network", "network", align="right"), Column("found", "found", detail=True)]
    goals = [] if outcome.study.front.base else [one.name for one in outcome.study.objectives]
    columns += [
        replace(measure_named(metric).column(metric, _heading(outcome, metric)), detail=metric not in goals)
        for metric in searched
    ]
    for metric in after:
        columns += [measure_named(metric).column(f"{metric}_after", f"{metric}, measured")]
        if _spreads(outcome, metric):
            columns.append(replace(measure_named(metric).column(f"{metric}_spread", "±"), of=f"{metric}_after"))
        columns += _compared_columns(outcome, metric)
    still = outcome.still_on_front()
    columns += [Column("still", "on the measured front")] if still else []
    rows = [_row(outcome, network, still) for network in outcome.networks]
    return Table("", tuple(columns), tuple(rows), tuple(_notes(outcome)))


def _heading(outcome: StudyResult, metric: str) -> str:
    ways = {one.name: one.direction for one in outcome.study.objectives}
    arrow = {"maximize": " ↑", "minimize": " ↓"}.get(ways.get(metric, ""), "")
    return f"{metric}{arrow}"


def _spreads(outcome: StudyResult, metric: str) -> bool:
    return any(one.measured[metric].spread for one in outcome.networks if metric in one.measured)


def _row(outcome: StudyResult, network: Finalist, still: dict[str, bool]) -> tuple[Cell, ...]:
    cells: list[Cell] = [network.name, network.found]
    cells += [network.values.get(metric) for metric in outcome.study.searched]
    for metric in outcome.study.front.metrics:
        reading = network.measured.get(metric)
        cells.append(None if reading is None else reading.mean)
        if _spreads(outcome, metric):
            cells.append(reading.spread if reading is not None and reading.values else None)
        cells += _compared(outcome, network, metric)
    if still:
        known = still.get(network.name)
        cells.append("" if known is None else "yes" if known else "no")
    return tuple(cells)


def _compared_columns(outcome: StudyResult, metric: str) -> list[Column]:
    """The difference to the base and its p, of a metric that trains; the ratio to the base, of the latency."""
    if _has_ratios(outcome, metric):
        return [Column(f"{metric}_ratio", "ratio", kind="number", digits=2, of=f"{metric}_after")]
    if not _has_differences(outcome, metric):
        return []
    delta = replace(measure_named(metric).column(f"{metric}_delta", "Δ"), of=f"{metric}_after", unit="")
    return [delta, Column(f"{metric}_p", "p", kind="number", digits=3, of=f"{metric}_after")]


def _compared(outcome: StudyResult, network: Finalist, metric: str) -> list[Cell]:
    if _has_ratios(outcome, metric):
        return [None if network.ratio is None else network.ratio.value]
    if not _has_differences(outcome, metric):
        return []
    found = outcome.difference(network, metric)
    return [None, None] if found is None else [found.delta, found.p]


def _has_differences(outcome: StudyResult, metric: str) -> bool:
    """Of a metric that trains, once something was measured."""
    known = any(metric in one.measured for one in outcome.networks)
    return bool(outcome.study.front.base) and measure_named(metric).trains and known


def _has_ratios(outcome: StudyResult, metric: str) -> bool:
    """Beside the first of the latencies that were timed in turns."""
    timed = [one for one in outcome.study.front.metrics if measure_named(one).in_turns]
    return timed[:1] == [metric] and any(one.ratio is not None for one in outcome.networks)


def _compared_notes(outcome: StudyResult) -> Iterator[str]:
    """What stands beside a number that was measured, where there is a base."""
    base = outcome.study.front.base
    if not base:
        return
    if any(_has_differences(outcome, metric) for metric in outcome.study.front.metrics):
        yield f"Δ: less {base}, over the seeds that both have; p of a paired t-test, of at least {FEWEST_SEEDS} seeds"
    if any(one.ratio is not None for one in outcome.networks):
        yield f"ratio: latency in that of {base}, both timed in turns"


def random_note(outcome: StudyResult) -> str:
    """How many random networks there were, and what their front is worth beside that of the search; '' without any."""
    objectives = outcome.study.objectives
    if not outcome.drawn:
        return ""
    many = f"{len(outcome.drawn)} random networks, trained as candidates are: {len(outcome.random)} of their front"
    ours = [point for one in outcome.result.front if (point := costs(objectives, one.values)) is not None]
    theirs = [point for one in outcome.drawn if (point := costs(objectives, one.values)) is not None]
    if not ours or not theirs:
        return many
    reference = reference_point([*ours, *theirs])
    return (
        f"{many}. Hypervolume of the search {hypervolume(ours, reference):.4g}, of the random networks "
        f"{hypervolume(theirs, reference):.4g} (from one reference point, in what the search optimised)"
    )


def _notes(outcome: StudyResult) -> list[str]:
    study, result = outcome.study, outcome.result
    notes = []
    if len(outcome.front) < len(result.front):
        notes.append(f"{len(outcome.front)} of the {len(result.front)} points of the front, spread over it")
    for metric in study.front.metrics:
        seeds = [len(one.measured[metric].values) for one in outcome.networks if metric in one.measured]
        if _spreads(outcome, metric):
            many = max(seeds, default=0) > 1
            what = f"standard deviation over {max(seeds)} seeds" if many else "interquartile range of its runs"
            notes.append(f"± of {metric}: {what}")
    faults = [
        f"{one.name}: {metric} failed: {reading.fault}"
        for one in outcome.networks
        for metric, reading in one.measured.items()
        if reading.fault
    ]
    told = random_note(outcome)
    return [*notes, *_compared_notes(outcome), *([told] if told else []), *prior_notes(outcome.names, result), *faults]


def counts_table(outcome: StudyResult) -> Table:
    """What became of everything that was proposed."""
    result = outcome.result
    counts = result.counts
    rows: list[tuple[Cell, ...]] = [("evaluated", counts.get("done", 0), "")]
    fidelity = outcome.study.fidelity
    if fidelity is not None:
        rows = [("fully trained", counts.get("done", 0), f"{fidelity.whole:,} steps: only these are on the front")]
        for rung, steps in enumerate(fidelity.steps[:-1]):
            count = sum(trial.state == "paused" and trial.rung == rung for trial in result.trials)
            rows.append(("paused", count, f"at rung {rung + 1} of {len(fidelity.steps)} ({steps:,} steps)"))
    rows += [("rejected", count, _reason(outcome, metric)) for metric, count in sorted(result.rejects.items())]
    rows.append(("folded", result.folded, "another way to write a network that was known"))
    rows.append(("repeated", result.repeated, "proposed again, not evaluated again"))
    failed = [trial for trial in result.trials if trial.state == "failed"]
    if failed:
        rows.append(("failed", len(failed), f"the last: {failed[-1].reason}"))
    waiting = counts.get("running", 0) + counts.get("proposed", 0)
    if waiting:
        rows.append(("unfinished", waiting, "go on to evaluate them"))
    columns = (
        Column("what", "candidates"),
        Column("count", "number", kind="integer"),
        Column("why", "why", wraps=True),
    )
    return Table("", columns, tuple(rows))


def _reason(outcome: StudyResult, metric: str) -> str:
    limits = [limit for limit in outcome.study.limits if limit.metric == metric]
    if not limits:
        last = next(
            (one.reason for one in reversed(outcome.result.trials) if one.state == "rejected" and not one.metric), ""
        )
        return f"{metric}: {last}" if last else metric
    return " and ".join(f"{metric} {'at most' if one.at_most else 'at least'} {one.bound:g}" for one in limits)


def agreement_table(found: Sequence[RankCorrelation]) -> Table:
    """Rank correlations of each pair, with their n."""
    columns = (
        Column("cheap", "ranked by"),
        Column("dear", "against"),
        Column("spearman", "Spearman", kind="number", digits=2),
        Column("kendall", "Kendall tau-b", kind="number", digits=2),
        Column("networks", "n", kind="integer"),
    )
    rows = tuple((one.first, one.second, one.spearman, one.kendall, one.count) for one in found)
    few = any(one.count < FEWEST for one in found)
    notes = ("1 is the same order, better against better",)
    return Table("", columns, rows, (*notes, f"- where there are fewer than {FEWEST} networks") if few else notes)
