"""A latency as records for the ledger, and several as a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from archspec.devices._latency import Latency
from archspec.devices._machine import State
from archspec.record import Plain, Record, package_versions
from archspec.reporters import Cell, Column, Table

# Every number of a latency that a table may show: its column, and the number itself.
_NUMBERS: dict[str, tuple[Column, Callable[[Latency], Cell]]] = {
    column.id: (column, of)
    for column, of in (
        (Column("latency_ms", "Median", "ms", "number", 3), lambda one: one.wall.median),
        (Column("mean_ms", "Mean", "ms", "number", 3, detail=True), lambda one: one.wall.mean),
        (Column("std_ms", "Std", "ms", "number", 3, detail=True), lambda one: one.wall.std),
        (Column("variance_ms2", "Var", "ms²", "number", 3, detail=True), lambda one: one.wall.variance),
        (Column("iqr_ms", "IQR", "ms", "number", 3, detail=True), lambda one: one.wall.iqr),
        (Column("p90_ms", "P90", "ms", "number", 3, detail=True), lambda one: one.wall.p90),
        (Column("p99_ms", "P99", "ms", "number", 3, detail=True), lambda one: one.wall.p99),
        (Column("min_ms", "Min", "ms", "number", 3, detail=True), lambda one: one.wall.min),
        (Column("cpu_ms", "CPU median", "ms", "number", 3, detail=True), lambda one: one.cpu and one.cpu.median),
        (Column("fps", "FPS", "", "number", 1), lambda one: one.fps),
        (Column("paired_ratio", "Ratio", "", "number", 3), lambda one: one.paired_ratio),
    )
}
_SHOWN = ("latency_ms", "mean_ms", "std_ms", "variance_ms2", "p90_ms", "min_ms", "cpu_ms", "fps", "paired_ratio")


def latency_records(
    latency: Latency,
    *,
    hash: str = "",  # noqa: A002 (the field's name)
    name: str = "",
    spec: str = "",
    conditions: Mapping[str, Plain] | None = None,
) -> tuple[Record, ...]:
    """Median latency with its samples, processor time, FPS, paired ratio, first inference and initialisation.

    `hash` is the network's canonical hash (else the file's), `conditions` what only the caller knows (precision,
    input size). All other conditions are those of the measurement.
    """
    shared = {**_conditions(latency), **(conditions or {})}
    rows: list[tuple[str, float, str, tuple[float, ...]]] = [
        ("latency_ms", latency.median_ms, "ms", latency.samples_ms),
        ("fps", latency.fps, "1/s", ()),
        ("paired_ratio", latency.paired_ratio, "", latency.round_ratios),
        ("first_ms", latency.first_ms, "ms", ()),
        ("init_ms", latency.init_ms, "ms", ()),
    ]
    if latency.cpu:
        rows.append(("cpu_ms", latency.cpu.median, "ms", latency.cpu_samples_ms))
    return tuple(
        Record(
            hash=hash or latency.model_hash,
            metric=metric,
            value=value,
            unit=unit,
            name=name or latency.name,
            spec=spec,
            conditions=shared | ({"reference": latency.reference} if metric == "paired_ratio" else {}),
            circumstances=_circumstances(latency),
            samples=samples,
            time=latency.time,
        )
        for metric, value, unit, samples in rows
    )


def _conditions(latency: Latency) -> dict[str, Plain]:
    versions = {f"version_{package}": found for package, found in package_versions().items()}
    return {
        **versions,
        **({"batch": latency.batch} if latency.batch > 1 else {}),
        "device": latency.device,
        "device_fingerprint": latency.machine.fingerprint,
        "inputs": ", ".join(latency.system.inputs),
        "runtime": latency.system.runtime,
        "runtime_version": latency.system.version,
        "delegate": latency.system.delegate,
        "threads": latency.threads,
        "warmup_s": latency.procedure.warmup_s,
        "runs": latency.procedure.runs,
        "runs_per_round": latency.procedure.runs_per_round,
    }


def _circumstances(latency: Latency) -> dict[str, Plain]:
    return {
        "cautions": "; ".join(latency.cautions),
        "cpu": latency.machine.cpu,
        "governor": latency.machine.governor,
        "kernel": latency.machine.kernel,
        **{f"{name}_before": value for name, value in _state(latency.machine.state).items()},
        **{f"{name}_after": value for name, value in _state(latency.state_after).items()},
        "measurements": latency.measurements,
        "load_average_before": latency.machine.load_average,
        "load_average_after": latency.load_average_after,
        "model_hash": latency.model_hash,
        "operations": latency.system.operations,
        "operations_delegated": latency.system.delegated,
        "runs_taken": latency.runs,
        "usable_cpus": latency.machine.usable_cpus,
        "warmup_s_taken": latency.warmup_s,
    }


def _state(state: State) -> dict[str, Plain]:
    """What is known of it; nothing where nothing is."""
    values: dict[str, Plain] = {
        "battery_percent": state.battery_percent,
        "charging": state.charging,
        "clocks_mhz": "/".join(map(str, state.clocks_mhz)) or None,
        "temperature_c": state.temperature_c,
        "thermal_status": state.thermal_status,
    }
    return {name: value for name, value in values.items() if value is not None}


def latency_columns(ids: Sequence[str]) -> tuple[Column, ...]:
    """The columns of these numbers, such as `latency_ms`, `p90_ms`, `fps`."""
    return tuple(_NUMBERS[name][0] for name in ids)


def latency_cells(latency: Latency, ids: Sequence[str]) -> tuple[Cell, ...]:
    """The numbers themselves."""
    return tuple(_NUMBERS[name][1](latency) for name in ids)


def latency_table(latencies: Sequence[Latency], title: str = "Latency") -> Table:
    """One row a model, conditions and cautions as notes. `latencies` are those of one `measure`, at least one."""
    columns = (Column("name", "Network"), *latency_columns(_SHOWN), Column("delegated", "Delegated", "ops"))
    return Table(title, columns, tuple(map(_row, latencies)), tuple(_notes(latencies)))


def _row(latency: Latency) -> tuple[Cell, ...]:
    system = latency.system
    known = system.operations is not None and system.delegated is not None
    share = f"{system.delegated}/{system.operations}" if known else None
    return latency.name, *latency_cells(latency, _SHOWN), share


def _notes(latencies: Sequence[Latency]) -> list[str]:
    first = latencies[0]
    machine, system = first.machine, first.system
    load = (
        f"{machine.load_average} before, {first.load_average_after} after" if machine.load_average is not None else ""
    )
    known = "; ".join(words for words in (machine.state.words, first.state_after.words) if words)
    device, procedure = latency_notes(first)
    state = f"governor {machine.governor or 'not known'}, load average {load or 'not known'}"
    runtime = f"{system.runtime} {system.version}, delegate {system.delegate or 'not known'}, threads {first.threads}"
    lines = [device, f"state: {state}" + (f", {known}" if known else ""), f"runtime: {runtime}", procedure]
    return lines + [f"caution: {latency.name}: {caution}" for latency in latencies for caution in latency.cautions]


def latency_notes(latency: Latency) -> tuple[str, str]:
    """The device that a latency was taken on, and the procedure that it was taken by."""
    machine, steps = latency.machine, latency.procedure
    build = f"{machine.architecture} {machine.system} {machine.kernel}, fingerprint {machine.fingerprint}"
    turns = f"{steps.rounds} rounds of {steps.runs_per_round} runs in turns"
    return (
        f"device: {latency.device}, {machine.cpu}, {machine.usable_cpus} of {machine.cpus} processors, {build}",
        f"procedure: {steps.name}: warm-up {steps.warmup_s:g} s, {turns}; ratio to {latency.reference} round by round",
    )
