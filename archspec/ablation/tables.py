"""An ablation's result as a table: one cell for each metric for people, one column for each number for machines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from archspec.ablation.comparison import HOLM, NOISE, UNTESTED, differences, rules
from archspec.experiment import Difference, Sample
from archspec.measures import measure_named
from archspec.network import Network
from archspec.record import Plain
from archspec.reporters import Cell, Column, Table
from archspec.reporters import for_people as cell_for_people
from archspec.spec import describe_unreached

if TYPE_CHECKING:
    from archspec.ablation.run import AblationResult

LATENCIES = ("latency_ms", "latency_mean_ms", "fps")
BEST = "*"
Compared = Mapping[str, Mapping[str, Difference]]  # by metric, then row


def data_table(result: AblationResult) -> Table:
    """One column for each number, nothing rounded: for CSV, JSON and frames."""
    ablation, compared = result.ablation, _compared(result)
    columns = [Column("row", "row")]
    rows: list[list[Cell]] = [[row.name] for row in ablation.rows]
    for metric in ablation.metrics:
        unit = measure_named(metric).shown_unit
        every = [_numbers(result, row.name, metric, compared[metric].get(row.name)) for row in ablation.rows]
        names = _numbers_of(every, metric)
        columns += [Column(name, name, unit if name == metric else "", "number") for name in names]
        for cells, numbers in zip(rows, every, strict=True):
            cells.extend(numbers[name] for name in names)
    return Table(ablation.name, tuple(columns), tuple(map(tuple, rows)), tuple(_notes(result, compared)))


def _compared(result: AblationResult) -> dict[str, dict[str, Difference]]:
    return {metric: differences(result, metric) for metric in result.ablation.metrics}


def _numbers(result: AblationResult, row: str, metric: str, found: Difference | None) -> dict[str, Cell]:
    """All of a row and a metric; `found` is None of the base."""
    sample = result.sample(row, metric)
    numbers: dict[str, Cell] = {
        metric: int(sample.mean) if measure_named(metric).whole and sample.mean is not None else sample.mean,
        f"{metric}_std": sample.std,
        f"{metric}_n": len(sample.by_seed),
        f"{metric}_delta": None if found is None else found.delta,
        f"{metric}_delta_n": None if found is None or not measure_named(metric).trains else found.pairs,
        f"{metric}_p": None if found is None else found.p,
        f"{metric}_p_{HOLM}": None if found is None else found.corrected_p,
        f"{metric}_within_noise": None if found is None else found.within_noise,
        f"{metric}_tested": None if found is None else found.tested,
        f"{metric}_iqr": sample.iqr or None,
        f"{metric}_published": result.ablation.published.get(metric, {}).get(row),
    }
    if metric == _timed(result):
        published = result.ablation.published.get(metric, {})
        basis = published.get(result.ablation.base)
        ratio = result.ratios.get(row)
        numbers["latency_to_base"] = None if ratio is None else ratio.value
        numbers["latency_to_base_published"] = published[row] / basis if basis and row in published else None
    return numbers


def _numbers_of(rows: Sequence[Mapping[str, Cell]], metric: str) -> list[str]:
    """Which numbers of a metric some row has."""
    names = [name for name in rows[0] if any(row[name] is not None for row in rows)]
    keep = [metric, *(name for name in names if name != metric)]
    return keep if measure_named(metric).trains else [name for name in keep if name != f"{metric}_n"]


def people_table(result: AblationResult) -> Table:
    """One cell for each metric with its spread, beside it the difference to the base and published numbers."""
    ablation, compared = result.ablation, _compared(result)
    columns = [Column("row", "row")]
    cells: list[list[Cell]] = [[row.name] for row in ablation.rows]
    for metric in ablation.metrics:
        for column, found in _columns(result, metric, compared[metric]):
            columns.append(column)
            for row, cell in zip(cells, found, strict=True):
                row.append(cell)
    return Table(ablation.name, tuple(columns), tuple(map(tuple, cells)), tuple(_notes(result, compared)))


def _columns(
    result: AblationResult, metric: str, compared: Mapping[str, Difference]
) -> Iterator[tuple[Column, list[Cell]]]:
    ablation, rows = result.ablation, [row.name for row in result.ablation.rows]
    best = _best(result, metric)
    name = f"{metric} ± std" if any(result.sample(row, metric).std is not None for row in rows) else metric
    name = f"{metric} ± IQR/2" if any(result.sample(row, metric).iqr for row in rows) else name
    many = len(ablation.seeds) if measure_named(metric).trains else 1
    values: list[Cell] = [_value(result.sample(row, metric), metric, many, row in best) for row in rows]
    cost = not _measured(metric) and any(map(_measured, ablation.metrics))  # what was waited for stands first
    yield Column(metric, name, measure_named(metric).shown_unit, align="right", detail=2 * cost), values
    if len(rows) > 1:
        deltas: list[Cell] = [_delta(compared[row], metric) if row in compared else None for row in rows]
        yield Column(f"{metric}_delta", "Δ", align="right", detail=1 + 2 * cost, of=metric), deltas
    published = ablation.published.get(metric, {})
    if published:
        found: list[Cell] = [_as_given(published.get(row)) for row in rows]
        yield Column(f"{metric}_published", "published", align="right", detail=2 * cost, of=metric), found
    if metric == _timed(result):
        ratios: list[Cell] = [_ratio(result.ratios[row].value) for row in rows]
        yield (
            Column(
                "latency_to_base",
                "ratio",
                align="right",
                detail=any(measure_named(one).trains for one in ablation.metrics),
            ),
            ratios,
        )
        basis = published.get(ablation.base)
        if basis:
            theirs: list[Cell] = [_ratio(published[row] / basis if row in published else None) for row in rows]
            yield Column("latency_to_base_published", "published", align="right", of="latency_to_base"), theirs


def _measured(metric: str) -> bool:
    """Whether a number needs a device or a training, not only the graph."""
    return measure_named(metric).trains or metric in LATENCIES


def _value(sample: Sample, metric: str, many: int, best: bool) -> str | None:
    if sample.mean is None:
        return "failed" if sample.fault else None
    spread = sample.std if sample.std is not None else sample.iqr / 2 or None
    text = _number(sample.mean, metric) or ""
    text += f" ± {_number(spread, metric)}" if spread is not None else ""
    text += f" (n = {len(sample.by_seed)})" if len(sample.by_seed) < many else ""
    return f"{text} {BEST}" if best else text


def _delta(found: Difference, metric: str) -> str | None:
    """`≈ +0.0100`, `+0.1100 (n = 2) †`."""
    text = _number(found.delta, metric)
    if text is None and not found.partial:
        return None
    signed = "-" if text is None else text if text.startswith("-") or not text.strip("0.,") else f"+{text}"
    noise = f"{NOISE} " if found.within_noise else ""
    shared = f" (n = {found.pairs})" if found.partial else ""
    return f"{noise}{signed}{shared}{f' {UNTESTED}' if found.tested is False else ''}"


def _number(value: float | None, metric: str) -> str | None:
    if value is None:
        return None
    return cell_for_people(value, measure_named(metric).column())


def _timed(result: AblationResult) -> str | None:
    """The first latency of the table: ratios stand beside that one."""
    return next((metric for metric in result.ablation.metrics if metric in LATENCIES), None) if result.ratios else None


def _as_given(value: float | None) -> str | None:
    return None if value is None else f"{value:,g}"


def _ratio(value: float | None) -> str | None:
    return None if value is None else f"{value:.2f}"


def _best(result: AblationResult, metric: str) -> set[str]:
    """The rows of the best mean, where there is more than one to choose from."""
    means = {row.name: result.sample(row.name, metric).mean for row in result.ablation.rows}
    known = {row: value for row, value in means.items() if value is not None}
    if len(set(known.values())) < 2:
        return set()
    best = (min if measure_named(metric).less_is_better else max)(known.values())
    return {row for row, value in known.items() if value == best}


def _notes(result: AblationResult, compared: Compared) -> Iterator[str]:
    ablation = result.ablation
    if len(ablation.rows) > 1:
        yield f"Δ: difference to {ablation.base}. {BEST} best of its column"
        if result.ratios:
            yield f"ratio: {_timed(result)} over that of {ablation.base}, paired round by round"
            apart = [row for row, ratio in result.ratios.items() if not ratio.paired]
            if apart:
                yield (
                    f"ratio of {', '.join(apart)}: not timed together with {ablation.base}, so it goes over the ratios "
                    "of both to the reference network (--update times all rows together)"
                )
        yield from rules(compared, ablation.correct)
    if ablation.published:
        yield f"published: {ablation.source or 'as the file says'}"
    yield from (describe_unreached(option, names) for option, names in ablation.unreached.items())
    for row, first in result.equivalents.items():
        yield f"{row} is the same network as {first}"
    yield from describe_conditions(result)
    yield from describe_faults(result)


def describe_conditions(result: AblationResult) -> Iterator[str]:
    """Sizes, trainings, latencies: a line each."""
    ablation = result.ablation
    yield from _describe_networks([row.network for row in ablation.rows])
    for metric in ablation.metrics:
        if measure_named(metric).trains:
            yield _describe_training(result, metric)
            yield from _describe_partial_means(result, metric)
    timed = next((metric for metric in ablation.metrics if measure_named(metric).in_turns), None)
    if timed is not None:
        yield _describe_latency(result, result.conditions(timed))
    yield "GFLOPs are 2 × GMACs; 1 MB is 10⁶ bytes"


def _describe_networks(networks: list[Network]) -> Iterator[str]:
    sizes = {network.expanded.input_size for network in networks}
    classes = {network.expanded.classes for network in networks}
    size = " × ".join(map(str, sizes.pop())) if len(sizes) == 1 else "as each row says (they differ)"
    many = str(classes.pop()) if len(classes) == 1 else "several numbers of"
    yield f"input {size}, {many} classes, batch 1"


def _describe_training(result: AblationResult, metric: str) -> str:
    found = result.conditions(metric)
    seeds = ", ".join(map(str, result.ablation.seeds))
    records = [one for (_, of), sample in result.samples.items() if of == metric for one in sample.records.values()]
    usual = next(
        (str(one.circumstances["recipe"]) for one in records if "recipe" in one.circumstances), "its usual one"
    )
    recipe = result.ablation.recipes.get(metric, usual)
    data = f"{found.get('data', '?')} {found.get('split', '')}".strip()
    versions = ", ".join(f"{name} {found[name]}" for name in ("tensorflow", "keras") if found.get(name))
    exported = any("precision" in one.conditions for one in records)
    several = len({row.precision for row in result.ablation.rows}) > 1 and not exported
    trained = "; of the network as trained, in float32, whatever the row's precision" if several else ""
    return f"{metric}: {data}, recipe {recipe}, seeds {seeds}; std is the sample's over seeds ({versions}){trained}"


def _describe_partial_means(result: AblationResult, metric: str) -> Iterator[str]:
    """Where a mean leaves out classes, and what looks wrong about the labels."""

    def noticed(name: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for (row, of), sample in result.samples.items():
            for record in sample.records.values() if of == metric else ():
                text = str(record.circumstances.get(name) or "")
                if text and row not in found.setdefault(text, []):
                    found[text].append(row)
        return {text: rows for text, rows in found.items() if text}

    for counts, rows in noticed("val_classes").items():
        others = "the others are neither in the labels nor predicted"
        yield f"{metric}: a mean over {counts} classes in {', '.join(rows)}: {others}"
    for text in noticed("cautions"):
        yield f"{metric}: caution: {text}"


def _describe_latency(result: AblationResult, found: dict[str, Plain]) -> str:
    ablation = result.ablation
    device = f"{found.get('device', ablation.target.name)}, {_first(result, 'cpu')}".rstrip(", ")
    runtime = f"{found.get('runtime')} {found.get('runtime_version')}, {found.get('threads')} thread(s)"
    precisions = {row.precision for row in ablation.rows}
    precision = precisions.pop() if len(precisions) == 1 else "precision as each row says"
    runs = f"{found.get('warmup_s'):g} s of warm-up, {found.get('runs')} runs" if found.get("warmup_s") else ""
    weights = (
        "fresh weights" if _first(result, "weights", conditions=True) in ("", "fresh") else "the rows' own weights"
    )
    apart = [row for row, ratio in result.ratios.items() if not ratio.paired]
    turns = f"{', '.join(apart)} not in turns with {ablation.base}" if apart else "all rows in turns"
    return f"latency: {device}; {runtime}; {precision}, {weights}; {runs}, {turns}"


def _first(result: AblationResult, name: str, *, conditions: bool = False) -> str:
    for sample in result.samples.values():
        for record in sample.records.values():
            found = (record.conditions if conditions else record.circumstances).get(name)
            if found:
                return str(found)
    return ""


def describe_faults(result: AblationResult) -> Iterator[str]:
    """What could not be had, with its reason."""
    for (row, metric), sample in result.samples.items():
        if sample.fault:
            yield f"{row}: {metric} failed: {sample.fault}"
