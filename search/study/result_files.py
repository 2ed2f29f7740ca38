"""A study's result as files in its folder: specs of the front, tables, a picture, and the record that repeats it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from archspec.devices import read_machine
from archspec.files import is_file, is_folder, read_bytes
from archspec.measures import measure_named
from archspec.record import package_versions, timestamp, write_text
from archspec.reporters import Panel, Series, Spot, render, scatter_svg
from archspec.search.study.result import Finalist, StudyResult, agreements
from archspec.search.study.rungs import PAUSED_FILE, paused_table, rung_table, rungs_record
from archspec.search.study.tables import front_table
from archspec.train import load_recipe

FRONT, RECORD_FILE = "front", "record.json"
PACKAGES = ("ai-edge-litert", "keras", "numpy", "optuna", "sqlalchemy", "tensorflow", "tensorflow-cpu")
FORMAT, VERSION = "archspec-study", 1
_BEGINNING = "Point "


def write_outcome(outcome: StudyResult, record: dict[str, Any]) -> list[Path]:
    """`front/<n>-<hash>.yaml`, `front.csv`, `front.md`, `front.svg` (of two objectives) and `record.json`; with
    fidelities `paused.csv`, the candidates that were not trained to the end."""
    folder = outcome.folder
    written = write_specs(outcome)
    table = front_table(outcome)
    texts = {"front.csv": render(table, "csv"), "front.md": render(table, "markdown")}
    if outcome.study.fidelity is not None:
        texts["front.md"] += "\n" + render(rung_table(outcome), "markdown")
        texts[PAUSED_FILE] = render(paused_table(outcome), "csv")
    panels = front_panels(outcome)
    if panels:
        texts["front.svg"] = scatter_svg(panels, f"{outcome.study.name}: {outcome.study.summary}".rstrip(": "))
    texts[RECORD_FILE] = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
    for name, text in texts.items():
        write_text(folder / name, text)
        written.append(folder / name)
    return written


def write_specs(outcome: StudyResult) -> list[Path]:
    """Each network of the front as a spec that `archspec build` takes; those of an earlier front go."""
    folder = outcome.folder / FRONT
    folder.mkdir(parents=True, exist_ok=True)
    texts = {f"{one.name}-{one.hash[:8]}.yaml": _spec_text(outcome, one) for one in outcome.front}
    for old in folder.glob("*.yaml"):
        if old.name not in texts and _is_spec_of_a_front(old):
            old.unlink()
    for name, text in texts.items():
        write_text(folder / name, text)
    return [folder / name for name in texts]


def _is_spec_of_a_front(file: Path) -> bool:
    """Whether `write_specs` wrote it; what somebody else keeps there stays."""
    return is_file(file) and not file.is_symlink() and read_bytes(file).startswith(f"# {_BEGINNING}".encode())


def _spec_text(outcome: StudyResult, network: Finalist) -> str:
    study = outcome.study
    values = [f"{metric} {value:.6g}" for metric, value in network.values.items() if value is not None]
    after = [f"{metric} {one.mean:.6g}" for metric, one in network.measured.items() if one.mean is not None]
    lines = [
        f"{_BEGINNING}{network.name} of the front of '{study.name}': trial {network.trial} of {outcome.folder.name}"
        + (f", the prior '{network.prior}'" if network.prior else ""),
        f"sampler {study.sampler.name}, seed {study.seed}; {', '.join(one.describe() for one in study.objectives)}",
        f"found with {', '.join(values)}",
        *([f"measured afterwards: {', '.join(after)}"] if after else []),
    ]
    return "".join(f"# {line}\n" for line in lines) + network.network.text


def front_panels(outcome: StudyResult) -> list[Panel]:
    """The objectives of everything that was evaluated, and of the front what was measured; nothing of one objective."""
    study = outcome.study
    if len(study.objectives) < 2:
        return []
    y_metric, x_metric = _axes([one.name for one in study.objectives])
    cloud = [_searched(trial.values, x_metric, y_metric) for trial in outcome.result.trials if trial.state == "done"]
    names = {one.trial: one.name for one in outcome.front}
    best = outcome.result.front
    front = [_searched(trial.values, x_metric, y_metric, names.get(trial.number, "")) for trial in best]
    beside = [_searched(one.values, x_metric, y_metric, one.name) for one in outcome.networks if one.beside]
    drawn = [_searched(one.values, x_metric, y_metric) for one in outcome.drawn]
    panels = [_panel("Searched", x_metric, y_metric, cloud, front, beside, drawn)]
    measured = outcome.measured_objectives
    if len(measured) > 1:
        y_after, x_after = _axes(list(measured))
        points = [_after(one, x_after, y_after) for one in outcome.front]
        others = [_after(one, x_after, y_after) for one in outcome.networks if one.beside]
        random = [_after(one, x_after, y_after) for one in outcome.random]
        panels.append(_panel("Measured afterwards", x_after, y_after, [], points, others, random))
    return panels


def _axes(metrics: Sequence[str]) -> tuple[str, str]:
    """Which of the first metrics goes up, and which along: what is to be large stands upright."""
    more = [metric for metric in metrics if not measure_named(metric).less_is_better]
    upright = more[0] if more else metrics[0]
    return upright, next(metric for metric in metrics if metric != upright)


def _searched(values: Any, x_metric: str, y_metric: str, name: str = "") -> Spot | None:
    x, y = values.get(x_metric), values.get(y_metric)
    return None if x is None or y is None else Spot(x, y, name)


def _after(network: Finalist, x_metric: str, y_metric: str) -> Spot | None:
    x, y = network.measured.get(x_metric), network.measured.get(y_metric)
    if x is None or y is None or x.mean is None or y.mean is None:
        return None
    return Spot(x.mean, y.mean, network.name, x.spread if len(x.values) > 1 else 0.0, y.spread)


def _panel(
    title: str,
    x_metric: str,
    y_metric: str,
    cloud: Sequence[Spot | None],
    front: Sequence[Spot | None],
    beside: Sequence[Spot | None],
    random: Sequence[Spot | None],
) -> Panel:
    evaluated = tuple(spot for spot in cloud if spot is not None)
    series = [
        Series(f"evaluated ({len(evaluated)})", "cloud", evaluated),
        Series("front", "front", tuple(spot for spot in front if spot is not None), "post"),
        Series("beside", "beside", tuple(spot for spot in beside if spot is not None)),
        Series(f"random ({len(random)})", "random", tuple(spot for spot in random if spot is not None)),
    ]
    return Panel(title, _named(x_metric), _named(y_metric), tuple(one for one in series if one.spots))


def _named(metric: str) -> str:
    measure = measure_named(metric)
    return f"{metric} ({measure.unit})" if measure.unit and measure.unit not in metric else metric


def study_record(
    outcome: StudyResult, *, size: int | None, storage: str, ledger: str, fingerprints: Mapping[str, str]
) -> dict[str, Any]:
    """The study, its conditions and its results. `storage` and `ledger` are said without passwords."""
    study, result = outcome.study, outcome.result
    machine = read_machine()
    return {
        "format": FORMAT,
        "version": VERSION,
        "written": timestamp(),
        "study": study.to_plain(),
        "file": study.file,
        "git": git_state(Path(study.file)),
        "space_size": size,
        "storage": storage,
        "ledger": ledger,
        "data_fingerprints": dict(fingerprints),
        "recipes": {name: load_recipe(name).text for name in sorted(_recipes(outcome))},
        "versions": package_versions(PACKAGES),
        "machine": {"cpu": machine.cpu, "processors": machine.usable_cpus, "fingerprint": machine.fingerprint},
        "counts": dict(result.counts),
        "rejects": dict(result.rejects),
        "repeated": result.repeated,
        "folded": result.folded,
        "stopped": result.stopped,
        "search_s": result.elapsed_s,
        **rungs_record(outcome),
        "hypervolume": result.hypervolume,
        "hypervolume_reference": None if result.reference is None else list(result.reference),
        "networks": [_network(one) for one in outcome.networks],
        "random": [_network(one) for one in outcome.drawn],
        "rank_correlations": [
            {
                "ranked_by": one.first,
                "against": one.second,
                "n": one.count,
                "spearman": one.spearman,
                "kendall": one.kendall,
            }
            for one in agreements(outcome)
        ],
    }


def _recipes(outcome: StudyResult) -> set[str]:
    study = outcome.study
    found = {*study.recipes.values(), *study.front.recipes.values()}
    return found | ({study.pretrain.recipe} if study.pretrain is not None else set())


def _network(network: Finalist) -> dict[str, Any]:
    ratio = network.measured["latency_ratio"].mean if "latency_ratio" in network.measured else None
    measured = {
        metric: {"values": list(one.values), "seeds": list(one.by_seed), "spread": one.spread,
                 "ratio": ratio if metric == "latency_ms" else None, "fault": one.fault,
                 "unit": measure_named(metric).unit}
        for metric, one in network.measured.items()
    }  # fmt: skip
    return {"name": network.name, "trial": network.trial, "found": network.found, "prior": network.prior,
            "hash": network.hash, "values": dict(network.values), "measured": measured,
            "ratio_to_base": None if network.ratio is None else list(network.ratio),
            "spec": network.network.text}  # fmt: skip


def git_state(file: Path) -> str:
    """The commit of the folder a file is in, `-dirty` where the tree was changed; '' where there is none."""
    folder = file.resolve().parent
    if not is_folder(folder):
        return ""
    command = ("git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
