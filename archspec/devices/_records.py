"""What a record keeps of a latency beside its numbers, a latency made of its records again, and several as a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from archspec.devices._contract import System
from archspec.devices._latency import Latency, Procedure
from archspec.devices._machine import Machine, State
from archspec.record import Plain, Record
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


_CLOCKS = ("clocks_mhz", "limits_mhz", "full_clocks_mhz")
_STATE = ("battery_percent", "charging", "temperature_c", "thermal_status")


def latency_circumstances(latency: Latency) -> dict[str, Plain]:
    """What was noticed meanwhile: with a record's conditions and samples enough to make the latency again."""
    machine = latency.machine
    return {
        "architecture": machine.architecture,
        "cautions": "; ".join(latency.cautions),
        "cpu": machine.cpu,
        "cpus": machine.cpus,
        "governor": machine.governor,
        "images": latency.batch,
        "inputs": ", ".join(latency.system.inputs),
        "kernel": machine.kernel,
        "load_average_after": latency.load_average_after,
        "load_average_before": machine.load_average,
        "measurements": latency.measurements,
        "model_bytes": latency.model_bytes,
        "model_hash": latency.model_hash,
        "operations": latency.system.operations,
        "operations_delegated": latency.system.delegated,
        "procedure": latency.procedure.name,
        "runs_taken": latency.runs,
        "system": machine.system,
        "usable_cpus": machine.usable_cpus,
        "warmup_runs": latency.warmup_runs,
        "warmup_s_taken": latency.warmup_s,
        **{f"{name}_before": value for name, value in _state(machine.state).items()},
        **{f"{name}_after": value for name, value in _state(latency.state_after).items()},
    }


def _state(state: State) -> dict[str, Plain]:
    """What is known of it; nothing where nothing is."""
    values: dict[str, Plain] = {name: "/".join(map(str, getattr(state, name))) or None for name in _CLOCKS}
    values |= {name: getattr(state, name) for name in _STATE}
    return {name: value for name, value in values.items() if value is not None}


def latency_of_records(name: str, records: Mapping[str, Record]) -> Latency:
    """The latency that was made into these records, by their metrics; of older ones without what they did not keep."""
    whole = records["latency_ms"]
    under: dict[str, Any] = dict(whole.conditions)
    about: dict[str, Any] = dict(whole.circumstances)
    steps = Procedure(
        str(about.get("procedure", "")), under["warmup_s"], under["runs"] // under["runs_per_round"],
        under["runs_per_round"],
    )  # fmt: skip
    system = System(
        under["runtime"], under["runtime_version"], under["delegate"], about.get("operations"),
        about.get("operations_delegated"), tuple(filter(None, str(about.get("inputs", "")).split(", "))),
    )  # fmt: skip
    machine = Machine(
        under["device_fingerprint"], str(about.get("cpu", "")), about.get("cpus", 0), about.get("architecture", ""),
        about.get("system", ""), about.get("kernel", ""), about.get("usable_cpus", 0), about.get("governor"),
        about.get("load_average_before"), _state_of(about, "before"),
    )  # fmt: skip
    return Latency(
        name=name,
        model_hash=str(about.get("model_hash", "")),
        model_bytes=about.get("model_bytes", 0),
        samples_ms=whole.samples,
        cpu_samples_ms=records["cpu_ms"].samples if "cpu_ms" in records else (),
        reference=under["beside"],
        reference_samples_ms=(),
        init_ms=_number(records, "init_ms"),
        first_ms=_number(records, "first_ms"),
        warmup_s=about.get("warmup_s_taken", 0.0),
        warmup_runs=about.get("warmup_runs", 0),
        threads=under["threads"],
        procedure=steps,
        system=system,
        device=under["device"],
        machine=machine,
        load_average_after=about.get("load_average_after"),
        time=whole.time,
        state_after=_state_of(about, "after"),
        measurements=about.get("measurements", 1),
        batch=about.get("images", 1),
        kept_ratios=records["latency_ratio"].samples,
    )


def _state_of(about: Mapping[str, Any], when: str) -> State:
    found: dict[str, Any] = {name: about.get(f"{name}_{when}") for name in _STATE}
    for name in _CLOCKS:
        text = str(about.get(f"{name}_{when}") or "")
        found[name] = tuple(map(int, text.split("/"))) if text else ()
    return State(**found)


def _number(records: Mapping[str, Record], metric: str) -> float:
    value = records[metric].value if metric in records else None
    return float(value) if isinstance(value, int | float) else 0.0


def latency_columns(ids: Sequence[str]) -> tuple[Column, ...]:
    """The columns of these numbers, such as `latency_ms`, `p90_ms`, `fps`."""
    return tuple(_NUMBERS[name][0] for name in ids)


def latency_cells(latency: Latency, ids: Sequence[str]) -> tuple[Cell, ...]:
    """The numbers themselves."""
    return tuple(_NUMBERS[name][1](latency) for name in ids)


def latency_table(latencies: Sequence[Latency], title: str = "Latency") -> Table:
    """One row for each model, conditions and cautions as notes. `latencies` are of one `measure`, at least one."""
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
