"""The conditions that an ablation's numbers hold under, in words."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.ablation.result import AblationResult
from archspec.measures import measure_named
from archspec.record import Plain
from archspec.spec import Spec, expand

LISTED = 4


def conditions_said(result: AblationResult) -> Iterator[str]:
    """Sizes, trainings, latencies: a line each."""
    ablation = result.ablation
    yield from _networks_said([row.spec for row in ablation.rows])
    for metric in ablation.metrics:
        if measure_named(metric).trains:
            yield _training_said(result, metric)
            yield from _partial_means(result, metric)
    timed = next((metric for metric in ablation.metrics if measure_named(metric).in_turns), None)
    if timed is not None:
        yield _latency_said(result, result.conditions(timed))
    yield "GFLOPs are 2 × GMACs of convolutions; 1 MB is 10⁶ bytes"


def _networks_said(specs: list[Spec]) -> Iterator[str]:
    networks = [expand(spec) for spec in specs]
    sizes = {network.input_size for network in networks}
    classes = {network.classes for network in networks}
    size = " × ".join(map(str, sizes.pop())) if len(sizes) == 1 else "as each row says (they differ)"
    many = str(classes.pop()) if len(classes) == 1 else "several numbers of"
    yield f"input {size}, {many} classes, batch 1"


def _training_said(result: AblationResult, metric: str) -> str:
    found = result.conditions(metric)
    seeds = ", ".join(map(str, result.ablation.seeds))
    records = [one for (_, of), reading in result.readings.items() if of == metric for one in reading.records.values()]
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


def _partial_means(result: AblationResult, metric: str) -> Iterator[str]:
    """Where a mean leaves out classes, and what looks wrong about the labels."""

    def noticed(name: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for (row, of), reading in result.readings.items():
            for record in reading.records.values() if of == metric else ():
                text = str(record.circumstances.get(name) or "")
                if text and row not in found.setdefault(text, []):
                    found[text].append(row)
        return {text: rows for text, rows in found.items() if text}

    for counts, rows in noticed("val_classes").items():
        others = "the others are neither in the labels nor predicted"
        yield f"{metric}: a mean over {counts} classes in {', '.join(rows)}: {others}"
    for text in noticed("cautions"):
        yield f"{metric}: caution: {text}"


def _latency_said(result: AblationResult, found: dict[str, Plain]) -> str:
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
    for reading in result.readings.values():
        for record in reading.records.values():
            found = (record.conditions if conditions else record.circumstances).get(name)
            if found:
                return str(found)
    return ""


def faults_said(result: AblationResult) -> Iterator[str]:
    """What could not be had, with its reason."""
    for (row, metric), reading in result.readings.items():
        if reading.fault:
            yield f"{row}: {metric} failed: {reading.fault}"
